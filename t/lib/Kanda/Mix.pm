package Kanda::Mix;

# A mixed load from processes of its own, at a given rate, and the history that
# it sees, for Kanda::History to judge.
#
#   my $mix = Kanda::Mix->new($k, rate => 400)->start;
#   ...                                 # trouble
#   $mix->stop;                         # asks what is left, when all is well
#   my $history = $mix->history;
#
# Each process is a tenant: an account of its own, some clients with a period of
# ten seconds, and some connections, each of which does one thing at a time. Of
# a right code every fourth is sent on two connections at once. What was changed
# with an unknown outcome is left alone from then on.
#
# Options: rate (requests a second, all in all), size (processes), links
# (connections of each), clients (of each), ports (several servers on one
# Redis), timeout; owners (accounts to take); once => 1 sends nothing again.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha1);
use Kanda::Answer;
use Kanda::History;
use Kanda::Home;
use Kanda::HTTP;
use Kanda::Totp;
use POSIX ();
use Time::HiRes qw(sleep time);

use constant PERIOD => 10;

my $count = 0;

# of a hundred requests
my @mix = (
    [ 30, 'right' ], [ 15, 'wrong' ], [ 20, 'again' ], [ 5, 'register' ],
    [ 4, 'rotate' ], [ 4, 'delete' ], [ 4, 'token' ], [ 10, 'use' ],
    [ 3, 'revoke' ], [ 3, 'logs' ], [ 2, 'list' ],
);


# What a location needs for the rules: short locks and a log that keeps all.

sub location { 'kanda_lockout row=5 wait=3s max=6s total=100000;' }
sub http     { 'kanda_log_retention count=1000000;' }


sub new {
    my ($class, $k, %o) = @_;
    return bless { k => $k, ports => [ $k->port ], rate => 400, size => 2,
                   links => 8, clients => 60, timeout => 10, %o }, $class;
}


# Makes accounts and clients, so that the first request is one of the mix.

sub start {
    my ($self) = @_;

    $self->{dir} = Kanda::Home::root() . '/mix' . $count++;
    mkdir $self->{dir} or die "$self->{dir}: $!\n";

    for my $who (0 .. $self->{size} - 1) {
        my $owner = $self->{owners} ? $self->{owners}[$who]
                                    : $self->{k}->account;
        my $key = $self->{k}->post('/apikeys', $owner, {})->json;
        my $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
            @$self{qw(who owner key)} = ($who, $owner, $key->{apiKey});
            delete $self->{k}{http_link};
            eval { $self->work; 1 } or do { warn "mix: $@"; POSIX::_exit(1) };
            POSIX::_exit(0);
        }

        push @{ $self->{pids} }, $pid;
    }

    Kanda::Home::wait_for('the clients of the load', 60, sub {
        $self->{size} == grep { -e "$self->{dir}/ready$_" }
                         0 .. $self->{size} - 1 });
    return $self;
}


sub tell {
    my ($self, $word) = @_;
    open my $fh, '>', "$self->{dir}/$word" or die "$word: $!\n";
}


sub stop {
    my ($self) = @_;
    $self->tell('stop');

    for my $pid (@{ delete $self->{pids} // [] }) {
        waitpid $pid, 0;
        die "a load ended badly: $?\n" if $?;
    }

    return $self;
}


sub history {
    my ($self, %o) = @_;
    my $history = Kanda::History->new(period => PERIOD, %o);
    $history->read("$self->{dir}/lines$_") for 0 .. $self->{size} - 1;
    return $history;
}


# With count: { status => how many }.

sub counts {
    my ($self) = @_;
    my %of;

    for my $line ($self->history->lines) {
        $of{ $line->{status} } += $line->{verdict};
    }

    return \%of;
}


# The rest is the process's.

sub work {
    my ($self) = @_;
    my $file = "$self->{dir}/lines$self->{who}";

    open $self->{out}, '>', $file or die "$file: $!\n";
    srand($$);
    $self->{parent} = getppid;
    $self->{serial} = 0;
    @$self{qw(pool dead tokens)} = ([], [], []);
    $self->{turns} = [ map { ($_->[1]) x $_->[0] } @mix ];

    my @ports = @{ $self->{ports} };
    $self->{idle} = [ map { { port => $ports[$_ % @ports] } }
                      1 .. $self->{links} ];
    $self->{busy} = {};

    $self->begin;
    $self->tell("ready$self->{who}");
    $self->run;
    $self->{count} ? $self->sum : $self->audit;
    close $self->{out};
}


sub begin {
    my ($self) = @_;

    for (1 .. $self->{clients}) {
        my $c = $self->fresh;
        push @{ $self->{pool} }, $c;
        $self->ask($self->registers($c));
    }
}


sub over {
    my ($self) = @_;
    return -e "$self->{dir}/stop" || getppid != $self->{parent};
}


# As many a second as are ours; what could not be sent in time is left out.

sub run {
    my ($self) = @_;
    my $gap = $self->{size} / $self->{rate};
    my $next = time;
    my $look = 0;
    my $stopped;

    while (1) {
        my $now = time;

        if ($now > $look) {
            last if $stopped && !%{ $self->{busy} };
            $stopped ||= $self->over;
            $look = $now + 0.02;
        }

        while (!$stopped && $now >= $next && @{ $self->{idle} }) {
            $self->turn;
            $next += $gap;
            $next = $now if $next < $now - 0.5;
        }

        $self->listen($next > $now && $next - $now < 0.02 ? $next - $now
                                                          : 0.005);
    }
}


sub turn {
    my ($self) = @_;
    my $what = $self->{turns}[ rand @{ $self->{turns} } ];
    my @requests = $self->$what;

    for my $request (@requests) {
        my $link = pop @{ $self->{idle} } or last;
        $self->post($link, $request);
    }
}


# Requests as data: text, kind and what else a line says, and what to do when
# the answer has come.

sub text {
    my ($self, $method, $path, $body, $token) = @_;
    return $self->{k}->request_text($method, $path, $token // $self->{key},
                                    $body);
}

sub line_of { map { $_ => $_[0]{$_} } qw(client secret) }

sub fresh {
    my ($self) = @_;
    return { client => 'c' . ++$self->{serial}, secret => 0, last => 0 };
}

sub any {
    my ($self, $number) = @_;
    my @pool = @{ $self->{pool} };
    return $pool[ rand($number // @pool) ];
}


# A client that nothing is done to while it changes.

sub still {
    my ($self) = @_;
    my $c = $self->any;
    return $c->{raw} && !$c->{changing} ? $c : undef;
}


sub leave {
    my ($self, $c) = @_;
    @{ $self->{pool} } = grep { $_ != $c } @{ $self->{pool} };
}


sub learn {
    my ($self, $c, $r) = @_;
    my $json = $r->json or return;
    $c->{raw} = Kanda::Totp::base32_decode($json->{secret});
    $c->{last} = 0;
}


sub code_of {
    my ($c, $step) = @_;
    my $mac = hmac_sha1(pack('Q>', $step), $c->{raw});
    my $at = ord(substr $mac, -1) & 15;

    return sprintf '%06d',
                   (unpack('N', substr $mac, $at, 4) & 0x7fffffff) % 1_000_000;
}


sub validate {
    my ($self, $kind, $c, $step, $code) = @_;

    return {
        text => $self->text('POST', '/totp/validate',
            qq({"clientId":"$c->{client}","token":"$code"})),
        kind => $kind, line_of($c), step => $step, code => $code,
    };
}


# The next code that a client has not used, or one that it has.

sub right {
    my ($self) = @_;
    my $now = int(time / PERIOD);
    my $c;

    for (1 .. 8) {
        $c = $self->any;
        last if $c->{raw} && $c->{last} < $now + 1;
    }

    return if !$c->{raw};

    my $step = $c->{last} + 1;
    $step = $now - 1 if $step < $now - 1;
    $step = $now + 1 if $step > $now + 1;
    $c->{last} = $step;

    my $request = $self->validate('code', $c, $step, code_of($c, $step));
    return rand() < 0.25 ? ($request, { %$request }) : $request;
}


sub again {
    my ($self) = @_;
    my $c = $self->any;
    return if !$c->{last} || !$c->{raw};
    my $step = $c->{last} - int rand 2;
    return $self->validate('code', $c, $step, code_of($c, $step));
}


# The first few clients are guessed at, so that locks come and go.

sub wrong {
    my ($self) = @_;
    my $c = $self->any(5);
    return if !$c->{raw};

    my $now = int(time / PERIOD);
    my %right = map { code_of($c, $now + $_) => 1 } -3 .. 3;
    my $code;

    do { $code = sprintf '%06d', rand 1_000_000 } while $right{$code};
    return $self->validate('wrong', $c, undef, $code);
}


sub registers {
    my ($self, $c) = @_;
    my $secret = $c->{secret} + 1;

    $c->{changing} = 1;
    return {
        text => $self->text('POST', '/totp/register',
            qq({"clientId":"$c->{client}","period":@{[ PERIOD ]}})),
        kind => 'register', client => $c->{client}, secret => $secret,
        then => sub {
            my ($r) = @_;
            $c->{changing} = 0;
            $c->{secret} = $secret;
            $r->status == 201 ? $self->learn($c, $r) : $self->leave($c);
        },
    };
}

sub register {
    my ($self) = @_;

    # one that was deleted comes back with another secret, or a new one
    if (@{ $self->{dead} } > 5) {
        my $c = shift @{ $self->{dead} };
        push @{ $self->{pool} }, $c;
        return $self->registers($c);
    }

    return if @{ $self->{pool} } >= 2 * $self->{clients};

    push @{ $self->{pool} }, my $c = $self->fresh;
    return $self->registers($c);
}

sub rotate {
    my ($self) = @_;
    my $c = $self->still or return;

    $c->{changing} = 1;
    return {
        text => $self->text('POST', "/totp/rotate/$c->{client}"),
        kind => 'rotate', line_of($c),
        then => sub {
            my ($r) = @_;
            $c->{changing} = 0;
            return $self->leave($c) if $r->status != 200;
            $c->{secret}++;
            $self->learn($c, $r);
        },
    };
}

sub delete {
    my ($self) = @_;
    my $c = $self->still or return;

    return if @{ $self->{pool} } <= $self->{clients} / 2;

    $c->{changing} = 1;
    return {
        text => $self->text('DELETE', "/totp/$c->{client}"),
        kind => 'delete', line_of($c),
        then => sub {
            my ($r) = @_;
            $c->{changing} = 0;
            $self->leave($c);
            return if $r->status != 200;
            push @{ $self->{dead} }, $c;
            push @{ $self->{deleted} }, $c->{client};
            delete $c->{raw};
        },
    };
}

sub token {
    my ($self) = @_;
    my $name = 't' . ++$self->{serial};

    return {
        text => $self->text('POST', '/auth/token',
                            qq({"apiKey":"$self->{key}"}), ''),
        kind => 'token', secret => $name,
        then => sub {
            my ($r) = @_;
            my $json = $r->status == 200 && $r->json or return;
            push @{ $self->{tokens} }, { name => $name,
                                         text => $json->{token} };
        },
    };
}

sub uses {
    my ($self, $token) = @_;
    return {
        text => $self->text('GET', '/auth/me', undef, $token->{text}),
        kind => 'use', secret => $token->{name},
    };
}

sub use {
    my ($self) = @_;
    my @of = (@{ $self->{tokens} }, @{ $self->{revoked} // [] });
    my $token = $of[ rand @of ] or return;
    return $self->uses($token);
}

sub revoke {
    my ($self) = @_;
    my $token = shift @{ $self->{tokens} } or return;

    push @{ $self->{revoked} }, $token;
    return {
        text => $self->text('POST', '/auth/logout', undef, $token->{text}),
        kind => 'revoke', secret => $token->{name},
    };
}

sub logs {
    my ($self) = @_;
    return { text => $self->text('GET', '/logs?limit=20'), kind => 'logs' };
}

sub list {
    my ($self) = @_;
    return { text => $self->text('GET', '/totp?limit=20'), kind => 'list' };
}


# Sends; a connection that cannot be made is an answer too.

sub post {
    my ($self, $link, $request) = @_;

    $link->{kept} = defined $link->{socket};
    $link->{socket} //= Kanda::HTTP::dial($link->{port});
    $link->{request} = $request;
    $link->{buffer} = '';
    $link->{start} = time;

    if (!$link->{socket}) {
        $self->answered($link, Kanda::Answer->none('refused'));
        return;
    }

    syswrite $link->{socket}, $request->{text};
    $self->{busy}{ fileno $link->{socket} } = $link;
}


sub listen {
    my ($self, $seconds) = @_;
    my $bits = '';
    my $busy = $self->{busy};

    vec($bits, $_, 1) = 1 for keys %$busy;

    if (select($bits, undef, undef, $seconds > 0 ? $seconds : 0) > 0) {
        $self->hear($busy->{$_}) for grep { vec $bits, $_, 1 } keys %$busy;
    }

    my $now = time;

    for my $link (grep { $now - $_->{start} > $self->{timeout} }
                  values %$busy)
    {
        $self->hang_up($link);
        $self->answered($link, Kanda::Answer->none('timeout'));
    }
}


sub hear {
    my ($self, $link) = @_;
    my $n = sysread $link->{socket}, $link->{buffer}, 65536,
                    length $link->{buffer};
    my $r = Kanda::Answer->take(\$link->{buffer}, eof => !$n);

    if (!$r && !$n) {
        my $silent = $link->{kept} && $link->{buffer} eq '';
        $self->hang_up($link);

        # a server that lives closed it while it was idle, and has not read this
        return $self->post($link, $link->{request})
            if $silent && !$self->{once};
        $r = Kanda::Answer->none('closed');
    }

    return if !$r;

    delete $self->{busy}{ fileno $link->{socket} } if $link->{socket};
    $self->hang_up($link) if $link->{socket} && (!$n || $r->closes);
    $self->answered($link, $r);
}


sub hang_up {
    my ($self, $link) = @_;
    delete $self->{busy}{ fileno $link->{socket} };
    close delete $link->{socket};
}


sub answered {
    my ($self, $link, $r) = @_;
    my $request = delete $link->{request};

    $self->note_down($request, $link->{start}, $r);
    $request->{then}->($r) if $request->{then};
    push @{ $self->{idle} }, $link;
}


sub note_down {
    my ($self, $request, $start, $r, $verdict) = @_;
    my $status = $r->status;
    my $shape;

    if ($self->{count}) {
        $self->{of}{$status}++;
        return;
    }

    if ($request->{kind} =~ /^(?:code|wrong)$/) {
        $verdict = $status == 200 ? $r->text eq '{"valid":true}' ? 'true'
                                                                 : 'false'
                 : $status == 429 ? 'locked:' . $r->header('Retry-After')
                 : undef;
    }

    $verdict //= $r->{error} if !$status;

    if ($status >= 400) {
        my $type = $r->header('Content-Type') // 'nothing';
        my $json = $r->json // {};

        $shape = $type if $type ne 'application/problem+json'
                          || ($json->{status} // 0) != $status;
    }

    print { $self->{out} } Kanda::History::line(
        tenant => "t$self->{who}", %$request, start => $start, end => time,
        status => $status, verdict => $verdict, shape => $shape);
}


# One request after the other, for the beginning and the end.

sub ask {
    my ($self, $request, $verdict) = @_;
    my $start;
    my $r;

    for my $try (1 .. 100) {
        POSIX::_exit(1) if getppid != $self->{parent};
        $self->{http} //= Kanda::HTTP->new($self->{ports}[0]);
        $start = time;
        $r = $self->{http}->send($request->{text})->receive;
        last if $r->status != 503 && $r->status != 0
                || $request->{kind} =~ /^(?:register|code)$/;
        sleep 0.05;
    }

    $self->note_down($request, $start, $r,
                     $verdict ? $verdict->($r) : undef);
    $request->{then}->($r) if $request->{then};
    return $r;
}


sub sum {
    my ($self) = @_;
    print { $self->{out} } Kanda::History::line(kind => 'sum', start => 0,
        status => $_, verdict => $self->{of}{$_}) for keys %{ $self->{of} };
}


# What is left: clients that should be there, and those that should not; codes
# that were used, tokens that were revoked, entries in the log.

sub audit {
    my ($self) = @_;
    my $there = sub { { 200 => 1, 404 => 0 }->{ $_[0]->status } };
    my %pool = map { $_->{client} => $_ } @{ $self->{pool} };

    $self->ask({ text => $self->text('GET', "/totp/$_->{client}"),
                 kind => 'present', line_of($_) }, $there)
        for @{ $self->{pool} };
    $self->ask({ text => $self->text('GET', "/totp/$_"), kind => 'present',
                 client => $_ }, $there)
        for grep { !$pool{$_} } @{ $self->{deleted} // [] };

    for my $c (grep { $_->{raw} && $_->{last} } @{ $self->{pool} }) {
        $self->ask($self->validate('code', $c, $c->{last},
                                   code_of($c, $c->{last})));
    }

    # a secret that was replaced is the one that counts
    for my $c (grep { $_->{raw} } @{ $self->{pool} }) {
        my $now = int(time / PERIOD);
        my $step = $c->{last} < $now ? $now : $c->{last} + 1;
        next if $step > $now + 1;

        my $r = $self->ask($self->validate('code', $c, $step,
                                           code_of($c, $step)));
        next if $r->status != 200;
        print { $self->{out} } Kanda::History::line(tenant => "t$self->{who}",
            line_of($c), kind => 'present', start => time, end => time,
            status => 200, verdict => $r->text eq '{"valid":true}' ? 1 : 0);
    }

    $self->ask($self->uses($_)) for @{ $self->{revoked} // [] };

    my $entries = 0;
    my $begin = time;

    for (my $offset = 0; ; $offset += 200) {
        my $r = $self->ask({ kind => 'logs', text => $self->text('GET',
            "/logs?event=totp.validate&limit=200&offset=$offset") });
        my @some = @{ ($r->json // {})->{logs} // [] };

        $entries += $_->{count} // 1 for @some;
        last if @some < 200;
    }

    print { $self->{out} } Kanda::History::line(tenant => "t$self->{who}",
        kind => 'logged', start => $begin, end => time, status => 200,
        verdict => $entries);
}

1;
