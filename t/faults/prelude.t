# No write runs for a caller who was revoked a moment ago: neither for one whose
# request is on its way to Redis already, nor in any script called alone.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use Kanda;
use Kanda::Proxy;
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 1)->start_redis;
my $redis = $k->redis;
my $proxy = Kanda::Proxy->new($redis->{socket})->start;

$k->{kanda} = 'kanda_redis ' . $proxy->url . ";\nkanda_redis_timeout 5s;\n"
              . "kanda_keys $k->{keys_file};";
$k->start_nginx;

# a second server, whose way to Redis is short
my $direct = bless { %$k, kanda => 'kanda_redis ' . $redis->url . ";\n"
                                   . "kanda_keys $k->{keys_file};" }, 'Kanda';
delete @$direct{qw(nginx http_link)};
$direct->start_nginx;

my $who;
Kanda::Home::wait_for('service', 10, sub {
    $who = eval { $k->account } && eval { $direct->account } });


# Everything that Redis keeps, but for the log and what counts it. A deadline
# may have come nearer.

sub digest {
    my $text = $redis->dump;
    return sha256_hex($text);
}


# Each request that writes, held back until its caller is dead.

my $serial = 0;
my %write = (
    'register' => sub { [ 'POST', '/totp/register', $_[0],
                          { clientId => 'new' . ++$serial } ] },
    'validate' => sub { [ 'POST', '/totp/validate', $_[0],
                          { clientId => $_[1]{clientId},
                            token => totp($_[1]{secret}) } ] },
    'wrong'    => sub { [ 'POST', '/totp/validate', $_[0],
                          { clientId => $_[1]{clientId},
                            token => wrong_code($_[1]{secret}) } ] },
    'unknown'  => sub { [ 'POST', '/totp/validate', $_[0],
                          { clientId => 'none', token => '123456' } ] },
    'qrcode'   => sub { [ 'GET', "/totp/qrcode/$_[1]{clientId}", $_[0] ] },
    'rotate'   => sub { [ 'POST', "/totp/rotate/$_[1]{clientId}", $_[0] ] },
    'unlock'   => sub { [ 'POST', "/totp/unlock/$_[1]{clientId}", $_[0] ] },
    'recovery' => sub { [ 'POST', "/totp/recovery/$_[1]{clientId}", $_[0] ] },
    'delete'   => sub { [ 'DELETE', "/totp/$_[1]{clientId}", $_[0] ] },
    'new key'  => sub { [ 'POST', '/apikeys', $_[0], { name => 'more' } ] },
    'end key'  => sub { [ 'DELETE', "/apikeys/$_[2]{id}", $_[0] ] },
    'list'     => sub { [ 'GET', '/totp', $_[0] ] },
    'one'      => sub { [ 'GET', "/totp/$_[1]{clientId}", $_[0] ] },
    'logs'     => sub { [ 'GET', '/logs', $_[0] ] },
    'keys'     => sub { [ 'GET', '/apikeys', $_[0] ] },
    'me'       => sub { [ 'GET', '/auth/me', $_[0] ] },
    'token'    => sub { [ 'POST', '/auth/token', undef,
                          { apiKey => $_[2]{apiKey} } ] },
    'logout'   => sub { [ 'POST', '/auth/logout', $_[0] ] },
);

# Ways to die. Each gives the dead caller's credentials and what kills them.

my %death = (
    'a token that is logged out' => sub {
        my ($owner) = @_;
        my $token = $direct->login({ %$owner })->{token};
        return ($token, sub { $direct->post('/auth/logout', $token) });
    },
    'a key that is revoked' => sub {
        my ($owner, $key) = @_;
        return ($key->{apiKey},
                sub { $direct->delete("/apikeys/$key->{id}", $owner) });
    },
    'a token of a key that is revoked' => sub {
        my ($owner, $key) = @_;
        my $token = $direct->post('/auth/token', undef,
            { apiKey => $key->{apiKey} })->json->{token};
        return ($token,
                sub { $direct->delete("/apikeys/$key->{id}", $owner) });
    },
    'a token of an account that is gone' => sub {
        my ($owner) = @_;
        return ($owner->{token}, sub {
            $redis->command('DEL', @{ $redis->command('KEYS',
                "kanda:{$owner->{userId}}*") }) });
    },
);

settle(5);

for my $death (sort keys %death) {
    my $owner = $direct->account;
    my $client = $direct->client($owner);

    for my $name (sort keys %write) {
        next if $name eq 'logout' && $death =~ /key that is revoked$/;
        next if $name eq 'token' && $death !~ /^a key/;

        # a new account every time would cost a hash: only where it must
        if ($death =~ /account that is gone/) {
            next if $name !~ /register|validate|rotate|new key/
                    && !$ENV{KANDA_TEST_LONG};
            $owner = $direct->account;
            $client = $direct->client($owner);
        }

        my $key = $direct->post('/apikeys', $owner, { name => 'one' })->json;
        my $other = $direct->post('/apikeys', $owner, { name => 'b' })->json;
        my ($dead, $kill) = $death{$death}->($owner, $key);
        my $target = $name eq 'end key' ? $other : $key;
        my $request = $write{$name}->($dead, $client, $target);

        # what belongs to the request, not to its answer
        my $link = $k->connect;
        $proxy->rule(on => 'EVALSHA', hold => 1);
        $link->send($k->request_text(@$request));
        $proxy->wait_held;

        my $killed = $kill->();
        my $before = digest();
        my $size = $redis->command('DBSIZE');

        $proxy->release;
        my $answer = $link->receive;

        is($answer->status, 401, "$name by $death");

        if ($name eq 'token') {
            is($answer->json->{code}, 'invalid_api_key', 'is refused');
            unlike($answer->text, qr/"token"/, 'without a token');

        } else {
            is($redis->command('DBSIZE'), $size, 'no key more or less');
            is(digest(), $before, 'and nothing has changed');
        }
    }
}


# Every script alone, with a caller who is dead, and with arguments that would
# write if they could.

my $lua_of = do {
    my ($dir) = Kanda::Home::root();
    my $text = `sh src/store/scripts/embed.sh src/store/scripts`;
    my %lua;
    while ($text =~ /^#define KANDA_LUA_(\w+) \\\n((?:    ".*\n)+)/mg) {
        my ($name, $lines) = (lc $1, $2);
        my $lua = join '', $lines =~ /^    "(.*)" ?\\?$/mg;
        $lua =~ s/\\n/\n/g;
        $lua =~ s/\\(["\\])/$1/g;
        $lua{$name} = $lua;
    }
    \%lua;
};

cmp_ok(scalar keys %$lua_of, '>=', 20, 'the scripts as they are embedded');

my $owner = $direct->account;
my $client = $direct->client($owner, clientId => 'c');
my $key = $direct->post('/apikeys', $owner, { name => 'k' })->json;
my $account = "kanda:{$owner->{userId}}";
my $keyid = $key->{id};
my ($left) = grep { /apikey:/ } @{ $redis->command('KEYS', "$account:*") };
my $hash = $redis->command('HGET', $left, 'hash');

$redis->command('SET', "$account:dead:jti1", '');

# a session, and a second factor that a code may be judged for
my $sid = 'A' x 22;
my @judged = ('5 1 2 100 1 10', 'code', 'v', 1, 1, 'd', '');
$redis->command('HSET', "$account:session:$sid", 'g', 1, 'r', 0, 'f', 0,
                'l', 0, 'o', '0 0 0 me@example.com');
$redis->command('ZADD', "$account:sessions", 1, $sid);
$redis->command('HSET', "$account:factor", 's', 'x', 'v', 'v');
$redis->command('HSET', "$account:pending", 's', 'x', 'v', 'v');

my %own = (
    account_create  => [ 'x@y.z', '$argon2id$' ],
    login_begin     => [ 5, 900000 ],
    login_end       => [ 1, 'a', 'b' ],
    token_create    => [ '' ],
    token_revoke    => [ 1000 ],
    client_create   => [ 'n', 'sealed', 'version1', 0, 6, 30, 'l', 'i' ],
    client_list     => [ 0, 10, '' ],
    client_show     => [ 'c', 'on' ],
    client_rotate   => [ 'c', 'SHA1', 'sealed', 'version1' ],
    client_unlock   => [ 'c' ],
    client_delete   => [ 'c' ],
    recovery_create => [ 'c', 'a', 'b' ],
    judge           => [ '5 1 2 100 1 10', 'c', 'code', 'v', 1, 1, 'd', '' ],
    apikey_create   => [ 'id', 'h', 'p', 'n', '', '', 0 ],
    apikey_list     => [],
    apikey_revoke   => [ $keyid ],
    log_list        => [ '', 0, 50 ],
    account_get     => [],
    session_refresh => [ $sid, 1, 1000, 1000 ],
    session_end     => [ $sid ],
    session_list    => [],
    password_change => [ 1, 'a', 'b' ],
    account_delete  => [ 1, 'a', 'auth.login' ],
    factor_begin    => [ @judged, 'sealed', 'version1', 1000 ],
    factor_enable   => [ 'v', 'right', 'sealed', 'version1', 1, 1000 ],
    factor_verify   => [ @judged, 1000, $sid, 1000 ],
    factor_step_up  => [ @judged ],
    factor_disable  => [ @judged, 1000 ],
    factor_recovery => [ @judged, 'a', 'b' ],
    authorize       => [],
    gate_touch      => [],
    gate_token      => [],
    accounts_add    => [ 'a' x 26 ],
    accounts_drop   => [ 'a' x 26, 0 ],
    accounts_list   => [ 0, 100 ],
    accounts_scan   => [ 0 ],
    admin_log       => [ 'admin.disable', 'a' x 26 ],
    admin_logged    => [ 'auth.register', 1, 'x' ],
    admin_create    => [ 'x@y.z', 'h', 1000 ],
    admin_invite    => [ 'h', 1000 ],
    admin_show      => [],
    admin_disable   => [],
    admin_enable    => [],
    admin_reset_factor => [],
    admin_delete    => [ 'auth.login' ],
    seals_list      => [ 0 ],
    seals_put       => [ '', 'v', 's', '1' ],
    invitation_begin => [ 'h', 10, 1000 ],
    invitation_end  => [ 'h', '$argon2id$' ],
    stateless       => [ 'otp.get', '' ],
    stateless_once  => [ 'otp.verify', 'digest', 1, 60000 ],
);

my %caller = (
    'a dead jti'        => [ 'j', 'jti1', '', '', 'default' ],
    'a dead jti of a key' => [ 'j', 'jti1', $keyid, '', 'default' ],
    'a revoked key'     => [ 'k', '', 'gone', $hash, 'default' ],
    'a wrong key'       => [ 'k', '', $keyid, sha256('guess'), 'default' ],
    'a token of a revoked key' => [ 'j', 'jti2', 'gone', '', 'default' ],
    'a key of another realm' => [ 'k', '', $keyid, $hash, 'other' ],
    'a token of another life' => [ 'j', 'another.jti2', '', '', 'default' ],
    'a session that ended' => [ 's', 'jti2', '', 'B' x 22, 'default' ],
    'a dead token of a session' => [ 's', 'jti1', '', $sid, 'default' ],
    'no such account'   => [ 'j', 'jti2', '', '', 'default', 'kanda:{nobody}' ],
);

for my $name (sort keys %$lua_of) {
    next if $name eq 'canary';

    ok($own{$name}, "$name is known to this test") or next;

    for my $caller (sort keys %caller) {
        my ($kind, $jti, $id, $digest, $realm, $at) = @{ $caller{$caller} };
        my $before = digest();
        my $reply = $redis->command('EVAL', $lua_of->{$name}, 1,
            $at // $account, $kind, $jti, $id, $digest, $realm, 0, '::1', 'me',
            100, 1000000, @{ $own{$name} });

        # whoever logs in with a code is told apart from one who has no account
        my $word = $name eq 'factor_verify' && $at ? 'unknown' : 'unauthorized';
        is(ref $reply ? $reply->[0] : $reply, $word, "$name by $caller");

        # a failed exchange is evidence, and logged for an account that exists
        next if $name eq 'token_create' && !$at;

        is(digest(), $before, 'changes nothing');
    }
}

# the test can tell: a caller who lives does change something

my $before = digest();
my $reply = $redis->command('EVAL', $lua_of->{client_unlock}, 1, $account, 'k',
    '', $keyid, $hash, 'default', 0, '::1', 'me', 100, 1000000, 'c');
is(ref $reply ? $reply->[0] : $reply, 'ok', 'a living key may');
isnt(digest(), $before, 'and is seen to');

done_testing;
