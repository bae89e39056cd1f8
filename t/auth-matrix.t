# S24: every kind of token at every endpoint, in both dialects. Each opens what
# it is for and nothing else.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(server => Kanda::Auth::location()
                             . Kanda::Auth::location(
                                   'kanda_two_factor required;', '/strict/'),
                  )->start;

my $owner = $k->account;
my $key = $k->post('/apikeys', $owner, {})->json->{apiKey};
my $app = Kanda::Auth->new($k, email => $owner->{email},
                           password => $owner->{password}, bearer => 1)->login;
my $two = Kanda::Auth->new($k, bearer => 1)->register->login->enrol;
my $setup = $app->other(mount => '/strict', bearer => 0)
                ->post('login', $app->credentials)->json->{tempToken};
my $ended = $app->other->login;
$ended->post('logout');

# what is presented as Authorization: Bearer, and what it is good for

my %token = (
    'nothing'             => [ undef ],
    'a login of the API'  => [ $owner->{token}, 'api' ],
    'an API key'          => [ $key, 'api' ],
    'a token of a key'    => [ $k->post('/auth/token', undef,
                                  { apiKey => $key })->json->{token}, 'api' ],
    'a session'           => [ $app->{access}, 'api', 'session', 'setup' ],
    'a refresh token'     => [ $app->{refresh} ],
    'a session that ended' => [ $ended->{access} ],
    '2fa'                 => [ $two->temp ],
    '2fa-setup'           => [ $setup, 'setup' ],
    'nonsense'            => [ 'a.b.c' ],
);

# endpoints that want a caller; each row of the code is here

my %want = (
    api     => [ 'GET /api/auth/me', 'POST /api/totp/register',
                 'POST /api/totp/validate', 'GET /api/totp/qrcode/x',
                 'GET /api/totp', 'GET /api/totp/x', 'DELETE /api/totp/x',
                 'POST /api/totp/rotate/x', 'POST /api/totp/unlock/x',
                 'POST /api/totp/recovery/x', 'POST /api/apikeys',
                 'GET /api/apikeys', 'DELETE /api/apikeys/x', 'GET /api/logs' ],
    session => [ 'GET /auth/me', 'GET /auth/sessions', 'DELETE /auth/sessions/x',
                 'POST /auth/change-password', 'DELETE /auth/account',
                 'POST /auth/2fa/step-up', 'POST /auth/2fa/disable',
                 'POST /auth/2fa/recovery-codes' ],
    setup   => [ 'POST /auth/2fa/setup', 'POST /auth/2fa/verify-setup' ],
);

{
    my @rows;
    for (glob 'src/api/kanda_api_routes.c src/api/kanda_auth_routes.c') {
        my $text = Kanda::Home::slurp($_);
        push @rows, "$1 $2" =~ s/:/x/r
            while $text =~ /NGX_HTTP_(\w+), "([^"]+)", KANDA_AUTH_[CS]/g;
    }
    my @here = map { s{ /\w+/}{ }r } map { @$_ } values %want;
    # logging out would end what the others are tried with
    is(join("\n", sort @here, 'POST auth/logout'), join("\n", sort @rows),
       'every route is here');
}


sub ask {
    my ($endpoint, $token, @headers) = @_;
    my ($method, $path) = split / /, $endpoint;

    return $k->connect->request($method, $path,
        headers => [ 'Content-Type' => 'application/json',
            defined $token ? (Authorization => "Bearer $token") : (),
            @headers ],
        body => $method eq 'GET' ? undef : '{"email":"x"}');
}

for my $name (sort keys %token) {
    my ($token, @good) = @{ $token{$name} };
    my %good = map { $_ => 1 } @good;

    for my $kind (sort keys %want) {
        for my $endpoint (@{ $want{$kind} }) {
            my $r = ask($endpoint, $token);
            my $closed = $kind eq 'api'
                ? $r->status == 401 && $r->json->{code} eq 'unauthorized'
                : $r->status == 403 && $r->{body} =~ /^\{"error":"(?:No|Invalid
                      \ or\ expired)\ access\ token(?:\ provided)?"\}$/x;

            ok($good{$kind} ? !$closed : $closed,
               "$name: $endpoint is " . ($good{$kind} ? 'open' : 'closed'))
                or diag "$r->{status} $r->{body}";
        }
    }
}


# The same as cookies: only a session's access token is one, and in the managed
# API only together with X-CSRF-Token.

my $csrf = 'c' x 32;

for my $name (sort keys %token) {
    my ($token) = @{ $token{$name} };
    my $cookie = "accessToken=" . ($token // '');
    my $open = $name eq 'a session' ? 200 : 0;

    is(ask('GET /auth/me', undef, Cookie => $cookie)->status, $open || 403,
       "$name as a cookie");
    is(ask('GET /api/auth/me', undef, Cookie => "$cookie; csrf-token=$csrf",
           'X-CSRF-Token' => $csrf)->status, $open || 401, 'in the managed API');
    is(ask('GET /api/auth/me', undef, @$_)->status, 401,
       'but not without its X-CSRF-Token')
        for [ Cookie => $cookie ], [ Cookie => "$cookie; csrf-token=$csrf" ],
            [ Cookie => $cookie, 'X-CSRF-Token' => $csrf ],
            [ Cookie => "$cookie; csrf-token=$csrf", 'X-CSRF-Token' => 'd' x 32 ],
            [ Cookie => "$cookie; csrf-token=c", 'X-CSRF-Token' => 'c' ],
            [ Cookie => "$cookie; csrf-token=", 'X-CSRF-Token' => '' ],
            [ Cookie => "$cookie; csrf-token=" . 'x' x 32,
              'X-CSRF-Token' => 'x' x 32 ];
}


# As tempToken and as refreshToken

for my $name (sort keys %token) {
    my ($token) = @{ $token{$name} };
    next if !defined $token;

    for my $path ('/auth/2fa/verify', '/api/auth/2fa/verify') {
        my $r = $k->connect->request('POST', $path, body => json({
            tempToken => $token, totpCode => $two->wrong }));
        is($r->status, 401, "$name as a tempToken at $path");
        like($r->{body}, $name ne '2fa' ? qr/INVALID_ACCESS_TOKEN|invalid_token/
                                        : qr/Invalid TOTP code|invalid_code/,
             'is ' . ($name eq '2fa' ? 'good for a try' : 'none'));
    }

    # a refresh token that is good is tried last: it is then another
    next if $name eq 'a refresh token';
    is($app->other->post('refresh', { refreshToken => $token })->status, 401,
       "$name as a refresh token");
}

is($app->other->post('refresh', { refreshToken => $app->{refresh} })->status,
   200, 'which this is');

done_testing;
