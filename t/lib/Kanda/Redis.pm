package Kanda::Redis;

# A private redis-server on a Unix socket, and a way to talk to it.
#
#   Kanda::Redis->new(port => 1, password => 'x', conf => ['save' => '']);

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::UNIX;
use Kanda::Home;

my $count = 0;


sub new {
    my ($class, %o) = @_;
    my $dir = Kanda::Home::root() . '/redis' . $count++;

    mkdir $dir or die "$dir: $!\n";

    my $self = bless { dir => $dir, socket => "$dir/socket", conf => [], %o },
                     $class;

    if ($self->{port} && $self->{port} == 1) {
        $self->{port} = Kanda::Home::port();
    }

    return $self;
}


sub url  { 'unix:' . $_[0]{socket} }
sub pid  { $_[0]{pid} }
sub port { $_[0]{port} }
sub dir  { $_[0]{dir} }


# Later settings win, so that a test can have an AOF by asking for one.

sub start {
    my ($self) = @_;
    my @conf = (
        'port'                     => $self->{port} // 0,
        'bind'                     => '127.0.0.1',
        'unixsocket'               => $self->{socket},
        'unixsocketperm'           => 777,
        'dir'                      => $self->{dir},
        'save'                     => '',
        'appendonly'               => 'no',
        'appendfsync'              => 'always',
        'maxmemory-policy'         => 'noeviction',
        'hash-max-listpack-value'  => 256,
        'enable-debug-command'     => 'local',
        ($self->{password} ? ('requirepass' => $self->{password}) : ()),
        @{ $self->{conf} },
    );
    my @args;

    while (my ($name, $value) = splice @conf, 0, 2) {
        push @args, "--$name", ref $value ? @$value : $value;
    }

    unlink $self->{socket};
    delete $self->{link};

    $self->{pid} = Kanda::Home::spawn(
        command => [ $self->{binary} // 'redis-server', @args ],
        output  => "$self->{dir}/log",
        env     => $self->{env},
        signal  => 'KILL',
    );

    $self->wait_until_up if !$self->{no_wait};
    return $self;
}


sub wait_until_up {
    my ($self) = @_;

    Kanda::Home::wait_for('redis-server', 20, sub {
        if (!Kanda::Home::alive($self->{pid})) {
            die "redis-server: " . Kanda::Home::slurp("$self->{dir}/log");
        }

        return 0 if !-S $self->{socket};
        my $pong = eval { $self->command('PING') };
        delete $self->{link} if !defined $pong;
        return defined $pong && $pong !~ /^LOADING/;
    });
}


sub stop   { my $s = shift; Kanda::Home::reap($s->{pid}, 'TERM'); $s->gone }
sub kill9  { my $s = shift; Kanda::Home::reap($s->{pid}, 'KILL'); $s->gone }
sub freeze { kill 'STOP', $_[0]{pid} }
sub thaw   { kill 'CONT', $_[0]{pid} }


sub gone {
    my ($self) = @_;
    delete @$self{qw(pid link)};
    return $self;
}


# One command, one answer: a string, a number, undef, an array of these; an
# error comes back as a string too, with its code first ("WRONGTYPE ...").

sub command {
    my ($self, @words) = @_;

    $self->{link} //= $self->connect;
    $self->send_command($self->{link}, @words);
    return $self->read_reply($self->{link});
}


sub connect {
    my ($self) = @_;
    my $link = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "$self->{socket}: $!\n";

    if ($self->{password}) {
        $self->send_command($link, 'AUTH', $self->{password});
        $self->read_reply($link);
    }

    return $link;
}


sub send_command {
    my ($self, $link, @words) = @_;
    my $text = '*' . @words . "\r\n";

    for my $word (@words) {
        utf8::encode($word) if utf8::is_utf8($word);
        $text .= '$' . length($word) . "\r\n$word\r\n";
    }

    print $link $text or die "redis: $!\n";
    $link->flush;
}


sub read_reply {
    my ($self, $link) = @_;
    my $line = do { local $/ = "\r\n"; <$link> };

    die "redis: connection closed\n" if !defined $line;

    my ($type, $rest) = $line =~ /^(.)(.*)\r\n/s or die "redis: [$line]\n";

    return $rest if $type =~ /[-+:]/;
    return undef if $rest < 0;

    if ($type eq '*') {
        return [ map { $self->read_reply($link) } 1 .. $rest ];
    }

    read $link, my ($text), $rest + 2;
    return substr $text, 0, $rest;
}


# Everything that Redis holds, as one text, for tests that look for secrets.

sub dump {
    my ($self) = @_;
    my $text = '';

    for my $key (sort @{ $self->command('KEYS', '*') }) {
        my $type = $self->command('TYPE', $key);
        my %read = (
            string => [ 'GET', $key ],
            hash   => [ 'HGETALL', $key ],
            list   => [ 'LRANGE', $key, 0, -1 ],
            set    => [ 'SMEMBERS', $key ],
            zset   => [ 'ZRANGE', $key, 0, -1, 'WITHSCORES' ],
        );
        my $value = $self->command(@{ $read{$type} });
        $text .= join("\n", $key, ref $value ? @$value : $value) . "\n";
    }

    return $text;
}

1;
