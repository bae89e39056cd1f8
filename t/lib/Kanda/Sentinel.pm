package Kanda::Sentinel;

# A master, its replica and three Sentinels, all of them ours.
#
#   my $set = Kanda::Sentinel->new(down_after => 1000)->start;
#   kanda_redis $set->url
#   $set->master; $set->replica;        # Kanda::Redis, as Sentinels see it now
#   $set->wait_for_replica;
#   $set->wait_for_copy;                # which has all that the master has
#
# With tls => [ settings ] both speak it: Redis speaks nothing else, Sentinels
# what they are asked in, at another port each.
#
# With proxies => 1, everybody knows each Redis by the port of a Kanda::Proxy:
#
#   $set->proxy($redis)->rule(...)

use strict;
use warnings;

use Kanda::Home;
use Kanda::Proxy;
use Kanda::Redis;


sub new {
    my ($class, %o) = @_;
    my $self = bless { down_after => 1000, sentinels => 3, conf => [],
                       sentinel_conf => '', host => '127.0.0.1', %o }, $class;
    my @tls = $self->{tls} ? @{ $self->{tls} } : ();
    my @conf = ('repl-diskless-sync-delay' => 0, 'repl-timeout' => 5, @tls,
                @{ $self->{conf} });

    $self->{redis} = [ map { Kanda::Redis->new(port => 1, conf => \@conf) }
                           1 .. 2 ];
    $self->{name} = 'mymaster';

    for my $redis ($self->{proxies} ? @{ $self->{redis} } : ()) {
        my $proxy = Kanda::Proxy->new($redis->port);
        $self->{proxy}{ $redis->port } = $proxy;
        $redis->{conf} = [ @conf, 'replica-announce-ip' => '127.0.0.1',
                           'replica-announce-port' => $proxy->port ];
    }

    for my $n (0 .. $self->{sentinels} - 1) {
        my $dir = Kanda::Home::root() . "/sentinel$n";
        mkdir $dir or die "$dir: $!\n";
        push @{ $self->{sentinel} }, { dir => $dir,
                                       port => Kanda::Home::port(),
                                       @tls ? (tls => Kanda::Home::port()) : ()
                                     };
    }

    for my $redis ($self->{tls} ? @{ $self->{redis} } : ()) {
        $redis->{conf} = [ @conf, 'tls-port' => $redis->port, port => 0 ];
    }

    return $self;
}


# By which port others know it.

sub proxy { $_[0]{proxy}{ $_[1]->port } }
sub port  { ($_[0]->proxy($_[1]) // $_[1])->port }


sub start {
    my ($self) = @_;
    my ($master, $replica) = @{ $self->{redis} };

    $_->start for values %{ $self->{proxy} // {} };
    $master->start;
    $replica->start->command('REPLICAOF', $self->{host}, $self->port($master));
    Kanda::Home::wait_for('replication', 20, sub {
        $replica->command('INFO', 'replication') =~ /master_link_status:up/ });
    $self->start_sentinel($_) for 0 .. $self->{sentinels} - 1;

    # they have to know the replica and each other
    Kanda::Home::wait_for('Sentinels', 30, sub {
        my $ready = 0;
        for my $s (@{ $self->{sentinel} }) {
            my $info = $self->ask($s, 'SENTINEL', 'MASTER', $self->{name});
            my %info = ref $info ? @$info : ();
            $ready++ if ($info{'num-slaves'} // 0) == 1
                && ($info{'num-other-sentinels'} // 0)
                   == $self->{sentinels} - 1;
        }
        return $ready == $self->{sentinels};
    });

    return $self;
}


sub start_sentinel {
    my ($self, $n) = @_;
    my $s = $self->{sentinel}[$n];
    my $port = $self->port($self->{redis}[0]);
    my $quorum = int($self->{sentinels} / 2) + 1;

    my %tls = $s->{tls} ? (@{ $self->{tls} }, 'tls-port' => $s->{tls}) : ();
    my $tls = join "\n", map { "$_ $tls{$_}" } sort keys %tls;

    open my $fh, '>', "$s->{dir}/conf" or die "$s->{dir}: $!\n";
    print $fh <<"END";
port $s->{port}
bind 127.0.0.1
dir $s->{dir}
$tls
$self->{sentinel_conf}
sentinel monitor $self->{name} $self->{host} $port $quorum
sentinel down-after-milliseconds $self->{name} $self->{down_after}
sentinel failover-timeout $self->{name} 5000
END
    close $fh;

    $s->{pid} = Kanda::Home::spawn(
        command => [ 'redis-server', "$s->{dir}/conf", '--sentinel' ],
        output => "$s->{dir}/log", signal => 'KILL');
}


sub stop_sentinel {
    my ($self, $n) = @_;
    Kanda::Home::reap(delete $self->{sentinel}[$n]{pid}, 'KILL');
}


sub url {
    my ($self) = @_;
    return 'sentinel://' . join(',', map { '127.0.0.1:'
                                           . ($_->{tls} // $_->{port}) }
                                         @{ $self->{sentinel} })
           . "/$self->{name}";
}


sub ask {
    my ($self, $s, @words) = @_;

    return eval {
        my $link = IO::Socket::INET->new("127.0.0.1:$s->{port}") or die;
        if ($self->{sentinel_password}) {
            Kanda::Redis->send_command($link, 'AUTH',
                                       $self->{sentinel_password});
            Kanda::Redis->read_reply($link);
        }
        Kanda::Redis->send_command($link, @words);
        Kanda::Redis->read_reply($link);
    };
}


# A command to one of the two, whose connections Sentinels break.

sub say {
    my ($self, $redis, @words) = @_;
    delete $redis->{link};
    return $redis->command(@words);
}


# So many scripts have been run there, or nobody knows: Sentinel breaks our
# connection at the wrong moment, too.

sub scripts_run {
    my ($self, $redis) = @_;
    my $info = eval { $self->say($redis, 'INFO', 'commandstats') }
        // return undef;
    return $info =~ /cmdstat_evalsha:calls=(\d+)/ ? $1 : 0;
}


sub where {
    my ($self) = @_;

    for my $s (grep { $_->{pid} } @{ $self->{sentinel} }) {
        my $told = $self->ask($s, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME',
                              $self->{name});
        return $told->[1] if ref $told;
    }

    return 0;
}


sub master {
    my ($self) = @_;
    my $port = $self->where;
    my ($master) = grep { $self->port($_) == $port } @{ $self->{redis} };
    return $master;
}


sub replica {
    my ($self) = @_;
    my $port = $self->where;
    my ($replica) = grep { $self->port($_) != $port } @{ $self->{redis} };
    return $replica;
}


sub wait_for_replica {
    my ($self) = @_;

    Kanda::Home::wait_for('a replica', 40, sub {
        my $replica = $self->replica or return 0;
        my $info = eval { $self->say($replica, 'INFO', 'replication') } // '';
        return $info =~ /role:slave/ && $info =~ /master_link_status:up/;
    });
}


# A link that is up may still wait for its first acknowledgement.

sub wait_for_copy {
    my ($self) = @_;
    my ($master, $replica) = ($self->master, $self->replica);

    Kanda::Home::wait_for('a copy', 20, sub {
        my ($there) = $self->say($master, 'INFO', 'replication')
            =~ /^master_repl_offset:(\d+)/m;
        my ($here) = $self->say($replica, 'INFO', 'replication')
            =~ /^slave_repl_offset:(\d+)/m;
        return defined $here && $here >= $there;
    });
}

1;
