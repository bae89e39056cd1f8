# kanda_serve admin: accounts by invitation, the list, what is done to them and
# the log of it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda;
use Kanda::Admin;
use Kanda::Auth;
use Test::More;

my $top = getcwd();
my $k = Kanda->new(
    location => 'kanda_registration off;',
    http     => "kanda_password_blocklist $top/conf/common-passwords.txt;"
        . Kanda::Admin::server('kanda_invitation
                    link=https://app.example.com/welcome?x=1 ttl=2h;')
        . Kanda::Admin::server('kanda_realm staff;',
                               Kanda::Admin::path('staff'))
        . 'server { listen unix:' . Kanda::Admin::path('more') . ';
            kanda_invitation link=http://a.example/ ttl=1h;
            location /admin/ { kanda_serve admin;
                location /admin/short/ { kanda_serve admin;
                                         kanda_invitation ttl=90s; } } }',
    server   => 'location /auth/ { kanda_serve auth; }
                 location /open/ { kanda_serve auth; kanda_registration on; }
                 location /staff/ { kanda_serve auth; kanda_realm staff; }',
)->start;
my $redis = $k->redis;
my $admin = Kanda::Admin->new;
my $staff = Kanda::Admin->new(address => Kanda::Admin::path('staff'));
my $serial = 0;

my $DONE = '200 {"success":true}';
my $WRONG = '401 {"error":"Invalid credentials","code":"INVALID_CREDENTIALS"}';
my $INVALID = '401 {"error":"Invalid or expired invitation",'
              . '"code":"INVALID_INVITATION"}';
my $PASSWORD = 'correct horse battery staple';


sub email { 'invited' . ++$serial . '@example.com' }
sub said { my ($r) = @_; return "$r->{status} $r->{body}" }
sub problem { my ($r) = @_; return $r->status . ' ' . $r->json->{code} }

sub person {
    my ($email, %o) = @_;
    return Kanda::Auth->new($k, email => $email, %o);
}

sub accept_with {
    my ($token, $password, $mount) = @_;
    return person('-', mount => $mount // '/auth')->post('accept-invitation',
        { token => $token, password => $password // $PASSWORD });
}

sub owner {
    my $made = $admin->invite(email());
    is(said(accept_with($made->{invitation})), $DONE, 'accepted');
    return person($made->{email}, userId => $made->{userId});
}

sub keys_of { return @{ $redis->command('KEYS', "kanda:{$_[0]}*") } }

sub entries {
    my ($who, $query) = @_;
    return @{ $who->get('logs' . ($query // ''))->json->{logs} };
}


# An account, from invitation to login

{
    my $email = email();
    my $before = time;
    my $r = $admin->post('accounts', { email => uc $email });
    my $made = $r->json;

    is($r->status, 201, 'an account is made');
    is(join(' ', sort keys %$made), 'email expiresAt invitation link userId',
       'and told of');
    is($made->{email}, $email, 'by its canonical email');
    like($made->{invitation}, qr/^inv_\Q$made->{userId}\E_[\w-]{43}$/,
         'the invitation names it');
    is($made->{link},
       "https://app.example.com/welcome?x=1#$made->{invitation}",
       'the link has it behind a #');
    is($r->header('cache-control'), 'no-store', 'and nobody is to keep it');

    my $ttl = $redis->command('PTTL', "kanda:{$made->{userId}}:invite");
    ok($ttl > 7_190_000 && $ttl <= 7_200_000, 'it is good for two hours');
    like($made->{expiresAt}, qr/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/, 'as told');
    unlike($redis->dump, qr/\Q@{[ substr $made->{invitation}, 31 ]}\E/,
           'Redis does not have it');

    my $row = $admin->row($made->{userId});
    is_deeply($row, { userId => $made->{userId}, email => $email,
        createdAt => $row->{createdAt}, disabled => JSON::PP::false,
        twoFactor => JSON::PP::false, hasPassword => JSON::PP::false,
        invited => JSON::PP::true,
        invitationExpiresAt => $made->{expiresAt} }, 'and it is there');

    is(said(person($email)->post('login', { email => $email,
        password => $PASSWORD })), $WRONG, 'nobody is in without a password');
    is(problem($admin->post('accounts', { email => $email })),
       '409 email_taken', 'there is one account to an email');
    is(person($email, mount => '/open')->post('register',
           { email => $email, password => $PASSWORD })->status, 409,
       'for strangers, too');
    is(person($email)->post('register', { email => email(),
           password => $PASSWORD })->json->{code}, 'REGISTRATION_CLOSED',
       'who may not register here');

    is(accept_with($made->{invitation}, $_)->status, 400, "no password: $_")
        for 'short', 'password123', uc $email;
    is(said(accept_with($made->{invitation})), $DONE, 'the owner chooses one');
    is(scalar(person($email)->login->get('me')->json->{email}), $email,
       'and is in');
    is(said(accept_with($made->{invitation})), $INVALID, 'an invitation is good once');
    is($redis->command('EXISTS', "kanda:{$made->{userId}}:invite"), 0, 'gone');

    $row = $admin->row($made->{userId});
    ok($row->{hasPassword} && !$row->{invited}
       && !defined $row->{invitationExpiresAt}, 'the row says so');

    my $api = $k->login({ email => $email, password => $PASSWORD });
    is(join(' ', map { "$_->{event}:$_->{success}" }
            reverse @{ $k->get('/logs', $api)->json->{logs} }),
       'admin.create:1 auth.register:0 auth.invitation:1 auth.login:1 '
       . 'auth.invitation:0 auth.login:1', 'and so does the log of its owner');
    is($k->get('/logs?event=auth.invitation', $api)->json->{logs}[0]{reason},
       'invalid_invitation', 'with reasons');
}


# What is no invitation: one answer

{
    my $made = $admin->invite(email());
    my $token = $made->{invitation};
    my $other = $staff->invite($made->{email});
    my $wrong = substr($token, 0, -43) . 'A' x 43;
    my $gone = "inv_@{[ 'a' x 26 ]}_" . 'A' x 43;

    isnt($other->{userId}, $made->{userId}, 'another realm, another account');
    is($other->{link}, undef, 'without link= there is none');
    is($redis->command('PTTL', "kanda:{$other->{userId}}:invite") > 3 * 86_000_000,
       1, 'and three days are usual');

    my $size = $redis->command('DBSIZE');
    is(said(accept_with($_)), $INVALID, "not with '$_'")
        for '', 'x', $gone, $token . 'A', substr($token, 0, -1), uc $token,
            'kan_' . substr($token, 4), $other->{invitation}, "\x{e9}" x 74;
    is($redis->command('DBSIZE'), $size, 'which leaves nothing behind');
    is(said(accept_with($wrong)), $INVALID, 'nor with a wrong one')
        for 1 .. 30;
    is(said(accept_with($token, undef, '/staff')), $INVALID,
       'nor in another realm');

    for my $bad ({}, { token => 1, password => $PASSWORD }, { token => $token },
                 { password => $PASSWORD }, { token => $token, password => 1 },
                 { token => undef, password => $PASSWORD })
    {
        my $r = person('-')->post('accept-invitation', $bad);
        is($r->status . ' ' . $r->json->{code}, '400 VALIDATION_ERROR',
           'and fields are fields');
    }

    is(said(accept_with($token)), $DONE, 'the right one works after all that');
    is(said(accept_with($other->{invitation}, undef, '/staff')), $DONE,
       'each where it belongs');

    # over in time
    $made = $admin->invite(email());
    $redis->command('PEXPIRE', "kanda:{$made->{userId}}:invite", 1);
    select undef, undef, undef, 0.02;
    is(said(accept_with($made->{invitation})), $INVALID, 'nor when it is over');
    ok(!$admin->row($made->{userId})->{invited}, 'as the row says');

    # a right one may be tried ten times in a quarter of an hour
    $made = $admin->post("accounts/$made->{userId}/invitation")->json;
    is(accept_with($made->{invitation}, $made->{email})->status, 400,
       'the email is no password') for 1 .. 10;
    my $r = accept_with($made->{invitation});
    is(said($r), '429 {"error":"Too many requests","code":"RATE_LIMITED"}',
       'ten tries');
    ok($r->header('retry-after') > 800, 'in a quarter of an hour');
    $redis->command('HSET', "kanda:{$made->{userId}}:invite", 'w',
                    1000 * (time - 901));
    is(said(accept_with($made->{invitation})), $DONE, 'which is over');
}


# A new invitation: for a lost one, and for a lost password

{
    my $made = $admin->invite(email());
    my $r = $admin->post("accounts/$made->{userId}/invitation");
    my $next = $r->json;

    is($r->status, 201, 'another invitation');
    isnt($next->{invitation}, $made->{invitation}, 'is another one');
    is(said(accept_with($made->{invitation})), $INVALID, 'the old one is dead');
    is(said(accept_with($next->{invitation})), $DONE, 'the new one is good');

    my $me = person($made->{email})->login->enrol;
    my $login = { email => $me->{email}, password => $PASSWORD };
    my $refresh = $me->other(jar => { %{ $me->{jar} } });
    my $temp = $me->temp;
    my $api = $k->post('/auth/2fa/verify', undef, { tempToken => $me->temp,
        totpCode => $me->code })->json->{token};
    my $key = $k->post('/apikeys', $api, {})->json->{apiKey};

    $me->other->post('login', { %$login, password => "no $_ no" }) for 1 .. 6;
    is($me->other->post('login', $login)->status, 429, 'who forgot it');
    $next = $admin->post("accounts/$made->{userId}/invitation")->json;
    is($me->get('me')->status, 200, 'an invitation alone ends nothing');
    is(said(accept_with($next->{invitation}, 'walnut paper kite')), $DONE,
       'a new password');

    is($me->get('me')->status, 403, 'sessions end');
    is($refresh->post('refresh')->status, 401, 'for good');
    is($k->get('/auth/me', $api)->status, 401, 'tokens, too');
    is($k->get('/auth/me', $key)->status, 200, 'API keys do not');
    is(person('-')->post('2fa/verify', { tempToken => $temp,
           totpCode => $me->code })->status, 401, 'nor half a login');
    is(said($me->other->post('login', $login)), $WRONG, 'the old one is nothing');
    my $half = $me->other->post('login', { %$login,
                                           password => 'walnut paper kite' });
    ok($half->json->{requiresTwoFactor}, 'the new one still wants the factor');
}


# A factor that is lost

{
    my $me = owner()->login->enrol;
    my $codes = $me->post('2fa/recovery-codes')->json->{recoveryCodes};
    my $other = $me->other->login;
    my $temp = $me->temp;
    my $key = "kanda:{$me->{userId}}";

    $me->post('2fa/setup');
    is($redis->command('EXISTS', "$key:factor", "$key:recovery",
                       "$key:pending"), 3, 'a factor and all that belongs to it');
    ok($admin->row($me->{userId})->{twoFactor}, 'the row shows it');

    my $r = $admin->post("accounts/$me->{userId}/reset-factor");
    is($r->status, 200, 'taken away');
    ok(!$r->json->{twoFactor}, 'as it says');
    is($redis->command('EXISTS', "$key:factor", "$key:recovery",
                       "$key:pending"), 0, 'all of it');
    is($_->get('me')->status, 403, 'sessions end') for $me, $other;
    isnt(person('-')->post('2fa/verify', { tempToken => $temp,
             totpCode => $_ })->status, 200, 'half a login is none')
        for $me->code, $codes->[0];
    is(said($me->other->post('login', $me->credentials)), $DONE,
       'the password is enough');
    is(scalar(grep { $_->{event} eq 'admin.reset_factor' } @{
           $k->get('/logs', $k->login({ %$me }))->json->{logs} }), 1,
       'which its owner can see');
}


# The list

{
    my @made = map { $staff->invite(email()) } 1 .. 7;
    my @all = $staff->everybody;
    my @ids = map { $_->{userId} } @all;

    is_deeply([ @ids[0 .. 6] ], [ reverse map { $_->{userId} } @made ],
              'newest first');
    is_deeply([ map { $_->{userId} } $staff->everybody(3) ], \@ids,
              'in pages, too');

    my $page = $staff->get('accounts?limit=2&offset=1')->json;
    is(join(' ', map { $page->{$_} } qw(total limit offset)),
       scalar(@all) . ' 2 1', 'which say what they are');
    is($staff->get('accounts')->json->{limit}, 100, 'of a hundred');
    is(problem($staff->get("accounts?$_")), '400 invalid_request', $_)
        for qw(limit=0 limit=101 limit=x offset=-1 offset=1000001 limit=1&limit=1
               email= email=x email=a@b.c&email=a@b.c email=%zz);

    my $one = $staff->get('accounts?email=' . uc $made[2]{email} =~ s/@/%40/r)
                    ->json;
    is(join(' ', map { $_->{userId} } @{ $one->{accounts} }),
       $made[2]{userId}, 'one by its email');
    is($one->{total}, 1, 'alone');
    is_deeply($admin->get("accounts?email=$made[2]{email}")->json->{accounts},
              [], 'and of this realm');
    is_deeply($staff->get('accounts?email=none@example.com')->json->{accounts},
              [], 'or none');
    is(problem($admin->get("accounts/$made[2]{userId}")),
       '404 account_not_found', 'realms do not mix');

    # who registers is on it
    my $me = person(email(), mount => '/open')->register;
    my ($newest) = $admin->everybody;
    is($newest->{userId}, $me->{userId}, 'who registers is listed');
    $me->login;
    is(said($me->call('DELETE', 'account', { password => $me->{password} })),
       $DONE, 'who leaves');
    is(scalar(grep { $_->{userId} eq $me->{userId} } $admin->everybody), 0,
       'is not');
    is($redis->command('ZSCORE', 'kanda:{accounts:default}:index',
                       $me->{userId}), undef, 'any more');

    # what stayed on it, and never came
    my $index = 'kanda:{accounts:staff}:index';
    my $ghost = 'b' x 26;
    $redis->command('ZADD', $index, 1_000_000 * (time - 10), $ghost);
    is(scalar(grep { $_->{userId} eq $ghost } $staff->everybody), 0, 'no ghosts');
    ok($redis->command('ZSCORE', $index, $ghost), 'it may be on its way');
    $redis->command('ZADD', $index, 1_000_000 * (time - 100), $ghost);
    $redis->command('SET', "kanda:{accounts:staff}:making:$ghost", '');
    $staff->everybody;
    ok($redis->command('ZSCORE', $index, $ghost), 'or coming again');
    $redis->command('DEL', "kanda:{accounts:staff}:making:$ghost");
    $staff->everybody;
    is($redis->command('ZSCORE', $index, $ghost), undef, 'or it is forgotten');
}


# What an invitation leads to is inherited, and as a whole

for my $case ([ '/admin', 'http://a.example/#', 3600 ],
              [ '/admin/short', undef, 90 ])
{
    my ($mount, $link, $ttl) = @$case;
    my $made = Kanda::Admin->new(mount => $mount,
        address => Kanda::Admin::path('more'))->invite(email());
    my $left = $redis->command('TTL', "kanda:{$made->{userId}}:invite");

    is($made->{link}, defined $link ? $link . $made->{invitation} : undef,
       "$mount: the link");
    ok($left > $ttl - 10 && $left <= $ttl, 'and its time');
}


# No account

{
    my $me = owner()->login->enrol;
    my $api = $k->post('/auth/2fa/verify', undef, { tempToken => $me->temp,
        totpCode => $me->code })->json->{token};
    $k->client($api, clientId => 'c:1');
    $k->post('/totp/recovery/c:1', $api);
    my $key = $k->post('/apikeys', $api, {})->json->{apiKey};
    $k->post('/auth/logout', $k->post('/auth/token', undef,
        { apiKey => $key })->json->{token});
    $me->post('2fa/recovery-codes');
    $me->post('2fa/setup');
    $me->other->post('login', { %{ $me->credentials }, password => 'x' });
    $admin->post("accounts/$me->{userId}/$_")
        for qw(disable enable invitation);
    my $made = $admin->post("accounts/$me->{userId}/invitation")->json;
    accept_with(substr($made->{invitation}, 0, -43) . 'A' x 43);

    cmp_ok(scalar keys_of($me->{userId}), '>=', 20, 'one that has everything');
    is(problem($staff->delete("accounts/$me->{userId}")),
       '404 account_not_found', 'not from another realm');
    cmp_ok(scalar keys_of($me->{userId}), '>=', 20, 'which changes nothing');

    is(said($admin->delete("accounts/$me->{userId}")),
       "200 {\"userId\":\"$me->{userId}\",\"deleted\":true}", 'is deleted');
    is_deeply([ keys_of($me->{userId}) ], [], 'key by key');
    is(problem($admin->delete("accounts/$me->{userId}")),
       '404 account_not_found', 'once');
    is(scalar(grep { $_->{userId} eq $me->{userId} } $admin->everybody), 0,
       'off the list');
    is($k->get('/auth/me', $_)->status, 401, 'nothing lives') for $api, $key;
    is(said(accept_with($made->{invitation})), $INVALID, 'no invitation either');
    is($admin->invite($me->{email})->{userId}, $me->{userId},
       'and the email is free');
}


# The log: every act, before and after

{
    my $made = $admin->invite(email());
    my $id = $made->{userId};
    my $none = 'c' x 26;

    $admin->post("accounts/$id/$_") for qw(disable invitation enable
                                           reset-factor invitation);
    $admin->post('accounts', { email => $made->{email} });
    $admin->delete("accounts/$id");
    $admin->post("accounts/$none/disable");

    my @log = entries($admin, '?limit=9');
    is(join("\n", map { join ' ', @$_{qw(event success userId)},
                        $_->{reason} // '-' } reverse @log),
       join("\n", "admin.create 1 $id -", "admin.disable 1 $id -",
            "admin.invite 0 $id account_disabled", "admin.enable 1 $id -",
            "admin.reset_factor 1 $id -", "admin.invite 1 $id -",
            "admin.create 0 $id email_taken", "admin.delete 1 $id -",
            "admin.disable 0 $none unknown_account"), 'each act and its end');
    is(join(' ', sort keys %{ $log[0] }), 'apiKeyId event id ip reason success '
       . 'timestamp userAgent userId', 'as the access log has it');
    is($log[0]{ip}, 'unix:', 'and whence');

    @log = entries($admin, '?event=admin.delete&limit=1');
    is($log[0]{userId}, $id, 'of one kind');
    is(problem($admin->get("logs?$_")), '400 invalid_request', $_)
        for qw(event=none limit=201 offset=x event=admin);
    is(scalar(grep { $_->{userId} eq $id } entries($staff)), 0,
       'each realm has its own');

    # another's log, by the other's way in, has nothing of it
    my $page = $admin->get('logs?limit=2&offset=1')->json;
    is(scalar @{ $page->{logs} }, 2, 'in pages');
    is("$page->{limit} $page->{offset}", '2 1', 'that say what they are');
}


# Requests that are none

{
    my $made = $admin->invite(email());
    my $id = $made->{userId};

    for my $case (
        [ 'GET', '', 404 ], [ 'GET', 'account', 404 ], [ 'GET', 'accounts/', 404 ],
        [ 'GET', "accounts/$id/", 404 ], [ 'GET', "accounts/$id/none", 404 ],
        [ 'POST', "accounts/$id/disable/", 404 ], [ 'POST', 'accounts//disable', 404 ],
        [ 'POST', "accounts/$id/x/disable", 404 ],
        [ 'PUT', 'accounts', 405, 'GET, HEAD, POST' ],
        [ 'DELETE', 'accounts', 405, 'GET, HEAD, POST' ],
        [ 'POST', "accounts/$id", 405, 'GET, HEAD, DELETE' ],
        [ 'GET', "accounts/$id/disable", 405, 'POST' ],
        [ 'DELETE', "accounts/$id/invitation", 405, 'POST' ],
        [ 'POST', 'logs', 405, 'GET, HEAD' ],
        [ 'OPTIONS', 'accounts', 405, 'GET, HEAD, POST' ],
        [ 'GET', 'accounts/%01', 400 ], [ 'GET', 'accounts/x', 404 ],
        [ 'DELETE', 'accounts/' . uc $id, 404 ],
        [ 'DELETE', 'accounts/' . $id . 'a', 404 ],
    ) {
        my ($method, $path, $status, $allow) = @$case;
        my $r = $admin->call($method, $path);
        is($r->status, $status, "$method '$path'");
        is($r->header('allow'), $allow, 'Allow') if $allow;
        is($r->header('content-type'), 'application/problem+json', 'a problem');
    }

    is($admin->call('HEAD', 'accounts')->status, 200, 'HEAD is GET');

    for my $bad ('', '{', '[]', '{}', '{"email":1}', '{"email":null}',
                 '{"email":"x"}', '{"email":"a@b.c","email":"d@e.f"}',
                 '{"email":"a@b.c"}x', '{"email":"a@\u0000"}',
                 '{"email":"' . 'a' x 250 . '@b.cd"}', "{\"email\":\"\xff\@b.c\"}")
    {
        is($admin->post('accounts', $bad)->status, 400,
           'no account for ' . substr $bad, 0, 30);
    }

    is($admin->post('accounts', '{"email":"a@b.c"}', 'Content-Type' => $_)
             ->status, 415, $_)
        for 'text/plain', 'application/x-www-form-urlencoded';
    is($admin->post('accounts', '{"email":"' . 'a' x 70_000 . '"}')->status, 413,
       'nor for too much');
    ok(!$admin->row($id)->{disabled}, 'nothing came of it');
}


# Without Redis

{
    my $made = $admin->invite(email());

    $redis->kill9;
    is(problem($admin->call(@$_)), '503 unavailable', "@$_[0, 1]") for
        [ 'GET', 'accounts' ], [ 'GET', 'accounts?email=a@b.c' ],
        [ 'GET', "accounts/$made->{userId}" ], [ 'GET', 'logs' ],
        [ 'GET', 'user-ids' ],
        [ 'POST', 'accounts', { email => 'a@b.c' } ],
        [ 'DELETE', "accounts/$made->{userId}" ],
        map { [ 'POST', "accounts/$made->{userId}/$_" ] }
            qw(disable enable reset-factor invitation reseal);
    is(accept_with($made->{invitation})->status, 503, 'nor is it accepted');
}

done_testing;
