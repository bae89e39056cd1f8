# The second factor of an account in the managed API, and what an account's
# secret is sealed with.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(workers => 2,
                   server => Kanda::Auth::location()
                             . 'location /strict-api/ { kanda_serve api;
                                kanda_two_factor required; }')->start;
my $redis = $k->redis;


sub person { Kanda::Auth->new($k, @_)->register->login }

sub challenge {
    my ($me) = @_;
    return $k->post('/auth/login', undef, $me->credentials);
}

sub verify {
    my ($token, $code) = @_;
    return $k->post('/auth/2fa/verify', undef, { tempToken => $token,
                                                 totpCode  => $code });
}

sub is_problem {
    my ($r, $status, $code, $what) = @_;
    is($r->status, $status, $what);
    is($r->json->{code}, $code, "as $code");
    is($r->header('content-type'), 'application/problem+json', 'a problem');
}


{
    my $me = person();
    my $before = $k->login({ %$me })->{token};
    my $key = $k->post('/apikeys', $before, {})->json->{apiKey};

    is($k->get('/auth/me', $before)->json->{twoFactorEnabled}, JSON::PP::false,
       'without 2FA');
    $me->enrol;
    is($k->get('/auth/me', $key)->json->{twoFactorEnabled}, JSON::PP::true,
       'with 2FA an API key goes on');

    my $r = challenge($me);
    is($r->status, 200, 'a password alone');
    is_deeply([ sort keys %{ $r->json } ],
              [qw(available2faMethods requiresTwoFactor tempToken)],
              'is half of it');
    is($r->json->{requiresTwoFactor}, JSON::PP::true, 'and says so');
    is_deeply($r->json->{available2faMethods}, ['totp'], 'and what is missing');

    my $temp = $r->json->{tempToken};
    is($k->get('/auth/me', $temp)->status, 401, 'its token opens nothing');
    is_problem(verify($temp, $me->wrong), 401, 'invalid_code', 'a wrong code');
    is_problem(verify($temp, '12'), 401, 'invalid_code', 'no code');
    is_problem($k->post('/auth/2fa/verify', undef,
                   { tempToken => $temp, totpCode => 123456 }), 401,
               'invalid_code', 'a number');
    is_problem(verify('x', '123456'), 401, 'invalid_token', 'no token');
    is_problem($k->post('/auth/2fa/verify', undef, { tempToken => $temp }), 400,
               'invalid_request', 'no code at all');

    my $code = $me->code;
    my $done = verify($temp, $code);
    is($done->status, 200, 'a right code');
    is_deeply([ sort keys %{ $done->json } ], [qw(expiresIn token)],
              'gives a token');
    is($done->json->{expiresIn}, '1h', 'for an hour');
    is($k->get('/auth/me', $done->json->{token})->json->{userId},
       $me->{userId}, 'which is good');
    is_problem(verify($temp, $me->code), 401, 'invalid_token', 'a burnt token');
    is_problem(verify(challenge($me)->json->{tempToken}, $code), 401,
               'invalid_code', 'a spent code');
    is($me->other->post('2fa/verify', {
           tempToken => challenge($me)->json->{tempToken}, totpCode => $code })
          ->status, 401, 'spent for the login router as well');
    is(scalar @{ $me->get('sessions')->json->{sessions} }, 1,
       'no session was made');

    $k->post('/auth/logout', $done->json->{token});
    is($k->get('/auth/me', $done->json->{token})->status, 401,
       'it can be logged out');

    $me->post('2fa/recovery-codes');
    is_deeply(challenge($me)->json->{available2faMethods}, [qw(totp recovery)],
              'recovery codes are offered');

    # the guess budget is one
    my $limit = $me->other;
    for my $n (1 .. 5) {
        my $token = challenge($me)->json->{tempToken};
        $n % 2 ? verify($token, $me->wrong)
               : $limit->post('2fa/verify', { tempToken => $token,
                                              totpCode => $me->wrong });
    }
    my $locked = verify(challenge($me)->json->{tempToken}, $me->wrong);
    is_problem($locked, 429, 'locked', 'a sixth guess');
    cmp_ok($locked->header('retry-after'), '>', 0, 'which may try again');

    my $log = $k->get('/logs?event=auth.2fa.verify', $key)->json->{logs};
    is_deeply([ grep { defined } map { $_->{reason} } @$log[0 .. 5] ],
              [ 'locked', ('wrong_code') x 5 ], 'and the log tells');
    is(scalar(grep { $_->{success} } @$log), 1, 'of the one that was right, too');
    is($k->get('/logs?event=auth.2fa.enable', $key)->json->{total}, 1,
       'and of the set-up');
}


# Where a factor is required and there is none to ask for

{
    my $me = person();
    my $r = $k->connect->request('POST', '/strict-api/auth/login',
                                 body => json($me->credentials));
    is_problem($r, 403, 'two_factor_required', 'no login without one');
}


# A session's token is one here, too, and dies with the session

{
    my $app = person(bearer => 1);

    is($k->get('/auth/me', $app->{access})->json->{userId}, $app->{userId},
       'a session asks');
    my $client = $k->client($app->{access});
    is($k->validate($app->{access}, $client->{clientId},
                    totp($client->{secret})), 'true', 'and validates');
    my $other = $app->other->login;
    $app->post('logout');
    is($k->get('/auth/me', $app->{access})->status, 401, 'until it ends');
    is($k->validate($app->{access}, $client->{clientId}, '123456'), 401,
       'for everything');

    $k->post('/auth/logout', $other->{access});
    is($k->get('/auth/me', $other->{access})->status, 401,
       'logging out here ends the token');
    $other->post('refresh', { refreshToken => $other->{refresh} });
    is($other->get('me')->status, 200, 'not the session');
}


# A factor that an older key sealed is sealed anew when it is next used

{
    my $me = person()->enrol;
    my $name = "kanda:{$me->{userId}}:factor";
    my $old = $redis->command('HGET', $name, 's');
    my $keys = Kanda::Home::slurp($k->keys_file);
    my $new = MIME::Base64::encode_base64(random_bytes(32), '');

    $k->write_keys("seal s2 $new\n$keys");
    $k->reload;
    delete $k->{http_link};

    my $web = $me->other;
    is($web->post('2fa/verify', { tempToken => $me->other->temp,
                                  totpCode => $me->wrong })->status, 401,
       'a guess');
    my $sealed = $redis->command('HGET', $name, 's');
    isnt($sealed, $old, 'had it sealed anew');
    like($sealed, qr/^..s2/s, 'by the key that is first');

    $k->write_keys("seal s2 $new\n" . $keys =~ s/^seal.*\n//mr);
    $k->reload;
    is($me->other->login->get('me')->status, 200,
       'and it opens without the old one');
}

# Without Redis nothing is decided, in the dialect's own words

{
    my $me = person();
    my $temp = person()->enrol->temp;
    my $away = '{"error":"Unavailable","code":"UNAVAILABLE"}';

    $redis->stop;

    for my $ask ([ GET => 'me' ], [ POST => 'login', $me->credentials ],
                 [ POST => 'refresh' ], [ POST => 'logout' ],
                 [ POST => '2fa/setup' ], [ GET => 'sessions' ],
                 [ POST => '2fa/verify', { tempToken => $temp,
                                           totpCode => '123456' } ])
    {
        my $r = $me->call(@$ask);
        is("$r->{status} $r->{body}", "503 $away", "$ask->[0] $ask->[1]");
        is($r->header('retry-after'), 1, 'may be tried again');
        is(scalar Kanda::Auth::cookies($r), 0, 'and leaves the cookies alone');
    }

    is($me->get('me', undef, Authorization => 'Bearer x')->status, 403,
       'a bad token is known without it');
    Kanda::Home::allow(qr/connect\(\) to unix:.*failed/);
}

done_testing;
