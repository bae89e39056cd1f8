# The login router's second factor: set-up, challenge, step-up, recovery, off.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(workers => 2,
                   server  => Kanda::Auth::location()
                              . Kanda::Auth::location(
                                    'kanda_two_factor required;', '/strict/'),
                  )->start;
my $redis = $k->redis;

my %SAID = (
    done     => '200 {"success":true}',
    wrong    => '400 {"error":"Invalid TOTP code"}',
    refused  => '401 {"error":"Invalid TOTP code"}',
    mismatch => '400 {"error":"The secret is not the one that is being set up",'
                . '"code":"SECRET_MISMATCH"}',
    required => '403 {"error":"A TOTP code is required",'
                . '"code":"2FA_CODE_REQUIRED"}',
    bad      => '403 {"error":"Invalid or expired access token"}',
    token    => '401 {"error":"Invalid or expired access token",'
                . '"code":"INVALID_ACCESS_TOKEN"}',
    off      => '400 {"error":"User not found or 2FA not set up"}',
    many     => '429 {"error":"Too many requests","code":"RATE_LIMITED"}',
);


sub person { Kanda::Auth->new($k, @_)->register->login }

sub says {
    my ($r, $word, $what) = @_;
    is("$r->{status} $r->{body}", $SAID{$word}, $what);
}

sub hash_of { my ($me, $kind) = @_;
              return { @{ $redis->command('HGETALL',
                                     "kanda:{$me->{userId}}:$kind") } } }

sub session_key {
    my ($me) = @_;
    my $sid = $me->get('sessions')->json->{sessions};
    return map { "kanda:{$me->{userId}}:session:$_->{sessionHandle}" } @$sid;
}

# As though the factor had been shown longer ago than five minutes.

sub age {
    my ($me) = @_;
    $redis->command('HINCRBY', $_, 'f', -300_100) for session_key($me);
}


# S33: what is confirmed is the secret that was given out, once

{
    my $me = person();
    my $other = $me->other->login;
    my $token = $k->login({ %$me })->{token};
    my $setup = $me->other(mount => '/strict')
                   ->post('login', $me->credentials)->json->{tempToken};
    my $secret = $me->post('2fa/setup')->json->{secret};
    my $confirm = sub {
        my ($token, $said) = @_;
        return $me->post('2fa/verify-setup', { token => $token,
                                               secret => $said // $secret });
    };

    settle(8);
    my $mine = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    says($confirm->(totp($mine), $mine), 'mismatch',
         "a secret of the client's own");
    says($confirm->(totp($secret), $mine), 'mismatch', 'with a right code');
    says($confirm->(totp($mine)), 'wrong', 'or the other way round');
    says($confirm->($_), 'wrong', 'no code: ' . (ref $_ || $_))
        for '123', 'abcdef', '', 123456, [], wrong_code($secret);
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::false, '2FA is off');
    is($k->get('/auth/me', $token)->status, 200, 'a password is enough');

    my $newer = $me->post('2fa/setup')->json->{secret};
    says($confirm->(totp($secret)), 'mismatch', 'a secret that was replaced');

    says($confirm->(totp($newer), lc($newer) =~ s/(....)/$1 /gr), 'done',
         'the one that counts, as people write it');
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::true, '2FA is on');
    says($other->get('me'), 'bad', 'which ended the other session');
    is($k->post('/apikeys', $token, {})->status, 401,
       "and a password's token, which can make no keys any more");
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:pending"), 0,
       'nothing waits any more');
    says($confirm->(totp($newer, step => 1), $newer), 'mismatch', 'so that once');

    my $temp = $me->temp;
    says($me->other->post('2fa/verify', { tempToken => $temp,
                                          totpCode => totp($newer) }),
         'refused', 'the code that confirmed it is spent');
    says($me->other->post('2fa/verify', { tempToken => $temp,
        totpCode => totp($newer, step => 1) }), 'done', 'the next is not');

    # what was dead stays so
    says($me->post('2fa/disable'), 'done', 'off again');
    $me->other->login;
    is($k->get('/auth/me', $token)->status, 401, "the password's token is dead");
    says($me->post('2fa/setup', undef, Authorization => "Bearer $setup"), 'bad',
         'and so is one to set up with');
}

{
    my $me = person();
    my $secret = $me->post('2fa/setup')->json->{secret};

    cmp_ok($redis->command('PTTL', "kanda:{$me->{userId}}:pending"), '<=',
           600_000, 'a set-up waits for ten minutes');
    $redis->command('DEL', "kanda:{$me->{userId}}:pending");
    settle(3);
    says($me->post('2fa/verify-setup', { secret => $secret,
                                         token => totp($secret) }),
         'mismatch', 'and then begins anew');
}


# What is kept

{
    my $me = person()->enrol;
    my $factor = hash_of($me, 'factor');

    is_deeply([ sort keys %$factor ], [qw(a c d f p s t u v)], 'a factor');
    isnt(index($factor->{s}, Kanda::Totp::base32_decode($me->{secret})), 0,
         'is sealed');

    # a seal belongs to its place
    my $you = person();
    $you->post('2fa/setup');
    my $pending = hash_of($you, 'pending');
    $redis->command('HSET', "kanda:{$you->{userId}}:factor",
                    map { $_ => $pending->{$_} } qw(s v a d p));
    Kanda::Home::allow(qr/sealed secret does not open/);
    is($you->post('2fa/verify', { tempToken => $you->temp,
                                  totpCode => '123456' })->status, 500,
       'a pending secret in the place of a factor does not open');
}


# The challenge

{
    my $me = person()->enrol;
    my $temp = $me->temp;
    my $verify = sub { my ($who, $token, $code) = @_;
                       return $who->post('2fa/verify', {
                           tempToken => $token, totpCode => $code }) };
    my $web = $me->other;
    my $code = $me->code;

    says($verify->($web, $temp, $me->wrong), 'refused', 'a wrong code');
    says($verify->($web, $temp, substr($code, 0, 3) . ' ' . substr $code, 3),
         'done', 'the same token with a right one, a space inside');
    is($web->get('me')->status, 200, 'has a session');
    says($verify->($me->other, $temp, $me->wrong), 'token',
         'the token is burnt with it');
    says($verify->($me->other, $me->temp, $code), 'refused',
         'and so is the code');

    my $app = $me->other(bearer => 1);
    my $r = $verify->($app, $app->temp, $me->code);
    is_deeply([ sort keys %{ $r->json } ],
              [qw(accessToken refreshToken success)], 'an app');
    is(scalar Kanda::Auth::cookies($r), 0, 'without cookies');
    is($app->get('me')->status, 200, 'has a session, too');
}


# S20: tries are counted on the account, whatever token they come with

{
    my $me = person()->enrol;
    my @temps = map { $me->temp } 1 .. 3;
    my $try = sub { my ($n, $code) = @_;
                    return $me->post('2fa/verify', {
                        tempToken => $temps[$n % @temps], totpCode => $code }) };
    my %wrong;

    $wrong{ $me->wrong } = 1 while keys %wrong < 6;
    my @wrong = keys %wrong;

    says($try->($_, $wrong[$_]), 'refused', 'wrong') for 0 .. 4;
    my $sixth = $try->(5, $wrong[5]);
    says($sixth, 'many', 'the sixth is not looked at');
    like($sixth->header('retry-after'), qr/^(?:29|30)$/, 'for half a minute');

    my $right = $me->code;
    says($try->(1, $right), 'many', 'nor is a right one');
    says($try->(1, '12'), 'many', 'nor what is none');
    is($me->post('2fa/step-up', { totpCode => $right })->status, 429,
       'nor in a session');
    is($me->get('me')->status, 200, 'which lives on');

    # no lock for good: nobody could lift it
    $redis->command('HSET', "kanda:{$me->{userId}}:factor", 'n', 5000, 'k', 0);
    says($try->(0, wrong_code($me->{secret})), 'refused',
         'after five thousand in a window');
    my $factor = hash_of($me, 'factor');
    cmp_ok($factor->{k}, '>', time * 1000, 'there is a wait');

    $redis->command('HDEL', "kanda:{$me->{userId}}:factor", 'k');
    says($try->(2, $right), 'done', 'and then the right code counts');
}


# Tries that cost no guess cannot push others' traces out of the log: the first
# ten have an entry each, those that follow are counted by their kind. A guess
# that was charged has its own.

{
    my $me = person();
    my $off = 0;
    my $refused = sub { my ($path, $body) = @_;
                        $off++ if $me->post($path, $body)->status >= 400 };
    my $log = sub { @{ $k->get('/logs?limit=200', $me->{jar}{accessToken})
                         ->json->{logs} } };
    my $told = sub {
        my %n;
        $n{ "$_->{event} $_->{reason}" } += $_->{count} // 1
            for grep { !$_->{success} } @_;
        return join ', ', map { "$_: $n{$_}" } sort keys %n;
    };

    my $secret = $me->post('2fa/setup')->json->{secret};
    for (1 .. 15) {
        $refused->('2fa/step-up', { totpCode => '123456' });
        $refused->('2fa/verify-setup', { token => '123456',
                                         secret => 'JBSWY3DPEHPK3PXP' });
        $refused->('2fa/verify-setup', { token => 'x', secret => $secret });
    }
    my @entries = $log->();
    is($off, 45, 'tries before there is a factor');
    is($told->(@entries), 'auth.2fa.enable secret_mismatch: 15, '
       . 'auth.2fa.enable wrong_code: 15, auth.2fa.verify 2fa_off: 15',
       'are all told of');
    is(scalar(grep { !$_->{success} } @entries), 10, 'in ten entries');

    $redis->command('DEL', "kanda:{$me->{userId}}:tries");
    $me->enrol;
    my $used = totp($me->{secret}, step => -1);
    my $wrong = $me->wrong;
    my $temp = $me->temp;
    my $before = $log->();

    age($me);
    for my $code ('12', $used, $wrong, 'zzzzz-zzzzz') {
        $refused->('2fa/step-up', { totpCode => $code }) for 1 .. 15;
    }
    is($me->post('2fa/verify', { tempToken => $temp, totpCode => '12' })
          ->status, 401, 'in a login, too') for 1 .. 15;
    $refused->('2fa/disable') for 1 .. 15;
    $refused->('2fa/disable', { token => $me->wrong });

    @entries = $log->();
    @entries = @entries[0 .. @entries - $before - 1];
    is($told->(@entries), 'auth.2fa.disable code_required: 15, '
       . 'auth.2fa.disable wrong_code: 1, auth.2fa.verify malformed: 30, '
       . 'auth.2fa.verify replayed: 15, auth.2fa.verify wrong_code: 30',
       'so it is with one');
    is("$entries[0]{event} $entries[0]{reason}", 'auth.2fa.disable wrong_code',
       'a guess that is charged stands for itself');
    ok(!exists $entries[0]{count}, 'without a count');
    is(scalar(grep { $_->{reason} eq 'wrong_code' && !$_->{count} } @entries),
       2, 'as does the first of equal ones');
    is(scalar @entries, 14, 'beside twelve for the rest');
    is(hash_of($me, 'factor')->{r}, 2, 'two were charged');

    # nor can whoever has no more than the password, by asking for a code
    $me->temp for 1 .. 12;
    my @asked = grep { ($_->{reason} // '') eq '2fa_required' } $log->();
    is(scalar @asked, 1, 'one entry tells of logins that get no further');
    is($asked[0]{count}, 13, 'of each');
    ok($asked[0]{success}, 'that the password was right');
}


# S34: a session that did not show the factor can do nothing to it

{
    my $me = person()->enrol;
    my $thief = $me->other(jar => { %{ $me->{jar} } });

    age($me);
    says($thief->post('2fa/setup'), 'required', 'setting another up');
    says($thief->post('2fa/setup', { token => '123' }), 'required',
         'with what is no code');
    says($thief->post('2fa/setup', { token => $me->wrong }), 'required',
         'with a wrong code');
    says($thief->post('2fa/disable'), 'required', 'turning it off');
    says($thief->post('2fa/disable', {}), 'required', 'with nothing');
    says($thief->post('2fa/disable', { token => $me->wrong }), 'wrong',
         'with a wrong code');
    says($thief->post('2fa/disable', { token => 123456 }), 'wrong',
         'with a number');
    says($thief->post('2fa/recovery-codes'), 'required', 'making codes');
    says($thief->post('2fa/recovery-codes', { token => $me->wrong }), 'wrong',
         'with a wrong code');
    is($redis->command('EXISTS', map { "kanda:{$me->{userId}}:$_" }
                       qw(pending recovery)), 0, 'left nothing');

    is(hash_of($me, 'factor')->{r}, 3, 'but three guesses that were counted');

    says($me->post('2fa/step-up', { totpCode => $me->code }), 'done',
         'whoever has the factor steps up');
    my $codes = $me->post('2fa/recovery-codes')->json->{recoveryCodes};
    is(scalar @$codes, 10, 'and may make codes');
    is($me->post('2fa/setup')->status, 200, 'or set another up');

    # a code does it, too, and makes the session fresh
    age($me);
    is($me->post('2fa/setup', { token => $codes->[0] })->status, 200,
       'a recovery code lets it be set up');
    is($me->post('2fa/setup')->status, 200, 'and more, for a while');
}


# Another device: the old factor ends, its recovery codes with it

{
    my $me = person()->enrol;
    my $old = $me->{secret};

    $me->post('2fa/recovery-codes');
    my $new = $me->post('2fa/setup')->json->{secret};
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::true,
       'until it is confirmed, 2FA stays as it was');
    says($me->post('2fa/step-up', { totpCode => $me->code }), 'done',
         'with the old secret');

    settle(3);
    says($me->post('2fa/verify-setup', { secret => $new, token => totp($new) }),
         'done', 'replaced');
    my $r = $me->post('login', $me->credentials)->json;
    is_deeply($r->{available2faMethods}, ['totp'], 'old recovery codes are gone');
    says($me->post('2fa/verify', { tempToken => $r->{tempToken},
        totpCode => totp($old, step => 1) }), 'refused', 'so are old codes');
}


# Recovery codes

{
    my $me = person()->enrol;
    my $first = $me->post('2fa/recovery-codes')->json->{recoveryCodes};
    my $codes = $me->post('2fa/recovery-codes')->json->{recoveryCodes};
    my $try = sub { my ($code) = @_;
                    return $me->other->post('2fa/verify', {
                        tempToken => $me->temp, totpCode => $code }) };

    is_deeply($me->other->post('login', $me->credentials)->json
                 ->{available2faMethods}, [qw(totp recovery)], 'are offered');
    like($codes->[0], qr/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/,
         'and look like that');
    says($try->($first->[0]), 'refused', 'earlier ones are worth nothing');
    says($try->(uc $codes->[0] =~ s/-//r), 'done', 'a code, in any case');
    says($try->($codes->[0]), 'refused', 'once');
    says($try->($codes->[$_]), 'done', "code $_") for 1 .. 9;
    is_deeply($me->other->post('login', $me->credentials)->json
                 ->{available2faMethods}, ['totp'], 'until none is left');

    # another's are worth nothing here
    my $you = person()->enrol;
    my $theirs = $you->post('2fa/recovery-codes')->json->{recoveryCodes};
    $me->post('2fa/recovery-codes');
    says($try->($theirs->[0]), 'refused', "somebody else's");

    # ten wrong ones in a window, with or without codes beside them
    says($try->('zzzzz-zzzzz'), 'refused', 'wrong') for 1 .. 7;
    my $left = $me->post('2fa/recovery-codes')->json->{recoveryCodes};
    says($try->($left->[0]), 'many', 'and then none is looked at');
    says($try->($me->code), 'done', 'while codes are');
}


# Off

{
    my $me = person()->enrol;
    my $app = $me->other(bearer => 1)->login;
    my $temp = $me->temp;

    $me->{step} = $app->{step};
    $me->post('2fa/recovery-codes');
    my $old = $me->{jar}{accessToken};
    my $r = $me->post('2fa/disable');
    says($r, 'done', 'turned off by a session that has just shown it');
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::false, '2FA is off');
    says($me->other(jar => { accessToken => $old })->get('me'), 'bad',
         'the token that said it was on is dead');
    says($app->get('me'), 'bad', 'and other sessions have ended');
    is(scalar @{ $redis->command('KEYS', "kanda:{$me->{userId}}:factor")}
       + @{ $redis->command('KEYS', "kanda:{$me->{userId}}:recovery") }, 0,
       'nothing of it is kept');
    says($me->other->post('login', $me->credentials), 'done',
         'the password is enough again');
    says($me->post('2fa/verify', { tempToken => $temp, totpCode => '123456' }),
         'off', 'a challenge from before leads nowhere');
}

{
    my $me = person(bearer => 1)->enrol;

    age($me);
    says($me->post('2fa/disable', { token => $me->code }), 'done',
         'turned off by a code');
    says($me->get('me'), 'bad', 'an app refreshes its token');
    $me->post('refresh', { refreshToken => $me->{refresh} });
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::false, 'and goes on');
}


# Where it is required

{
    my $me = Kanda::Auth->new($k, mount => '/strict')->register;
    my $temp = $me->post('login', $me->credentials)->json->{tempToken};
    my $with = sub { my ($path, $body) = @_;
                     return $me->post($path, $body,
                                      Authorization => "Bearer $temp") };

    is(scalar keys %{ $me->{jar} }, 0, 'no session yet');
    my $r = $with->('2fa/setup');
    is($r->status, 200, 'but a set-up');
    my $secret = $r->json->{secret};

    settle(3);
    says($with->('2fa/verify-setup', { token => totp($secret),
                                       secret => $secret }), 'done', 'confirmed');
    is(scalar keys %{ $me->{jar} }, 0, 'which gives no session either');
    says($with->('2fa/setup'), 'bad', 'the token is burnt');
    says($with->('2fa/verify-setup', { token => totp($secret),
                                       secret => $secret }), 'bad', 'twice');

    @$me{qw(secret step)} = ($secret, int(time / 30));
    $me->login;
    is($me->get('me')->json->{isTotpEnabled}, JSON::PP::true, 'now there is one');
    is($me->post('2fa/disable')->json->{code}, '2FA_REQUIRED', 'for good');
}

# a set-up token that was not used while somebody else turned 2FA on

{
    my $me = Kanda::Auth->new($k, mount => '/strict')->register;
    my ($one, $two) = map { $me->post('login', $me->credentials)
                               ->json->{tempToken} } 1, 2;
    my $with = sub { my ($token, $path, $body) = @_;
                     return $me->post($path, $body,
                                      Authorization => "Bearer $token") };
    my $secret = $with->($one, '2fa/setup')->json->{secret};

    settle(3);
    $with->($one, '2fa/verify-setup', { token => totp($secret),
                                        secret => $secret });
    says($with->($two, '2fa/setup'), 'bad', 'cannot set up another');
    says($with->($two, '2fa/verify-setup', { token => totp($secret),
                                             secret => $secret }), 'bad',
         'nor confirm one');
}

# What an app shows as the name of the site

{
    my %issuer = (
        'kanda'                        => 'kanda',
        'My site'                      => 'My%20site',
        'auth.example.com'             => 'auth.example.com',
        'https://auth.example.com'     => 'auth.example.com',
        'https://auth.example.com/x/y' => 'auth.example.com',
        'https://auth.example.com:8443/x' => 'auth.example.com',
        'https://auth.example.com/x:y' => 'auth.example.com',
        'a:b'                          => 'a',
        'a/b'                          => 'a%2Fb',
    );
    my $n = 0;
    my %mount = map { $_ => '/issuer' . $n++ } sort keys %issuer;
    my $k2 = Kanda->new(server => join '', map {
        Kanda::Auth::location("kanda_issuer '$_';", "$mount{$_}/") }
        sort keys %issuer)->start;

    for my $issuer (sort keys %issuer) {
        my $me = Kanda::Auth->new($k2, mount => $mount{$issuer})
                            ->register->login;
        my $url = $me->post('2fa/setup')->json->{otpauthUrl};
        like($url, qr{^otpauth://totp/\Q$issuer{$issuer}\E:[^?]+%40example\.com
                      \?secret=[A-Z2-7]{32}&issuer=\Q$issuer{$issuer}\E$}x,
             $issuer);
    }

    # a long email is cut, not broken
    my $long = Kanda::Auth->new($k2, mount => $mount{kanda},
        email => ('x' x 126) . "\xc3\xa9\xc3\xa9$$\@example.com");
    utf8::decode($long->{email});
    my $url = $long->register->login->post('2fa/setup')->json->{otpauthUrl};
    like($url, qr{/kanda:x{126}%C3%A9\?secret=}, 'at most 128 bytes of it');
}

done_testing;
