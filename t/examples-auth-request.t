# conf/auth-request.conf and, before an application on another host, an nginx
# without the module that asks it: conf/auth-request-client.conf.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Echo;
use Kanda::Example;
use Kanda::TLS;
use Test::More;

plan skip_all => 'this nginx has no TLS'
    if `@{[ Kanda::Nginx::binary() ]} -V 2>&1` !~ /http_ssl_module/;

my $k = Kanda->new(server => Kanda::Auth::location())->start;
my $app = Kanda::Echo::start();
my $host = Kanda::Example->new('auth-request.conf', $k,
    'set_real_ip_from 192.0.2.10;' => 'set_real_ip_from 127.0.0.1;');
my $client = Kanda::Example->new('auth-request-client.conf', $k,
    'server 127.0.0.1:3000;'         => "server 127.0.0.1:$app;",
    'server kanda.internal:443;'     => "server 127.0.0.1:@{[ $host->tls ]};",
    '/etc/nginx/tls/kanda-ca.pem'    => Kanda::Example::cert());

for my $e ($host, $client) {
    my ($status, @lines) = $e->check;
    is($status, 0, "nginx takes $e->{name} as it is") or diag @lines;
    is_deeply(\@lines, [], 'and has nothing to say');
    $e->start;
}

unlike($client->nginx->{conf}, qr/load_module|^\s*kanda_/m,
       'one of the two does without the module');

my @html = (Accept => 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8');
my $nobody = at_home(Kanda::Auth->new($k));


sub at_home { my ($me) = @_;
              return $me->other(http => Kanda::TLS->new($client->tls)) }

sub ask {
    my ($me, $path, @headers) = @_;
    my $method = $path =~ s/^(POST|HEAD) // ? $1 : 'GET';
    my $text = $me->other(mount => '', jar => $me->{jar})
                  ->text($method, $path =~ s{^/}{}r,
                         $method eq 'POST' ? 'a body' : undef, @headers);
    return $me->{http}->send($text)->receive(head => $method eq 'HEAD');
}

sub heard {
    my ($r, $name) = @_;
    my $any = $name =~ s/-/[-_]/gr;
    return [ $r->{body} =~ /^$any: *([^\r]*)\r$/mgi ];
}


# The host by itself

{
    my $http = Kanda::TLS->new($host->tls);
    my $r = $http->request('GET', '/check');
    is($r->status, 401, 'a question without credentials');
    is($r->header('X-Kanda-Reason'), 'sign_in_required', 'has a reason');
    is($r->header('X-Kanda-User'), undef, 'and no user');
    is($http->request('GET', '/', headers => \@html)->status, 404,
       'there is nothing else');
}


# Nobody

{
    my $r = ask($nobody, '/app/page?a=1&b=%2F', @html);
    is($r->status, 302, 'a browser');
    like($r->header('Location'),
         qr{^https://[\w.:]+/sign-in\?next=/app/page\?a=1&b=%2F$},
         'goes to sign in, and is to come back');
    $r = ask($nobody, '/app/x%0d%0aSet-Cookie:%20a=b', @html);
    like($r->header('Location'), qr{/sign-in\?next=/app/x%0d%0aSet-Cookie:%20a=b$},
         'and to nothing that was made of what it asked for');

    for my $ask ('/app/page', 'POST /app/page', 'HEAD /app/page') {
        $r = ask($nobody, $ask);
        is($r->status, 401, "$ask is told no");
        unlike($r->{body}, qr/HTTP/, 'and does not reach the application');
    }

    is(ask($nobody, 'POST /app/page', @html)->status, 401, 'nor what is posted');
    is(ask($nobody, "/_kanda/$_")->status, 404, "/_kanda/$_ is ours alone")
        for qw(check check-otp);
}


# What Kanda answers goes through

{
    my $r = ask($nobody, '/sign-in?next=/app/page', @html);
    is($r->status, 200, 'the page to sign in');
    like($r->header('Content-Security-Policy'), qr/^default-src 'none'/,
         'with its policy');
    is(ask($nobody, '/js/sign-in.js')->status, 200, 'and its script');
    is(ask($nobody, '/openapi.json')->status, 404, 'and nothing else');
}

my $user = at_home(Kanda::Auth->new($k)->register)->login;
my $me = at_home(Kanda::Auth->new($k)->register->login->enrol)->login;

is_deeply([ sort keys %{ $user->{jar} } ],
          [qw(__Host-accessToken __Host-kanda_default __Host-refreshToken
              csrf-token)], 'cookies are those of TLS, and of this host');

is(ask($user, '/auth/me', Origin => 'https://localhost')->status, 200,
   'pages of this host are not foreign');
is($user->other(jar => $user->{jar})
        ->post('refresh', undef, Origin => 'https://evil.example')->status,
   403, 'pages of others are');

is($user->get('sessions')->json->{sessions}[0]{ipAddress}, '127.0.0.1',
   'the address is the browser\'s');


# Somebody

{
    my $r = ask($user, 'POST /app/page?x=1', 'X-Kanda-User' => 'root',
                'x-kanda-user' => 'root', X_Kanda_User => 'root',
                'X-Kanda-Email' => 'root', 'X-Kanda-Amr' => 'root',
                'X-Kanda-Reason' => 'root');
    is($r->status, 200, 'somebody gets in, body and all');
    is_deeply(heard($r, 'X-Kanda-User'), [ $user->{userId} ], 'who it is');
    is_deeply(heard($r, 'X-Kanda-Email'), [ $user->{email} ], 'their email');
    is_deeply(heard($r, 'X-Kanda-Amr'), [ 'pwd' ], 'how they signed in');
    is_deeply(heard($r, 'Content-Length'), [ 6 ], 'with what they posted');
    is_deeply(heard($r, 'Cookie'), [ "csrf-token=$user->{jar}{'csrf-token'}" ],
              'without what their session is known by');

    $r = ask($user, '/app/admin/page?x=1&y', @html);
    like($r->header('Location'),
         qr{/sign-in\?need=otp&next=/app/admin/page\?x=1&y$},
         'without a factor they are to show one');
    is(ask($user, '/app/admin/page')->status, 401, 'or are told no');

    $r = ask($me, '/app/admin/page', 'X-Kanda-Amr' => 'x',
             'X-Kanda-User' => 'root');
    is_deeply(heard($r, 'X-Kanda-Amr'), [ 'pwd otp mfa' ], 'with one');
    is_deeply(heard($r, 'X-Kanda-User'), [ $me->{userId} ], 'they are let in');

    my $old = int((time - 901) * 1000);
    $k->redis->command('HSET', $_, 'f', $old)
        for @{ $k->redis->command('KEYS', "kanda:{$me->{userId}}:session:*") };
    is(ask($me, '/app/admin/page')->status, 401, 'for a quarter of an hour');
    is($me->post('2fa/step-up', { totpCode => $me->code },
                 'X-CSRF-Token' => $me->{jar}{'csrf-token'})->status, 200,
       'a code');
    is(ask($me, '/app/admin/page')->status, 200, 'lets in again');
}


# Websockets

{
    my @upgrade = (Upgrade => 'websocket', Connection => 'Upgrade',
                   'Sec-WebSocket-Key' => 'eA==', 'Sec-WebSocket-Version' => 13);

    is(ask($nobody, '/app/socket', @upgrade)->status, 401,
       'nobody has a socket');

    my $mine = at_home($me);
    my $http = $mine->{http}->send($mine->other(mount => '/app',
        jar => $me->{jar})->text('GET', 'socket', undef, @upgrade));
    my $got = '';
    1 while $got !~ /\r\n\r\n/
            && sysread $http->{socket}, $got, 65536, length $got;
    like($got, qr/^HTTP\/1\.1 101 /, 'somebody has one');
    syswrite $http->{socket}, 'ping';
    sysread $http->{socket}, $got, 65536;
    is($got, 'PING', 'that goes both ways');
}


# Out, and away

{
    is($user->post('logout')->status, 200, 'who leaves');
    is_deeply([ keys %{ $user->{jar} } ], [], 'has no cookie');
    is(ask($user, '/app/page')->status, 401, 'and is outside');

    Kanda::Home::allow(qr/connect\(\) to unix/,
                       qr/\[alert\].*does not keep what it kept before/);
    $k->redis->stop;
    is(ask($me, '/app/page')->status, 500, 'without Redis nobody is let in');
    $k->redis->start;
    Kanda::Home::wait_for('Redis', 10, sub {
        ask($me, '/app/page')->status == 401 });

    $host->nginx->stop;
    is(ask($me, '/app/page')->status, 500, 'nor without the host');
}

like($client->log, qr{"GET /app/admin/page" 200 .* user=$me->{userId}$}m,
     'the log names who came');
like($host->log, qr{"GET /check" 401 .* reason=sign_in_required$}m,
     'the host\'s why not');
unlike($host->log . $client->log, qr/\?|kanda_default|root/, 'and no query');

done_testing;
