# Cookies over TLS, X-CSRF-Token, and realms that share nothing.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Answer;
use Kanda::Auth;
use Kanda::TLS;
use Test::More;

my $k = Kanda->new(
    server => Kanda::Auth::location()
              . Kanda::Auth::location('kanda_csrf on;', '/guarded/')
              . Kanda::Auth::location('kanda_realm other;', '/other/')
              . Kanda::Auth::location('', '/deep/er/')
              . 'location /other-api/ { kanda_serve api; kanda_realm other;
                 kanda_registration on; }',
)->start;

my $REFUSED = '403 {"error":"Invalid or expired access token"}';
my $FORGED = '403 {"error":"CSRF token validation failed",'
             . '"code":"CSRF_INVALID"}';


sub said { my ($r) = @_; return "$r->{status} $r->{body}" }
sub named { my ($r) = @_; return map { $_->{name} => $_ }
                                     Kanda::Auth::cookies($r) }


# Where they go

{
    my $me = Kanda::Auth->new($k, mount => '/deep/er')->register;
    my %c = named($me->post('login', $me->credentials));

    is($c{refreshToken}{path}, '/deep/er', 'the refresh token goes to its mount');
    is($c{accessToken}{path}, '/', 'the access token everywhere');
    is_deeply([ sort keys %c ], [qw(accessToken refreshToken)], 'and no other');
    is($c{$_}{httponly}, 1, "no script sees $_") for keys %c;
    is($c{$_}{samesite}, 'Lax', 'no other site sends it') for keys %c;
    ok(!exists $c{$_}{secure} && !exists $c{$_}{domain}, 'as it is') for keys %c;
}


# X-CSRF-Token

{
    my $me = Kanda::Auth->new($k, mount => '/guarded')->register;
    my %c = named($me->post('login', $me->credentials));
    my $csrf = $c{'csrf-token'}{value};

    like($csrf, qr/^[0-9a-f]{32}$/, 'a login gives a token to show');
    ok(!exists $c{'csrf-token'}{httponly}, 'which scripts may read');
    is($c{'csrf-token'}{path}, '/', 'everywhere');

    my @right = ('X-CSRF-Token' => $csrf);
    my %asks = (
        'POST 2fa/setup' => undef, 'POST 2fa/disable' => undef,
        'POST 2fa/verify-setup' => {}, 'POST 2fa/step-up' => {},
        'POST 2fa/recovery-codes' => undef, 'POST change-password' => {},
        'DELETE account' => {}, 'DELETE sessions/x' => undef,
    );

    for my $ask (sort keys %asks) {
        my ($method, $path) = split / /, $ask;
        my $jar = $me->{jar};

        is(said($me->call($method, $path, $asks{$ask})), $FORGED,
           "$ask without it");
        is(said($me->call($method, $path, $asks{$ask}, 'X-CSRF-Token' => $_)),
           $FORGED, 'with another')
            for 'f' x 32, uc $csrf eq $csrf ? 'x' : uc $csrf, '',
                substr($csrf, 1), "$csrf$csrf";
        is(said($me->call($method, $path, $asks{$ask}, @right, @right)),
           $FORGED, 'or twice');
        is(said($me->other(jar => { %$jar, 'csrf-token' => 'x' x 32 })
                   ->call($method, $path, $asks{$ask},
                          'X-CSRF-Token' => 'x' x 32)), $FORGED,
           'or one that is none');
        isnt(said($me->call($method, $path, $asks{$ask}, @right)), $FORGED,
             'and with it');
        my $app = $me->other(bearer => 1, access => $jar->{accessToken});
        isnt(said($app->call($method, $path, $asks{$ask})), $FORGED,
             'a bearer needs none');
    }

    is($me->get('me')->status, 200, 'reading needs none');
    is($me->get('sessions')->status, 200, 'of any kind');
    is(said($me->other->post('2fa/setup')),
       '403 {"error":"No access token provided"}', 'without a token that is said');

    my %again = named($me->post('refresh'));
    is($again{'csrf-token'}{value}, $csrf, 'a refresh needs none, and keeps it');
    is($me->post('logout')->status, 200, 'logging out needs none');
    is_deeply($me->{jar}, {}, 'and takes it away');

    my $app = $me->other(bearer => 1);
    is(scalar Kanda::Auth::cookies($app->post('login', $app->credentials)), 0,
       'an app is given none');

    $me->login->post('2fa/setup', undef,
                     'X-CSRF-Token' => $me->{jar}{'csrf-token'});
    my $plain = $me->other(mount => '/auth')->login;
    is($plain->post('2fa/setup')->status, 200, 'where it is off nobody asks');
}


# Pages of other origins: browsers tell, and kanda_csrf need not be on

{
    my $me = Kanda::Auth->new($k)->register->login;
    my ($jar, $twice) = ($me->{jar}, 'http://localhost');
    my @evil = (Origin => 'http://evil.localhost');
    my %try = (
        'POST 2fa/setup' => undef, 'POST 2fa/disable' => undef,
        'POST 2fa/verify-setup' => {}, 'POST 2fa/step-up' => {},
        'POST 2fa/recovery-codes' => undef, 'POST change-password' => {},
        'DELETE account' => {}, 'DELETE sessions/x' => undef,
        'POST logout' => undef, 'POST refresh' => undef,
        'POST login' => $me->credentials,
        'POST 2fa/verify' => { tempToken => 'x', totpCode => '1' },
    );

    for my $ask (sort keys %try) {
        my ($method, $path) = split / /, $ask;
        my $r = $me->call($method, $path, $try{$ask}, @evil);
        is(said($r), $FORGED, "$ask by a page of a host beside ours");
        is(scalar Kanda::Auth::cookies($r), 0, 'and no cookie changes');
    }

    my $guarded = $me->other(mount => '/guarded')->login;
    my @right = ('X-CSRF-Token' => $guarded->{jar}{'csrf-token'});
    is(said($guarded->post('2fa/setup', undef, @right, @evil)), $FORGED,
       'whatever X-CSRF-Token says');
    is($me->other(mount => '/api', jar => $guarded->{jar})
          ->post('totp/register', { clientId => 'c' }, @right, @evil)->status,
       401, 'in the managed API, too');

    for my $foreign (
        [ Origin => 'null' ], [ Origin => '' ], [ Origin => 'localhost' ],
        [ Origin => 'http://' ], [ Origin => 'http://localhost:8080' ],
        [ Origin => 'http://localhost:443' ], [ Origin => 'https://localhost:80' ],
        [ Origin => 'ftp://localhost' ], [ Origin => 'http://localhost/' ],
        [ Origin => 'http://localhost.' ], [ Origin => 'http://x@localhost' ],
        [ Origin => $twice, Origin => $twice ],
        [ Host => 'localhost:8080', Origin => 'http://localhost' ],
        [ Host => '[::1]', Origin => 'http://[::2]' ],
        (map { [ 'Sec-Fetch-Site' => $_ ] } '', qw(same-site cross-site
                                                   Same-Origin others)),
        [ 'Sec-Fetch-Site' => 'none', 'Sec-Fetch-Site' => 'none' ],
        [ Origin => $twice, 'Sec-Fetch-Site' => 'same-site' ],
        [ Origin => 'http://other', 'Sec-Fetch-Site' => 'same-origin' ],
    ) {
        is(said($me->post('2fa/setup', undef, @$foreign)), $FORGED,
           "foreign: @$foreign");
    }

    for my $ours (
        [ Origin => 'http://localhost' ], [ Origin => 'https://localhost' ],
        [ Origin => 'HTTP://LocalHost' ], [ Origin => 'http://localhost:80' ],
        [ Host => 'A:443', Origin => 'https://a' ],
        [ Host => 'a', Origin => 'https://a:443' ],
        [ Host => 'a:8080', Origin => 'http://a:8080' ],
        [ Host => '[::1]:80', Origin => 'http://[::1]' ],
        [ 'Sec-Fetch-Site' => 'same-origin' ], [ 'Sec-Fetch-Site' => 'none' ],
        [ Origin => 'null', 'Sec-Fetch-Site' => 'same-origin' ],
        [ Origin => $twice, 'Sec-Fetch-Site' => 'same-origin' ],
    ) {
        is($me->post('2fa/setup', undef, @$ours)->status, 200, "ours: @$ours");
    }

    is($me->get($_, undef, @evil)->status, 200, "reading $_ is left to CORS")
        for qw(me sessions);
    is(said($me->other->post('2fa/setup', undef, @evil)),
       '403 {"error":"No access token provided"}', 'no token is no token');

    # what no page can be made to send

    my $app = $me->other(bearer => 1);
    is($app->post('login', $app->credentials, @evil)->status, 200,
       'an app may come from anywhere');
    is($app->post('2fa/setup', undef, @evil)->status, 200, 'by its token');
    is($app->post('refresh', { refreshToken => $app->{refresh} }, @evil)
           ->status, 200, 'refresh');
    is($app->post('logout', undef, @evil)->status, 200, 'and leave');
    is(said($app->post('logout', undef, @evil,
                Cookie => "accessToken=$jar->{accessToken}")), $FORGED,
       'but not with a cookie');
    is(said($me->other->post('logout', undef, @evil)), $FORGED,
       'nor does a page take cookies away that the browser kept back');
    is($me->get('me')->status, 200, 'nothing was ended');
    is($me->post('logout', undef, Origin => $twice)->status, 200,
       'until it is asked for here');
}


# A name that comes more than once: another host or path may have planted one

{
    my ($me, $evil) = map { Kanda::Auth->new($k)->register->login } 1, 2;
    my ($mine, $theirs) = map { $_->{jar} } $me, $evil;
    my $none = '403 {"error":"No access token provided"}';
    my $ask = sub { my ($what, $cookie, @more) = @_;
                    my ($method, $path) = split / /, $what;
                    return said($me->other->call($method, $path, undef, map {
                        (Cookie => $_) } $cookie, @more)) };
    my $pair = sub { my ($name, @jars) = @_;
                     return join '; ', map { "$name=$_->{$name}" } @jars };
    my $short = sub { return "@_" =~ s/\w+\.[\w-]+(\.[\w-]{9})[\w-]+/$1/gr };
    my $good = $pair->('accessToken', $mine);

    like($ask->('GET me', @$_), qr/^200 .*"$me->{userId}"/,
         'one of ' . $short->(@$_))
        for [ "accessToken=; $good" ], [ "$good; accessToken=" ],
            [ "accessToken; accessToken= ;$good" ], [ 'accessToken=', $good ],
            [ "$good; $good" ], [ $good, $good ];
    is($ask->('GET me', @$_), $none, 'none of ' . $short->(@$_))
        for [ $pair->('accessToken', $mine, $theirs) ],
            [ $pair->('accessToken', $theirs, $mine) ],
            [ $good, $pair->('accessToken', $theirs) ],
            [ "$good; accessToken=x" ], [ "accessToken=x; $good" ],
            [ "$good; ${good}x; $good" ], [ 'accessToken=; accessToken=' ];

    is($ask->('POST refresh', $pair->('refreshToken', $theirs, $mine)),
       '401 {"error":"No refresh token provided"}', 'the same of a refresh');
    like($ask->('POST refresh', $pair->('refreshToken', ($mine) x 2)),
         qr/^200/, 'unless they are one');

    my @all = map { $me->other->login } 1 .. 4;
    my @jars = map { $_->{jar} } @all;
    is($ask->('POST logout', $pair->('accessToken', @jars[0, 1], { accessToken =>
                  'x' }) . '; ' . $pair->('refreshToken', @jars[2, 3])),
       '200 {"success":true}', 'logged out by a few');
    is(join(' ', map { $_->get('me')->status } @all), '403 403 403 403',
       'whichever was meant');
    @all = map { $me->other->login } 1 .. 6;
    $ask->('POST logout', $pair->('accessToken', map { $_->{jar} } @all));
    is(join(' ', map { $_->get('me')->status } @all), '403 403 403 403 200 200',
       'but not by any number');

    my $guarded = $me->other(mount => '/guarded')->login;
    my $token = $guarded->{jar}{accessToken};
    my $csrf = "csrf-token=$guarded->{jar}{'csrf-token'}";
    my $right = $guarded->{jar}{'csrf-token'};

    for my $planted ('a' x 32, uc 'a' x 32, 'x', '') {
        for my $both ("csrf-token=$planted; $csrf", "$csrf; csrf-token=$planted")
        {
            is($guarded->post('2fa/setup', undef, 'X-CSRF-Token' => $right,
                    Cookie => "accessToken=$token; $both")->status, 200,
               'a planted cookie locks nobody out');
            is(said($guarded->post('2fa/setup', undef,
                    Cookie => "accessToken=$token; $both")), $FORGED,
               'and is worth nothing without the header');
        }
    }
    is(said($guarded->post('2fa/setup', undef, 'X-CSRF-Token' => 'A' x 32,
            Cookie => "accessToken=$token; csrf-token=" . 'A' x 32)), $FORGED,
       'what is not of our form is none');
    my $new = $guarded->other(jar => { 'csrf-token' => 'A' x 32 })->login;
    like($new->{jar}{'csrf-token'}, qr/^[0-9a-f]{32}$/, 'and is replaced');
}


# In the managed API a cookie counts with it alone, whatever is on

{
    my $me = Kanda::Auth->new($k, mount => '/guarded')->register->login;
    my @right = ('X-CSRF-Token' => $me->{jar}{'csrf-token'});
    my $api = $me->other(mount => '/api', jar => $me->{jar});

    is($api->get('auth/me', undef, @right)->json->{userId}, $me->{userId},
       'reading');
    is($api->post('totp/register', { clientId => 'c' }, @right)->status, 201,
       'writing');
    is($api->get('auth/me')->status, 401, 'not reading without');
    is($api->delete('totp/c')->status, 401, 'nor writing');

    my $owner = $k->account;
    is($api->get('auth/me', undef, @right,
                 Authorization => "Bearer $owner->{token}")->json->{userId},
       $owner->{userId}, 'a bearer wins');
    my $key = $k->post('/apikeys', $owner, {})->json->{apiKey};
    is($api->get('auth/me', undef, @right, 'x-api-key' => $key)
           ->json->{userId}, $owner->{userId}, 'and so does a key');

    $me->post('logout');
    is($me->other(mount => '/api', jar => { %{ $api->{jar} } })
          ->get('auth/me', undef, @right)->status, 401,
       'the session ends for it, too');
}


# Realms

{
    my $here = Kanda::Auth->new($k)->register->login->enrol;
    my $there = $here->other(mount => '/other');

    is($there->post('login', $there->credentials)->status, 401,
       'an account of one is none in another');
    $there->register;
    isnt($there->{userId}, $here->{userId}, 'the same email is another there');
    $there->login;
    is($there->get('me')->json->{isTotpEnabled}, JSON::PP::false,
       'with a factor of its own');

    my $cross = sub { my ($from, $to) = @_;
                      return $from->other(mount => $to,
                                          jar => { %{ $from->{jar} } }) };

    for my $case ([ $here, '/other' ], [ $there, '/auth' ]) {
        my ($from, $to) = @$case;
        my $stranger = $cross->($from, $to);

        is(said($stranger->get('me')), $REFUSED, "a cookie at $to");
        is(said($stranger->get('me', undef, Authorization =>
                    "Bearer $from->{jar}{accessToken}")), $REFUSED, 'a bearer');
        is($stranger->post('refresh')->status, 401, 'a refresh token');
        $stranger->post('logout');
        is($from->get('me')->status, 200, 'cannot even log out');
    }

    my $temp = $here->temp;
    my $code = $here->code;
    is($there->post('2fa/verify', { tempToken => $temp, totpCode => $code })
             ->status, 401, 'a tempToken');
    is($k->connect->request('POST', '/other-api/auth/2fa/verify', body => json({
           tempToken => $temp, totpCode => $code }))->status, 401,
       'in either dialect');
    is($here->post('2fa/verify', { tempToken => $temp, totpCode => $code })
            ->status, 200, 'and is good at home');
    is($k->connect->request('GET', '/other-api/auth/me', headers => [
           Authorization => "Bearer $here->{jar}{accessToken}" ])->status, 401,
       'a session in the managed API');
}


# TLS

SKIP: {
    my $nginx = Kanda::Nginx::binary();
    skip 'this nginx has no TLS', 23 if `$nginx -V 2>&1` !~ /http_ssl_module/;

    my $dir = Kanda::Home::root();
    my $port = Kanda::Home::port();

    my ($key, $cert) = Kanda::TLS::certificate($dir, '127.0.0.1');

    my $tls = Kanda->new(server => "listen 127.0.0.1:$port ssl http2;
        ssl_certificate $cert; ssl_certificate_key $key;\n"
        . Kanda::Auth::location('kanda_csrf on;'))->start;
    my $me = Kanda::Auth->new($tls)->register->login;

    my $ask = sub {
        my ($path, $body, @headers) = @_;
        my $options = join ' ', map { "-H '$_'" } @headers,
                                    'Content-Type: application/json';
        $options .= " -d '" . json($body) . "'" if $body;
        my $text = `curl -ksi --http1.1 $options https://127.0.0.1:$port/auth/$path`;
        return Kanda::Answer->take(\$text, eof => 1);
    };

    my $r = $ask->('login', $me->credentials);
    my %c = named($r);

    is_deeply([ sort keys %c ],
              [qw(__Host-accessToken __Host-refreshToken csrf-token)],
              'over TLS they have a prefix');
    is($c{$_}{secure}, 1, "$_ is secure") for sort keys %c;
    is($c{$_}{path}, '/', 'and for the whole host') for sort keys %c;
    ok(!exists $c{$_}{domain}, 'and no other') for sort keys %c;
    is($c{'__Host-accessToken'}{httponly}, 1, 'and not for scripts');

    my $with = sub { return $ask->('me', undef, 'Cookie: ' . join '; ', @_)
                                ->status };
    is($with->("__Host-accessToken=$c{'__Host-accessToken'}{value}"), 200,
       'a session');
    is($with->("accessToken=$c{'__Host-accessToken'}{value}"), 403,
       'but not by the other name, which any host near could set');
    is($with->("__HOST-accessToken=$c{'__Host-accessToken'}{value}"), 403,
       'nor in capitals');
    is($me->get('me', undef, Cookie =>
          "__Host-accessToken=$me->{jar}{accessToken}")->status, 403,
       'nor that name without TLS');

    for my $case ([ "https://127.0.0.1:$port", 200 ],
                  [ "http://127.0.0.1:$port", 403 ],
                  [ 'https://127.0.0.1', 403 ]) {
        is($ask->('refresh', {}, "Origin: $case->[0]", 'Cookie: '
               . "__Host-refreshToken=$c{'__Host-refreshToken'}{value}")
               ->status, $case->[1], "a page at $case->[0]");
    }

    my $h2 = `curl -ks --http2 -w '%{http_version}' -H 'Cookie: a=b' \\
        -H 'Cookie: __Host-accessToken=$c{'__Host-accessToken'}{value}' \\
        https://127.0.0.1:$port/auth/me`;
    like($h2, qr/^\{"sub":"$me->{userId}".*\}2$/, 'in HTTP/2 as well');

    $h2 = `curl -ks --http2 -d '{}' -H 'Content-Type: application/json' \\
        -H 'Origin: https://127.0.0.1:$port' -w '%{http_version}' \\
        https://127.0.0.1:$port/auth/refresh`;
    like($h2, qr/^\{"error":"No refresh token provided"\}2$/,
         'where the host is no header');

    my %next = named($ask->('refresh', undef,
        "Cookie: __Host-refreshToken=$c{'__Host-refreshToken'}{value}"));
    is(scalar keys %next, 0, 'a GET refreshes nothing');
    my %posted = named($ask->('refresh', {},
        "Cookie: __Host-refreshToken=$c{'__Host-refreshToken'}{value}"));
    like($posted{'__Host-refreshToken'}{value}, qr/\.2\./, 'a POST does');
}

done_testing;
