# The login router: changing the password, deleting the account.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(server => Kanda::Auth::location())->start;
my $redis = $k->redis;

my $WRONG = '401 {"error":"Invalid credentials","code":"INVALID_CREDENTIALS"}';
my $DONE = '200 {"success":true}';
my $BAD = '403 {"error":"Invalid or expired access token"}';


sub person { Kanda::Auth->new($k, @_)->register->login }
sub said { my ($r) = @_; return "$r->{status} $r->{body}" }


# A new password

{
    my $me = person();
    my $other = $me->other->login;
    my $api = $k->login({ %$me })->{token};
    my $change = sub {
        my ($old, $new) = @_;
        return $me->post('change-password', { currentPassword => $old,
                                              newPassword     => $new });
    };

    is(said($change->('not the right one', 'walnut paper kite')), $WRONG,
       'not without the old one');
    is($other->get('me')->status, 200, 'which changed nothing');

    for my $bad ('short', $me->{email}, 'x' x 129, 7) {
        my $r = $change->($me->{password}, $bad);
        is($r->status, 400, 'nor to what is no password');
        is($r->json->{code}, 'VALIDATION_ERROR', 'as it is told');
    }

    is($me->post('change-password', { newPassword => 'walnut paper kite' })
          ->status, 400, 'both are needed');
    is(said($change->($me->{password}, 'walnut paper kite')), $DONE, 'changed');
    is($me->get('me')->status, 200, 'this session goes on');
    is(said($other->get('me')), $BAD, 'others end');
    is($k->get('/auth/me', $api)->status, 401,
       'and tokens of logins without one');

    is(said($me->other->post('login', $me->credentials)), $WRONG,
       'the old one is worth nothing');
    $me->{password} = 'walnut paper kite';
    ok($me->other->login, 'the new one lets in');
    is($k->get('/auth/me', $k->login({ %$me })->{token})->status, 200,
       'everywhere');

    my $log = $k->get('/logs?event=auth.login', $k->login({ %$me })->{token})
                ->json->{logs};
    is(scalar(grep { ($_->{reason} // '') eq 'password_changed' } @$log), 1,
       'and the log tells');
}


# A session's guesses count with those of logins, and cannot be shed

{
    my $me = person();
    my $thief = $me->other(jar => { %{ $me->{jar} } });

    for (1 .. 3) {
        is(said($thief->call('DELETE', 'account', { password => "guess $_ x" })),
           $WRONG, 'a guess');
    }
    for (1 .. 2) {
        is(said($thief->post('change-password', {
               currentPassword => "guess $_ y",
               newPassword     => 'walnut paper kite' })), $WRONG, 'another');
    }
    for my $r ($thief->call('DELETE', 'account', $me->credentials),
               $thief->post('change-password', {
                   currentPassword => $me->{password},
                   newPassword     => 'walnut paper kite' }),
               $me->other->post('login', $me->credentials))
    {
        is(said($r), '429 {"error":"Too many requests","code":"RATE_LIMITED"}',
           'a sixth is not looked at');
        ok($r->header('retry-after') > 800, 'for a quarter of an hour');
    }
}


# No account

{
    my $me = person()->enrol;
    my $other = $me->other->login;
    my $who = $me->credentials;
    my $temp = $me->temp;

    $me->post('2fa/recovery-codes');
    $me->post('2fa/setup');

    # something of every kind, and a log of every event that there is by now
    my $api = $k->post('/auth/2fa/verify', undef, { tempToken => $me->temp,
        totpCode => totp($me->{secret}, step => 1) })->json->{token};
    my $client = $k->client($api, clientId => 'c:1');
    $k->post('/totp/recovery/c:1', $api);
    $k->validate($api, 'c:1', 'none');
    my $key = $k->post('/apikeys', $api, {})->json;
    my $of_key = $k->post('/auth/token', undef, { apiKey => $key->{apiKey} })
                   ->json->{token};
    $k->post('/auth/logout', $of_key);
    $k->post('/auth/register', undef, $me->credentials);
    $me->other->post('2fa/verify', { tempToken => $temp, totpCode => 'none' });
    $me->other->post('login', { %{ $me->credentials }, password => 'x' });

    my $keys = sub { return @{ $redis->command('KEYS',
        "kanda:{$me->{userId}}*") } };
    cmp_ok(scalar(() = $keys->()), '>=', 20, 'an account with all that there is');

    is(said($me->call('DELETE', 'account', { password => 'not this one' })),
       $WRONG, 'stays without the password');
    is($me->call('DELETE', 'account', {})->status, 400, 'which is needed');
    cmp_ok(scalar(() = $keys->()), '>=', 20, 'whole');

    my $session = { %{ $me->{jar} } };
    is(said($me->call('DELETE', 'account', { password => $me->{password} })),
       $DONE, 'and goes with it');
    is_deeply([ $keys->() ], [], 'key by key');
    is_deeply($me->{jar}, {}, 'cookies and all');

    is(said($other->get('me')), $BAD, 'sessions are dead');
    is($other->post('refresh')->status, 401, 'for good');
    is($k->get('/auth/me', $_)->status, 401, 'so are tokens and keys')
        for $api, $of_key, $key->{apiKey};
    is(said($me->post('2fa/verify', { tempToken => $temp,
                                      totpCode => '123456' })),
       '400 {"error":"User not found or 2FA not set up"}', 'and challenges');

    # whoever has the email next has an account of their own
    my $next = Kanda::Auth->new($k, email => $me->{email},
                                password => 'another one altogether')->register;
    is($next->{userId}, $me->{userId}, 'the email is free again');
    is($k->get('/auth/me', $_)->status, 401, 'no token of before opens it')
        for $api, $of_key, $key->{apiKey};
    is(said($me->other(jar => $session)->get('me')), $BAD, 'no session');
    is($me->post('2fa/verify', { tempToken => $temp, totpCode => '123456' })
          ->status, 401, 'no challenge');
    $next->login;
    is($k->get('/auth/me', $_)->status, 401, 'nor when somebody is in')
        for $api, $of_key;
    is(said($me->post('login', $who)), $WRONG, 'and no password');
}

done_testing;
