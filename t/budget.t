# The guess budget: how many wrong codes a client takes, how long it is locked
# then, and that nobody can shed what was charged (S15-S18).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Swarm;
use Test::More;
use Time::HiRes qw(sleep);

my $k = Kanda->new(
    workers => 2,
    http    => 'keepalive_requests 1000000;',
    server  => '
        location /quick/ { kanda_serve api;
            kanda_lockout row=3 wait=200ms max=1s total=1000; }
        location /many/ { kanda_serve api;
            kanda_lockout row=1000 total=100; }
        location /short/ { kanda_serve api;
            kanda_lockout row=1000 total=3 window=700ms recovery=2; }
    ',
)->start;

my $who = $k->account;
my $http = $k->connect;
my $serial = 0;


sub fresh { $k->client($who, clientId => 'c' . ++$serial, @_) }

sub answer {
    my ($c, $code, $mount) = @_;
    my $text = $k->request_text('POST', '/totp/validate', $who,
        { clientId => $c->{clientId}, token => $code });
    $text =~ s{ /api/}{ /$mount/} if $mount;
    return $http->send($text)->receive;
}

# true, the reason of a false, or a status
sub says {
    my $r = answer(@_);
    return $r->status != 200 ? $r->status
         : $r->text eq '{"valid":true}' ? 'true' : $r->header('Kanda-Reason');
}

sub guess { my ($c, $mount) = @_; says($c, wrong_code($c->{secret}), $mount) }


# What Redis holds of a client, and how to put it otherwise.

sub key {
    my ($c) = @_;
    return "kanda:{$who->{userId}}:client:$c->{clientId}";
}

sub field {
    my ($c, $name) = @_;
    return $k->redis->command('HGET', key($c), $name) // 0;
}

sub put { my ($c, @pairs) = @_; $k->redis->command('HSET', key($c), @pairs) }

sub redis_now {
    my $time = $k->redis->command('TIME');
    return $time->[0] * 1000 + int($time->[1] / 1000);
}

sub locked { $k->get("/totp/$_[0]{clientId}", $who)->json->{locked} ? 1 : 0 }


# Many wrong codes at once, none of them twice: five are charged.

sub flood {
    my ($c, $total, $connections) = @_;
    my %right = map { totp($c->{secret}, step => $_) => 1 } -3 .. 3;
    my @codes = grep { !$right{$_} } map { sprintf '%06d', $_ * 331 } 1 .. $total + 7;
    my (%said, @wait);

    $#codes = $total - 1;

    Kanda::Swarm->new($k->port, $connections)->run(sub {
        my ($i, $r) = @_;

        if ($r) {
            $said{ $r->status . ' ' . ($r->header('Kanda-Reason') // '') }++;
            push @wait, $r->header('Retry-After') // 'none'
                if $r->status == 429;
        }

        my $code = shift @codes // return;
        return $k->request_text('POST', '/totp/validate', $who,
            { clientId => $c->{clientId}, token => $code });
    });

    return (\%said, \@wait);
}

{
    my $total = long_test(400, 1000);
    my $c = fresh();

    settle(6);
    my ($said, $wait) = flood($c, $total, long_test(200, 250));
    is_deeply($said, { '200 wrong_code' => 5, '429 locked' => $total - 5 },
              "$total guesses at once: five are charged");
    is(scalar(grep { !/^(?:2\d|30)$/ } @$wait), 0,
       'the rest is told to come back in half a minute');
    is(field($c, 'r'), 5, 'five in the row');
    is(field($c, 'n'), 5, 'five in the window');
    is(locked($c), 1, 'the client is shown as locked');

    my $r = answer($c, totp($c->{secret}));
    is($r->status, 429, 'the right code is not taken now');
    is($r->header('Content-Type'), 'application/problem+json', 'as a problem');
    my $p = $r->json;
    is($p->{code}, 'locked', 'that says locked');
    ok(exists $p->{valid} && !$p->{valid}, 'and not valid');
    is($r->header('Kanda-Reason'), 'locked', 'Kanda-Reason');

    is(field($c, 't'), 0, 'nor is it spent');
    put($c, k => redis_now() - 1);
    is(says($c, totp($c->{secret})), 'true', 'it is good when the lock is over');
    is(field($c, 'r'), 0, 'and ends the row');
    is(field($c, 'n'), 5, 'not the window');
    is(locked($c), 0, 'the client is not locked');

    # the refusals behind the lock are one entry
    my $log = $k->get("/logs?limit=200&event=totp.validate", $who)->json->{logs};
    my @locked = grep { ($_->{reason} // '') eq 'locked' } @$log;
    is(scalar @locked, 1, 'one entry tells of all that were refused');
    is($locked[0]{count}, $total - 5 + 1, 'and of how many');
    is(scalar(grep { ($_->{reason} // '') eq 'wrong_code' } @$log), 5,
       'each that was charged has its own');
}


# Waits: 30 s, doubled each time, at most 15 min

{
    my $c = fresh();
    my @waits;

    settle(2);
    guess($c) for 1 .. 4;
    is(locked($c), 0, 'four are free');

    for (1 .. 8) {
        is(guess($c), 'wrong_code', 'a guess when the lock is over');
        push @waits, sprintf '%.0f', (field($c, 'k') - redis_now()) / 1000;

        my $r = answer($c, '000000');
        my $after = $r->header('Retry-After');
        cmp_ok(abs($after - $waits[-1]), '<=', 1, "Retry-After: $after");
        put($c, k => redis_now() - 1);
    }

    is("@waits", '30 60 120 240 480 900 900 900', 'waits double up to 15 min');
}


# The same on the clock of Redis, with short waits; nothing is edited here

{
    my $c = fresh();
    my ($free, $began);

    settle(4);
    is(join(' ', map { guess($c, 'quick') } 1 .. 4),
       'wrong_code wrong_code wrong_code 429', 'row=3: the third locks');
    is(answer($c, '000000', 'quick')->header('Retry-After'), 1,
       'part of a second is told as one');

    for my $wait (0.2, 0.4) {
        $began = Time::HiRes::time();
        sleep 0.005 while ($free = guess($c, 'quick')) eq '429';
        my $took = Time::HiRes::time() - $began;
        is($free, 'wrong_code', 'the lock ends by itself');
        cmp_ok($took, '>', $wait - 0.1, "after $wait s and no sooner");
        cmp_ok($took, '<', $wait + 1.5, 'nor much later');
    }
}


# A hundred in the window lock for good, whatever comes in between

{
    my $c = fresh();
    my @said;

    settle(6);
    is(says($c, totp($c->{secret}, step => -1), 'many'), 'true', 'a right code');
    push @said, guess($c, 'many') for 1 .. 60;
    is(says($c, totp($c->{secret}), 'many'), 'true', 'one more amid wrong ones');
    push @said, guess($c, 'many') for 61 .. 100;
    is(scalar(grep { $_ ne 'wrong_code' } @said), 0, 'a hundred wrong codes');

    my $r = answer($c, totp($c->{secret}, step => 1), 'many');
    is($r->status, 429, 'lock the client');
    cmp_ok($r->header('Retry-After'), '>=', 3600, 'for long');
    is(field($c, 'k'), -1, 'for good, in fact');
    is(locked($c), 1, 'and it is shown as locked');

    put($c, w => redis_now() - 40 * 24 * 3600 * 1000);
    is(says($c, totp($c->{secret}, step => 1), 'many'), 429,
       'the end of the window does not unlock it');

    is($k->post("/totp/unlock/$c->{clientId}", $who)->status, 200, 'unlock');
    is(locked($c), 0, 'it is shown as open');
    is(says($c, totp($c->{secret}, step => 1), 'many'), 'true', 'a right code');
    is(guess($c, 'many'), 'wrong_code', 'and a wrong one');
    is(field($c, 'n'), 1, 'of which there is one now');
}


# Rotation unlocks and keeps the count

{
    my $c = fresh();

    settle(5);
    guess($c, 'many') for 1 .. 100;
    is(guess($c, 'many'), 429, 'locked for good');
    $c = $k->post("/totp/rotate/$c->{clientId}", $who)->json;
    is(locked($c), 0, 'rotation unlocks');
    is(field($c, 'n'), 100, 'and keeps the count');
    is(field($c, 'r'), 0, 'not the row');
    is(says($c, totp($c->{secret}), 'many'), 'true', 'a code of the new secret');
    is(guess($c, 'many'), 'wrong_code', 'the next guess');
    is(guess($c, 'many'), 429, 'locks again, being the 101st');
    is($k->delete("/totp/$c->{clientId}", $who)->status, 200, 'deleted');
    $c = $k->client($who, clientId => $c->{clientId});
    is(field($c, 'n'), 0, 'a new client of that name starts at nothing');
    is(guess($c, 'many'), 'wrong_code', 'and may be wrong');
}

{
    my $c = fresh();

    settle(3);
    guess($c) for 1 .. 5;
    is(guess($c), 429, 'locked for 30 s');
    $k->post("/totp/recovery/$c->{clientId}", $who);
    $c = $k->post("/totp/rotate/$c->{clientId}", $who)->json;
    is(says($c, totp($c->{secret})), 'true', 'not after a rotation');
    is($k->get("/totp/$c->{clientId}", $who)->json->{recoveryCodesLeft}, 0,
       'which takes the recovery codes, too');
    guess($c) for 1 .. 4;
    is(locked($c), 0, 'and the row begins anew');
    is(field($c, 'n'), 9, 'the count does not');
}


# The window ends by Redis's clock

{
    my $c = fresh();

    settle(3);
    guess($c, 'short') for 1 .. 2;
    sleep 0.75;
    is(guess($c, 'short'), 'wrong_code', 'two in one window');
    is(guess($c, 'short'), 'wrong_code', 'and two in the next');
    is(guess($c, 'short'), 'wrong_code', 'the third in it');
    is(guess($c, 'short'), 429, 'is the one too many');
}


# What is charged, and what is not

{
    my $c = fresh();

    settle(10);
    my $wrong = wrong_code($c->{secret});
    is(says($c, $wrong), 'wrong_code', 'a wrong code') for 1 .. 12;
    is(field($c, 'r'), 1, 'sent twelve times in its step it is one guess');

    my $other = wrong_code($c->{secret});
    $other = wrong_code($c->{secret}) while $other eq $wrong;
    says($c, $_) for $other, $wrong;
    is(field($c, 'r'), 3, 'only the last one is remembered');

    put($c, y => field($c, 'y') - 1);
    says($c, $wrong);
    is(field($c, 'r'), 4, 'and only within its step');

    is(says($c, $_), 'malformed', 'no code at all')
        for '', '12345', '1234567', 'abcdef', "$wrong$wrong", "\x{ff11}23456",
            '123 45';
    is(field($c, 'r'), 4, 'which is not charged');
    is(says($c, totp($c->{secret})), 'true', 'a right one');
    is(field($c, 'r'), 0, 'which ends the row');
    is(says($c, totp($c->{secret})), 'replayed', 'the same again') for 1 .. 8;
    is(field($c, 'r'), 0, 'is not charged');
    is(locked($c), 0, 'and locks nothing');

    guess($c) for 1 .. 4;
    is(says($c, totp($c->{secret})), 'replayed', 'a replay amid wrong ones');
    says($c, 'nonsense');
    is(field($c, 'r'), 4, 'is no reset, nor is nonsense');
    guess($c);
    is(says($c, $_), 429, 'while it is locked nothing is looked at')
        for totp($c->{secret}), $wrong, 'nonsense', '';
    is(field($c, 'n'), 9, 'nor charged');
}


# A wrong code is not remembered as used: an early one is right in its time

{
    my $c = fresh();

    settle(4);
    is(says($c, totp($c->{secret}, step => 1), 'api'), 'true', 'early by a step');
    is(says($c, totp($c->{secret}, step => 2)), 'wrong_code', 'too early');
    is(field($c, 't') - int(time / 30), 1, 'what was refused was not recorded');
}


# Recovery codes: their own budget of ten, good while codes are locked

{
    my $c = fresh();
    my $path = "/totp/recovery/$c->{clientId}";
    my @codes = @{ $k->post($path, $who)->json->{recoveryCodes} };
    my $left = sub { $k->get("/totp/$c->{clientId}", $who)->json
                     ->{recoveryCodesLeft} };

    settle(5);
    is($left->(), 10, 'ten recovery codes');
    guess($c) for 1 .. 5;
    is(says($c, totp($c->{secret})), 429, 'codes are locked');
    is(says($c, $codes[0]), 'true', 'a recovery code is good');
    is(says($c, $codes[0]), 'wrong_code', 'once');
    is($left->(), 9, 'nine are left');
    is(says($c, uc $codes[1]), 'true', 'in capitals');
    is(says($c, $codes[2] =~ s/-//r), 'true', 'without the hyphen');
    is(says($c, uc $codes[2]), 'wrong_code', 'once in all spellings');
    is(says($c, totp($c->{secret})), 429, 'codes are locked as before');
    is(field($c, 'r'), 5, 'recovery codes are not counted with codes');
    is(field($c, 'm'), 2, 'they have their own count');

    is(says($c, sprintf 'zzzzz-%05d', $_), 'wrong_code', 'a wrong one')
        for 3 .. 10;
    my $r = answer($c, $codes[3]);
    is($r->status, 429, 'after ten wrong ones none is taken');
    is($r->json->{code}, 'locked', 'as locked');
    cmp_ok($r->header('Retry-After'), '>', 29 * 24 * 3600,
           'until the window ends');
    is($left->(), 7, 'and none is spent');

    put($c, k => redis_now() - 1);
    is(says($c, totp($c->{secret})), 'true', 'codes are not locked by that');
    is(says($c, $codes[3]), 429, 'and do not unlock it');

    put($c, o => redis_now() - 30 * 24 * 3600 * 1000 - 1);
    is(says($c, $codes[3]), 'true', 'after thirty days they are taken again');

    my @new = @{ $k->post($path, $who)->json->{recoveryCodes} };
    is(scalar(grep { my $n = $_; grep { $n eq $_ } @codes } @new), 0,
       'ten new ones');
    is(says($c, $codes[4]), 'wrong_code', 'replace the old');
    is(says($c, $new[0]), 'true', 'and are good');

    my $race = $k->race(32, timeout => 20);
    my $text = $k->request_text('POST', '/totp/validate', $who,
        { clientId => $c->{clientId}, token => $new[1] });
    my @answers = $race->run([ ($text) x 32 ]);
    is(scalar(grep { $_->text eq '{"valid":true}' } @answers), 1,
       'of 32 at once one is true');

    my $d = fresh();
    is(says($d, $new[2]), 'wrong_code', "another client's recovery code");
}

{
    my $c = fresh();
    my ($code) = @{ $k->post("/totp/recovery/$c->{clientId}", $who)->json
                    ->{recoveryCodes} };

    says($c, "zzzzz-zzzz$_", 'short') for 1 .. 2;
    is(says($c, $code, 'short'), 429, 'recovery=2');
    $k->post("/totp/unlock/$c->{clientId}", $who);
    is(says($c, $code, 'short'), 'true', 'unlock clears that, too');
}


# S17: however one asks, it is the same counter

{
    my $key = $k->post('/apikeys', $who, {})->json->{apiKey};
    my $key2 = $k->post('/apikeys', $who, {})->json->{apiKey};
    my $minted = $k->post('/auth/token', undef, { apiKey => $key })->json->{token};
    my $second = $k->login({ %$who, email => uc $who->{email} })->{token};
    my $ask = sub {
        my ($c, $as, @headers) = @_;
        return $k->post('/totp/validate', $as,
            { clientId => $c->{clientId}, token => wrong_code($c->{secret}) },
            @headers);
    };
    my @ways = (
        sub { $ask->($_[0], $who) },
        sub { $ask->($_[0], $k->login($who)->{token}) },
        sub { $ask->($_[0], $second) },
        sub { $ask->($_[0], undef, 'x-api-key' => $key) },
        sub { $ask->($_[0], $key2) },
        sub { $ask->($_[0], $minted) },
        sub { $ask->($_[0], $who, 'X-Forwarded-For' => '192.0.2.' . int rand 250) },
        sub { $ask->($_[0], $who, 'User-Agent' => rand) },
        sub { my $own = $k->connect;
              $own->send($k->request_text('POST', '/totp/validate', $who,
                  { clientId => $_[0]{clientId}, token => wrong_code($_[0]{secret}) }))
              ->receive },
        sub { my $text = $k->request_text('POST', '/totp/validate', $who,
                  '{"clientId":"' . join('', map { sprintf '\\u%04x', ord }
                  split //, $_[0]{clientId}) . '","token":"'
                  . wrong_code($_[0]{secret}) . '"}');
              $k->connect->send($text)->receive },
        sub { my $own = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                  PeerPort => $k->port, LocalAddr => '127.0.0.' . (2 + int rand 250));
              $k->connect(socket => $own)->send($k->request_text('POST',
                  '/totp/validate', $who, { clientId => $_[0]{clientId},
                  token => wrong_code($_[0]{secret}) }))->receive },
    );
    my $bad = 0;

    for my $round (1 .. long_test(12, 100)) {
        my $c = fresh();
        settle(1);

        for my $n (1 .. 5) {
            $ways[ ($round * 3 + $n * 4) % @ways ]->($c);
            $bad++ if field($c, 'r') != $n;
        }

        $bad++ if locked($c) != 1 || grep { $_->($c)->status != 429 }
                                     @ways[0, 2 .. $#ways];
    }

    is($bad, 0, 'tokens, keys, addresses, headers, spellings: one counter');

    my $c = fresh();
    guess($c) for 1 .. 3;
    $k->reload;
    is(field($c, 'r'), 3, 'a reload');
    guess($c) for 1 .. 2;
    is(guess($c), 429, 'changes nothing');
}


# S16: what was answered as wrong has been charged, even if workers and
# connections die in between

{
    my $swarm = Kanda::Swarm->new($k->port, 16);
    my (%answered, @c, $cut);
    my $left = long_test(600, 6000);
    my $sum = 0;
    my $end = time + 15;
    my $link = $k->redis->connect;

    $c[$_] = fresh() for 0 .. 15;
    $answered{ $_->{clientId} } = 0 for @c;

    $swarm->run(sub {
        my ($i, $r) = @_;
        my $c = $c[$i];

        if ($r && $r->status == 200 && $r->text eq '{"valid":false}') {
            $answered{ $c->{clientId} }++;
            $sum++;
        }

        # most may meet a connection that has just been cut
        return if $left-- <= 0 && ($sum > 20 || time > $end);
        my $text = $k->request_text('POST', '/totp/validate', $who,
            { clientId => $c->{clientId}, token => wrong_code($c->{secret}) });
        return $text =~ s{ /api/}{ /many/}r;
    }, ticks => sub {
        # our own connection is excepted by SKIPME
        $k->redis->send_command($link, qw(CLIENT KILL TYPE normal SKIPME yes));
        $cut += $k->redis->read_reply($link);
    });

    delete $k->redis->{link};
    is($swarm->{unanswered}, 0, "Redis's connections cut: every request ends");
    cmp_ok($cut, '>', 0, "$cut were");

    my @short = grep { field($_, 'n') < $answered{ $_->{clientId} } } @c;
    is(scalar @short, 0, 'what was answered as wrong was charged before');
    cmp_ok($sum, '>', 20, "of $sum guesses that were answered");

    # workers connect again a moment after the last cut
    for (1 .. 100) {
        last if !grep { $k->get('/auth/me', $who)->status != 200 } 1 .. 4;
        sleep 0.05;
    }
}

{
    Kanda::Home::allow(qr/exited on signal 9/);
    my (%answered, @c);
    my $left = long_test(600, 6000);
    my $kills = long_test(4, 50);
    my $since = 0;

    $c[$_] = fresh() for 0 .. 15;
    $answered{ $_->{clientId} } = 0 for @c;

    my $swarm = Kanda::Swarm->new($k->port, 16);
    $swarm->run(sub {
        my ($i, $r) = @_;
        my $c = $c[$i];

        $answered{ $c->{clientId} }++
            if $r && $r->status == 200 && $r->text eq '{"valid":false}';
        return if $left-- <= 0;

        if (++$since == 100 && $kills-- > 0) {
            kill 'KILL', ($k->nginx->worker_pids)[0];
            $since = 0;
        }

        my $text = $k->request_text('POST', '/totp/validate', $who,
            { clientId => $c->{clientId}, token => wrong_code($c->{secret}) });
        return $text =~ s{ /api/}{ /many/}r;
    });

    is($swarm->{unanswered}, 0, 'workers killed: every request ends');
    is(scalar(grep { field($_, 'n') < $answered{ $_->{clientId} } } @c), 0,
       'what was answered as wrong was charged before');
    $http->close;
    $k->{http_link}->close;
    is(says(fresh(), '000'), 'malformed', 'and it goes on');
}

done_testing;
