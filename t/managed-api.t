# The managed API as somebody uses it: every route from an account to its
# log, what each answer consists of, and what changes by it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

my $k = Kanda->new(workers => 2)->start;
my $http = $k->connect;

my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
my $jwt = qr/^[\w-]+\.[\w-]+\.[\w-]{43}$/;
my $png = qr{^data:image/png;base64,[A-Za-z0-9+/]+=*$};


# One request; the answer must have this status, these fields and no others.
# A field's value is compared, matched, or, where it is undef, absent (null).

sub api {
    my ($name, $request, $status, $fields) = @_;
    my ($method, $path, $who, $body, @headers) = @$request;
    my $r = $k->api($method, $path, $who, $body, @headers);
    my $json = $r->json;
    my $type = $status < 400 ? 'application/json' : 'application/problem+json';

    is($r->status, $status, "$name: $status") or diag $r->text;
    is($r->header('Content-Type'), $type, "$name: $type");
    is($r->header('Cache-Control'), 'no-store', "$name: no-store");
    is($r->header('X-Content-Type-Options'), 'nosniff', "$name: nosniff");

    is_deeply([ sort keys %{ $json // {} } ], [ sort keys %$fields ],
              "$name: its fields") if $fields;

    for my $field (sort keys %{ $fields // {} }) {
        my ($got, $want) = ($json->{$field}, $fields->{$field});

        ref $want eq 'Regexp' ? like($got // 'null', $want, "$name: $field")
            : ref $want ? is_deeply($got, $want, "$name: $field")
            : is($got, $want, "$name: $field");
    }

    return wantarray ? ($json, $r) : $json;
}

sub problem {
    my ($name, $request, $status, $code, %more) = @_;
    return api($name, $request, $status, {
        type => "urn:kanda:problem:$code", title => qr/^[A-Z]/,
        status => $status, detail => qr/^\S.*\.?$/, code => $code, %more });
}

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my @scopes = qw(validate clients logs keys stateless);


# Accounts

my $password = 'correct horse battery';
my %owner = (email => 'owner@example.com', password => $password);

my $made = api('register', [ POST => '/auth/register', undef, \%owner ], 201,
               { userId => qr/^[a-z2-7]{26}$/, email => $owner{email} });
problem('register again', [ POST => '/auth/register', undef, \%owner ], 409,
        'email_taken');
problem('register badly', [ POST => '/auth/register', undef, { email => 'x' } ],
        400, 'invalid_request');

my $token = api('login', [ POST => '/auth/login', undef, \%owner ], 200,
                { token => $jwt, expiresIn => '1h' })->{token};
my (undef, $r) = problem('login badly', [ POST => '/auth/login', undef,
    { %owner, password => 'wrong horse battery' } ], 401, 'invalid_credentials');
is($r->header('WWW-Authenticate'), 'Bearer', 'with WWW-Authenticate');

api('me', [ GET => '/auth/me', $token ], 200,
    { userId => $made->{userId}, email => $owner{email}, createdAt => $time,
      twoFactorEnabled => $false });

my $short = $k->login({ %owner })->{token};
api('logout', [ POST => '/auth/logout', $short ], 200, { revoked => $true });
(undef, $r) = problem('me, logged out', [ GET => '/auth/me', $short ], 401,
                      'unauthorized');
like($r->header('WWW-Authenticate'), qr/^Bearer error="invalid_token"$/,
     'with WWW-Authenticate');
api('me, by the other token', [ GET => '/auth/me', $token ], 200);


# Clients

my %client = (clientId => 'user-123', label => 'alice@example.com',
              issuer => 'MyApp');

my $c = api('a client', [ POST => '/totp/register', $token, \%client ], 201,
    { clientId => 'user-123', secret => qr/^[A-Z2-7]{32}$/,
      otpauthUrl => qr{^otpauth://totp/MyApp:alice%40example\.com\?secret=[A-Z2-7]{32}&issuer=MyApp&algorithm=SHA1&digits=6&period=30$},
      qrDataUrl => $png });
is($c->{otpauthUrl} =~ /secret=(\w+)/ && $1, $c->{secret}, 'its secret is in its URL');
problem('a client again', [ POST => '/totp/register', $token,
    { %client, secret => 'JBSWY3DPEHPK3PXP' } ], 409, 'client_exists');

my %shown = (%client, algorithm => 'SHA1', digits => 6, period => 30,
             createdAt => $time, confirmedAt => undef, lastUsedAt => undef,
             locked => $false, recoveryCodesLeft => 0);

api('it', [ GET => '/totp/user-123', $token ], 200, \%shown);
problem('none', [ GET => '/totp/none', $token ], 404, 'client_not_found');

settle(6);
my $code = oathtool($c->{secret});
is($code, totp($c->{secret}), 'oathtool and we agree');
api('a right code', [ POST => '/totp/validate', $token,
    { clientId => 'user-123', token => $code } ], 200, { valid => $true });
(undef, $r) = api('it again', [ POST => '/totp/validate', $token,
    { clientId => 'user-123', token => $code } ], 200, { valid => $false });
is($r->header('Kanda-Reason'), 'replayed', 'is a replay');
(undef, $r) = api('a wrong one', [ POST => '/totp/validate', $token,
    { clientId => 'user-123', token => wrong_code($c->{secret}) } ], 200,
    { valid => $false });
is($r->header('Kanda-Reason'), 'wrong_code', 'is a wrong code');
(undef, $r) = problem('a code of nobody', [ POST => '/totp/validate', $token,
    { clientId => 'none', token => $code } ], 404, 'client_not_found',
    valid => $false);
is($r->header('Kanda-Reason'), 'unknown_client', 'is of nobody');
problem('a code without a client', [ POST => '/totp/validate', $token,
    { token => $code } ], 400, 'invalid_request', valid => $false);
problem('a code from nobody', [ POST => '/totp/validate', undef,
    { clientId => 'user-123', token => $code } ], 401, 'unauthorized',
    valid => $false);
problem('a code that is not sent as JSON', [ POST => '/totp/validate', $token,
    '[' ], 400, 'invalid_json', valid => $false);
api('it, used', [ GET => '/totp/user-123', $token ], 200,
    { %shown, confirmedAt => $time, lastUsedAt => $time });

my $recovery = api('recovery codes', [ POST => '/totp/recovery/user-123', $token ],
    201, { clientId => 'user-123', recoveryCodes => qr/ARRAY/ })->{recoveryCodes};
is(scalar @$recovery, 10, 'ten of them');
is(scalar(grep { /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/ } @$recovery),
   10, 'as people can copy them');
api('one of them', [ POST => '/totp/validate', $token,
    { clientId => 'user-123', token => uc $recovery->[3] } ], 200,
    { valid => $true });
is($k->get('/totp/user-123', $token)->json->{recoveryCodesLeft}, 9,
   'nine are left');
problem('recovery codes of nobody', [ POST => '/totp/recovery/none', $token ],
    404, 'client_not_found');

api('qrcode', [ GET => '/totp/qrcode/user-123', $token ], 200,
    { clientId => 'user-123', qrDataUrl => $c->{qrDataUrl} });
api('unlock', [ POST => '/totp/unlock/user-123', $token ], 200,
    { clientId => 'user-123', unlocked => $true });
problem('unlock nobody', [ POST => '/totp/unlock/none', $token ], 404,
    'client_not_found');

my $new = api('rotate', [ POST => '/totp/rotate/user-123', $token ], 200,
    { clientId => 'user-123', secret => qr/^[A-Z2-7]{32}$/,
      otpauthUrl => qr{^otpauth://totp/MyApp:alice%40example\.com\?secret=[A-Z2-7]{32}&issuer=MyApp&algorithm=SHA1&digits=6&period=30$},
      qrDataUrl => $png });
isnt($new->{secret}, $c->{secret}, 'another secret');
problem('rotate nobody', [ POST => '/totp/rotate/none', $token ], 404,
    'client_not_found');
is($k->validate($token, 'user-123', totp($c->{secret}, step => 1)), 'false',
   'old codes are dead');
is($k->validate($token, 'user-123', $recovery->[0]), 'false',
   'recovery codes, too');
is($k->validate($token, 'user-123', totp($new->{secret})), 'true',
   'new codes are good');

api('delete', [ DELETE => '/totp/user-123', $token ], 200,
    { clientId => 'user-123', deleted => $true });
problem('delete again', [ DELETE => '/totp/user-123', $token ], 404,
    'client_not_found');


# Every algorithm, number of digits and period, and secrets that are brought:
# codes by a tool that is not ours

for my $hash (qw(SHA1 SHA256 SHA512)) {
    for my $digits (6, 7, 8) {
        for my $period (10, 30, 60, 300) {
            settle(2, $period);
            my %o = (algorithm => $hash, digits => $digits, period => $period);
            my $id = "$hash-$digits-$period";
            my $c = $k->client($token, clientId => $id, %o);
            my $by = $digits == 7 ? totp($c->{secret}, %o)
                                  : oathtool($c->{secret}, %o);

            is($k->validate($token, $id, $by), 'true', "$id: right");
            is($k->validate($token, $id, $by), 'false', "$id: once");
        }
    }
}

my $n = 0;

for my $case (
    [ 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' ],
    [ 'gezdgnbvgy3tqojqgezdgnbvgy3tqojq', 'in lower case' ],
    [ 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ', 'in groups' ],
    [ 'gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq', 'with hyphens' ],
    [ 'GEZDGNBVGY3TQOJQGE======', 'padded' ],
    [ 'gezd gnbv - gy3t-qojq GE======', 'all of it' ],
    [ 'JBSWY3DPEHPK3PXP', 'of 80 bits' ],
    [ 'A7' x 100, 'of 1000 bits' ],
) {
    my ($secret, $name) = @$case;
    my $plain = uc $secret =~ s/[\s=-]//gr;
    my $id = 'import-' . ++$n;
    my $c = $k->client($token, clientId => $id, secret => $secret);

    $name //= 'as it is shown';
    settle(2);
    is($c->{secret}, $plain, "a secret $name is shown plainly");
    like($c->{otpauthUrl}, qr/secret=$plain&/, 'in the URL, too');
    is($k->validate($token, $id, oathtool($plain)), 'true', 'its code is right');
}


# A code with blanks and hyphens between its digits

for my $form ('%s%s%s %s%s%s', '%s%s%s-%s%s%s', '%s %s %s %s %s %s',
              '%s%s %s%s %s%s', '%s- -%s%s%s%s%s')
{
    my $c = $k->client($token, clientId => 'form-' . ++$n);
    is($k->validate($token, $c->{clientId}, sprintf $form,
                    split //, totp($c->{secret})), 'true', "[$form]");
}


# Names that need care in a path, and clients called like routes

for my $case ([ 'user', 'user', '%75ser', '%75%73%65%72' ],
              [ 'a/b', 'a%2Fb', 'a%2fb' ], [ '%2F', '%252F', '%252%46' ],
              [ 'a b', 'a%20b' ], [ '?', '%3F', '%3f' ], [ '#', '%23' ],
              [ '+', '+', '%2B' ], [ '%', '%25' ], [ '...', '...', '%2e..' ],
              [ '{x}:*', '{x}:*', '%7Bx%7D%3A%2A' ], [ '\\', '%5C' ],
              [ '"', '%22' ], [ 'validate', 'validate', '%76alidate' ],
              [ 'register', 'register', 'regis%74er' ], [ 'qrcode', 'qrcode' ],
              [ 'a;b=c', 'a;b=c', 'a%3bb%3dc' ], [ 'A', 'A', '%41' ])
{
    my ($id, @paths) = @$case;
    my $c = $k->client($token, clientId => $id);

    for my $path (@paths) {
        is($k->get("/totp/$path", $token)->json->{clientId}, $id,
           "$path is $id");
        is($k->get("/totp/qrcode/$path", $token)->json->{qrDataUrl},
           $c->{qrDataUrl}, 'its picture');
        $c = $k->post("/totp/rotate/$path", $token)->json;
        is($c->{clientId}, $id, 'rotated');
        is($k->post("/totp/unlock/$path", $token)->json->{clientId}, $id,
           'unlocked');
    }

    settle(2);
    is($k->validate($token, $id, totp($c->{secret})), 'true', "a code of $id");
    is($k->delete("/totp/$paths[-1]", $token)->json->{clientId}, $id, 'deleted');
    is($k->get("/totp/$paths[0]", $token)->status, 404, 'and gone');
}

is($k->get('/totp/a', $token)->status, 404, 'a is not A');


# Pages of clients, newest first

{
    my $who = $k->account;
    my @ids = map { $k->client($who, clientId => "page-$_")->{clientId} } 1 .. 25;
    my $all = api('clients', [ GET => '/totp', $who ], 200,
        { clients => qr/ARRAY/, total => 25, limit => qr/^\d+$/, offset => 0 });

    is_deeply([ map { $_->{clientId} } @{ $all->{clients} } ], [ reverse @ids ],
              'newest first');
    is_deeply([ sort keys %{ $all->{clients}[0] } ], [ sort keys %shown ],
              'each as it is alone');

    my @paged;

    for my $page (0 .. 3) {
        my $got = api("clients, page $page",
            [ GET => '/totp?limit=7&offset=' . 7 * $page, $who ], 200,
            { clients => qr/ARRAY/, total => 25, limit => 7,
              offset => 7 * $page });
        push @paged, map { $_->{clientId} } @{ $got->{clients} };
    }

    is_deeply(\@paged, [ reverse @ids ], 'pages leave nothing out');
    is_deeply($k->get('/totp?offset=25', $who)->json->{clients}, [],
              'past the end is nothing');
    is($k->get('/totp?limit=1000', $who)->status, 200, 'a thousand at most');
    problem('no more', [ GET => '/totp?limit=1001', $who ], 400,
            'invalid_request');
    unlike($k->get('/totp', $who)->text, qr/secret|otpauth/, 'never a secret');
}


# API keys, and what each scope opens

my $key = api('a key', [ POST => '/apikeys', $token, {} ], 201,
    { id => qr/^[a-z2-7]+$/, apiKey => qr/^kan_[\w-]{60,}$/,
      prefix => qr/^kan_.{4}$/, name => undef, scopes => \@scopes,
      regions => undef, createdAt => $time, expiresAt => undef });
is(substr($key->{apiKey}, 0, 8), $key->{prefix}, 'its prefix is its beginning');

my $full = api('a key with all fields', [ POST => '/apikeys', $token,
    { name => 'CI', scopes => [qw(logs validate)], regions => [qw(eu us-1)],
      expiresAt => '2999-01-02T03:04:05Z' } ], 201,
    { id => qr/./, apiKey => qr/./, prefix => qr/./, name => 'CI',
      scopes => [qw(validate logs)], regions => [qw(eu us-1)],
      createdAt => $time, expiresAt => '2999-01-02T03:04:05.000Z' });

my $keys = api('keys', [ GET => '/apikeys', $token ], 200,
               { apiKeys => qr/ARRAY/ })->{apiKeys};
is_deeply([ map { $_->{id} } @$keys ], [ $full->{id}, $key->{id} ],
          'newest first');
is_deeply($keys->[0], { (map { $_ => $full->{$_} }
    qw(id prefix name scopes regions createdAt expiresAt)), lastUsedAt => undef },
    'all is kept, but for the key');
unlike(json($keys), qr/\Q@{[substr $full->{apiKey}, 30]}\E/, 'which is not shown');

my $minted = api('a token for a key', [ POST => '/auth/token', undef,
    { apiKey => $key->{apiKey} } ], 200, { token => $jwt, expiresIn => '1h' })
    ->{token};
like($k->get('/apikeys', $token)->json->{apiKeys}[1]{lastUsedAt}, $time,
     'it was used');
is($k->get('/auth/me', $minted)->json->{email}, $owner{email}, 'the token works');
problem('no token for no key', [ POST => '/auth/token', undef,
    { apiKey => 'kan_x' } ], 401, 'invalid_api_key');
problem('no token for nothing', [ POST => '/auth/token', undef, {} ], 400,
    'invalid_request');

$k->client($token, clientId => 'scoped');
my %matrix = (
    validate => [ [ POST => '/totp/validate',
                    { clientId => 'scoped', token => '1' } ] ],
    clients  => [ [ GET => '/totp' ], [ GET => '/totp/scoped' ],
                  [ GET => '/totp/qrcode/scoped' ],
                  [ POST => '/totp/unlock/scoped' ],
                  [ POST => '/totp/rotate/scoped' ],
                  [ POST => '/totp/recovery/scoped' ],
                  [ POST => '/totp/register', { clientId => 'scoped' } ],
                  [ DELETE => '/totp/nobody' ] ],
    logs     => [ [ GET => '/logs' ] ],
    keys     => [ [ GET => '/apikeys' ], [ DELETE => '/apikeys/nothing' ],
                  [ POST => '/apikeys', { name => 'made' } ] ],
    any      => [ [ GET => '/auth/me' ] ],
);

for my $scope (@scopes) {
    my $text = $k->post('/apikeys', $token, { scopes => [ $scope ] })->json
                 ->{apiKey};
    my $token = $k->post('/auth/token', undef, { apiKey => $text })->json->{token};

    for my $needs (sort keys %matrix) {
        for my $route (@{ $matrix{$needs} }) {
            my ($method, $path, $body) = @$route;
            my $may = $needs eq $scope || $needs eq 'any';

            for my $as ([ 'its token', $token ], [ 'bearer', $text ],
                        [ 'x-api-key', undef, 'x-api-key' => $text ])
            {
                my ($how, $who, @headers) = @$as;
                my $r = $k->api($method, $path, $who, $body, @headers);
                my $code = ($r->json // {})->{code} // '';

                ok($may ? $r->status =~ /^(?:20[01]|404|409)$/
                        : $r->status == 403 && $code eq 'insufficient_scope',
                   "$scope key, $how: $method $path "
                   . ($may ? 'is open' : 'is closed'))
                    or diag $r->status, ' ', $r->text;
            }
        }
    }

    next if $scope ne 'keys';

    for my $other (grep { $_ ne 'keys' } @scopes) {
        problem("a key of keys for $other", [ POST => '/apikeys', $text,
            { scopes => [ 'keys', $other ] } ], 403, 'insufficient_scope');
    }

    is_deeply($k->post('/apikeys', $text, {})->json->{scopes}, [ 'keys' ],
              'with nothing said it makes its like');
}

api('revoke', [ DELETE => "/apikeys/$key->{id}", $token ], 200,
    { id => $key->{id}, revoked => $true });
problem('revoke again', [ DELETE => "/apikeys/$key->{id}", $token ], 404,
    'api_key_not_found');
problem('the key', [ GET => '/totp', $key->{apiKey} ], 401, 'unauthorized');
problem('its token', [ GET => '/totp', $minted ], 401, 'unauthorized');
problem('a new token for it', [ POST => '/auth/token', undef,
    { apiKey => $key->{apiKey} } ], 401, 'invalid_api_key');


# A token never outlives its key

for my $life (5, 90, 1800, 3599) {
    my @gm = gmtime(time + $life);
    my $end = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', @gm);
    my $brief = $k->post('/apikeys', $token, { expiresAt => $end })->json->{apiKey};
    my $r = $k->post('/auth/token', undef, { apiKey => $brief })->json;
    my ($seconds) = $r->{expiresIn} =~ /^(\d+)s$/;

    cmp_ok(abs(($seconds // -9) - $life), '<=', 1, "a key for $life s");
    my ($claims) = $r->{token} =~ /\.([^.]+)\./;
    is(JSON::PP->new->decode(MIME::Base64::decode_base64url($claims))->{exp},
       POSIX::mktime(@gm), 'its token ends with it') if POSIX::mktime(gmtime 0) == 0;
}


# HEAD, on the wire

for my $path ('/totp', '/totp/scoped', '/totp/qrcode/scoped', '/apikeys', '/logs',
              '/auth/me', '/totp/none', '/nope')
{
    my $get = $k->get($path, $token);
    my $text = $k->request_text('HEAD', $path, $token, undef,
                                Connection => 'close');
    my $socket = Kanda::HTTP::dial($k->port);

    syswrite $socket, $text;
    my $head = do { local $/; <$socket> };
    like($head, qr{^HTTP/1\.1 @{[$get->status]} }, "HEAD $path: status");
    like($head, qr/\r\n\r\n\z/, "HEAD $path: nothing but the head");
    like($head, qr/^Content-Type: \Q@{[$get->header('Content-Type')]}\E\r$/m,
         "HEAD $path: type");
    like($head, qr/^Content-Length: \d+\r$/m, "HEAD $path: length");
}


# The log, from the other end: exactly what one account did, newest first

{
    my $who = $k->account;
    my $c = $k->client($who, clientId => 'l');
    my $key = $k->post('/apikeys', $who, {})->json;

    settle(5);
    $k->validate($who, 'l', totp($c->{secret}));
    $k->validate($who, 'l', totp($c->{secret}));
    $k->validate($who, 'l', wrong_code($c->{secret}));
    $k->validate($who, 'l', 'no code');
    $k->validate($who, 'none', '123456');
    $k->get('/totp/qrcode/l', $who);
    $k->post('/totp/recovery/l', $who);
    $k->post('/totp/unlock/l', $who);
    $k->post('/totp/rotate/l', $who);
    $k->delete('/totp/l', $who);
    $k->post('/totp/unlock/l', $who);
    my $t = $k->post('/auth/token', undef, { apiKey => $key->{apiKey} })->json;
    $k->post('/auth/logout', $t->{token});
    $k->delete("/apikeys/$key->{id}", $who);
    $k->post('/auth/login', undef,
             { email => $who->{email}, password => 'not the password' });

    my $log = api('log', [ GET => '/logs', $who ], 200,
        { logs => qr/ARRAY/, total => 19, limit => 50, offset => 0 });
    my @told = map { join ' ', $_->{event}, ($_->{success} ? 'yes' : 'no'),
                     $_->{clientId} // '-', $_->{reason} // '-',
                     $_->{apiKeyId} ? 'key' : '-' } reverse @{ $log->{logs} };

    is_deeply(\@told, [
        'auth.register yes - - -', 'auth.login yes - - -',
        'totp.register yes l - -', 'apikey.create yes - - -',
        'totp.validate yes l - -', 'totp.validate no l replayed -',
        'totp.validate no l wrong_code -', 'totp.validate no l malformed -',
        'totp.validate no none unknown_client -', 'totp.qrcode yes l - -',
        'totp.recovery yes l - -', 'totp.unlock yes l - -',
        'totp.rotate yes l - -', 'totp.delete yes l - -',
        'totp.unlock no l unknown_client -', 'auth.token yes - - key',
        'auth.logout yes - - key', 'apikey.revoke yes - - -',
        'auth.login no - invalid_credentials -' ], 'what was done, in order');

    is_deeply([ sort keys %{ $log->{logs}[0] } ], [ sort qw(id timestamp event
        success clientId reason ip userAgent apiKeyId) ], 'fields of an entry');
    is(scalar(grep { $_->{timestamp} !~ $time } @{ $log->{logs} }), 0, 'times');
    is(scalar(grep { $_->{ip} ne '127.0.0.1' } @{ $log->{logs} }), 0, 'addresses');

    my $text = json($log);
    unlike($text, qr/\Q$_\E/, 'no secret in it')
        for $c->{secret}, totp($c->{secret}), $key->{apiKey}, $t->{token},
            $who->{password}, 'not the password';

    my %count;
    $count{ $_->{event} }++ for @{ $log->{logs} };

    for my $event (qw(auth.register auth.login auth.token auth.logout
                      auth.2fa.enable auth.2fa.disable auth.2fa.verify
                      totp.register totp.validate totp.qrcode totp.rotate
                      totp.unlock totp.recovery totp.delete apikey.create
                      apikey.revoke otp.onboard otp.get otp.verify
                      toolkit.generate toolkit.verify))
    {
        my $page = $k->get("/logs?event=$event", $who)->json;
        is($page->{total}, $count{$event} // 0, "$event: so many");
        is_deeply([ map { $_->{id} } @{ $page->{logs} } ],
                  [ map { $_->{id} } grep { $_->{event} eq $event }
                    @{ $log->{logs} } ], "$event: those, in order");
    }
}

done_testing;
