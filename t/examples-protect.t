# conf/protect-app.conf: an application behind the gate hears who is there from
# nginx alone, and nothing that could be used in somebody's name.

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

# accounts are made where the example does not make them

my $k = Kanda->new(server => Kanda::Auth::location())->start;
my $app = Kanda::Echo::start();
my $e = Kanda::Example->new('protect-app.conf', $k,
                            'server 127.0.0.1:3000;' => "server 127.0.0.1:$app;");

{
    my ($status, @lines) = $e->check;
    is($status, 0, 'nginx takes it as it is') or diag @lines;
    is_deeply(\@lines, [], 'and has nothing to say');
}

$e->start;

my @html = (Accept => 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8');
my $nobody = Kanda::Auth->new($k, http => Kanda::TLS->new($e->tls));


sub at_home { my ($me) = @_;
              return $me->other(http => Kanda::TLS->new($e->tls)) }

sub ask {
    my ($me, $path, @headers) = @_;
    my $method = $path =~ s/^(POST|HEAD) // ? $1 : 'GET';
    my $mount = $me->{mount};
    my $jar = $me->{jar};

    $me->{mount} = '';
    my $text = $me->text($method, $path =~ s{^/}{}r, undef, @headers);
    $me->{mount} = $mount;
    return $me->{http}->send($text)->receive(head => $method eq 'HEAD');
}

sub csrf { ('X-CSRF-Token' => $_[0]{jar}{'csrf-token'}) }

# The headers of one name that the application has seen, in whatever spelling.

sub heard {
    my ($r, $name) = @_;
    my $any = $name =~ s/-/[-_]/gr;
    return [ $r->{body} =~ /^$any: *([^\r]*)\r$/mgi ];
}


# Nobody

{
    my $r = ask($nobody, '/app/page?a=1&b=%2F', @html);
    is($r->status, 302, 'a browser');
    like($r->header('Location'),
         qr{^https://[\w.:]+/sign-in\?next=%2Fapp%2Fpage%3Fa%3D1%26b%3D%252F$},
         'goes to sign in, and is to come back');
    is($r->header('Strict-Transport-Security'), 'max-age=63072000',
       'and stays with TLS');

    $r = ask($nobody, '/app/page');
    is($r->status, 401, 'a program is told');
    is($r->json->{code}, 'sign_in_required', 'why');
    is(ask($nobody, 'POST /app/page', @html)->status, 401,
       'what is posted goes nowhere else');

    like(ask($nobody, '/')->header('Location'), qr{/app/$}, 'the front door');
    like(ask($nobody, '/app')->header('Location'), qr{/app/$}, 'and the slash');
    is(ask($nobody, '/else')->status, 404, 'there is nothing else');

    $r = Kanda::HTTP->new($e->plain)->request('GET', '/app/x?y',
                                               headers => [ Host => 'h' ]);
    is("$r->{status} " . $r->header('Location'), '301 https://h/app/x?y',
       'without TLS there is only a word about it');
    is($nobody->post('register', $nobody->credentials)->status, 403,
       'nobody opens an account');
}


# The page to sign in

{
    my %type = ('sign-in' => 'text/html', 'js/sign-in.js' => 'text/javascript',
                'kanda.css' => 'text/css');

    for my $file (sort keys %type) {
        my $r = ask($nobody, "/$file?next=%2Fapp%2F");
        is($r->status, 200, "/$file");
        is($r->header('Content-Type'), "$type{$file}; charset=utf-8", 'a type');
        like($r->header('Content-Security-Policy'),
             qr/^default-src 'none'; .*frame-ancestors 'none'/, 'a policy');
        is($r->header('X-Content-Type-Options'), 'nosniff', 'no guesses');
        is($r->header('Strict-Transport-Security'), 'max-age=63072000', 'TLS');
    }

    is(ask($nobody, "/sign-in$_")->status, 404, "no /sign-in$_")
        for '/', '.json', 's', '.js', '/../openapi.json';
    unlike(ask($nobody, '/sign-in')->{body},
           qr/<style|\son\w+=|\sstyle=|<script(?![^>]* src=)/,
           'nothing in it that the policy forbids');
}


# Somebody

my $user = at_home(Kanda::Auth->new($k)->register)->login;
my $strong = Kanda::Auth->new($k)->register->login->enrol;
my $me = at_home($strong)->login;

{
    my $r = ask($user, '/app/page?x=1', 'X-Forwarded-For' => '10.0.0.1',
                'X-Forwarded-Proto' => 'http');
    is($r->status, 200, 'somebody gets in');
    like($r->{body}, qr{^GET /app/page\?x=1 HTTP/1\.1\r}, 'as they asked');
    is_deeply(heard($r, 'X-Kanda-User'), [ $user->{userId} ], 'who it is');
    is_deeply(heard($r, 'X-Kanda-Email'), [ $user->{email} ], 'their email');
    is_deeply(heard($r, 'X-Kanda-Amr'), [ 'pwd' ], 'how they signed in');
    is_deeply(heard($r, 'Host'), [ 'localhost' ], 'the host');
    is_deeply(heard($r, 'X-Forwarded-Proto'), [ 'https' ], 'the scheme');
    is_deeply(heard($r, 'X-Forwarded-For'), [ '127.0.0.1' ], 'the address');
    is($r->header('Strict-Transport-Security'), 'max-age=63072000', 'TLS');
}


# What a client says of itself

for my $path ('/app/page', '/app/admin/page', '/app/admin') {
    for my $lie (
        [ 'X-Kanda-User' => 'root' ],
        [ 'x-kanda-user' => 'root', 'X-KANDA-USER' => 'root' ],
        [ X_Kanda_User => 'root' ], [ 'X-Kanda_User' => 'root' ],
        [ x_kanda_user => 'root', X_KANDA_USER => 'root' ],
        [ 'X-Kanda-User' => '', 'X-Kanda-User' => 'root' ],
        [ "X-Kanda-User " => 'root' ], [ "X-Kanda-User\t" => 'root' ],
        [ 'X-Kanda-User' => "x\r\n root" ], [ 'X.Kanda.User' => 'root' ],
        [ Connection => 'X-Kanda-User, close' ],
        [ Connection => 'close', 'X-Kanda-User' => 'root' ],
        [ TE => 'trailers', 'X-Kanda-User' => 'root' ],
    ) {
        my $shown = join ' ', map { s/[\r\n\t]/~/gr } @$lie;
        my $mine = at_home($me);
        $mine->{jar} = $me->{jar};
        my $r = ask($mine, $path, @$lie,
                    map { my $n = $_; map { ($_ => 'root') } "X-Kanda-$n",
                          lc "X-Kanda-$n", "X_Kanda_$n" } qw(Email Amr));

        if ($r->status == 400) {
            pass("$path: $shown is no request");
            next;
        }

        is($r->status, 200, "$path: $shown") or diag $r->{raw};
        is_deeply(heard($r, 'X-Kanda-User'), [ $me->{userId} ], 'who it is');
        is_deeply(heard($r, 'X-Kanda-Email'), [ $me->{email} ], 'their email');
        is_deeply(heard($r, 'X-Kanda-Amr'), [ 'pwd otp mfa' ], 'and how');
        unlike($r->{body}, qr/root/, 'from us alone');
    }
}


# Cookies and tokens stay here

{
    my @ours = map { "$_=$me->{jar}{$_}" } sort keys %{ $me->{jar} };
    my $all = join '; ', @ours;
    my ($gate) = grep { /kanda_default/ } @ours;

    is_deeply([ map { s/=.*//r } @ours ],
              [qw(__Host-accessToken __Host-kanda_default __Host-refreshToken
                  csrf-token)], 'what a session has');

    for my $case (
        [ [ $all ], [ $ours[3] ] ],
        [ [ "a=1; $all" ], [ "a=1; $ours[3]" ] ],
        [ [ "a=1; $gate" ], [ 'a=1' ] ],
        [ [ $gate ], [] ],
        [ [ "$gate; a=1" ], [ 'a=1' ] ],
        [ [ "$gate;a=1;b=2" ], [ 'a=1; b=2' ] ],
        [ [ "a=1; $gate; b=\"x y\"; $ours[0]; c=3; $ours[2]" ],
          [ 'a=1; b="x y"; c=3' ] ],
        [ [ 'a=1', $gate, 'b=2', $ours[0] ], [ 'a=1; b=2' ] ],
        [ [ "my_accessToken=1; akanda_x=2; x=kanda_default=3; $gate" ],
          [ 'my_accessToken=1; akanda_x=2; x=kanda_default=3' ] ],
        [ [ "kanda_staff=1; accessToken=2; a=1; refreshToken=3; $gate" ],
          [ 'a=1' ] ],
        [ [ "a=1; $gate; $gate; $gate; $gate" ], [ 'a=1' ] ],
        [ [ "a=1; $gate; $gate; $gate; $gate; $gate" ], [ 'a=1' ] ],
        [ [ join '; ', 'a=1', ($ours[0]) x 5, $gate ], [ 'a=1' ] ],
        [ [ ";;; $gate ;; ;" ], [] ],
        [ [ "\t$gate;\ta=1" ], [ 'a=1' ] ],
        [ [ "a;$gate; kanda_x" ], [ 'a' ] ],
        [ [ '; ' x 3000 . $gate ], undef ],
        [ [ ';' . ' ' x 6000 . $gate . '; a=1' ], [ 'a=1' ] ],
    ) {
        my ($sent, $left) = @$case;
        my $short = substr "@$sent" =~ s/=[\w.-]{20,}/=…/gr, 0, 60;
        my $r = ask($nobody, '/app/page', map { (Cookie => $_) } @$sent);

        is($r->status, 200, "cookies: $short");
        is_deeply(heard($r, 'Cookie'), $left, 'what the application has')
            if $left;
        unlike($r->{body}, qr/\Q$me->{jar}{$_}\E/, "$_ stays here")
            for grep { /Host/ } keys %{ $me->{jar} };
    }

    my $token = $me->{jar}{'__Host-accessToken'};

    for my $scheme ('Bearer', 'bearer', 'BEARER ') {
        my $r = ask($nobody, '/app/page', Authorization => "$scheme $token");
        is($r->status, 200, "$scheme opens the gate");
        unlike($r->{body}, qr/authorization|\Q$token\E/i, 'and stays here');
    }

    my $r = ask($me, '/app/page', Authorization => 'Basic eDp4');
    is_deeply(heard($r, 'Authorization'), [ 'Basic eDp4' ],
              'what is the application\'s own goes on');
}


# Websockets are the only other protocol

for my $other ('h2c', 'websocket, h2c', 'TLS/1.0') {
    my $r = ask($me, '/app/page', Upgrade => $other,
                Connection => 'Upgrade, HTTP2-Settings',
                'HTTP2-Settings' => 'AAMAAABk');
    is($r->status, 200, "an upgrade to $other");
    is_deeply(heard($r, 'Upgrade'), [], 'is not passed on');
}


# A second factor

{
    my $r = ask($user, '/app/admin/page?x', @html);
    is($r->status, 302, 'without a factor a browser');
    like($r->header('Location'),
         qr{/sign-in\?need=otp&next=%2Fapp%2Fadmin%2Fpage%3Fx$},
         'is to show one');

    for my $way ('/app/admin', '/app/admin/', '/app//admin/page',
                 '/app/%61dmin/page', '/app/./admin/page',
                 '/app/x/../admin/page', '//app/admin/page', '/app/admins')
    {
        my $r = ask($user, $way);
        is(($r->json // {})->{code} // $r->status, 'second_factor_required',
           "$way is no way around");
        is(ask($me, $way)->status, 200, 'with a factor it is a way');
    }

    # what some applications take for that place, or for another
    for my $way ('/app/admin;x/page', '/app/;x/admin/page',
                 '/app/x/..;/admin/page', '/app/x#/../admin/page',
                 '/app/%2561dmin/page', '/app/x\\..\\admin',
                 '/app/x%5C..%5Cadmin', '/app/x%2F..%2Fadmin/page',
                 '/app/admin%2Fpage', '/app/x%3b/admin', '/app/%2e%2e/app/admin')
    {
        is(ask($_, $way)->status, 400, "$way is no path") for $user, $me;
    }
    is(ask($me, '/app/page?a=;%2F%25')->status, 200,
       'a query may have all that');

    # nothing that a client says of itself by other names
    my $r2 = ask($me, '/app/page', map { ($_ => 'x') } qw(X-Original-URL
        X-Rewrite-URL X-HTTP-Method-Override X-Forwarded-Host Forwarded
        X-Real-IP));
    unlike($r2->{body}, qr/^[-\w]+: x\r$/m, 'reaches the application');

    my $old = int((time - 901) * 1000);
    $k->redis->command('HSET', $_, 'f', $old)
        for @{ $k->redis->command('KEYS', "kanda:{$me->{userId}}:session:*") };

    is(ask($me, '/app/admin/page')->status, 401, 'after a quarter of an hour');
    is(ask($me, '/app/page')->status, 200, 'the rest stays open');
    is($me->post('2fa/step-up', { totpCode => '123456' })->status, 403,
       'a step up needs the token of the cookie');
    is($me->post('2fa/step-up', { totpCode => $me->wrong }, csrf($me))
          ->status, 401, 'and a right code');
    is(ask($me, '/app/admin/page')->status, 401, 'else it does not open');
    is($me->post('2fa/step-up', { totpCode => $me->code }, csrf($me))->status,
       200, 'a step up');
    is_deeply(heard(ask($me, '/app/admin/page'), 'X-Kanda-Amr'),
              [ 'pwd otp mfa' ], 'opens it');
}


# Websockets

{
    my @upgrade = (Upgrade => 'websocket', Connection => 'Upgrade',
                   'Sec-WebSocket-Key' => 'eA==', 'Sec-WebSocket-Version' => 13);

    is(ask($nobody, '/app/socket', @upgrade)->status, 401,
       'nobody has a socket');

    my $mine = at_home($me);
    my $r = ask($mine->other(jar => $me->{jar}), '/app/page');
    is_deeply(heard($r, 'Connection'), [], 'what is no socket is kept');

    $mine->{jar} = $me->{jar};
    $mine->{mount} = '/app';
    my $http = $mine->{http}->send($mine->text('GET', 'socket', undef,
                                               @upgrade));
    my $got = '';
    1 while $got !~ /\r\n\r\n/
            && sysread $http->{socket}, $got, 65536, length $got;
    like($got, qr/^HTTP\/1\.1 101 /, 'somebody has one');
    syswrite $http->{socket}, 'ping';
    sysread $http->{socket}, $got, 65536;
    is($got, 'PING', 'that goes both ways');
}


# Out

{
    is($user->post('logout')->status, 200, 'who leaves');
    is_deeply([ keys %{ $user->{jar} } ], [], 'has no cookie');
    is(ask($user, '/app/page')->status, 401, 'and is outside');

    my $thief = at_home($me);
    $thief->{jar} = { %{ $me->{jar} } };
    is(ask($thief, '/app/page')->status, 200, 'a copy of the cookies');
    is($me->post('logout')->status, 200, 'until their owner leaves');
    is(ask($thief, '/app/page')->status, 401, 'opens nothing then');
}


# Guessing

{
    my @r = map { $nobody->post('login', { email => "a$_\@example.com",
                                           password => 'no' x 8 }) } 1 .. 40;
    my @slow = grep { $_->status == 429 } @r;

    cmp_ok(scalar @slow, '>', 5, 'an address cannot try without end');
    is($slow[0]->json->{code}, 'RATE_LIMITED', 'it is told in the usual words')
        or diag $slow[0]{body};
    is($slow[0]->header('Retry-After'), 2, 'and when to try again');
    is($nobody->get('me')->status, 403, 'what is no guess is not counted');
}

my $log = $e->log;
like($log, qr/ "GET \/app\/page" 200 .* user=$user->{userId} amr="pwd" reason=-$/m,
     'the log names who came');
like($log, qr/ user=- amr="-" reason=sign_in_required$/m, 'and who did not');
like($log, qr/ user=\w+ amr="pwd" reason=second_factor_required$/m, 'and why');
unlike($log, qr/\?|password|kanda_default/, 'and holds no query');

done_testing;
