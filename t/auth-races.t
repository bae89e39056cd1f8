# The login router under parallel requests: guesses, codes, tokens (S20).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(workers => 2, server => Kanda::Auth::location())->start;
my $redis = $k->redis;


sub person { Kanda::Auth->new($k)->register->login->enrol }

sub statuses {
    my %n;
    $n{ $_->status }++ for @_;
    return join ' ', map { "$_:$n{$_}" } sort keys %n;
}

sub verify {
    my ($me, $temp, $code, $mount) = @_;
    my $body = { tempToken => $temp, totpCode => $code };
    return $mount ? $k->request_text('POST', '/auth/2fa/verify', undef, $body)
                  : $me->other->text('POST', '2fa/verify', $body);
}

sub sessions { my ($me) = @_;
               return $redis->command('ZCARD', "kanda:{$me->{userId}}:sessions") }


# Fifty tokens, five wrong codes each, both dialects: five are charged in all.

{
    my $me = person();
    my @temps = map { $me->temp } 1 .. 50;
    my %wrong;

    $wrong{ $me->wrong } = 1 while keys %wrong < 250;
    my @wrong = keys %wrong;
    my $race = $k->race(50);
    my @answers;

    for my $round (0 .. 4) {
        push @answers, $race->run([ map {
            verify($me, $temps[$_], $wrong[$round * 50 + $_], $_ % 2)
        } 0 .. 49 ]);
    }

    is(statuses(@answers), '401:5 429:245', 'five guesses of two hundred fifty');
    my %factor = @{ $redis->command('HGETALL', "kanda:{$me->{userId}}:factor") };
    is($factor{r}, 5, 'are charged');
    is(sessions($me), 1, 'and nobody is in');
    is($me->other->post('2fa/verify', { tempToken => $temps[0],
                                        totpCode => $me->code })->status, 429,
       'not even by a right code');
}


# One code, thirty at once, with one token or with thirty: one session

for my $tokens (1, 30) {
    for my $round (1 .. long_test(3, 100)) {
        my $me = person();
        my @temps = map { $me->temp } 1 .. $tokens;
        my $code = $me->code;
        my @answers = $k->race(30)->run([ map {
            verify($me, $temps[$_ % $tokens], $code) } 0 .. 29 ]);

        is(statuses(@answers), '200:1 401:29', "one of thirty with $tokens");
        is(sessions($me), 2, 'made a session');
    }
}


# One token, the codes of all steps around: one session, for it burns

for my $round (1 .. long_test(3, 100)) {
    my $me = person();
    my $temp = $me->temp;
    my @codes = map { totp($me->{secret}, step => $_) } 0, 1;
    my @answers = $k->race(20)->run([ map { verify($me, $temp, $codes[$_ % 2]) }
                                      1 .. 20 ]);

    is(statuses(@answers), '200:1 401:19', 'a token is good once');
    is(sessions($me), 2, 'for one session');
}


# A recovery code, too

for my $round (1 .. long_test(3, 100)) {
    my $me = person();
    my $code = $me->post('2fa/recovery-codes')->json->{recoveryCodes}[0];
    my @temps = map { $me->temp } 1 .. 10;
    my @answers = $k->race(10)->run([ map { verify($me, $temps[$_ - 1], $code) }
                                      1 .. 10 ]);

    is(statuses(@answers), '200:1 401:9', 'a recovery code is good once');
}


# A refresh token in twenty tabs: one successor, which works

for my $round (1 .. long_test(3, 100)) {
    my $me = Kanda::Auth->new($k, bearer => 1)->register->login;
    my @answers = $k->race(20)->run([ map {
        $me->text('POST', 'refresh', { refreshToken => $me->{refresh} }) }
        1 .. 20 ]);
    my %next = map { $_->json->{refreshToken} => 1 } @answers;

    is(statuses(@answers), '200:20', 'twenty tabs');
    is(scalar keys %next, 1, 'have one successor');
    is($me->post('refresh', { refreshToken => (keys %next)[0] })->status, 200,
       'which is good');
}


# Two set-ups that are confirmed at once: one of them counts

for my $round (1 .. long_test(3, 100)) {
    my $me = Kanda::Auth->new($k)->register->login;
    my $secret = $me->post('2fa/setup')->json->{secret};

    settle(3);
    my @answers = $k->race(10)->run([ map {
        $me->text('POST', '2fa/verify-setup',
                  { secret => $secret, token => totp($secret) }) } 1 .. 10 ]);
    is(statuses(@answers), '200:1 400:9', 'a set-up is confirmed once');
}


# A logout while its token is in use: nothing begun after it is answered

{
    my $me = Kanda::Auth->new($k)->register->login;
    my $race = $k->race(8);
    my $late = 0;

    $race->run([ map { $me->text('GET', 'me') } 1 .. 8 ]);
    my $text = $me->text('GET', 'me');
    $me->post('logout');
    $late += grep { $_->status == 200 } $race->run([ ($text) x 8 ]) for 1 .. 20;
    is($late, 0, 'a dead token is dead for both workers');
}

done_testing;
