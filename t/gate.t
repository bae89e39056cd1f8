# kanda_require: who passes, who is sent to sign in, who is asked for a code.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $see = join '', map { "add_header $_->[0] $_->[1] always;\n" }
    [ 'X-User' => '$kanda_user' ], [ 'X-Email' => '$kanda_email' ],
    [ 'X-Amr' => '$kanda_amr' ], [ 'X-Age' => '$kanda_auth_age' ];

my $session = 'kanda_session idle=30m absolute=12h;';

my $k = Kanda->new(workers => 2, allow => [ qr/lets in whoever registers/, qr/connect\(\) to unix/ ],
    server => Kanda::Auth::location($session)
        . Kanda::Auth::location("kanda_realm staff; $session", '/staff/auth/')
        . "location /app/ { kanda_require user login=/sign-in; $see }
           location /admin/ {
               kanda_require otp max_age=15m login=/sign-in; $see
           }
           location /once/ { kanda_require otp; $see }
           location /staff/ { kanda_realm staff; kanda_require user; $see }
           location = /sign-in { kanda_require user login=/sign-in; }
           location /open/ { $see }\n")->start;

my $redis = $k->redis;
my $html = $k->nginx->dir . '/html';

for my $dir ('app', 'admin', 'once', 'staff', 'open') {
    mkdir "$html/$dir";
    open my $fh, '>', "$html/$dir/page" or die $!;
    print $fh "the page of $dir\n";
}

my @html = (Accept => 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8');
my $BEARER = 'Bearer realm="default"';
my $FACTOR = "$BEARER, error=\"insufficient_user_authentication\", "
             . 'error_description="a second factor is needed"';


sub person { Kanda::Auth->new($k, @_)->register->login }

# A page, as a person's browser or program asks for it.

sub page {
    my ($me, $path, @headers) = @_;
    my $method = $path =~ s/^(POST|HEAD) // ? $1 : 'GET';
    my $here = $me->other(mount => $path =~ s{^http:/}{} ? 'http:/' : '',
                          jar => $me->{jar}, access => $me->{access});

    return $here->call($method, $path =~ s{^/}{}r, undef, @headers);
}

sub cookie  { $_[0]{jar}{kanda_default} }
sub session { my ($me) = @_;
              my ($account, $sid) = cookie($me) =~ /^(.{26})(.{22})\./;
              return "kanda:{$account}:session:$sid" }

sub passes {
    my ($me, $path, $what) = @_;
    my $r = page($me, $path);
    my ($name) = $path =~ m{^/(\w+)};
    is("$r->{status} $r->{body}", "200 the page of $name\n", $what);
    return $r;
}

sub refused {
    my ($me, $path, $code, $challenge, $what) = @_;
    my $r = page($me, $path);

    is($r->status, 401, "$what: 401");
    is($r->header('WWW-Authenticate'), $challenge, "$what: a challenge");
    is($r->header('Content-Type'), 'application/problem+json',
       "$what: a problem");
    is($r->json->{code}, $code, "$what: that names what is missing");
    is($r->header('Cache-Control'), 'no-store', "$what: kept by nobody");
    is($r->header('X-User'), undef, "$what: nobody is named")
        if $code eq 'sign_in_required';
    return $r;
}

sub closed {
    my ($me, $what) = @_;
    refused($me, '/app/page', 'sign_in_required', $BEARER, $what);
}

sub ago {
    my ($seconds) = @_;
    return int((time - $seconds) * 1000);
}


# Nobody

my $nobody = Kanda::Auth->new($k);

closed($nobody, 'nobody');
refused($nobody, 'POST /app/page', 'sign_in_required', $BEARER, 'POST');
is(page($nobody, 'HEAD /app/page')->status, 401, 'HEAD');

for (['/app/page', '/app/page'], ['/app/page?a=1&b=%2F', '/app/page?a=1&b=%2F'],
     ['/app/./x%0d%0aSet-Cookie:%20a=b', '/app/./x%0d%0aSet-Cookie:%20a=b'],
     ['/app/' . 'x' x 2000, '/app/' . 'x' x 2000],
     ['//evil.example/../app/page', '/'], ['/\\evil.example/../app/page', '/'],
     ['http://evil.example/app/page', '/app/page'])
{
    my ($asked, $next) = @$_;
    my $r = page($nobody, $asked, @html);
    my $short = substr $asked, 0, 40;
    $next =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;

    is($r->status, 302, "$short: a browser goes elsewhere");
    like($r->header('Location'),
         qr{^http://[\w.:]+/sign-in\?next=\Q$next\E$},
         "$short: to sign in, and comes back");
    is($r->header('Cache-Control'), 'no-store', "$short: this once");
}

{
    my $r = page($nobody, 'POST /app/page', @html);
    is($r->status, 401, 'what a browser posts is not sent elsewhere');
    $r = page($nobody, '/once/page', @html);
    is($r->status, 401, 'nor is anybody without a page to sign in');
    $r = page($nobody, '/sign-in', @html);
    is($r->status, 401, 'a page to sign in does not send to itself');
    $r = page($nobody, '/app/page', Accept => 'application/json',
              Accept => 'text/plain, TEXT/HTML');
    is($r->status, 302, 'text/html is looked for in every Accept');
}


# A session

{
    my $me = person();
    my ($set) = grep { $_->{name} eq 'kanda_default' }
        Kanda::Auth::cookies($me->other->post('login', $me->credentials));

    like($set->{value}, qr/^[a-z2-7]{26}[\w-]{22}\.1\.[\w-]{43}$/,
         'signing in sets one more cookie');
    is($set->{line} =~ s/^[^;]*//r,
       '; Max-Age=43200; Path=/; SameSite=Lax; HttpOnly',
       'for twelve hours, the whole host, and no script');

    my $r = passes($me, '/app/page', 'a session passes');
    is($r->header('X-User'), $me->{userId}, 'its user is known');
    is($r->header('X-Email'), $me->{email}, 'and the email');
    is($r->header('X-Amr'), 'pwd', 'and that a password was enough');
    like($r->header('X-Age'), qr/^[0-5]$/, 'a moment ago');

    is($redis->command('HGET', session($me), 'm'), undef, 'no factor is kept');

    $r = passes($me, '/open/page', 'what has no gate is open');
    is($r->header('X-User'), undef, 'and knows nobody');

    refused($me, '/admin/page', 'second_factor_required',
            "$FACTOR, max_age=\"900\"", 'no factor');
    refused($me, '/once/page', 'second_factor_required', $FACTOR,
            'no factor, of any age');

    $r = page($me, '/admin/page?x', @html);
    is($r->status, 302, 'a browser is sent for a code');
    like($r->header('Location'),
         qr{/sign-in\?need=otp&next=%2Fadmin%2Fpage%3Fx$}, 'which it is told');

    my $bearer = $me->other(bearer => 1)->login;
    is(cookie($bearer), undef, 'who keeps tokens gets no cookie');
    my $its = "kanda:{$me->{userId}}:session:"
              . Kanda::Auth::claims($bearer->{access})->{sid};
    passes($bearer, '/app/page', 'but passes');
    $redis->command('HSET', $its, 'l', ago(1801));
    is(page($bearer, '/app/page')->status, 401, 'within the same limits');
    is($redis->command('EXISTS', $its), 0, 'which end its session, too');
}


# A second factor

{
    my $me = person()->enrol;
    my $r = passes($me, '/admin/page', 'who has just set one up has shown it');
    is($r->header('X-Amr'), 'pwd otp mfa', 'it is named');

    $redis->command('HSET', session($me), 'f', ago(880),
        'o', join ' ', ago(9000), ago(-9000), 1800_000, $me->{email});
    $r = passes($me, '/admin/page', 'for a quarter of an hour');
    like($r->header('X-Age'), qr/^88[0-5]$/, 'and its age is told');

    $redis->command('HSET', session($me), 'f', ago(901));
    refused($me, '/admin/page', 'second_factor_required',
            "$FACTOR, max_age=\"900\"", 'a factor that is too old');
    passes($me, '/once/page', 'where its age does not matter');
    passes($me, '/app/page', 'where none is needed');

    is($me->post('2fa/step-up', { totpCode => $me->wrong })->status, 401,
       'a wrong code');
    is(page($me, '/admin/page')->status, 401, 'does not help');
    is($me->post('2fa/step-up', { totpCode => $me->code })->status, 200,
       'a right one');
    passes($me, '/admin/page', 'does, and no password is asked for');

    my $codes = $me->must(200, '2fa/recovery-codes')->json->{recoveryCodes};
    my $other = $me->other;
    my $temp = $other->temp;
    is(page($other, '/app/page')->status, 401, 'half a login opens nothing');
    $other->must(200, '2fa/verify', { tempToken => $temp,
                                      totpCode  => $codes->[0] });
    $r = passes($other, '/admin/page', 'a recovery code is a factor too');
    is($r->header('X-Amr'), 'pwd recovery mfa', 'of another name');

    is($other->post('2fa/disable')->status, 200, 'the factor goes');
    refused($other, '/once/page', 'second_factor_required', $FACTOR,
            'and with it what was shown');
    is(passes($other, '/app/page', 'the session stays')->header('X-Amr'),
       'pwd', 'with a password');
    closed($me, 'other sessions do not');
}


# It ends wherever a session ends

{
    my $me = person();
    my $other = $me->other->login;

    passes($_, '/app/page', 'two sessions') for $me, $other;
    my %jar = %{ $me->{jar} };
    my $r = $me->post('logout');
    is($r->status, 200, 'logout');
    is(cookie($me), undef, 'takes the cookie back');
    $me->{jar} = \%jar;
    closed($me, 'and it opens nothing any more');
    passes($other, '/app/page', 'another session is left');

    my $third = $me->other->login;
    my ($mine) = session($third) =~ /session:(.*)/;
    is($other->delete("sessions/$mine")->status, 200, 'removed from elsewhere');
    closed($third, 'a session that was removed');

    $third = $me->other->login;
    $other->must(200, 'change-password', {
        currentPassword => $me->{password}, newPassword => 'nine battery words'
    });
    closed($third, 'one from before the password was changed');
    passes($other, '/app/page', 'the one that changed it goes on');

    my $refresh = { %{ $other->{jar} } };
    $other->must(200, 'refresh');
    passes($other, '/app/page', 'and after a refresh');
    my $thief = $other->other(jar => { %$refresh });
    $redis->command('HSET', session($other), 'r', ago(60));
    is($thief->post('refresh')->status, 401, 'a stolen refresh token');
    closed($other, 'ends the session, gate and all');

    my $last = $me->other(password => 'nine battery words')->login;
    my $kept = cookie($last);
    passes($last, '/app/page', 'an account');
    is($last->delete('account', { password => 'nine battery words' })->status,
       200, 'that is deleted');
    $last->{jar} = { kanda_default => $kept };
    closed($last, 'has no gate');
}


# Time

{
    my $me = person();
    my $s = session($me);
    my ($made, $ends, $idle, $email)
        = split / /, $redis->command('HGET', $s, 'o');

    is($ends - $made, 12 * 3600_000, 'an end is set');
    is($idle, 1800_000, 'and a rest');
    is($email, $me->{email}, 'and who it is');

    my $seen = $redis->command('HGET', $s, 'l');
    passes($me, '/app/page', 'soon') for 1 .. 3;
    is($redis->command('HGET', $s, 'l'), $seen, 'nothing is written so soon');

    $redis->command('HSET', $s, 'l', ago(1790));
    passes($me, '/app/page', 'shortly before the rest is over');
    cmp_ok($redis->command('HGET', $s, 'l'), '>', ago(5), 'it begins anew');

    $redis->command('HSET', $s, 'l', ago(1801));
    closed($me, 'rested too long');
    is($redis->command('EXISTS', $s), 0, 'the session is over');
    is($me->get('me')->status, 403, 'wherever it is asked for');
    is($me->other(jar => { %{ $me->{jar} } })->post('refresh')->status, 401,
       'and for good');

    # what else a session has does not outlast its gate
    for my $over ([ 'rested too long', 'l', ago(1801) ],
                  [ 'at its end', 'o', join ' ', ago(50000), ago(1), $idle,
                                                 'a@b.c' ])
    {
        my ($what, @field) = @$over;
        for my $try ('bearer', 'refresh') {
            $me = person();
            $redis->command('HSET', session($me), @field);
            my $r = $try eq 'refresh'
                ? $me->post('refresh')
                : page($me->other(bearer => 1, jar => {},
                                  access => $me->{jar}{accessToken}),
                       '/app/page');
            is($r->status, 401, "$what: $try");
        }
    }

    $me = person();
    $redis->command('HSET', session($me), 'l', ago(1700));
    $me->must(200, 'refresh');
    cmp_ok($redis->command('HGET', session($me), 'l'), '>', ago(5),
           'a refresh is a sign of life');

    $me = person();
    $s = session($me);
    $redis->command('HSET', $s, 'o', join ' ', ago(50000), ago(1), $idle,
                    $me->{email});
    closed($me, 'at the end');

    $me = person();
    $s = session($me);
    $redis->command('HSET', $s, 'l', ago(-3600));
    passes($me, '/app/page', 'a time to come is judged by Redis');
    cmp_ok($redis->command('HGET', $s, 'l'), '<', ago(-5), 'and mended');
}


# What Redis may have come to hold

{
    my $me = person()->enrol;
    my $s = session($me);
    my $o = $redis->command('HGET', $s, 'o');

    passes($me, '/admin/page', 'a factor');
    for my $f (ago(-60), '9223372036854775807', '99999999999999999999', 'x') {
        $redis->command('HSET', $s, 'f', $f);
        is(page($me, '/admin/page')->status, 401, "one that was shown at $f");
    }
    $redis->command('HSET', $s, 'f', ago(1), 'm', 'nothing');
    is(page($me, '/once/page')->status, 401, 'one of no kind');
    $redis->command('HSET', $s, 'm', 'code');

    for my $bad ("$o\r\nX-Evil: 1", "$o\x01", 'x', '', '1 2', $o =~ s/ .*//r,
                 $o =~ s/^\d+/-1/r)
    {
        $redis->command('HSET', $s, 'o', $bad);
        my $r = page($me, '/app/page');
        isnt($r->status, 200, 'a damaged record opens nothing');
        is($r->header('X-Evil'), undef, 'and says nothing');
        $redis->command('HSET', $s, 'o', $o);
    }
    passes($me, '/app/page', 'a whole one does');
}


# Cookies that are none of ours

{
    my ($me, $you) = (person(), person());
    my $c = cookie($me);
    my $s = substr $c, 26, 22;

    sub with { $nobody->other(jar => { kanda_default => $_[0] }) }

    for (1, 10, 26, 27, 48, 49, 51, 60, length($c)) {
        my $bad = $c;
        substr($bad, $_ - 1, 1) =~ tr{A-Za-z0-9._-}{B-ZAb-za1-90_.-};
        next if $bad eq $c;
        closed(with($bad), "character $_ is another");
    }

    closed(with($_), 'odd: ' . substr $_, 0, 20)
        for 'x', '.', $c . 'x', substr($c, 0, -1), $me->{jar}{refreshToken},
            $me->{jar}{accessToken}, 'A' x 3000, "\xff\xfe",
            substr(cookie($you), 0, 26) . substr($c, 26),
            substr($c, 0, 26) . substr(cookie($you), 26, 22) . substr($c, 48);
    passes(with($c), '/app/page', 'the cookie alone');

    is($me->other(jar => { refreshToken => $c })->post('refresh')->status, 401,
       'it refreshes nothing');
    is($me->other(jar => { accessToken => $c })->get('me')->status, 403,
       'and is no token');
    is($me->other(jar => { kanda_default => $c })->get('me')->status, 403,
       'the router does not know it');
}


# Tokens

{
    my $me = person(bearer => 1);
    my $r = passes($me, '/app/page', 'an access token passes');
    is($r->header('X-User'), $me->{userId}, 'as its user');
    is($r->header('X-Email'), $me->{email}, 'with an email');
    refused($me, '/once/page', 'second_factor_required', $FACTOR,
            'a token without a factor');

    $me->enrol;
    passes($me, '/admin/page', 'a token whose session has shown one');

    my $refresh = $me->other(access => $me->{refresh});
    my $invalid = "$BEARER, error=\"invalid_token\"";
    refused($refresh, '/app/page', 'sign_in_required', $invalid,
            'a refresh token');
    refused($me->other(access => $me->other->temp), '/app/page',
            'sign_in_required', $invalid, 'a token for the second factor');
    refused($me->other(access => "$me->{access}x"), '/app/page',
            'sign_in_required', $invalid, 'a token that was changed');

    my %keep = %$me;
    $me->must(200, 'logout');
    refused($me->other(access => $keep{access}), '/app/page',
            'sign_in_required', $invalid, 'a token after logout');

    my $owner = $k->account;
    my $token = $owner->{token};
    passes($nobody->other(bearer => 1, access => $token), '/app/page',
           'a token of the managed API is somebody');
    refused($nobody->other(bearer => 1, access => $token), '/once/page',
            'second_factor_required', $FACTOR, 'but has shown no factor');

    my $key = $k->post('/apikeys', $owner, { name => 'k' })->json->{apiKey};
    my $made = $k->post('/auth/token', undef, { apiKey => $key })->json->{token};
    refused($nobody->other(bearer => 1, access => $key), '/app/page',
            'sign_in_required', $invalid, 'an API key is nobody');
    refused($nobody->other(bearer => 1, access => $made), '/app/page',
            'sign_in_required', $invalid, 'nor is a token of one');

    $k->post('/auth/logout', $owner);
    refused($nobody->other(bearer => 1, access => $token), '/app/page',
            'sign_in_required', $invalid, 'nor one that was revoked');
}


# Realms

{
    my $me = person();
    my $them = Kanda::Auth->new($k, mount => '/staff/auth')->register->login;

    is_deeply([ grep { /^kanda_/ } sort keys %{ $them->{jar} } ],
              ['kanda_staff'], 'a realm has a cookie of its own');
    passes($them, '/staff/page', 'which opens its gates');
    closed($them, 'and no others');
    $me->{jar}{kanda_staff} = cookie($me);
    is(page($me, '/staff/page')->status, 401, 'under whatever name');
    $me->{jar}{kanda_staff} = $them->{jar}{kanda_staff};
    passes($me, $_, 'a browser may have both') for '/app/page', '/staff/page';
}


# Without Redis nobody passes, and nobody hangs

{
    my $me = person();
    my $before = $me->{jar};

    passes($me, '/app/page', 'before');
    $redis->stop;

    for my $who ($me, $me->other(bearer => 1, access =>
                                 $me->{jar}{accessToken}))
    {
        my $r = page($who, '/app/page', @html);
        is($r->status, 503, 'Redis away');
        is($r->json->{code}, 'unavailable', 'is said');
        is($r->header('Retry-After'), 1, 'with a word on when to return');
    }

    is(page($nobody, '/app/page')->status, 401, 'who is nobody needs none');
    is(page($nobody, '/open/page')->status, 200, 'nor does what is open');
    Kanda::Home::allow(qr/\[alert\].*does not keep what it kept before/);
    $redis->start;
    Kanda::Home::wait_for('Redis', 10, sub {
        page($nobody->other(jar => $before), '/app/page')->status != 503 });
}

done_testing;
