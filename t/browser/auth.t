# The login router in Chromium: what its documentation prints runs in a page,
# cookies and all, and other sites' pages get nowhere.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda;
use Kanda::Auth;
use Kanda::TLS;
use Test::More;

my ($chromium) = grep { -x } qw(/usr/bin/chromium /usr/bin/chromium-browser);
my $driver = getcwd() . '/build/browser';

plan skip_all => 'util/deps browser installs what this needs'
    if !$chromium || !-d "$driver/node_modules/playwright-core";
plan skip_all => 'this nginx has no TLS'
    if `@{[ Kanda::Nginx::binary() ]} -V 2>&1` !~ /http_ssl_module/;

my $dir = Kanda::Home::root();
my $tls = Kanda::Home::port();
my $near = Kanda::Home::port();
my ($key, $cert) = Kanda::TLS::certificate($dir, '127.0.0.1');

my $page = 'location = /page.html { default_type text/html;
    return 200 "<!doctype html><title>A page</title><body></body>"; }
    location = /favicon.ico { return 204; }';
my $places = $page
    . Kanda::Auth::location() . Kanda::Auth::location('kanda_csrf on;',
                                                      '/guarded/');
my $k = Kanda->new(
    http   => "server { listen 127.0.0.1:$tls ssl; ssl_certificate $cert;
               ssl_certificate_key $key; $places
               location /api/ { kanda_serve api; } }
               server { listen 127.0.0.1:$near; $page }",
    server => $places,
)->start;
my $port = $k->port;


# Leaves what is printed: only the code is put in, by the page's driver.

my %asked = (
    http     => "http://127.0.0.1:$port",
    https    => "https://127.0.0.1:$tls",
    far      => "http://localhost:$port",
    near     => "http://127.0.0.1:$near",
    chromium => $chromium,
    email    => "me$$\@example.com",
    password => 'correct horse battery staple',
    snippets => [ map { Kanda::Home::slurp("t/snippets/auth-$_.js") }
                  qw(1-setup 2-confirm 3-login 4-verify) ],
);

settle(20);

my $said = do {
    delete local @ENV{ grep { /_proxy$/i } keys %ENV };
    local $ENV{DRIVER} = $driver;
    local $ENV{HOME} = $dir;
    my $json = json(\%asked) =~ s/'/'\\''/gr;
    my $text = `node t/browser/auth.mjs '$json' 2> $dir/errors`;
    is($?, 0, 'the stories come to their ends')
        or diag substr Kanda::Home::slurp("$dir/errors"), 0, 3000;
    eval { JSON::PP->new->decode($text) } // {};
};

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $done = { status => 200, body => { success => $true } };

for my $name (qw(http https)) {
    my $s = $said->{$name} // {};
    my $host = $name eq 'https' ? '__Host-' : '';
    my $cookies = {
        "${host}accessToken"  => { path => '/', httpOnly => $true,
            sameSite => 'Lax', secure => $host ? $true : $false },
        "${host}refreshToken" => { path => $host ? '/' : '/auth',
            httpOnly => $true, sameSite => 'Lax',
            secure => $host ? $true : $false },
    };

    is_deeply($s->{first}, $done, "$name: a login");
    is_deeply($s->{cookies}, $cookies, 'the browser keeps its cookies');
    is($s->{scripts}, '', 'and shows scripts none');
    is_deeply($s->{setup}, [qw(secret otpauthUrl qrCode)], 'a set-up');
    like($s->{secret}, qr/^[A-Z2-7]{32}$/, 'with a secret');
    cmp_ok($s->{shown} // 0, '>', 100, 'and a picture that an <img> shows');
    is($s->{me}{body}{isTotpEnabled}, $true, 'confirmed: 2FA is on');
    is_deeply($s->{out}, $done, 'a logout');
    is_deeply($s->{after}, {}, 'leaves no cookie');
    is_deeply($s->{closed}, { status => 403, body =>
        { error => 'No access token provided' } }, 'and no way in');
    is_deeply($s->{challenge}, { tempToken => 'string',
        available2faMethods => ['totp'] }, 'a login is asked for a code');
    is_deeply($s->{halfway}, {}, 'and has no cookie yet');
    is($s->{inside}{body}{isTotpEnabled}, $true, 'with it, it is in');
    is_deeply($s->{other}, $cookies, 'with cookies');
    is_deeply($s->{tabs}, [ $done, $done ], 'two tabs refresh at once');
    is_deeply([ map { $_->{status} } @{ $s->{still} } ], [ 200, 200 ],
              'and go on');
}

like($said->{form}, qr/access token|Unsupported media type/,
     "another site's form is refused");
is($said->{fetch}, 'refused', 'and so is its script');
is($said->{near}, 'sent', 'a page of the same site can send cookies');
is($said->{unharmed}{body}{isTotpEnabled}, $true, 'with nothing changed');

is_deeply($said->{without}, { status => 403, body => {
    error => 'CSRF token validation failed', code => 'CSRF_INVALID' } },
    'where kanda_csrf is on, a page says what the cookie says');
is($said->{with}, 200, 'which it can read');
is($said->{api}{status}, 200, 'so that the managed API lets it in');
is($said->{bare}, 401, 'and only so');

done_testing;
