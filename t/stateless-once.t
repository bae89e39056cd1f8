# kanda_stateless_replay: a code for a secret that nobody keeps is right once,
# whichever of the two dialects, workers or keys of the account it comes by.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Stateless;
use Test::More;

my $even = Kanda::Home::port();     # spreads connections over the workers
my $k = Kanda->new(
    workers => 2,
    http    => 'keepalive_requests 1000000;',
    server  => "listen 127.0.0.1:$even reuseport;\n"
               . Kanda::Stateless::locations('kanda_stateless_replay on;
                     add_header X-Worker $pid always;')
               . Kanda::Stateless::locations('kanda_stateless_replay off;', '/off')
               . Kanda::Stateless::locations('kanda_stateless_replay on;
                     kanda_window 2;', '/wide'),
)->start;
my $redis = $k->redis;
my ($ann, $bob) = map { $k->account } 1 .. 2;


sub caller_of {
    my ($who, %o) = @_;
    my $key = $k->post('/apikeys', $who, { scopes => ['stateless'] });
    return Kanda::Stateless->new($k, $key->json->{apiKey}, %o);
}

sub secret { Kanda::Totp::base32_encode(random_bytes(20)) }

sub kept { return [ grep { /:replay:/ } @{ $redis->command('KEYS', '*') } ] }

my $one = caller_of($ann);
my $two = caller_of($ann);
my $foreign = caller_of($bob);


# once, by either dialect first

for my $first (qw(otp toolkit)) {
    my $secret = secret();
    settle(3);
    my $code = totp($secret);
    my @ask = (
        sub { $_[0]->otp_says(secret => $secret, token => $code) },
        sub { $_[0]->toolkit_says(secret => $secret, code => $code) },
    );
    @ask = reverse @ask if $first eq 'toolkit';

    is($ask[0]->($one), 'true', "$first first: right");
    is(join(' ', map { my $who = $_; map { $_->($who) } @ask } $one, $two),
       'false false false false', 'and never again, by any key of the account');
    is($one->otp_says(secret => lc $secret =~ s/(....)/$1 /gr,
                      token => $code =~ s/^.../$& /r),
       'false', 'however it is written');
    is($ask[0]->($foreign), 'true', 'another account has a memory of its own');
    is($one->otp_says(secret => secret(), token => $code), 'false',
       'another secret, another code');
}


# what was refused is not used up; steps only rise

{
    my $secret = secret();
    settle(4);
    my @code = map { totp($secret, step => $_) } -2 .. 2;
    my @say = map { $one->otp_says(secret => $secret, token => $code[$_ + 2]) }
              2, -2, -1, -1, 1, 0, 1;
    is("@say", 'false false true false true false false',
       'no step at or before the last');
    is($one->toolkit_says(secret => $secret, code => $code[4], window => 2),
       'true', 'what lay outside of a window is still good in a wider one');

    my $r = $one->verify(secret => $secret, code => $code[4], window => 10);
    is($r->text, '{"valid":false,"drift":0}', 'a replay has no drift');
    my $log = $k->get('/logs?limit=1', $ann)->json->{logs}[0];
    is("$log->{event} $log->{success} $log->{reason}",
       'toolkit.verify 0 replayed', 'the log says why');
}


# the same code with more digits is the same code; another period is another

{
    my $secret = secret();
    settle(3);
    my $long = totp($secret, digits => 8);
    is($one->otp_says(secret => $secret, token => $long), 'true', 'eight digits');
    is($one->otp_says(secret => $secret, token => substr $long, -6), 'false',
       'the last six of them, which are the short code of the same step');
    is($one->otp_says(secret => $secret, tokenValidity => 60,
                      token => totp($secret, period => 60)), 'true',
       'steps of a minute are counted for themselves');
    is($one->otp_says(secret => $secret, tokenValidity => 60,
                      token => totp($secret, period => 60)), 'false', 'once');
    is($one->otp_says(secret => $secret,
                      token => totp($secret, step => 1)), 'true',
       'and do not stand in the way of the others');
}


# what is kept: a name that tells nothing, a step, and an end

{
    $redis->command('FLUSHDB');
    ($ann) = $k->account;
    $one = caller_of($ann);

    my $secret = secret();
    settle(3);
    is($one->otp_says(secret => $secret, token => wrong_code($secret)), 'false',
       'a wrong code');
    is_deeply(kept(), [], 'is not remembered');
    is($one->otp_says(secret => $secret, token => totp($secret, step => 1)),
       'true', 'a right one');

    my ($name, @more) = @{ kept() };
    is(scalar @more, 0, 'is, in one key');
    like($name, qr/^kanda:\{$ann->{userId}\}:replay:[\w-]{22}$/, 'of the account');
    is($redis->command('GET', $name), int(time / 30) + 1, 'the step');

    my $ttl = $redis->command('PTTL', $name) / 30_000;
    ok($ttl > 11 && $ttl <= 13, 'until the widest window has passed it')
        or diag $ttl;
    unlike($redis->dump, qr/\Q$secret\E/i, 'nothing of the secret');

    is($one->toolkit_says(secret => $secret, code => totp($secret), period => 10),
       'false', 'a code of another period');
    is(caller_of($ann, prefix => '/off')
       ->otp_says(secret => $secret, token => totp($secret, step => 1)), 'true',
       'a location without memory does not ask');
    is(caller_of($ann, prefix => '/wide')
       ->otp_says(secret => $secret, token => totp($secret, step => 1)), 'false',
       'all that have one share it');
    is($one->otp_says(secret => $secret, tokenValidity => 300,
                      token => totp($secret, period => 300)), 'true', 'a long step');
    ok((grep { my $ms = $redis->command('PTTL', $_);
               $ms > 1_100_000 && $ms <= 1_500_000 } @{ kept() }),
       'is remembered for as long as a window of two reaches it');
}


# S3: 64 connections over two workers, both dialects, the same moment

{
    my $race = $k->race(64, timeout => 30);
    my (%outcome, %worker, %winner);
    my $rounds = long_test(60, 1000);

    $two = caller_of($ann);
    $race->{sockets}[$_] = Kanda::HTTP::dial($even) for 0 .. 63;

    for my $round (1 .. $rounds) {
        settle(1.5);
        my $secret = secret();
        my $code = totp($secret, step => $round % 3 - 1);
        my @text = map {
            $_ % 4 < 2 ? $one->otp_text('verifyOTP', secret => $secret,
                                        token => $code)
                       : $two->verify_text(secret => $secret, code => $code)
        } 0 .. 63;
        my @answers = $race->run(\@text);
        my %count = (true => 0, false => 0, other => 0);

        for my $r (@answers) {
            my $says = $r->status != 200 ? 'other'
                : $r->text =~ /^\{"(?:isValid|valid)":(true|false),/ ? $1 : 'other';
            $count{$says}++;
            $worker{ $r->header('X-Worker') // 'none' }++;
            $winner{ $r->header('X-Worker') // 'none' }++ if $says eq 'true';
        }

        $outcome{"@count{qw(true false other)}"}++;
    }

    is(join(', ', sort keys %outcome), '1 63 0',
       "one true, 63 false, in each of $rounds rounds");
    is(scalar keys %worker, 2, 'both workers took part');
    note(join ', ', map { ($winner{$_} // 0) . " won of $worker{$_}" } keys %worker);
}


# Memory is full: no room to remember, so no verdict

{
    my $secret = secret();
    settle(4);
    $redis->command('CONFIG', 'SET', 'maxmemory', 1);
    is($one->otp_says(secret => $secret, token => totp($secret)), 503,
       'full: a right code is not taken');
    is($one->otp_says(secret => $secret, token => wrong_code($secret)), 'false',
       'a wrong one is wrong');
    $redis->command('CONFIG', 'SET', 'maxmemory', 0);
    is($one->otp_says(secret => $secret, token => totp($secret)), 'true',
       'with room again it is right');
}

done_testing;
