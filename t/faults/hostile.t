# What Redis says is input like any other: nothing of it ends a worker, a reply
# that is not one is 503, and only Redis itself can make a code right.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Kanda::Proxy;
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 1)->start_redis;
my $redis = $k->redis;
my $proxy = Kanda::Proxy->new($redis->{socket})->start;

$k->{kanda} = "kanda_redis " . $proxy->url . ";\nkanda_redis_timeout 150ms;\n"
              . "kanda_keys $k->{keys_file};";
$k->start_nginx;
Kanda::Home::wait_for('service', 10, sub {
    $k->post('/auth/login', undef, { email => 'a@b.c', password => 'x' })
      ->status != 503 });

my $who = $k->account;
my $client = $k->client($who);
my $id = $client->{clientId};
my @pids = $k->nginx->worker_pids;
my $judge = 'EVALSHA.*?\r\nmalformed\r\n|EVALSHA.*?\r\ncode\r\n';

my %of = (
    'me'       => [ 'GET', '/auth/me', $who ],
    'list'     => [ 'GET', '/totp', $who ],
    'logs'     => [ 'GET', '/logs', $who ],
    'keys'     => [ 'GET', '/apikeys', $who ],
    'qrcode'   => [ 'GET', "/totp/qrcode/$id", $who ],
    'rotate'   => [ 'POST', "/totp/rotate/$id", $who ],
    'validate' => [ 'POST', '/totp/validate', $who,
                    { clientId => $id, token => '000000' } ],
    'login'    => [ 'POST', '/auth/login', undef,
                    { email => 'a@b.c', password => 'correct horse' } ],
    'token'    => [ 'POST', '/auth/token', undef, { apiKey => 'kan_x_y' } ],
);


# Behaves again and waits until nginx has a connection that works.

sub calm {
    $proxy->rule;
    $proxy->tell(op => 'rule');

    my $end = time + 10;
    while (time < $end) {
        return 1 if $k->get('/auth/me', $who)->status == 200;
        sleep 0.01;
    }

    return 0;
}


sub ask { my ($name) = @_; return $k->api(@{ $of{$name} }) }


# Whoever asks while Redis talks like this hears 503, or for a reply that some
# script might give, anything but a right code.

sub hostile {
    my ($what, $name, %rule) = @_;
    my $loose = delete $rule{loose};

    $proxy->rule(%rule);

    my $answer = ask($name);
    my $met = $proxy->state->{met};
    my $status = $answer->status;
    my $body = $answer->json // {};

    if ($loose) {
        ok($status && !$body->{valid}, "$what ($name: $status)");

    } else {
        is($status, 503, "$what ($name)") or diag $answer->text;
        ok(!$body->{valid}, 'and no right code');
    }

    ok($met, 'the rule was met') or diag "$what ($name)";
    ok(calm(), 'service again') or BAIL_OUT('no service');

    my @now = $k->nginx->worker_pids;
    is("@now", "@pids", 'the same worker') or @pids = @now;
}


# Row 36

my @replies = (
    [ 'an integer',            ":1\r\n" ],
    [ 'a status',              "+OK\r\n" ],
    [ 'a string',              "\$5\r\nvalid\r\n" ],
    [ 'nil',                   "\$-1\r\n" ],
    [ 'no array',              "*-1\r\n" ],
    [ 'an empty array',        "*0\r\n" ],
    [ 'an array of nil',       "*1\r\n\$-1\r\n" ],
    [ 'an array of integers',  "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n" ],
    [ 'a status for a word',   "*1\r\n+valid\r\n" ],
    [ 'a word too long',       "*1\r\n\$6\r\nvalid1\r\n" ],
    [ 'a word too short',      "*1\r\n\$4\r\nvali\r\n" ],
    [ 'a word with NUL',       "*1\r\n\$6\r\nvalid\0\r\n" ],
    [ 'an empty word',         "*1\r\n\$0\r\n\r\n" ],
    [ 'upper case',            "*1\r\n\$5\r\nVALID\r\n" ],
    [ 'an array for a word',   "*1\r\n*1\r\n\$5\r\nvalid\r\n" ],
    [ 'arrays for all',        "*5\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n" ],
    [ 'a lock without a time', "*1\r\n\$6\r\nlocked\r\n" ],
    [ 'no question answered',  "*1\r\n\$2\r\nok\r\n" ],
    [ 'nil for an answer',     "*2\r\n\$2\r\nok\r\n\$-1\r\n" ],
    [ 'a word for an answer',  "*2\r\n\$2\r\nok\r\n\$5\r\nvalid\r\n" ],
    [ 'a verdict for all',     "*2\r\n\$5\r\nvalid\r\n\$16\r\n" . 'd' x 16
                               . "\r\n" ],
    [ 'a verdict that names nothing',
      "*2\r\n\$2\r\nok\r\n*1\r\n\$5\r\nvalid\r\n" ],
    [ 'a verdict on another question',
      "*2\r\n\$2\r\nok\r\n*2\r\n\$5\r\nvalid\r\n\$16\r\n" . 'd' x 16
      . "\r\n" ],
    [ 'a verdict on what has no digest',
      "*2\r\n\$2\r\nok\r\n*2\r\n\$5\r\nvalid\r\n\$16\r\n" . "\0" x 16
      . "\r\n" ],
    [ 'an answer too many',
      "*3\r\n\$2\r\nok\r\n" . "*1\r\n\$5\r\nwrong\r\n" x 2 ],
    [ 'a refusal of one only',
      "*2\r\n\$12\r\nunauthorized\r\n*1\r\n\$5\r\nvalid\r\n" ],
    [ 'an error',              "-ERR no\r\n" ],
    [ 'an empty error',        "-\r\n" ],
    [ 'a long error',          '-' . 'E' x 20000 . "\r\n" ],
    [ 'an error with format',  "-%s%n%V%p\r\n" ],
    [ 'NOSCRIPT and nothing',  "-NOSCRIPT\r\n" ],
    [ 'LOADING',               "-LOADING Redis is loading\r\n" ],
    [ 'BUSY',                  "-BUSY Redis is busy\r\n" ],
    [ 'NOPERM',                "-NOPERM this user has no permissions\r\n" ],
    [ 'MOVED',                 "-MOVED 1 127.0.0.1:1\r\n" ],
    [ 'ten integers too many', ":1\r\n" x 11 ],
    [ 'nested nine',           "*1\r\n" x 9 . ":1\r\n" ],
    [ 'nested a thousand',     "*1\r\n" x 1000 . ":1\r\n" ],
    [ 'a thousand million',    "*1000000000\r\n" ],
    [ 'nested millions',       "*65536\r\n" x 7 ],
    [ 'two thousand million bytes', "\$2147483647\r\n" ],
    [ 'bytes beyond 32 bits',  "\$4294967297\r\nx\r\n" ],
    [ 'bytes beyond 64 bits',  "\$18446744073709551617\r\nx\r\n" ],
    [ 'an array beyond 32 bits', "*4294967297\r\n:1\r\n" ],
    [ 'an array beyond 64 bits', "*18446744073709551617\r\n:1\r\n" ],
    [ 'a negative string',     "\$-2\r\n" ],
    [ 'a very negative string', "\$-2147483648\r\n" ],
    [ 'a negative array',      "*-2\r\n" ],
    [ 'a very negative array', "*-2147483648\r\n" ],
    [ 'the most negative array', "*-9223372036854775808\r\n" ],
    [ 'a negative inside',     "*2\r\n*-2\r\n\$-7\r\n" ],
    [ 'an integer too big',    ":9223372036854775808\r\n" ],
    [ 'an integer of letters', ":abc\r\n" ],
    [ 'a length of letters',   "\$abc\r\n" ],
    [ 'an empty length',       "\$\r\n" ],
    [ 'no type',               "\r\n" ],
    [ 'a string unended',      "\$3\r\nabcde\r\n" ],
    [ 'bare line feeds',       "*1\n\$5\nvalid\n" ],
    [ 'RESP3 map',             "%1\r\n+a\r\n:1\r\n" ],
    [ 'RESP3 set',             "~1\r\n+a\r\n" ],
    [ 'RESP3 null',            "_\r\n" ],
    [ 'RESP3 true',            "#t\r\n" ],
    [ 'RESP3 double',          ",1.5\r\n" ],
    [ 'RESP3 odd double',      ",inf\r\n" ],
    [ 'RESP3 big number',      "(3492890328409238509324850943850943825024385\r\n" ],
    [ 'RESP3 verbatim',        "=9\r\ntxt:valid\r\n" ],
    [ 'RESP3 short verbatim',  "=1\r\nt\r\n" ],
    [ 'RESP3 push',            ">1\r\n\$5\r\nvalid\r\n" ],
    [ 'RESP3 error',           "!5\r\nERR a\r\n" ],
    [ 'RESP3 attribute',       "|1\r\n+a\r\n:1\r\n:1\r\n" ],
    [ 'RESP3 map of minus',    "%-2\r\n" ],
    [ 'RESP3 map of half the world', "%1073741824\r\n" ],
    [ 'an HTTP answer',        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" ],
    [ 'noise',                 join '', map { chr } 0 .. 255 ],
    [ 'NULs',                  "\0" x 5000 ],
    [ 'a MB of noise',         'x' x 1_000_000 ],
    [ 'half a reply',          "*2\r\n\$5\r\nva" ],
    [ 'half a length',         "*" ],
);

for my $reply (@replies) {
    my ($what, $bytes) = @$reply;
    hostile($what, 'validate', on => $judge, replace => $bytes, once => 1);
}

# what stands in a page, a client or a secret where it does not belong

for my $name (sort keys %of) {
    next if $name eq 'login' && !$ENV{KANDA_TEST_LONG};

    for my $fill (":-1\r\n", "\$-1\r\n", "*0\r\n", "*-1\r\n", "\$0\r\n\r\n",
                  "\$40\r\n" . '9' x 40 . "\r\n", "*11\r\n" . ":7\r\n" x 11,
                  "*1\r\n\$-1\r\n")
    {
        for my $n ($ENV{KANDA_TEST_LONG} ? (1 .. 11) : (2, 8)) {
            my $bytes = "*$n\r\n\$2\r\nok\r\n" . $fill x ($n - 1);

            $proxy->rule(on => 'EVALSHA', replace => $bytes, once => 1);
            my $status = ask($name)->status;
            fail("$name was answered with $status") if $status !~ /^[245]/;
            calm() or BAIL_OUT('no service');
        }
    }

    for my $bytes ("*6\r\n" . "\$-1\r\n" x 6, ":1\r\n", "*6\r\n" . ":1\r\n" x 6,
                   "*0\r\n", "*6\r\n" . "*0\r\n" x 6, "*-2\r\n")
    {
        $proxy->rule(on => 'HMGET', replace => $bytes, once => 1);
        ask($name);
        calm() or BAIL_OUT('no service');
    }

    my @now = $k->nginx->worker_pids;
    is("@now", "@pids", "odd pages: the same worker after $name");
    @pids = @now;
}


# A reply that nobody asked for goes nowhere

hostile('a reply too many', 'me', on => 'EVALSHA', loose => 1,
        append => "*1\r\n\$5\r\nvalid\r\n", once => 1);
hostile('every reply twice', 'validate', loose => 1, twice => 1);


# The greeting is as hostile

for my $n (0 .. $#replies) {
    my ($what, $bytes) = @{ $replies[$n] };
    next if $n % 5 && !$ENV{KANDA_TEST_LONG};

    $proxy->rule(on => '.', replace => $bytes);
    $redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    sleep 0.02;

    my $valid = ask('validate')->json // {};
    ok(!$valid->{valid}, "greeted with $what");
    ok(calm(), 'service again') or BAIL_OUT('no service');
}

is("@{[ $k->nginx->worker_pids ]}", "@pids", 'the same worker');
@pids = $k->nginx->worker_pids;
Kanda::Home::allow(qr/\[alert\].*kanda_keys file does not open what/);


# A reply takes a few MB at most, in whatever pieces it comes

sub peak {
    my ($peak) = Kanda::Home::slurp("/proc/$pids[0]/status")
                 =~ /^VmHWM:\s+(\d+) kB/m;
    return $peak / 1024;
}

for my $flood ([ 'one string without an end', "\$500000000\r\n", 'x' x 65536 ],
               [ 'long strings', "*65536\r\n",
                 "\$65528\r\n" . 'x' x 65528 . "\r\n" ],
               [ 'short ones', "*65536\r\n",
                 "*16384\r\n" . "\$1\r\n1\r\n" x 16384 ],
               [ 'lines', '-', 'x' x 65536 ])
{
    my ($what, $head, $piece) = @$flood;

    open my $fh, '>', "/proc/$pids[0]/clear_refs" or die "clear_refs: $!\n";
    print $fh "5\n";
    close $fh;

    my $before = peak();
    hostile("a flood of $what", 'me', on => 'EVALSHA', once => 1,
            replace => $head, flood => $piece, times => 1500);
    my $grown = peak() - $before;
    cmp_ok($grown, '<', $ENV{KANDA_SAN} ? 40 : 12, sprintf '%.1f MB for it', $grown);
}


# The largest pages that there can be are let through

{
    my $rich = $k->account;
    my $base = "kanda:{$rich->{userId}}";
    my $text = 'x' x 128;

    for my $n (1000 .. 1999) {
        my $name = substr $n . $text, 0, 128;
        $redis->command('ZADD', "$base:clients", $n, $name);
        $redis->command('HSET', "$base:client:$name", 'l', $text, 'i', $text,
                        'a', 2, 'd', 8, 'p', 300, 'c', 1e12, 'f', 1e12,
                        'u', 1e12);
        $redis->command('ZADD', "$base:apikeys", $n, $n x 4);
        $redis->command('HSET', "$base:apikey:" . $n x 4, 'prefix', 'kan_abcd',
                        'name', $text, 'scopes', 31, 'created', 1e12,
                        'used', 1e12, 'expires', 0, 'regions',
                        join ',', ('x' x 32) x 16);
    }

    is(scalar @{ $k->get('/totp?limit=1000', $rich)->json->{clients} }, 1000,
       'a thousand clients');
    is(scalar @{ $k->get('/apikeys', $rich)->json->{apiKeys} }, 1000,
       'a thousand keys');
}


# One byte at a time is slow and right

$proxy->rule(on => '.', dribble => 1);
my $right = $k->client($who);
settle(3);
is($k->validate($who, $right->{clientId}, totp($right->{secret})), 'true',
   'a byte at a time, a right code');
is($k->validate($who, $right->{clientId}, totp($right->{secret})), 'false',
   'once');
calm();


# S71, S72: a reply that breaks off is no verdict, and its command is not sent
# again; what Redis decided stands.

sub judged {
    my ($calls) = $redis->command('INFO', 'commandstats')
                  =~ /^cmdstat_evalsha:calls=(\d+)/m;
    return $calls // 0;
}

my $verdict = length "*2\r\n\$2\r\nok\r\n*2\r\n\$5\r\nvalid\r\n\$16\r\n"
                     . 'd' x 16 . "\r\n";

for my $n ($ENV{KANDA_TEST_LONG} ? (0 .. $verdict + 2)
                                 : (0, 15, $verdict - 1, $verdict)) {
    my $one = $k->client($who);
    settle(3);
    my $code = totp($one->{secret});
    my $before = judged();

    $proxy->rule(on => 'EVALSHA', cut => $n);
    my $r = $k->post('/totp/validate', $who,
                     { clientId => $one->{clientId}, token => $code });

    is($r->status, $n < $verdict ? 503 : 200, "a verdict cut after $n bytes");
    is($r->json->{valid} ? 1 : 0, $n < $verdict ? 0 : 1,
       'is none until whole');
    sleep 0.1;
    is(judged() - $before, 1, 'and asked for once');

    calm() or BAIL_OUT('no service');
    is($k->validate($who, $one->{clientId}, $code), 'false',
       'Redis has counted it');
}

for my $name (sort grep { $_ ne 'login' } keys %of) {
    for (my $n = 0; $n <= 200; $n += $ENV{KANDA_TEST_LONG} ? 3 : 80) {
        my $before = judged();
        $proxy->rule(on => 'EVALSHA', cut => $n);
        my $status = ask($name)->status;
        sleep 0.07;
        my $sent = judged() - $before;
        cmp_ok($sent, '<=', 1, "$name cut at $n") if $sent > 1;
        fail("$name cut at $n: $status") if !$status || $status == 500;
        calm() or BAIL_OUT('no service');
    }
    pass("$name, cut anywhere, is sent once");
}


# D6: slower than the timeout, faster than the timeout

$proxy->rule(delay => 0.05);
is(ask('me')->status, 200, 'slow is not away');
calm();
hostile('too slow', 'me', delay => 0.4, once => 1);


# Late and lost replies while many ask: an answer is one's own or none

$k->client($who, clientId => "own$_") for 0 .. 3;

for my $rule ([ 'delayed', delay => 0.3 ], [ 'swallowed', swallow => 1 ],
              [ 'cut', cut => 1500 ], [ 'garbled', append => "?\r\n" ])
{
    my ($what, @rule) = @$rule;
    my $load = Kanda::Load->new($k->port, 4, sub {
        $k->request_text('GET', "/totp/own$_[0]", $who) })->start;

    for (1 .. long_test(3, 40)) {
        $proxy->rule(@rule, once => 1);
        sleep 0.45;
    }

    my @got = $load->stop;
    calm();
    my @foreign = grep { $_->{status} == 200
        && JSON::PP::decode_json($_->{body})->{clientId} ne "own$_->{who}" }
        @got;
    my @odd = grep { $_->{status} != 200 && $_->{status} != 503 } @got;

    is(scalar @foreign, 0, "replies $what: nobody has another's");
    is(scalar @odd, 0, '200 or 503') or diag Kanda::Load::tally(@got);
    ok((grep { $_->{status} == 200 } @got), 'with service between');
}

is("@{[ $k->nginx->worker_pids ]}", "@pids", 'the same worker to the end');

done_testing;
