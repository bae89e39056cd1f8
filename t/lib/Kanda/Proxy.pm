package Kanda::Proxy;

# Stands between nginx and Redis and misbehaves on demand, in a process of its
# own.
#
#   my $proxy = Kanda::Proxy->new($redis->{socket})->start;
#   kanda_redis unix:$proxy->{socket}
#
# With a port for a target, it listens on a port too: $proxy->{port}.
#
#   $proxy->rule(on => qr/EVALSHA/, cut => 12);
#   $proxy->rule();                             # behaves again
#
# A rule lies in wait until what nginx sends matches "on" (default: the first
# command that follows a connection's greeting) and then rules that connection:
#
#   cut      => 12         so many bytes of the replies, then close
#   replace  => $bytes     these instead of what Redis says
#   flood    => $bytes     these after those of replace, as often as times says
#   append   => $bytes     these after the first piece of what Redis says
#   twice    => 1          every reply two times
#   swallow  => 1          no reply
#   dribble  => 1          a byte at a time
#   delay    => 0.2        so many seconds later
#   hold     => 1          what nginx sends stays here until release
#   once     => 1          for the first connection that it matches only
#   close    => 1          close after replace or append

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Kanda::Home;
use MIME::Base64 ();
use Time::HiRes qw(sleep time);

my $count = 0;
my $served = '\*\d+\r\n\$\d+\r\n(?:EVALSHA|HMGET|HGET|GET)\r\n';


sub new {
    my ($class, $target) = @_;
    my $dir = Kanda::Home::root() . '/proxy' . $count++;

    mkdir $dir or die "$dir: $!\n";

    my $port = $target =~ /^\d+$/ ? Kanda::Home::port() : undef;

    return bless { dir => $dir, target => $target, port => $port,
                   socket => $port // "$dir/socket",
                   control => "$dir/control" }, $class;
}


sub url  { 'unix:' . $_[0]{socket} }
sub port { $_[0]{port} }


sub start {
    my ($self) = @_;

    $self->{pid} = Kanda::Home::spawn(
        command => [ $^X, '-It/lib', '-MKanda::Proxy', '-e',
                     'Kanda::Proxy::serve(@ARGV)',
                     @$self{qw(socket control target)} ],
        output  => "$self->{dir}/log",
    );

    Kanda::Home::wait_for('proxy', 10, sub {
        $self->{link} = IO::Socket::UNIX->new(Peer => $self->{control}) });

    return $self;
}


sub stop { Kanda::Home::reap($_[0]{pid}, 'KILL'); unlink $_[0]{socket} }


# Tells the other side; what it answers: connections accepted so far, those
# that are open, connections that the rule has met, held bytes.

sub tell {
    my ($self, %o) = @_;
    my $link = $self->{link};

    for my $name (qw(replace flood append)) {
        $o{$name} = MIME::Base64::encode_base64($o{$name}, '')
            if defined $o{$name};
    }

    print $link JSON::PP::encode_json(\%o), "\n";
    $link->flush;

    my $line = <$link> // die 'proxy: ' . Kanda::Home::slurp("$self->{dir}/log");
    return JSON::PP::decode_json($line);
}


sub rule {
    my ($self, %o) = @_;
    my $on = delete $o{on};

    return $self->tell(op => 'rule', on => defined $on ? "$on" : $served, %o);
}


sub release { $_[0]->tell(op => 'release') }
sub state   { $_[0]->tell(op => 'state') }


sub wait_held {
    my ($self) = @_;
    Kanda::Home::wait_for('a held request', 10, sub { $self->state->{held} });
}


# The other side. All of it is one select loop; waits are short.

my (%rule, %peer, @later);
my ($accepted, $met, $held) = (0, 0, 0);


sub serve {
    my ($socket, $control, $target) = @_;

    $SIG{PIPE} = 'IGNORE';
    my $front = listener($socket) or die "$socket: $!\n";
    my $back = IO::Socket::UNIX->new(Local => $control, Listen => 1)
        or die "$control: $!\n";
    my $boss;
    my $select = IO::Select->new($front, $back);

    while (1) {
        while (@later && $later[0][0] <= time) {
            my (undef, $fh, $bytes) = @{ shift @later };
            next if !$peer{$fh};
            put($fh, $bytes);
            $peer{$fh}{queued}--;
        }

        my $wait = @later ? $later[0][0] - time : 10;

        for my $fh ($select->can_read($wait > 0 ? $wait : 0)) {
            if ($fh == $front) {
                my $c = $front->accept or next;
                my $up = dial($target);
                if (!$up) {
                    close $c;
                    next;
                }
                $accepted++;
                $peer{$c} = { to => $up, client => 1, me => $c };
                $peer{$up} = { to => $c, from => $peer{$c}, me => $up };
                $select->add($c, $up);

            } elsif ($fh == $back) {
                $boss = $back->accept;
                $select->add($boss);

            } elsif ($boss && $fh == $boss) {
                defined(my $line = <$boss>) or exit 0;
                command($boss, JSON::PP::decode_json($line));

            } elsif ($peer{$fh}) {
                $peer{$fh}{client} ? request($fh) : reply($fh);
            }

            $select->remove($_) for grep { !$peer{$_} && $_ != $front
                && $_ != $back && (!$boss || $_ != $boss) } $select->handles;
        }
    }
}


sub listener {
    my ($socket) = @_;

    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', ReuseAddr => 1,
                                 LocalPort => $socket, Listen => 128)
        if $socket =~ /^\d+$/;

    my $front = IO::Socket::UNIX->new(Local => $socket, Listen => 128);
    chmod 0777, $socket;
    return $front;
}


sub dial {
    my ($target) = @_;
    return $target =~ /^\d+$/ ? IO::Socket::INET->new("127.0.0.1:$target")
                              : IO::Socket::UNIX->new(Peer => $target);
}


sub command {
    my ($boss, $o) = @_;
    my $op = delete $o->{op};

    if ($op eq 'rule') {
        %rule = %$o;
        $rule{$_} = MIME::Base64::decode_base64($rule{$_})
            for grep { defined $rule{$_} } qw(replace flood append);
        $rule{on} = qr/$rule{on}/s;
        $met = 0;
        delete $_->{rule} for values %peer;

    } elsif ($op eq 'release') {
        for my $p (grep { defined $_->{held} } values %peer) {
            delete $p->{rule};
            put($p->{to}, delete $p->{held});
        }
        %rule = ();
        $held = 0;
    }

    print $boss JSON::PP::encode_json({ accepted => $accepted, met => $met,
        open => scalar(grep { $_->{client} } values %peer), held => $held }),
        "\n";
    $boss->flush;
}


sub put {
    my ($fh, $bytes) = @_;
    my $done = 0;

    while ($done < length $bytes) {
        my $n = syswrite $fh, $bytes, length($bytes) - $done, $done;
        return 0 if !defined $n;
        $done += $n;
    }

    return 1;
}


sub hang_up {
    my ($p) = @_;
    my $other = $peer{ $p->{to} };

    delete $peer{ $p->{me} };
    close $p->{me};

    if ($other) {
        delete $peer{ $other->{me} };
        close $other->{me};
    }
}


sub request {
    my ($fh) = @_;
    my $p = $peer{$fh};
    my $n = sysread $fh, my ($bytes), 262144;

    return hang_up($p) if !$n;

    if ($rule{on} && !$p->{rule} && $bytes =~ $rule{on}) {
        $p->{rule} = { %rule };
        $p->{sent} = 0;
        $met++;
        %rule = () if $rule{once};
    }

    if ($p->{rule} && $p->{rule}{hold}) {
        $p->{held} .= $bytes;
        $held += length $bytes;
        return;
    }

    put($p->{to}, $bytes);
}


sub reply {
    my ($fh) = @_;
    my $p = $peer{$fh};
    my $n = sysread $fh, my ($bytes), 262144;

    return hang_up($p) if !$n;

    my $client = $p->{from};
    my $rule = $client->{rule} // {};

    # what is late keeps its place, whatever the rule is by now
    if ($rule->{delay}) {
        $client->{until} = time + $rule->{delay};
    }

    if ($rule->{delay} || $client->{queued}) {
        $client->{queued}++;
        push @later, [ $client->{until}, $p->{to}, $bytes ];
        @later = sort { $a->[0] <=> $b->[0] } @later;
        return;
    }

    if (defined $rule->{cut}) {
        my $left = $rule->{cut} - $client->{sent};
        put($p->{to}, substr $bytes, 0, $left) if $left > 0;
        $client->{sent} += length $bytes;
        hang_up($p) if $client->{sent} >= $rule->{cut};

    } elsif (defined $rule->{replace}) {
        put($p->{to}, $rule->{replace}) if !$client->{sent};
        if (defined $rule->{flood} && !$client->{sent}) {
            for (1 .. $rule->{times}) {
                last if !put($p->{to}, $rule->{flood});
            }
        }
        $client->{sent}++;
        hang_up($p) if $rule->{close};

    } elsif (defined $rule->{append}) {
        put($p->{to}, $client->{sent}++ ? $bytes : $bytes . $rule->{append});
        hang_up($p) if $rule->{close};

    } elsif ($rule->{twice}) {
        put($p->{to}, $bytes . $bytes);

    } elsif ($rule->{dribble}) {
        for my $byte (split //, $bytes) {
            put($p->{to}, $byte);
            sleep 0.0002;
        }

    } elsif (!$rule->{swallow}) {
        put($p->{to}, $bytes);
    }
}

1;
