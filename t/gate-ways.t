# Every way into a location behind kanda_require: whoever may not pass by the
# front door does not pass by another, and whoever may passes by all of them.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Kanda;
use Kanda::Auth;
use Kanda::H2;
use Test::More;

my $inner = Kanda::Home::port();
my $two = Kanda::Home::port();
my $echo = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die "listen: $!\n";

my $k = Kanda->new(workers => 2,
    allow => [ qr/lets in whoever registers/, qr/auth request unexpected/ ],
    http  => <<"END",
    server {
        listen 127.0.0.1:$inner;
        location = /accel { add_header X-Accel-Redirect /user/page;
                            return 200 accel; }
        location / { return 200 "upstream \$http_x_user|\$http_x_email\\n"; }
    }
    map \$http_upgrade \$connection_upgrade { default upgrade; '' close; }
END
    server => "listen 127.0.0.1:$two http2;\n"
        . Kanda::Auth::location('kanda_session idle=30m;') . <<"END");
    location /user/ {
        kanda_require user;
        add_header X-User \$kanda_user;
        location /user/deep/ { }
        location /user/lobby/ { kanda_require off; }
        location /user/vault/ { kanda_require otp; }
    }
    location /otp/ { kanda_require otp; }

    location /rewritten { rewrite ^ /user/page last; }
    location /missing { error_page 404 /user/page; }
    location /missing-200 { error_page 404 =200 /user/page; }
    location /tried { try_files /no /user/page; }
    location /tried-file { kanda_require user; try_files /user/page =404; }
    location /named { error_page 404 = \@named; }
    location \@named { kanda_require user; rewrite ^ /user/page break; }
    location /tried-named { try_files /no \@named; }
    location /accel { proxy_pass http://127.0.0.1:$inner/accel; }
    location /index/ { index secret; }
    location = /index/secret { kanda_require user; }
    location /upwards { kanda_require user; error_page 404 /otp/page; }
    location /within { kanda_require user; rewrite ^ /user/page last; }
    location /chain { error_page 404 /within; }
    location /if { kanda_require user;
                   if (\$arg_x) { add_header X-If yes; } }
    location /methods { kanda_require user; limit_except GET { deny all; } }

    location /ssi/ { ssi on; ssi_types text/plain; }
    location /ssi-behind/ { kanda_require user; ssi on; ssi_types text/plain;
                            rewrite ^/ssi-behind/(.*) /ssi/\$1 break; }
    location /around/ { add_before_body /user/page; addition_types *; }
    location /mirror/ { mirror /user/page; }

    location /asked/ { auth_request /check; auth_request_set \$who
                       \$upstream_http_x_kanda_user;
                       add_header X-Who \$kanda_user; }
    location = /check { internal; kanda_require user; kanda_serve check; }
    location /asked-otp/ { auth_request /check-otp; }
    location = /check-otp { kanda_require otp; kanda_serve check; }
    location /asked-file/ { auth_request /user/page; }
    location = /checked { kanda_require user; kanda_serve check;
                          add_header X-Kanda-User \$kanda_user; }

    location /any-open/ { satisfy any; allow 127.0.0.1; deny all;
                          kanda_require user; }
    location /any-shut/ { satisfy any; deny all; kanda_require user; }
    location /any-basic/ { satisfy any; auth_basic x;
                           auth_basic_user_file passwords;
                           kanda_require user; }
    location /all-shut/ { deny all; kanda_require user; }
    location /all-basic/ { auth_basic x; auth_basic_user_file passwords;
                           kanda_require user; }

    location /page-401/ { kanda_require user; error_page 401 /lobby; }
    location /page-loop/ { kanda_require user; error_page 401 /user/page; }
    location = /lobby { internal; }

    location /app/ {
        kanda_require user;
        proxy_set_header X-User \$kanda_user;
        proxy_set_header X-Email \$kanda_email;
        proxy_pass http://127.0.0.1:$inner/;
    }
    location = /none/ { }
    location /issuer/ { kanda_require user; kanda_issuer other;
                        try_files /user/page =404; }
    location /issuer-from/ { kanda_require user; try_files /no /issuer/page; }
    location /pages-401/ { kanda_require user; error_page 401 /user/page;
                           recursive_error_pages on; }
    location /slow/ {
        kanda_require user;
        proxy_pass http://127.0.0.1:@{[ $echo->sockport ]};
    }
    location /socket {
        kanda_require user;
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection \$connection_upgrade;
        proxy_pass http://127.0.0.1:@{[ $echo->sockport ]};
    }
END

my $whole = Kanda::Home::port();
$k->{http} .= <<"END";
    server {
        listen 127.0.0.1:$whole;
        root @{[ $k->nginx->dir ]}/html;
        kanda_require user login=/hall/;
        location /auth/ { kanda_serve auth; kanda_session idle=30m;
            kanda_registration on;
            location /auth/docs/ { alias @{[ $k->nginx->dir ]}/html/user/; }
            location ~ ^/auth/.*\\.txt\$ { rewrite ^ /user/page break; } }
        location /api/ { kanda_serve api; location = /api/exact {
            rewrite ^ /user/page break; } }
        location = /hall/ { kanda_require off; index page.html; }
    }
END
$k->nginx->{http} = $k->http_config;

my $html = $k->nginx->dir . '/html';
my $SECRET = "what is behind the gate\n";

mkdir "$html/$_" for qw(user user/deep user/lobby user/vault otp index ssi
                        around mirror asked asked-otp asked-file any-open
                        any-shut any-basic all-shut all-basic page-401
                        page-loop hall);
write_file($_, $SECRET)
    for qw(user/page user/deep/page user/lobby/page user/vault/page otp/page
           index/secret if methods asked/page asked-otp/page asked-file/page
           any-open/page any-shut/page any-basic/page all-shut/page
           all-basic/page page-401/page page-loop/page);
write_file($_, "the lobby\n") for 'lobby', 'hall/page.html';
write_file('around/page', "around\n");
write_file('mirror/page', "mirror\n");
write_file('ssi/page', "[<!--# include virtual=\"/user/page\" -->]\n");
write_file('ssi/three', join '', map { "[<!--# include virtual=\"$_\" -->]" }
    '/user/page', '/user/deep/page', '/user/vault/page', '/user/lobby/page');

{
    open my $fh, '>', $k->nginx->dir . '/passwords' or die $!;
    print $fh "basic:{PLAIN}basic\n";
}

$k->start;
my $redis = $k->redis;

my $nobody = Kanda::Auth->new($k);
my $user = Kanda::Auth->new($k)->register->login;
my $strong = Kanda::Auth->new($k)->register->login->enrol;


sub write_file {
    my ($name, $text) = @_;
    open my $fh, '>', "$html/$name" or die "$name: $!\n";
    print $fh $text;
}

sub ask {
    my ($me, $path, @headers) = @_;
    my $method = $path =~ s/^(HEAD|POST|DELETE) // ? $1 : 'GET';
    return $me->other(mount => '', jar => $me->{jar})
              ->call($method, $path =~ s{^/}{}r, undef, @headers);
}

sub reads {
    my ($redis_before) = @_;
    my ($n) = $redis->command('INFO', 'commandstats')
              =~ /^cmdstat_hmget:calls=(\d+)/m;
    return ($n // 0) - ($redis_before // 0);
}

# Each answer is shown as "status body"; the secret's text as SECRET.

sub is_answer {
    my ($me, $path, $is, $what, @headers) = @_;
    my $r = ask($me, $path, @headers);
    my $body = $r->{body} =~ s/\Q$SECRET\E/SECRET/gr;

    $body = ($r->json // {})->{code} // ''
        if ($r->header('Content-Type') // '') eq 'application/problem+json';
    $body = 'page' if $body =~ /<html>/;
    $body =~ s/\s+$//;
    is("$r->{status} $body", $is, "$path: $what");
    return $r;
}


# One gate: where it is reached from

my $no = '401 sign_in_required';

for my $way ('/user/page', '/user/deep/page', '/user/./page',
             '/user/../user/page', '//user//page', '/%75ser/page',
             '/open/../user/page', '/rewritten', '/missing', '/missing-200',
             '/tried', '/tried-file', '/named', '/tried-named', '/accel',
             '/index/', '/index/secret', '/within', '/chain', '/if?x=1', '/if',
             '/methods', '/asked/page', '/asked-file/page', '/any-shut/page')
{
    my $denied = $way =~ /asked/ ? '401 page' : $no;
    my $found = $way eq '/missing' || $way eq '/chain' ? 404 : 200;
    my $r = is_answer($nobody, $way, $denied, 'nobody');

    is($r->header('WWW-Authenticate'), 'Bearer realm="default"',
       "$way: a challenge");

    my $before = reads();
    is_answer($user, $way, "$found SECRET", 'somebody');
    is(reads($before), 1, "$way: Redis is asked once");
}

is_answer($nobody, '/user/lobby/page', '200 SECRET', 'off opens');
is_answer($nobody, 'HEAD /user/page', '401 ', 'nobody');
is_answer($user, 'HEAD /user/page', '200 ', 'somebody');
is_answer($user, 'POST /methods', '403 page', 'limits of their own stand');
is_answer($nobody, 'POST /methods', '403 page', 'and come first');
is(ask($user, '/if?x=1')->header('X-If'), 'yes', '"if" did its work');


# Two gates: the stricter one is judged by its own rule

for my $way ('/user/vault/page', '/otp/page', '/upwards') {
    my $found = $way eq '/upwards' ? 404 : 200;

    is_answer($nobody, $way, $no, 'nobody');
    is_answer($user, $way, '401 second_factor_required', 'no factor');
    my $before = reads();
    is_answer($strong, $way, "$found SECRET", 'a factor');
    is(reads($before), 1, "$way: Redis is asked once");
}

is_answer($user, '/asked-otp/page', '401 page', 'no factor, for a subrequest');
is_answer($strong, '/asked-otp/page', '200 SECRET', 'a factor');


# Parts of a page

unlike(ask($nobody, '/ssi/page')->{body}, qr/behind the gate/,
       'a part is not shown to nobody');
is_answer($user, '/ssi/page', '200 [SECRET]', 'but to somebody');
unlike(ask($nobody, '/ssi/three')->{body} =~ s/\[\Q$SECRET\E\]$//r,
       qr/behind the gate/, 'several parts, nobody');
{
    my $r = ask($user, '/ssi/three');
    my @parts = $r->{body} =~ /\[(.*?)\]/gs;
    is_deeply([ map { /behind the gate/ ? 1 : 0 } @parts ], [ 1, 1, 0, 1 ],
              'each part is judged by its own rule');
    @parts = ask($strong, '/ssi/three')->{body} =~ /\[(.*?)\]/gs;
    is_deeply([ map { /behind the gate/ ? 1 : 0 } @parts ], [ 1, 1, 1, 1 ],
              'and all are shown to whoever may see all');
}

unlike(ask($nobody, '/around/page')->{body}, qr/behind the gate/,
       'what is added before is not shown to nobody');
is_answer($user, '/around/page', "200 SECRETaround", 'but to somebody');
is_answer($nobody, '/mirror/page', '200 mirror', 'a mirror is nobody\'s matter');

{
    my $before = reads();
    is(ask($user, '/ssi-behind/three')->status, 200, 'a page and its parts');
    is(reads($before), 1, 'Redis is asked once for all of them');
}


# satisfy

is_answer($nobody, '/any-open/page', '200 SECRET', 'an address is enough');
is_answer($user, '/any-basic/page', '200 SECRET', 'a session is enough');
is_answer($nobody, '/any-basic/page', '200 SECRET', 'a password is enough',
          Authorization => 'Basic YmFzaWM6YmFzaWM=');
is_answer($nobody, '/any-basic/page', $no, 'nothing is not',
          Authorization => 'Basic eDp4');
is_answer($user, '/all-basic/page', '401 page', 'a session is half of it');
is_answer($nobody, '/all-basic/page', $no, 'so is a password',
          Authorization => 'Basic YmFzaWM6YmFzaWM=');
is_answer($user, '/all-basic/page', '200 SECRET', 'both are all',
          Authorization => 'Basic YmFzaWM6YmFzaWM=');

for my $path ('/all-shut/page', '/any-open/page') {
    my $before = reads();
    is(ask($user, $path)->status, $path =~ /all/ ? 403 : 200, $path);
    is(reads($before), 0, "$path: Redis need not be asked");
}


# Pages of the operator's

is_answer($nobody, '/page-401/page', '401 the lobby', 'a page of one\'s own');
is_answer($nobody, '/page-loop/page', $no, 'one that is behind a gate');
is_answer($user, '/page-401/page', '200 SECRET', 'somebody');


{
    my $r = ask($nobody, '/pages-401/page');
    is(scalar(() = $r->{raw} =~ /^WWW-Authenticate:/mgi), 1,
       'one challenge, however often it is given');
}


# A gate for a whole server, and what is nested in a dialect that it leaves alone

{
    my $there = sub {
        my ($me, $path) = @_;
        my $http = Kanda::HTTP->new($whole);
        return $http->send($me->other(mount => '', jar => $me->{jar})
            ->text('GET', $path, undef, Accept => 'text/html'))->receive;
    };

    for my $path ('user/page', 'auth/docs/page', 'auth/x.txt', 'api/exact',
                  'nothing', '')
    {
        is($there->($nobody, $path)->status, 302, "/$path: nobody");
    }
    for my $path ('user/page', 'auth/docs/page', 'auth/x.txt', 'api/exact') {
        is($there->($user, $path)->{body}, $SECRET, "/$path: somebody");
    }
    is($there->($nobody, 'auth/me')->json->{error}, 'No access token provided',
       'the dialect itself asks in its own words');
    is($there->($nobody, 'hall/?next=%2Fx')->status, 401,
       'a page to sign in that is behind a gate sends nobody to itself');
}


# Who makes the tokens is part of the question

{
    my $app = $user->other(bearer => 1)->login;
    my $here = $app->other(mount => '', access => $app->{access});

    is($here->get('user/page')->{body}, $SECRET, 'a token');
    is($here->get('issuer/page')->status, 401, 'of another issuer');
    is($here->get('issuer-from/page')->status, 401, 'by another way');
}


# What was known long ago is asked again

{
    my $me = Kanda::Auth->new($k)->register->login;
    my $web = $me->other(mount => '', jar => { %{ $me->{jar} } });

    for my $wait (0, 5.3) {
        $web->{http}->send($web->text('GET', 'slow/page'));
        my $peer = $echo->accept;
        sysread $peer, my ($head), 65536;
        $me->must(200, 'logout') if $wait;
        select undef, undef, undef, $wait;
        syswrite $peer, "HTTP/1.0 200 OK\r\nX-Accel-Redirect: /user/page\r\n\r\n";
        close $peer;
        is($web->{http}->receive->status, $wait ? 401 : 200,
           'a redirect that takes ' . ($wait ? 'five seconds' : 'no time'));
    }
}


# Who it is does not get lost while a body takes its time

{
    my $web = $user->other(mount => '', jar => $user->{jar});
    my $text = $web->text('POST', 'app/x', 'x' x 1000);

    $web->{http}->send(substr $text, 0, -10);
    select undef, undef, undef, 5.5;
    $web->{http}->send(substr $text, -10);
    is($web->{http}->receive->{body},
       "upstream $user->{userId}|$user->{email}\n",
       'the application is told who has sent a slow body');
}


# kanda_serve check

{
    my $r = is_answer($user, '/checked', '204 ', 'somebody');
    is($r->header('X-Kanda-User'), $user->{userId}, 'who is named');
    is_answer($nobody, '/checked', $no, 'nobody');
    is_answer($user, 'POST /checked', '204 ', 'whatever the method');
    is_answer($user, '/check', '404 page', 'what is internal stays so');
    is(ask($user, '/asked/page')->header('X-Who'), $user->{userId},
       'a user whom a subrequest has found is known');
}


# What an application behind it is told

{
    my $r = ask($user, '/app/x', 'X-User' => 'root', 'X-Email' => 'a@b',
                'x_user' => 'root');
    is($r->{body}, "upstream $user->{userId}|$user->{email}\n",
       'a header that the client sends does not get through');
}


# A body that is refused leaves the connection as it was

{
    my $http = $nobody->{http};
    my $post = Kanda::HTTP::format_request('POST', '/user/page',
                                           body => 'x' x 20000);

    $http->send($post . Kanda::HTTP::format_request('GET', '/user/lobby/page'));
    is($http->receive->status, 401, 'a body in front of a gate');
    is($http->receive->{body}, $SECRET, 'and the next request');
}


# HTTP/2

for (['', 401], [ join('; ', map { "$_=$user->{jar}{$_}" }
                             sort keys %{ $user->{jar} }), 200 ])
{
    my ($cookie, $status) = @$_;
    my $got = `curl -s -o /dev/null -w '%{http_version} %{http_code}' \\
               --http2-prior-knowledge -H 'Cookie: $cookie' \\
               http://127.0.0.1:$two/user/page`;
    is($got, "2 $status", "HTTP/2: $status");
}

{
    # cookies may come apart, RFC 9113, section 8.2.3
    my @crumbs = map { "-H 'Cookie: $_=$user->{jar}{$_}'" }
                 sort keys %{ $user->{jar} };
    my $got = `curl -s -o /dev/null -w '%{http_code}' --http2-prior-knowledge \\
               @crumbs http://127.0.0.1:$two/user/page`;
    is($got, 200, 'HTTP/2: cookies apart');

    my $h2 = Kanda::H2->new($two);
    my %cookie = (cookie => "kanda_default=$user->{jar}{kanda_default}");
    my @streams = map { $h2->begin('GET', '/user/page',
                                   $_ % 3 ? \%cookie : {}, 1) } 1 .. 60;
    my @bodies = map { $h2->answer($_) } @streams;

    is(scalar(grep { $_ eq $SECRET } @bodies), 40, 'HTTP/2: many at once');
    is(scalar(grep { /sign_in_required/ } @bodies), 20, 'and nobodies between');
}


# Upgrading: nothing reaches the other side before the gate is passed

{
    my @upgrade = (Upgrade => 'websocket', Connection => 'Upgrade',
                   'Sec-WebSocket-Key' => 'eA==', 'Sec-WebSocket-Version' => 13);

    is_answer($nobody, '/socket', $no, 'nobody', @upgrade);
    ok(!IO::Select->new($echo)->can_read(0.2), 'nobody reaches the other side');

    my $me = $user->other(mount => '', jar => $user->{jar});
    $me->{http}->send($me->text('GET', 'socket', undef, @upgrade));

    my $peer = IO::Select->new($echo)->can_read(10) && $echo->accept;
    ok($peer, 'somebody does');
    sysread $peer, my ($head), 65536;
    like($head, qr/^Upgrade: websocket\r$/mi, 'with an upgrade');
    syswrite $peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    . "Connection: Upgrade\r\n\r\n";

    my $socket = $me->{http}{socket};
    my $got = '';
    while ($got !~ /\r\n\r\n/) {
        sysread $socket, $got, 65536, length $got or last;
    }
    like($got, qr/^HTTP\/1\.1 101 /, 'which is granted');
    syswrite $socket, 'ping';
    sysread $peer, $got, 4;
    is($got, 'ping', 'one way');
    syswrite $peer, 'pong';
    sysread $socket, $got, 4;
    is($got, 'pong', 'and the other');
}


# Many people at once are not taken for each other

{
    my @people = ($user, $strong, map { Kanda::Auth->new($k)->register->login }
                                  1 .. 3);
    my $wrong = 0;

    for my $round (1 .. long_test(20, 500)) {
        my @open = map { $_->other(mount => '', jar => $_->{jar}) }
                   @people, $nobody, $nobody;

        $_->{http}->send($_->text('GET', 'user/page')) for @open;

        for (@open) {
            my $r = $_->{http}->receive;
            my $is = $_->{userId} // '';
            $wrong++ if ($r->header('X-User') // '') ne $is
                        || $r->status != ($is eq '' ? 401 : 200);
        }
    }

    is($wrong, 0, 'everybody is who they are');
}

done_testing;
