# The login router and time: when its tokens end, and what a clock that is set
# back or forth changes.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(
    faketime => 1,
    server   => Kanda::Auth::location('', '/auth/')
                . Kanda::Auth::location('kanda_two_factor required;', '/strict/'),
)->start;
my $base = 1_800_000_000;

sub at { $k->nginx->set_time($_[0]) }


# An access token ends after 15 minutes, to the second; its session goes on

{
    at($base);
    my $me = Kanda::Auth->new($k)->register->login;

    for my $case ([ 0 => 200 ], [ 899 => 200 ], [ 900 => 403 ]) {
        at($base + $case->[0]);
        is($me->get('me')->status, $case->[1], "after $case->[0] s");
    }

    at($base + 86_400);
    is($me->post('refresh')->status, 200, 'a refresh token is good a day later');
    is($me->get('me')->status, 200, 'and gives a token that is, too');

    # an hour after it ended
    at($base + 90_000);
    my $late = $me->other(jar => { accessToken => $me->{jar}{accessToken} });
    is($late->get('me')->status, 403, 'a token whose time is over');
    is($late->post('logout')->status, 200, 'can still log out');
    is($me->post('refresh')->status, 401, 'which ends its session');
}


# A challenge and a set-up end after five minutes

for my $case ([ '/auth', 1 ], [ '/strict', 0 ]) {
    my ($mount, $factor) = @$case;

    at($base);
    my $me = Kanda::Auth->new($k)->register->login;

    if ($factor) {
        $me->{secret} = $me->post('2fa/setup')->json->{secret};
        $me->post('2fa/verify-setup', { secret => $me->{secret},
            token => totp($me->{secret}, time => $base) });
    }

    my $strict = $me->other(mount => $mount);
    my $temp = $strict->post('login', $me->credentials)->json->{tempToken};
    my $try = sub {
        my ($code) = @_;
        return $factor
            ? $strict->post('2fa/verify', { tempToken => $temp,
                                            totpCode => $code })->status
            : $strict->post('2fa/setup', undef,
                            Authorization => "Bearer $temp")->status;
    };

    at($base + 299);
    is($try->('none'), $factor ? 401 : 200, 'a token after 299 s');
    at($base + 300);
    is($try->($factor ? totp($me->{secret}, time => $base + 300) : 'x'),
       $factor ? 401 : 403, 'is none after 300 s, whatever the code');
    at($base + 299);
    is($try->($factor ? totp($me->{secret}, time => $base + 299) : 'x'), 200,
       'and is again for a clock that is set back');
}


# A code that was taken stays taken

{
    at($base);
    my $me = Kanda::Auth->new($k)->register->login;
    my $secret = $me->post('2fa/setup')->json->{secret};
    my $code = sub { totp($secret, time => $base + $_[0]) };
    my $try = sub { $me->other->post('2fa/verify', {
        tempToken => $me->temp, totpCode => $_[0] })->status };

    $me->post('2fa/verify-setup', { secret => $secret, token => $code->(0) });
    is($try->($code->(0)), 401, 'the code of the set-up');
    is($try->($code->(30)), 200, 'the next');

    at($base - 90);
    is($try->($code->($_)), 401, "set back: the code of $_ s")
        for -120, -90, -60, 0, 30;
    at($base + 60);
    is($try->($code->(30)), 401, 'and forth: what was taken');
    is($try->($code->(60)), 200, 'and what was not');
}


# What lives by the clock of Redis: five minutes of a factor, seven days of a
# session

{
    at('+0');
    my $me = Kanda::Auth->new($k)->register->login->enrol;
    my ($key) = @{ $k->redis->command('KEYS', "kanda:*$me->{userId}*:session:*") };

    my $left = $k->redis->command('PTTL', $key);
    ok($left > 604_790_000 && $left <= 604_800_000, 'seven days');

    for my $case ([ 299_000 => 200 ], [ 301_000 => 403 ]) {
        $k->redis->command('HSET', $key, 'f',
                           int(1000 * Time::HiRes::time()) - $case->[0]);
        is($me->post('2fa/recovery-codes')->status, $case->[1],
           "a factor shown $case->[0] ms ago");
    }

    $k->redis->command('PEXPIRE', $key, 1000);
    $me->post('refresh');
    cmp_ok($k->redis->command('PTTL', $key), '>', 604_790_000,
           'a refresh gives it seven more');
    $k->redis->command('PEXPIRE', $key, 1);
    Time::HiRes::sleep(0.05);
    is($me->get('me')->status, 403, 'and then it is over');
    is($me->post('refresh')->status, 401, 'for good');
}

done_testing;
