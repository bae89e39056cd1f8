# What README.md says of the code is so: its tables have what the code has and
# nothing else, and what one may copy from it works.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Admin;
use Kanda::Auth;
use Kanda::Stateless;
use Test::More;

my $readme = file('README.md');


sub file {
    my ($name) = @_;
    open my $fh, '<', $name or die "$name: $!\n";
    local $/;
    return scalar <$fh>;
}


# The code block that stands behind <!-- name -->.

sub block {
    my ($name) = @_;
    my ($text) = $readme =~ /^<!-- \Q$name\E -->\n```\w*\n(.*?)^```$/ms;
    return $text // die "README.md has no block $name\n";
}


sub section {
    my ($name) = @_;
    my ($text) = $readme =~ m{^<!-- \Q$name\E -->\n(.*?)^<!-- /\Q$name\E -->$}ms;
    return $text // die "README.md has no section $name\n";
}


sub same {
    my ($got, $expected, $what) = @_;
    is(join("\n", sort @$got), join("\n", sort @$expected), $what);
}


# dialects

{
    my ($table) = file('src/gate/kanda_serve.c')
                  =~ /kanda_serve_dialects\[\] = \{(.*?)\};/s;
    my @code = $table =~ /&kanda_(\w+)_dialect/g;
    my ($syntax) = $readme =~ /^- Syntax: `kanda_serve ([^;]*);`/m;
    my ($message) = $readme =~ /there is: ([\w, ]+)`/;

    same([ split / \| /, $syntax ], \@code, 'dialects');
    same([ split /, /, $message ], \@code, 'and what nginx -t says of them');
}


# directives, and where each may stand

{
    my @code = map {
        my ($name, $flags) = @$_;
        my @where = map { $flags =~ /NGX_HTTP_$_->[0]_CONF/ ? $_->[1] : () }
                        [ MAIN => 'http' ], [ SRV => 'server' ],
                        [ LOC => 'location' ];
        $name . ': ' . join ', ', @where;
    } pairs(file('ngx_http_kanda_module.c'),
            qr/\{ ngx_string\("(kanda_\w+)"\),\s*(\w[\w|\s]*),/);
    my @said = map { "$_->[0]: $_->[1]" } pairs($readme,
        qr/^### (kanda_\w+)\n(?:(?!^#).)*?^- Context: ([^\n]+)$/ms);

    same(\@said, \@code, 'directives and their contexts');

    for my $part (split /^### /m, $readme) {
        my ($name) = $part =~ /^(kanda_\w+)\n/ or next;
        like($part, qr/^- Syntax: `$name /m, "$name: syntax");
        like($part, qr/^- Default: (?:–|`$name .*;`)$/m, 'default');
        like($part, qr/^```nginx\n.*\b$name .*;/m, 'example');
        like($part, qr/^Mistakes?: /m, 'mistakes');
    }
}


# variables

{
    my @code = map { "\$$_->[0]" } pairs(
        file('src/gate/kanda_gate_variables.c'),
        qr/\{ ngx_string\("(kanda_\w+)"\)()/);
    my @said = map { $_->[0] } pairs(section('variables'),
                                     qr/^\| `(\$\w+)` \|()/m);
    same(\@said, \@code, 'variables');
}


sub pairs {
    my ($text, $pattern) = @_;
    my @pairs;
    push @pairs, [ $1, $2 ] while $text =~ /$pattern/g;
    return @pairs;
}


# routes, and the scope of each

sub routes {
    my ($file, $name) = @_;
    my ($table) = file("src/api/$file")
                  =~ /kanda_${name}_routes\[\] = \{(.*?)^\};/ms;
    my $row = qr/\{\s*NGX_HTTP_(\w+),\s*"([^"]+)",\s*KANDA_AUTH_(\w+),\s*(\w+),/;
    my @routes;

    while ($table =~ /$row/g) {
        my ($method, $path, $auth, $scope) = ($1, $2, $3, $4);
        $scope = $auth eq 'NONE' ? '–' : $auth ne 'CALLER' ? lc $auth
               : $scope eq '0' ? 'any'
               : '`' . lc($scope =~ s/KANDA_SCOPE_//r) . '`';
        push @routes, "$method $path $scope";
    }

    return @routes;
}

for my $table ([ 'routes', 'api' ], [ 'auth routes', 'auth' ]) {
    my ($where, $name) = @$table;
    my $routes = section($where);
    my @code = routes("kanda_${name}_routes.c", $name);
    my @said;

    while ($routes =~ /^\| `(\w+) ([^`]+)` \| (\S+) \|/mg) {
        my ($method, $path, $scope) = ($1, $2, $3);
        $path =~ s/:\w+/:/;
        push @said, "$method $path $scope";
    }

    same(\@said, \@code, "$where and who may");
    is(scalar(() = $routes =~ /^\|/mg), @said + 2,
       'in a table of nothing else');
}


# those of the dialects that keep nothing, all of one scope

for my $dialect ([ otp => 'kanda_otp_routes.c' ],
                 [ toolkit => 'kanda_toolkit.c' ])
{
    my ($name, $file) = @$dialect;
    my $routes = section("$name routes");
    my @said = map { "$_->[0] $_->[1] `stateless`" }
               pairs($routes, qr/^\| `(\w+) ([^`]+)` \|/m);

    same(\@said, [ routes($file, $name) ], "$name: routes");
    is(scalar(() = $routes =~ /^\|/mg), @said + 2, 'in a table of nothing else');
}

{
    my $routes = section('admin routes');
    my @said = map { "$_->[0] " . $_->[1] =~ s/:\w+/:/r . ' –' }
               pairs($routes, qr/^\| `(\w+) ([^`]+)` \|/m);

    same(\@said, [ routes('kanda_admin_routes.c', 'admin') ], 'admin: routes');
    is(scalar(() = $routes =~ /^\|/mg), @said + 2, 'in a table of nothing else');
}

{
    my @code = file('src/api/kanda_otp.c') =~ /\{ "\w+", "([^"]+)" \}/g;
    my @said = map { /`([^`]+)`/g }
               section('otp routes') =~ /^\| `.*\| ([^|]*) \|$/mg;
    same(\@said, \@code, 'otp: what is said where a field is missing');
}


# what the login router says, in the table or below it

{
    my $code = file('src/api/kanda_auth_routes.c');
    my ($section) = $readme =~ /^## Login and 2FA router\n(.*?)^## /ms;
    my $said = $section =~ s/\s+/ /gr;
    my @rows = pairs($code, qr/\{\s*(\d{3}),\s+"([^"]+)",\s+NULL\s*\}/);
    my @codes = $code =~ /\{\s*\d{3},\s+(?:NULL|"[^"]+"),\s+"(\w+)"\s*\}/g;

    cmp_ok(scalar @rows, '>=', 5, 'texts without a code');
    cmp_ok(scalar @codes, '>=', 10, 'and codes');
    ok($said =~ /`\Q$_->[1]\E`/, "$_->[0] $_->[1]") for @rows;
    ok($said =~ /`$_`/, $_) for @codes, '2FA_SETUP_REQUIRED';

    my %known = map { $_ => 1 } @codes, '2FA_SETUP_REQUIRED',
        map { uc } file('src/http/kanda_problem.c') =~ /ngx_string\("(\w+)"\)/g;
    same([ grep { !$known{$_} && !/^(?:JSON|CODE|JAR)$/ }
           $section =~ /`([A-Z2][A-Z_\dF]+)`/g ], [], 'and nothing else');
}


# errors

{
    my @code = file('src/http/kanda_problem.c')
               =~ /\b(\d{3}), ngx_string\("(\w+)"\)/g;
    my $text = join '', map { $readme =~ /(^## $_.*?)^## /ms }
                        'API reference', 'Accounts and administration';
    my (%code, %said);

    while (my ($status, $name) = splice @code, 0, 2) {
        $code{"$status $name"} = 1;
    }

    # in the first table "404 `code`", in the second "| 404 | `code`, `code` |"
    $said{"$1 $2"} = 1 while $text =~ /\b([45]\d\d) `(\w+)`/g;

    for my $row (pairs($text, qr/^\| (\d{3}) \| ((?:`\w+`,? ?)+)\|/m)) {
        $said{"$row->[0] $_"} = 1 for $row->[1] =~ /`(\w+)`/g;
    }

    same([ keys %said ], [ keys %code ], 'errors');
}


# events: those that a script writes, and those that are only reserved

{
    my ($known) = file('src/store/kanda_store_log.c')
                  =~ /kanda_log_events\[\] = \{(.*?)\};/s;
    my $scripts = join '', map { file($_) } glob 'src/store/scripts/*.{lua,inc}';
    my $callers = join '', map { file($_) } glob 'src/api/*.c';
    my %written = map { $_ => 1 } $scripts =~ /^-- Event: (\S+)/mg,
        $callers =~ /\bkanda_stateless_\w+\([^;]*?"([a-z.]+)"/g;
    my @known = $known =~ /ngx_string\("([^"]+)"\)/g;
    my ($written, $reserved) = split /^Reserved/m, section('events');

    same([ $written =~ /`([^`]+)`/g ], [ grep { $written{$_} } @known ],
         'events');
    same([ ($reserved // '') =~ /`([^`]+)`/g ], [ grep { !$written{$_} } @known ],
         'reserved events');
}


# metrics: those that are written, and the alerts, as Prometheus reads them

{
    my %code = map { $_ => 1 }
               join('', map { file($_) } glob 'src/gate/kanda_metrics*.c')
               =~ /"(kanda_[a-z_]+)["{ ]/g;
    delete @code{ grep { /_(?:bucket|sum|count)$/ } keys %code };

    same([ section('metrics') =~ /^\| `(\w+)`/mg ], [ keys %code ], 'metrics');

    my $rules = Kanda::Home::root() . '/rules.yml';
    open my $fh, '>', $rules or die $!;
    print $fh block('alerts');
    close $fh;
    like(scalar qx{promtool check rules $rules 2>&1}, qr/SUCCESS: 4 rules/,
         'alerts');
    same([ grep { !$code{$_} } block('alerts') =~ /\b(kanda_\w+)/g ], [],
         'of metrics that there are');
}


# scopes

{
    my ($table) = file('src/api/kanda_api_apikeys.c')
                  =~ /kanda_apikeys_scope_names\[\] = \{(.*?)^\};/ms;
    my ($said) = $readme =~ /^\| scope \| allows \|\n(.*?)\n\n/ms;

    same([ $said =~ /^\| `(\w+)`/mg ], [ $table =~ /"(\w+)"/g ], 'scopes');
}


# links to sections and files

{
    my (%anchors, %count);

    for my $title ($readme =~ /^#+ (.*)$/mg) {
        my $anchor = lc $title =~ s/[^\w -]//gr =~ s/ /-/gr;
        my $n = $count{$anchor}++;
        $anchors{ $n ? "$anchor-$n" : $anchor } = 1;
    }

    same([ grep { !$anchors{$_} } $readme =~ /\]\(#([^)]+)\)/g ], [],
         'links lead to sections');
    same([ grep { !-e } $readme =~ /\]\((?!#|http)([^)]+)\)/g ], [],
         'and to files');
}


# what one may copy: the quick start, against an empty service

my $dir = Kanda::Home::root();

sub shell {
    my ($text) = @_;
    open my $fh, '>', "$dir/block.sh" or die $!;
    print $fh $text;
    close $fh;
    return scalar qx{sh $dir/block.sh 2>&1};
}


{
    my $k = Kanda->new(server => Kanda::Stateless::locations()
        . Kanda::Auth::location('kanda_csrf on;'))->start;
    my $port = $k->port;
    my @text = map { block($_) =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/r }
               'quick start', 'otp', 'toolkit';

    settle(5);

    my @lines = split /\n/, shell($text[0]);

    is($lines[-1], '{"valid":true}', 'the quick start ends with a right code')
        or diag @lines;

    my ($auth) = block('auth') =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/r;
    settle(8);
    @lines = split /\n/, shell($auth);
    is(scalar @lines, 8, 'the login router answers eight times') or diag @lines;
    like($lines[-1], qr/"isTotpEnabled":true\}$/, 'and ends with a second factor')
        or diag @lines;

    # each goes on where the one before it ended

    settle(5);
    @lines = split /\n/, shell(join '', @text[0, 1]);
    is($lines[-2], '[{"type":"Success","message":"Renda.io ping successful"}]',
       'the form API answers') or diag @lines;
    like($lines[-1], qr/^\{"isValid":true,"token":"\d{6}","timeUsed":\d+,"timeRemaining":\d+\}$/,
         'and ends with a right code') or diag @lines;

    settle(5);
    @lines = split /\n/, shell(join '', @text);
    is($lines[-1], '{"valid":true,"drift":0}', 'so does the JSON API')
        or diag @lines;
}


# accounts by invitation, in a server as it is shown

{
    my $socket = Kanda::Admin::path('shown');
    my $k = Kanda->new(http => block('admin.conf') =~ s{/run/kanda-admin/socket}
                                                       {$socket}r,
                       server => 'location /auth/ { kanda_serve auth; }')->start;
    my $port = $k->port;
    my @lines = split /\n/, shell(block('admin')
        =~ s{/run/kanda-admin/socket}{$socket}r
        =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/r);

    is(scalar @lines, 9, 'administration answers nine times') or diag @lines;
    like($lines[0], qr{"link":"https://app\.example\.com/welcome#inv_},
         'with a link');
    is($lines[1], '{"success":true}', 'which is good') or diag @lines;
    is($lines[7] =~ /"deleted":true/, 1, 'to the end') or diag @lines;
    like($lines[8], qr/^\{"logs":\[\{[^}]*"event":"admin\.delete","success":true/,
         'and the log knows');

    my $admin = Kanda::Admin->new(address => $socket);
    $admin->invite("n$_\@example.com") for 1 .. 103;
    @lines = split /\n/, shell(block('reseal')
        =~ s{/run/kanda-admin/socket}{$socket}r);
    is(scalar(grep { /"resealed":0,"unreadable":0,"cursor":null/ } @lines), 103,
       'all accounts are walked over') or diag @lines;
    is($lines[-1], 'these are all', 'to the end');
    like(shell(block('reseal')
               =~ s{/run/kanda-admin/socket}{$socket.none}r . "echo \$?\n"),
         qr/^curl: .*\n+1\n\z/, 'or it says so');

}


# the key file and the small nginx.conf

{
    my $keys = block('keys') =~ s{/etc/kanda}{$dir/kanda}gr;
    my $said = shell($keys);

    is($said, '', 'making the keys');
    is((stat "$dir/kanda/keys")[2] & 0777, 0600, 'which are private');

    my ($module) = Kanda::Nginx::modules();
    my $conf = block('nginx.conf');

    for ($conf) {
        s{modules/ngx_http_kanda_module\.so}{$module};
        s{/etc/kanda}{$dir/kanda}g;
        s{/run/nginx\.pid}{$dir/pid};
        s{/var/log/nginx}{$dir}g;
        s{^user .*\n}{}m if $> != 0;
    }

    my ($status, $text) = Kanda::Nginx->new(conf => $conf)->check;
    is($status, 0, 'nginx -t takes both') or diag $text;
}


# the Redis user: may do all that our scripts do, and no more

my ($acl) = block('acl') =~ /^user (kanda on .*)$/m;

{
    my $scripts = join '', map { file($_) } glob 'src/store/scripts/*.{lua,inc}';
    my %code = map { lc($_) => 1 } $scripts =~ /\bcall\('(\w+)'/g;
    my @ours = qw(select eval evalsha script|load role cluster|slots
                   asking wait);

    same([ $acl =~ /\+(\S+)/g ], [ @ours, keys %code ],
         'the Redis user may what scripts call');
}

{
    my $k = Kanda->new(redis => { conf => [ user => [ split / /, $acl ] ] });

    $k->{kanda} = 'kanda_redis ' . $k->redis->url
                  . " user=kanda password=password db=1;\n"
                  . 'kanda_keys ' . $k->keys_file . ';';
    $k->{location} = 'kanda_registration on;
                      kanda_lockout row=2 wait=1m recovery=1;';
    $k->{http} = Kanda::Admin::server();
    $k->{server} = Kanda::Stateless::locations('kanda_stateless_replay on;');
    $k->{server} .= Kanda::Auth::location('kanda_lockout row=2 wait=1m;')
        . Kanda::Auth::location('kanda_two_factor required;', '/strict/');
    $k->start;
    walk($k);
    walk_auth($k);
    walk_admin($k);

    my $log = $k->redis->command('ACL', 'LOG');
    is(scalar @$log, 0, 'nothing was denied') or diag explain $log;

    my $link = $k->redis->connect;

    for my $command ([ 'AUTH', 'kanda', 'password' ], [ 'FLUSHALL' ],
                     [ 'KEYS', '*' ], [ 'CONFIG', 'GET', '*' ], [ 'MONITOR' ],
                     [ 'GET', 'other' ], [ 'SCRIPT', 'FLUSH' ])
    {
        $k->redis->send_command($link, @$command);
        like($k->redis->read_reply($link),
             $command->[0] eq 'AUTH' ? qr/^OK/ : qr/^NOPERM/, "@$command");
    }
}


# The login router: every script, and where it has two ways, both.

sub walk_auth {
    my ($k) = @_;
    my $me = Kanda::Auth->new($k)->register->login;
    my $try = sub {
        my ($status, $path, $body, @headers) = @_;
        my ($method) = $path =~ s/^(\w+) // ? $1 : 'POST';
        my $r = $me->call($method, $path, $body, @headers);
        is($r->status, $status, "$method $path as the Redis user");
        return $r->json;
    };

    my $old = $me->other(jar => { %{ $me->{jar} } });
    $try->(200, 'refresh') for 1 .. 2;
    is($old->post('refresh')->status, 401, 'a refresh token used again');
    $me->login->enrol;
    $try->(200, '2fa/recovery-codes');
    $try->(200, '2fa/setup');
    $try->(400, '2fa/verify-setup', { token => '1', secret => 'x' });
    $try->(401, '2fa/step-up', { totpCode => '1' });
    $try->(200, '2fa/step-up', { totpCode => $me->code });
    my $temp = $me->temp;
    $try->(401, '2fa/verify', { tempToken => $temp, totpCode => $me->wrong })
        for 1 .. 2;
    $try->(429, '2fa/verify', { tempToken => $temp, totpCode => $me->wrong })
        for 1 .. 2;
    my ($session) = @{ $try->(200, 'GET sessions')->{sessions} };
    $try->(200, '2fa/disable');
    $try->(401, 'change-password', { currentPassword => 'not the right one',
                                     newPassword => 'walnut paper kite' });
    $try->(200, 'change-password', { currentPassword => $me->{password},
                                     newPassword => 'walnut paper kite' });
    $try->(401, 'DELETE account', { password => 'not the right one' });

    my $other = $me->other(password => 'walnut paper kite')->login;
    $other->delete("sessions/$session->{sessionHandle}");
    $other->post('logout');

    my $strict = Kanda::Auth->new($k, mount => '/strict')->register;
    my $setup = $strict->post('login', $strict->credentials)->json->{tempToken};
    my @bearer = (Authorization => "Bearer $setup");
    my $secret = $strict->post('2fa/setup', undef, @bearer)->json->{secret};
    settle(3);
    is($strict->post('2fa/verify-setup', { secret => $secret,
           token => totp($secret) }, @bearer)->status, 200,
       'a set-up by its token');

    $me->other(password => 'walnut paper kite')->login
       ->call('DELETE', 'account', { password => 'walnut paper kite' });
    $try->(403, 'GET me');
}


# The administrator's acts, and an invitation's ways.

sub walk_admin {
    my ($k) = @_;
    my $admin = Kanda::Admin->new;
    my $made = $admin->invite('walk@example.com');
    my $me = Kanda::Auth->new($k, email => $made->{email});
    my $accept = sub {
        my ($status, $token) = @_;
        is($me->post('accept-invitation', { token => $token,
               password => $me->{password} })->status, $status,
           'an invitation as the Redis user');
    };

    $accept->(401, substr($made->{invitation}, 0, -43) . 'A' x 43) for 1 .. 12;
    $accept->(200, $made->{invitation});
    $me->login;
    $k->post('/apikeys', $k->login({ %{ $me->credentials } }), {});
    is($admin->post("accounts/$made->{userId}/$_")->status,
       /invitation/ ? 201 : 200, "$_ as the Redis user")
        for qw(invitation disable enable reset-factor);
    $k->redis->command('ZADD', 'kanda:{accounts:default}:index', 1, 'a' x 26);
    is($admin->get($_)->status, 200, "$_ as the Redis user")
        for 'accounts', "accounts/$made->{userId}", 'logs';
    is($admin->post('accounts', { email => $made->{email} })->status, 409,
       'an email that is taken');
    is($admin->delete("accounts/$made->{userId}")->status, 200, 'delete');
}


# Every route, and every way through judge.

sub walk {
    my ($k) = @_;
    my $who = $k->account;
    my $client = $k->client($who, clientId => 'a');

    my $try = sub {
        my ($status, $method, @rest) = @_;
        my $r = $k->$method(@rest);
        is($r->status, $status, "$method $rest[0] as the Redis user");
        return $r->json;
    };
    my $code = sub {
        my ($expected, $code) = @_;
        is($k->validate($who, 'a', $code), $expected, 'validate');
    };
    my $login = { email => $who->{email}, password => 'not the right one' };

    $try->(409, 'post', '/auth/register', undef, $login);
    $try->(401, 'post', '/auth/login', undef, $login) for 1 .. 5;
    $try->(429, 'post', '/auth/login', undef, $login) for 1 .. 2;
    $try->(200, 'get', '/auth/me', $who);

    settle(8);
    $code->('true', totp($client->{secret}));
    $code->('false', totp($client->{secret}));
    $code->('false', '12');
    $code->('false', wrong_code($client->{secret})) for 1 .. 2;
    $code->(429, '123456') for 1 .. 2;

    my $codes = $try->(201, 'post', '/totp/recovery/a', $who)->{recoveryCodes};
    $code->('true', $codes->[0]);
    $code->('false', $codes->[0]);
    $code->(429, $codes->[0]) for 1 .. 2;

    $try->(200, 'post', '/totp/unlock/a', $who);
    $try->(200, 'get', '/totp/qrcode/a', $who);
    $try->(200, 'get', '/totp', $who);
    $try->(200, 'get', '/totp/a', $who);
    my $new = $try->(200, 'post', '/totp/rotate/a', $who);
    $code->('true', totp($new->{secret}));

    my $key = $try->(201, 'post', '/apikeys', $who, {});
    my $caller = Kanda::Stateless->new($k, $key->{apiKey});
    my $made = $caller->otp('onboardUser', userID => 'a', applicationID => 'b')
                      ->json;
    my @form = (secret => $made->{secretKey}, token => $made->{token});
    is($caller->otp('getOTP', @form)->status, 200, 'getOTP');
    is($caller->otp('generateQRCode', data => 'x')->status, 200, 'generateQRCode');
    is(join(' ', map { $caller->otp_says(@form) } 1 .. 2), 'true false',
       'verifyOTP');
    $made = $caller->generate(issuer => 'a', account_name => 'b')->json;
    is(join(' ', map { $caller->toolkit_says(secret => $made->{secret},
                           code => $made->{current_code}) } 1 .. 2),
       'true false', 'totp-verify');
    $try->(200, 'get', '/apikeys', $key->{apiKey});
    $try->(200, 'post', '/auth/token', undef, { apiKey => $key->{apiKey} });
    $k->redis->command('SCRIPT', 'FLUSH');
    $try->(200, 'get', '/logs?event=totp.validate', $who);
    $try->(200, 'delete', "/apikeys/$key->{id}", $who);
    $try->(401, 'get', '/logs', $key->{apiKey});
    $try->(200, 'delete', '/totp/a', $who);
    $try->(200, 'get', '/logs', $who);
    $try->(200, 'post', '/auth/logout', $who);
    $try->(401, 'get', '/auth/me', $who);
}

done_testing;
