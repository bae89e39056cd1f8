# Redis is away, hangs, comes back, forgets its scripts: what is answered
# meanwhile, how fast, and that service returns without a reload.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $k = Kanda->new(workers => 2, allow => [ qr/\[crit\].*connect\(\) to unix/ ]);
my $redis = $k->redis;


# Medians and nine of ten, with room for a busy machine.

sub fast_enough {
    my ($what, $percent, $limit, @times) = @_;

    SKIP: {
        skip 'no timing under a sanitizer', 1 if $san;
        my $took = Kanda::Load::percentile($percent, @times);
        cmp_ok($took, '<=', $limit, sprintf '%s (%.1f ms)', $what,
               1000 * $took);
    }
}


# One validate on a connection of its own: answer and seconds.

sub ask {
    my ($text) = @_;
    my $http = $k->connect(timeout => 5);
    my $start = time;
    my $answer = $http->send($text)->receive;
    return ($answer, time - $start);
}


sub is_unavailable {
    my ($answer, $what) = @_;
    my $body = $answer->json // {};

    is($answer->status, 503, "$what: 503");
    is($answer->header('Content-Type'), 'application/problem+json',
       'a problem');
    like($answer->header('Retry-After') // '', qr/^[1-9]\d?$/,
         'that says when to try again');
    is($body->{code}, 'unavailable', 'and what it is');
    is($answer->header('Cache-Control'), 'no-store', 'not to be stored');
}


# How long until an answer that is not 503, from now.

sub recovery {
    my ($text) = @_;
    my $start = time;
    my ($first, $row);

    # the time of the first, but all workers have to be back before we go on
    while (time - $start < 10) {
        my ($answer) = ask($text);

        if ($answer->status == 200) {
            $first //= time - $start;
            return $first if ++$row == 12;
            next;
        }

        $row = 0;
        sleep 0.005;
    }

    return 10;
}


# D1: nginx is there first

$k->start_nginx;

my $login = $k->request_text('POST', '/auth/login', undef,
    { email => 'nobody@example.com', password => 'correct horse' });
my $code = $k->request_text('POST', '/totp/validate', 'kan_x_y',
    { clientId => 'c', token => '123456' });

my @times = map { (ask($login))[1] } 1 .. 40;
my ($answer) = ask($login);
is_unavailable($answer, 'no Redis at start');
fast_enough('at once', 50, 0.005 * 3, @times);

$k->start_redis;
my $back = time;
Kanda::Home::wait_for('service', 10, sub { (ask($login))[0]->status != 503 });
fast_enough('service when Redis comes', 50, 3, time - $back);

my $who = $k->account;
my $client = $k->client($who);
my @pids = sort $k->nginx->worker_pids;

my $validate = $k->request_text('POST', '/totp/validate', $who,
    { clientId => $client->{clientId}, token => 'malformed' });
my $list = $k->request_text('GET', '/totp', $who);

is((ask($validate))[0]->text, '{"valid":false}', 'it serves');


# D2: killed; the connection is refused from then on

my @kept = map { $k->connect } 1 .. 8;
$_->send($list)->receive for @kept;

$redis->command('SAVE');
$redis->kill9;

@times = map {
    my $start = time;
    $answer = $_->send($list)->receive;
    time - $start;
} @kept;

is_unavailable($answer, 'Redis killed');
fast_enough('the first answers', 50, 0.050 * 3, @times);

sleep 0.2;
@times = map { ($answer, my $took) = ask($validate); $took } 1 .. 60;
is_unavailable($answer, 'Redis gone for a while');
is($answer->json->{valid}, JSON::PP::false, 'and never valid');
fast_enough('the breaker answers', 50, 0.005 * 4, @times);
fast_enough('nearly always', 90, 0.005 * 20, @times);

$redis->start;
my $took = recovery($list);
fast_enough('back after a restart', 50, 3, $took);
cmp_ok($took, '<', 10, 'without a reload');

like($k->nginx->log_text, qr/\[error\].*kanda: Redis/, 'the log tells of it');


# A replay of state: what was saved is there, what a worker knew is not needed;
# the other worker may be back a little later

cmp_ok(recovery($validate), '<', 10, 'the same client');


# D5: it hangs, with requests on their way

sub hang {
    my ($round) = @_;

    $redis->freeze;

    my @texts = map { $k->request_text('POST', '/totp/validate', $who,
        { clientId => $client->{clientId}, token => "mal$_" }) } 1 .. 12;
    my $race = $k->race(scalar @texts);
    my $start = time;
    my @answers = $race->run(\@texts);
    my $longest = time - $start;

    is(Kanda::Load::tally(map { { status => $_->status } } @answers),
       '503 x 12', "hung, round $round: none is answered");
    is_unavailable($answers[0], 'hung') if $round == 1;
    fast_enough('within the timeout', 50, 0.6 * 4, $longest);

    sleep 0.7;          # a greeting was tried in vain
    my @quick = map { (ask($validate))[1] } 1 .. 40;
    fast_enough('then at once', 50, 0.005 * 4, @quick);

    # late replies come in one go with others'; each has its own answer

    $redis->thaw;
    my $took = recovery($list);
    cmp_ok($took, '<', 10, 'back without a reload');
    fast_enough('soon', 50, 3, $took);

    my $wrong = 0;

    for my $n (1 .. 30) {
        my ($r) = ask($n % 2 ? $list : $validate);
        $wrong++ if $r->status == 200
                    && !exists $r->json->{ $n % 2 ? 'clients' : 'valid' };
    }

    is($wrong, 0, 'nobody got what was for another');
}

hang($_) for 1 .. long_test(2, 10);
is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');


# Clients with names of their own ask for themselves while Redis comes and
# goes: an answer is theirs, or none.

# a worker that was not asked may sit out its longest pause yet
sleep 1;

my %secret = map { $_ => $k->client($who, clientId => "own$_") } 0 .. 3;

sub own {
    my ($who_, $n) = @_;
    return $k->request_text('GET', "/totp/own$who_", $who);
}

sub storm {
    my ($what, $rounds, $trouble) = @_;
    my $load = Kanda::Load->new($k->port, 4, \&own)->start;
    my @up;

    for (1 .. $rounds) {
        sleep 0.15;
        my $up = $trouble->() or next;
        recovery($list);
        push @up, $up;
    }

    sleep 1;
    my @got = $load->stop;
    my @bad = grep { $_->{status} != 200 && $_->{status} != 503 } @got;
    my @foreign = grep { $_->{status} == 200
        && JSON::PP::decode_json($_->{body})->{clientId} ne "own$_->{who}" }
        @got;

    is(scalar @bad, 0, "$what: an answer to everything")
        or diag Kanda::Load::tally(@got);
    is(scalar @foreign, 0, 'each has its own');
    cmp_ok($got[-1]{status}, '==', 200, 'and it serves at the end');
    note Kanda::Load::tally(@got);

    for my $up (@up) {
        my ($first) = grep { $_->{status} == 200 && $_->{end} > $up } @got;
        fast_enough('after trouble', 50, 3,
                    $first ? $first->{end} - $up : 10);
    }

    return @got;
}

$redis->command('CONFIG', 'SET', 'save', '3600 1000');
storm('killed under load', long_test(3, 20), sub {
    $redis->command('SAVE');
    $redis->kill9;
    sleep 0.2;
    $redis->start;
    return time;
});

storm('hung under load', long_test(2, 20), sub {
    $redis->freeze;
    sleep 0.9;
    $redis->thaw;
    return time;
});


# D17: scripts forgotten under load cost nobody anything

my @got = storm('scripts flushed under load', long_test(20, 200), sub {
    $redis->command('SCRIPT', 'FLUSH');
    sleep 0.02;
    return 0;
});

is(scalar(grep { $_->{status} != 200 } @got), 0, 'no request failed')
    or diag Kanda::Load::tally(@got);

is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers at last');

done_testing;
