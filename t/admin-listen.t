# kanda_serve admin is for this machine: which listeners nginx -t takes, and what
# a request that comes by one of them must not have.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use IO::Socket::INET;
use Kanda;
use Kanda::Admin;
use Kanda::Home;
use Kanda::HTTP;
use Test::More;

my $port = Kanda::Home::port();
my $socket = Kanda::Admin::path();
my $serves = 'location /admin/ { kanda_serve admin; }';
my $refused = qr/kanda_serve\ admin\ asks\ nobody\ for\ credentials,\ and\ the
                 \ server\ in\ \S+nginx\.conf:\d+\ listens\ on/x;


my $frame = Kanda->new;

sub check {
    my ($http) = @_;
    local $frame->{http} = $http;
    $frame->nginx->{http} = $frame->http_config;
    return $frame->nginx->check;
}

for my $case (
    [ '', '0.0.0.0:80' ],
    [ "listen $port;", "0.0.0.0:$port" ],
    [ "listen *:$port;", "0.0.0.0:$port" ],
    [ "listen 0.0.0.0:$port;", "0.0.0.0:$port" ],
    [ "listen [::]:$port;", "[::]:$port" ],
    [ "listen [::]:$port ipv6only=off;", "[::]:$port" ],
    [ "listen 10.1.2.3:$port;", "10.1.2.3:$port" ],
    [ "listen 128.0.0.1:$port;", "128.0.0.1:$port" ],
    [ "listen 126.255.255.255:$port;", "126.255.255.255:$port" ],
    [ "listen [fe80::1]:$port;", "[fe80::1]:$port" ],
    [ "listen [::2]:$port;", "[::2]:$port" ],
    [ "listen [::ffff:127.0.0.1]:$port;", "[::ffff:127.0.0.1]:$port" ],
    [ "listen unix:$socket; listen $port;", "0.0.0.0:$port" ],
    [ "listen 127.0.0.1:$port; listen 10.1.2.3:$port;", "10.1.2.3:$port" ],
    [ "listen 127.0.0.1:$port; listen [::]:$port;", "[::]:$port" ],
) {
    my ($listen, $address) = @$case;
    my ($status, $text) = check("server { $listen $serves }");
    is($status, 1, "refused: '$listen'");
    like($text, qr/$refused \Q$address\E; give it a server of its own/,
         'with the address and what to do');
}

my $wide = "listen $port;";

for my $case (
    [ 'in a location of a location',
      "server { $wide location / { $serves } }" ],
    [ 'deeper', "server { $wide location / { location /admin/ {
                 location /admin/a/ { kanda_serve admin; } } } }" ],
    [ 'one of two servers',
      "server { $wide server_name a; } server { $wide server_name b; $serves }" ],
    [ 'one of two, the first', "server { $wide server_name a; $serves }
                                server { $wide server_name b; }" ],
    [ 'the second of its kind',
      "server { listen unix:$socket; $serves } server { $wide $serves }" ],
    [ 'behind an if', "server { $wide location /admin/ { kanda_serve admin;
                       if (\$args) { return 404; } } }" ],
) {
    my ($name, $http) = @$case;
    my ($status, $text) = check($http);
    is($status, 1, "found $name");
    like($text, qr/$refused 0\.0\.0\.0:$port;/, 'and told') or diag $text;
}

for my $case (
    "listen unix:$socket;", "listen 127.0.0.1:$port;", "listen [::1]:$port;",
    "listen localhost:$port;", "listen 127.255.255.254:$port;",
    "listen 127.0.0.1:$port; listen [::1]:$port; listen unix:$socket;",
) {
    my ($status, $text) = check("server { $case $serves }");
    is($status, 0, "taken: $case") or diag $text;
}

{
    my ($status, $text) = check("server { $wide } server {
        listen 127.0.0.1:$port; $serves }");
    is($status, 0, 'beside a server that is open') or diag $text;
}


# One that runs: on a socket, on a loopback address beside one that is open

my $open = Kanda::Home::port();
my $k = Kanda->new(
    http => Kanda::Admin::server() . "server { listen 127.0.0.1:$port; $serves }
        server { listen $open; server_name open; return 204; }
        server { listen 127.0.0.1:$open; server_name admin; $serves }",
)->start;
my $admin = Kanda::Admin->new;
my $local = Kanda::Admin->new(address => $port);

sub told {
    my ($who, @headers) = @_;
    my $r = $who->get('accounts', undef, @headers);
    return $r->status . ($r->status == 403 ? ' ' . $r->json->{code} : '');
}

is(told($_), '200', 'asked by a program') for $admin, $local;

is(told($local, Host => $_), '200', "as $_") for 'localhost', "localhost:$port",
    'LOCALHOST', 'localhost.', '127.0.0.1', "127.0.0.1:$port", '127.1.2.3',
    '[::1]', "[::1]:$port";

# a name that somebody else has is a page's, whatever address it leads to

is(told($local, Host => $_), '403 not_local', "not as $_") for
    'example.com', "example.com:$port", '128.0.0.1', '10.1.2.3', '0.0.0.0',
    'localhost.example.com', '127.0.0.1.example.com', 'xlocalhost', '127.1',
    '2130706433', '0x7f.0.0.1', '[::]', '[::ffff:127.0.0.1]', '[::1', 'kanda',
    '127.0.0.1@example.com';
is($local->{http}->send("GET /admin/accounts HTTP/1.0\r\n\r\n")->receive
         ->status, 403, 'nor with none');
is($local->{http}->request('GET', 'http://example.com/admin/accounts')->status,
   403, 'nor in the line above');
is(told($admin, Host => 'example.com'), '200',
   'the socket is no host, and has no name');

for my $who ($admin, $local) {
    for my $case (
        [ '403 not_local', Origin => 'http://example.com' ],
        [ '403 not_local', Origin => 'null' ],
        [ '403 not_local', Origin => "http://127.0.0.1:$port" ],
        [ '403 not_local', origin => 'http://localhost' ],
        [ '403 not_local', Origin => '' ],
        [ '403 not_local', 'Sec-Fetch-Site' => 'cross-site' ],
        [ '403 not_local', 'Sec-Fetch-Site' => 'same-site' ],
        [ '403 not_local', 'Sec-Fetch-Site' => 'same-origin' ],
        [ '403 not_local', 'Sec-Fetch-Site' => '' ],
        [ '403 not_local', 'Sec-Fetch-Site' => 'none',
          'Sec-Fetch-Site' => 'cross-site' ],
        [ '200', 'Sec-Fetch-Site' => 'none' ],
    ) {
        my ($want, @headers) = @$case;
        is(told($who, @headers), $want, "@headers");
    }
}

# whatever a page asks for, it is told the same, and nothing is done

for my $case ([ 'POST', 'accounts', { email => 'a@b.c' } ],
              [ 'POST', 'accounts', 'email=a@b.c' ], [ 'GET', 'none' ],
              [ 'PUT', 'accounts' ], [ 'OPTIONS', 'accounts' ],
              [ 'POST', 'accounts', 'x' x 70_000 ])
{
    my $r = $local->call(@$case[0 .. 2], Origin => 'http://example.com');
    is($r->status, 403, "$case->[0] $case->[1] by a page");
    ok(!defined $r->header('allow')
       && !defined $r->header('access-control-allow-origin'), 'is no more');
}

is($admin->get('accounts')->json->{total}, 0, 'nobody came of it');
is($admin->get('logs')->json->{total}, 0, 'and nothing was logged');


# The address that counts is the one that was reached

my $address = join '', map { /\binet (\d[\d.]+)/ ? $1 : () }
              grep { !/ lo\b/ } (`ip -4 -o addr show scope global` || '');

SKIP: {
    skip 'no other address', 1 if !$address;

    my $link = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $open);
    print $link "GET /admin/accounts HTTP/1.1\r\nHost: admin\r\n\r\n";
    like(scalar(<$link>), qr{^HTTP/1.1 204}, 'another server has the others');
}

is(Kanda::HTTP->new($open)->request('GET', '/admin/accounts')->status, 200,
   'this one is loopback');

done_testing;
