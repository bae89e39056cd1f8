# The clock: which steps a moment takes in, to the second (S2, S5), what
# happens when it is set back or forth (S14), and when a token ends.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

my $k = Kanda->new(
    faketime => 1,
    workers  => 1,
    location => 'kanda_registration on; add_header X-Now $msec always;',
    server   => '
        location /w0/ { kanda_serve api; kanda_window 0; }
        location /w1/ { kanda_serve api; kanda_window 1; }
        location /w2/ { kanda_serve api; kanda_window 2; }
        location /minute/ { kanda_serve api; kanda_token_ttl 1m; }
    ',
)->start;

my $who = $k->account;

# lives by the clock of Redis, so that ours may be moved
my $key = $k->post('/apikeys', $who, {})->json->{apiKey};
my $http = $k->connect;
my $serial = 0;


sub at { $k->nginx->set_time($_[0]) }

sub ask {
    my ($mount, $path, $body) = @_;
    my $text = $k->request_text('POST', $path, $key, $body);
    $text =~ s{ /api/}{ /$mount/};
    return $http->send($text)->receive;
}

sub fresh { $k->client($key, clientId => 'c' . ++$serial, @_) }

sub says {
    my ($mount, $c, $code) = @_;
    my $r = ask($mount, '/totp/validate',
                { clientId => $c->{clientId}, token => $code });
    return $r->status == 200 ? ($r->json->{valid} ? 'true' : 'false')
                             : $r->status;
}


# The clock that workers go by is ours.

my $base = 1_800_000_000;       # the first second of a step of 30 and of 60

for my $moment ($base, $base + 29, 59, 20_000_000_000) {
    at($moment);
    is(int $k->get('/totp', $key)->header('X-Now'), $moment, "it is $moment");
}


# S2: every offset of a code's moment from now, at the first, a middle and the
# last second of a step. Each has a client of its own: nothing but the window
# decides.

my @offsets = -120 .. 120;

if (!$ENV{KANDA_TEST_LONG}) {   # those beside the edges, and some others
    @offsets = grep { my $o = $_;
                      !($o % 37) || grep { abs($_ - $o % 30) <= 1
                                           || abs($_ - $o % 30) >= 29 } 0, 1, 15
                    } @offsets;
}

push @offsets, map { $_, -$_ } 121, 149 .. 151, 179 .. 181;

for my $period (30, 60) {
    for my $window (0, 1, 2) {
        my (@wrong, %times);

        for my $second (0, 14, $period - 1) {
            my $now = $base + $second;
            my $here = int $now / $period;

            at($now);

            for my $offset (@offsets) {
                my $then = $now + $offset;
                my $distance = abs(int($then / $period) - $here);
                my $expected = $distance <= $window ? 'true' : 'false';
                my $c = fresh(period => $period);
                my $code = totp($c->{secret}, time => $then,
                                period => $period);

                # a code that another step of the window happens to have, too
                next if $expected eq 'false' && grep {
                    totp($c->{secret}, time => $now, period => $period,
                         step => $_) eq $code } -$window .. $window;

                my $said = says("w$window", $c, $code);
                $times{$said}++;
                push @wrong, "$second$offset:$said" if $said ne $expected;
            }
        }

        is("@wrong", '', "period $period, window $window: "
           . ($times{true} // 0) . ' right, ' . ($times{false} // 0) . ' wrong');
    }
}


# The same from the other side: one code, and the clock moves over its time.

{
    my @wrong;

    for my $now ($base - 61 .. $base - 58, $base - 31 .. $base - 28,
                 $base - 1 .. $base + 1, $base + 28 .. $base + 31,
                 $base + 58 .. $base + 61)
    {
        at($now);
        my $c = fresh();
        my $code = totp($c->{secret}, time => $base);

        for my $window (0, 1) {
            my $in = abs(int($now / 30) - $base / 30) <= $window;
            my $said = says("w$window", $c, $code);
            push @wrong, "$now w$window $said" if $said ne ($in ? 'true' : 'false');
            last if $in;
        }
    }

    is("@wrong", '', 'a code comes and goes with its step');
}


# S5: refused as too early, right in its time

{
    at($base);
    my $c = fresh();
    my $next = totp($c->{secret}, time => $base + 30);

    is(says('w0', $c, $next), 'false', 'the next code, too early');
    at($base + 29);
    is(says('w0', $c, $next), 'false', 'too early by a second');
    at($base + 30);
    is(says('w0', $c, $next), 'true', 'in its time');
    is(says('w0', $c, $next), 'false', 'once');
    at($base + 59);
    is(says('w0', $c, $next), 'false', 'in all its time');
}


# S14: the clock is set back: what was taken stays taken

for my $jump (-30, -90, -3600, -86400) {
    at($base);
    my $c = fresh();
    my @codes = map { totp($c->{secret}, time => $base + $_) } -30, 0, 30;

    is(says('w1', $c, $codes[1]), 'true', "$jump s: a code before");
    at($base + $jump);

    my @said = map { says('w1', $c, $_) } @codes;
    is("@said", 'false false false', 'set back: none is true again')
        if $jump != -30;

    # what is right by the new clock is before what was taken
    is(says('w1', $c, totp($c->{secret}, time => $base + $jump)), 'false',
       'not even what is right by that clock');
    is($k->get("/totp/$c->{clientId}", $key)->json->{locked} ? 1 : 0, 0,
       'which locks nobody out');

    at($base);
    is(says('w1', $c, $codes[1]), 'false', 'when it is as before, spent is spent');
    is(says('w1', $c, $codes[2]), 'true', 'and the next is right');
}

for my $jump (90, 3600, 86400) {
    at($base);
    my $c = fresh();
    my $code = totp($c->{secret}, time => $base);

    is(says('w1', $c, $code), 'true', "+$jump s: a code before");
    at($base + $jump);
    is(says('w1', $c, $code), 'false', 'set forth: it is not true');
    is(says('w1', $c, totp($c->{secret}, time => $base + $jump)), 'true',
       'the code of that time is');
    at($base);
    is(says('w1', $c, $_), 'false', 'and back again: nothing is')
        for map { totp($c->{secret}, time => $base + $_) } 0, 30;
}

for my $hash ('SHA256', 'SHA512') {
    at($base + 17);
    my $c = fresh(algorithm => $hash, digits => 8, period => 45);
    is(says('w0', $c, oathtool($c->{secret}, algorithm => $hash, digits => 8,
                               period => 45, time => $base + 17)), 'true',
       "oathtool agrees at a moment of ours, $hash");
}


# A code beyond 32 bits of steps

{
    my $far = 36_000_000_000;
    at($far);
    my $c = fresh(period => 10);
    is(says('w0', $c, totp($c->{secret}, time => $far, period => 10)), 'true',
       'in the year 3110');
}


# A token ends when it says, to the second

{
    my $me = sub {
        my ($mount, $token) = @_;
        return $http->request('GET', "/$mount/auth/me", headers =>
            [ Authorization => "Bearer $token" ])->status;
    };

    for my $case ([ api => 3600, '1h' ], [ minute => 60, '1m' ]) {
        my ($mount, $life, $text) = @$case;

        at($base);
        my $r = ask($mount, '/auth/token', { apiKey => $key })->json;
        is($r->{expiresIn}, $text, "a token for $text");

        for my $seconds (0, 1, $life - 1, $life, $life + 1, 10 * $life) {
            at($base + $seconds);
            is($me->($mount, $r->{token}), $seconds < $life ? 200 : 401,
               "after $seconds s");
        }
    }

    at($base + 3600);
    my $late = $k->get('/auth/me', ask('api', '/auth/token', { apiKey => $key })
                                   ->json->{token});
    is($late->status, 200, 'a new one');
}


# A key's end bounds its tokens. Keys end by the clock of Redis, tokens by ours.

{
    at('+0');

    my $end = int(time) + 100;
    my $rfc = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $end);
    my $brief = $k->post('/apikeys', $key, { expiresAt => $rfc })->json;

    is($brief->{expiresAt}, $rfc =~ s/Z/.000Z/r, 'a key for 100 s');

    at($end - 50);
    my $r = $k->post('/auth/token', undef, { apiKey => $brief->{apiKey} })->json;
    is($r->{expiresIn}, '50s', 'a token for what is left');

    for my $case ([ -1 => 200 ], [ 0 => 401 ]) {
        at($end + $case->[0]);
        is($k->get('/auth/me', $r->{token})->status, $case->[1],
           "$case->[0] s before the end of the key");
    }

    my $soon = $k->post('/apikeys', $key, { expiresAt => do {
        at('+0');
        my $t = Time::HiRes::time() + 1.2;
        POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime int $t)
            . sprintf '.%03dZ', 1000 * ($t - int $t) } })->json;
    my $minted = $k->post('/auth/token', undef, { apiKey => $soon->{apiKey} })
                   ->json;

    like($minted->{expiresIn} // '', qr/^[012]s$/, 'a token for as long');
    Time::HiRes::sleep(1.3);
    is($k->get('/auth/me', undef, undef, 'x-api-key' => $soon->{apiKey})->status,
       401, 'a key at its end');
    is($k->post('/auth/token', undef, { apiKey => $soon->{apiKey} })->status, 401,
       'makes no token');
    at($base - 100_000_000);
    is($k->get('/auth/me', $minted->{token})->status, 401,
       'nor does a clock set back revive what it made');
}

done_testing;
