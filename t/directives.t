# What each directive does, where it is inherited, and that realms share
# nothing.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $words = Kanda::Home::root() . '/words';

open my $fh, '>', $words or die $!;
print $fh "Password1\r\ncorrect horse battery\nZ\xc3\xbcrich-am-See\n";
close $fh;

my $k = Kanda->new(
    http => "
        kanda_password_blocklist $words;
        kanda_token_ttl 10m;
        kanda_registration on;
    ",
    location => 'kanda_registration on;',
    server => '
        location /plain/ { kanda_serve api; }
        location /ttl/ { kanda_serve api; kanda_token_ttl 90s; }
        location /closed/ { kanda_serve api; kanda_registration off; }
        location /issuer/ { kanda_serve api; kanda_issuer Somebody; }
        location /lock/ { kanda_serve api;
            kanda_lockout row=2 wait=7s total=4 recovery=1; }
        location /outer/ {
            kanda_realm outer;
            kanda_window 0;
            kanda_qrcode off;
            location /outer/a/ { kanda_serve api; }
            location /outer/b/ { kanda_serve api; kanda_window 2;
                                 kanda_qrcode on; }
        }
        location /other/ { kanda_serve api; kanda_realm other; }
        location /far/ {
            kanda_region far;
            kanda_service_name Far;
            kanda_stateless_replay on;
            location /far/api/ { kanda_serve api; }
            location /far/a/ { kanda_serve otp; }
            location /far/b/ { kanda_serve otp; kanda_region near;
                kanda_service_name Near; kanda_stateless_replay off; }
        }
    ',
)->start;

my $http = $k->connect;


# A request below any mount; who asks is a token, a key, or nobody.

sub ask {
    my ($method, $path, $who, $body) = @_;
    my @headers = !defined $who ? ()
                : $who =~ /^kan_/ ? ('x-api-key' => $who)
                : (Authorization => "Bearer $who");

    return $http->request($method, $path, headers => \@headers,
                          defined $body ? (body => json($body)) : ());
}

sub enter {
    my ($mount, $email) = @_;
    my $who = { email => $email, password => 'one of ours, surely' };

    ask('POST', "$mount/auth/register", undef, $who);
    return ask('POST', "$mount/auth/login", undef, $who)->json->{token};
}

sub says {
    my ($mount, $who, $id, $code) = @_;
    my $r = ask('POST', "$mount/totp/validate", $who,
                { clientId => $id, token => $code });
    return $r->status == 200 ? ($r->json->{valid} ? 'true' : 'false')
                             : $r->status;
}


my $token = enter('/plain', 'a@example.com');
ok($token, 'an account in the default realm');


# kanda_token_ttl: inherited, and its own

my $login = { email => 'a@example.com', password => 'one of ours, surely' };
my $claims = sub {
    my ($part) = $_[0] =~ /^[^.]+\.([^.]+)\./;
    return JSON::PP->new->decode(MIME::Base64::decode_base64url($part));
};

for my $case ([ '/plain', '10m', 600 ], [ '/ttl', '90s', 90 ]) {
    my ($mount, $text, $seconds) = @$case;
    my $r = ask('POST', "$mount/auth/login", undef, $login)->json;
    my $c = $claims->($r->{token});
    is($r->{expiresIn}, $text, "$mount: expiresIn is what was configured");
    is($c->{exp} - $c->{iat}, $seconds, "$mount: and exp says the same");
}


# kanda_registration

my $r = ask('POST', '/closed/auth/register', undef,
            { email => 'b@example.com', password => 'one of ours, surely' });
is($r->status, 403, 'registration is closed');
is($r->json->{code}, 'registration_closed', 'and says so');
is(ask('POST', '/plain/auth/login', undef, { %$login, email => 'b@example.com' })
   ->status, 401, 'and there is no account');
is(ask('POST', '/closed/auth/register', undef, { email => 'x' })->status, 400,
   'what is no registration is told so first');
is(ask('POST', '/closed/auth/login', undef, $login)->status, 200,
   'who is there may log in');

{
    my $shut = Kanda->new(redis => undef, location => "# kanda_registration\n",
        kanda => 'kanda_redis ' . $k->redis->url . '; kanda_keys '
                 . $k->keys_file . ';')->start_nginx;
    is($shut->post('/auth/register', undef,
                   { email => 'c@example.com', password => 'one of ours' })
            ->json->{code}, 'registration_closed', 'closed unless it is opened');
    $shut->stop;
}


# kanda_password_blocklist: whole, in any case of ASCII, line ends aside

for my $case ([ 'password1' => 400 ], [ 'PASSWORD1' => 400 ],
              [ 'Password11' => 201 ], [ 'correct horse battery' => 400 ],
              [ 'correct horse batter' => 201 ],
              [ "Z\xfcrich-am-see" => 400 ])
{
    my ($password, $status) = @$case;
    my $serial = ++our $n;
    is(ask('POST', '/plain/auth/register', undef,
           { email => "word$serial\@example.com", password => $password })
       ->status, $status, "blocklist, word $serial");
}


# kanda_issuer: who made a token, and whose tokens are taken

my $foreign = ask('POST', '/issuer/auth/login', undef, $login)->json->{token};
is($claims->($foreign)->{iss}, 'Somebody', 'the issuer is in the token');
is($claims->($token)->{iss}, 'kanda', 'which is kanda otherwise');
is(ask('GET', '/issuer/auth/me', $foreign)->status, 200, 'taken by its issuer');
is(ask('GET', '/plain/auth/me', $foreign)->status, 401, 'not by another');
is(ask('GET', '/issuer/auth/me', $token)->status, 401, 'nor the other way');


# kanda_lockout

settle(6);
my $c = ask('POST', '/lock/totp/register', $token, { clientId => 'l' })->json;

is(says('/lock', $token, 'l', wrong_code($c->{secret})), 'false', 'one wrong code');
is(says('/lock', $token, 'l', wrong_code($c->{secret})), 'false', 'two');
$r = ask('POST', '/lock/totp/validate', $token,
         { clientId => 'l', token => totp($c->{secret}) });
is($r->status, 429, 'row=2 locks after two');
like($r->header('Retry-After'), qr/^[67]$/, 'for wait=7s');
is(says('/plain', $token, 'l', totp($c->{secret})), 429, 'wherever one asks');
is(ask('POST', '/plain/totp/unlock/l', $token)->status, 200, 'unlock');
is(says('/plain', $token, 'l', wrong_code($c->{secret})), 'false', 'default: one')
    for 1 .. 4;
is(says('/plain', $token, 'l', totp($c->{secret})), 'true',
   'four are not too many by default');

my ($code) = @{ ask('POST', '/lock/totp/recovery/l', $token)->json->{recoveryCodes} };
is(says('/lock', $token, 'l', 'zzzzz-zzzzz'), 'false', 'a wrong recovery code');
is(says('/lock', $token, 'l', $code), 429, 'recovery=1: one is too many');
is(says('/plain', $token, 'l', $code), 'true', 'not so with ten');


# kanda_window: 1 by default, 0 and 2; outer/a inherits, outer/b has its own

settle(4);
my $outer = enter('/outer/a', 'a@example.com');

for my $case ([ '/plain', $token, 1 ], [ '/outer/a', $outer, 0 ],
              [ '/outer/b', $outer, 2 ])
{
    my ($mount, $who, $window) = @$case;

    for my $step (-3 .. 3) {
        my $id = "window$step";
        my $client = ask('POST', "$mount/totp/register", $who,
                         { clientId => "$window/$step" })->json;
        is(says($mount, $who, $client->{clientId},
                totp($client->{secret}, step => $step)),
           abs $step <= $window ? 'true' : 'false',
           "window $window, step $step");
    }
}


# kanda_qrcode

is(ask('GET', '/outer/a/totp/qrcode/0%2F0', $outer)->status, 403, 'inherited off');
is(ask('GET', '/outer/b/totp/qrcode/0%2F0', $outer)->status, 200, 'on again');


# kanda_realm

isnt(my $other = enter('/other', 'a@example.com'), undef,
     'one email, a third account');
my @ids = map { ask('GET', "$_->[0]/auth/me", $_->[1])->json->{userId} }
          [ '/plain', $token ], [ '/outer/a', $outer ], [ '/other', $other ];
my %ids = map { $_ => 1 } @ids;
is(scalar keys %ids, 3, 'with an id of its own each');

my %key;
my %at = ('/plain' => $token, '/outer/a' => $outer, '/other' => $other);

$key{$_} = ask('POST', "$_/apikeys", $at{$_}, {})->json->{apiKey} for keys %at;

for my $realm (sort keys %at) {
    for my $mount (sort keys %at) {
        my $status = $realm eq $mount ? 200 : 401;
        my $name = $realm eq $mount ? 'its own realm' : 'another realm';

        is(ask('GET', "$mount/totp", $at{$realm})->status, $status,
           "a token of $realm at $mount, $name");
        is(ask('GET', "$mount/totp", $key{$realm})->status, $status,
           "a key of $realm at $mount, $name");
        is(ask('POST', "$mount/auth/token", undef,
               { apiKey => $key{$realm} })->status, $status,
           "a token for a key of $realm at $mount, $name");
        is(ask('POST', "$mount/totp/validate", $at{$realm},
               { clientId => 'l', token => '123456' })->status,
           $realm ne $mount ? 401 : $realm eq '/plain' ? 200 : 404,
           "clients of /plain asked for by $realm at $mount");
    }
}

is(ask('POST', '/other/auth/login', undef,
       { %$login, password => 'not of this realm' })->status, 401,
   'a password of one realm only');


# kanda_region, kanda_service_name, kanda_stateless_replay: far/a inherits, far/b
# has its own; a region is asked for wherever a scope is

my $regional = sub {
    return ask('POST', '/plain/apikeys', $token, { regions => [ $_[0] ] })
           ->json->{apiKey};
};

for my $case ([ '/far/a', 'far', 'near', 'Far', 'true false' ],
              [ '/far/b', 'near', 'far', 'Near', 'true true' ])
{
    my ($mount, $here, $elsewhere, $name, $twice) = @$case;
    my %key = map { $_ => $regional->($_) } $here, $elsewhere;

    like(ask('GET', "$mount/ping", $key{$here})->text,
         qr/"$name\.io ping successful"/, "$mount: its region and its name");
    is(ask('GET', "$mount/ping", $key{$elsewhere})->status, 403,
       'not for another region');

    my $secret = Kanda::Totp::base32_encode(random_bytes(20));
    settle(2);
    my @form = (body => "secret=$secret&token=" . totp($secret), headers =>
        [ 'x-api-key' => $key{$here} ]);
    my @said = map { $http->request('POST', "$mount/verifyOTP", @form)->json
                          ->{isValid} ? 'true' : 'false' } 1 .. 2;
    is("@said", $twice, 'and what it remembers');
}

{
    my $key = $regional->('near');
    is(ask('GET', '/plain/totp', $key)->status, 200,
       'a server without a region takes all keys');
    $r = ask('GET', '/far/api/totp', $key);
    is($r->status, 403, 'one of another region does not');
    is($r->json->{code}, 'insufficient_scope', 'in the managed API, too');
    is(ask('GET', '/far/api/auth/me', $key)->status, 200,
       'where no scope is needed, no region is');
    $r = ask('POST', '/far/api/totp/validate', $key,
             { clientId => 'l', token => '123456' });
    is($r->status . ' ' . ($r->json->{valid} ? 'true' : 'false'), '403 false',
       'where codes are judged, too');
    my $entry = ask('GET', '/plain/logs?limit=1', $token)->json->{logs}[0];
    is("$entry->{event} $entry->{clientId} $entry->{reason}",
       'totp.validate l wrong_region', 'and the log says why');
    my $made = ask('POST', '/plain/auth/token', undef, { apiKey => $key })
               ->json->{token};
    is(ask('GET', '/far/api/totp', $made)->status, 403,
       'a token goes no farther than its key');
    is(ask('GET', '/far/api/totp', $token)->status, 200,
       'a password login is bound to no region');
}


# kanda_log_retention: by number and by age

{
    my $small = Kanda->new(
        http => 'kanda_log_retention count=100 age=1500ms;')->start;
    my $who = $small->account;

    for (1 .. 300) {
        $small->post('/totp/validate', $who, { clientId => 'x', token => '1' });
    }

    my $page = $small->get('/logs?limit=200', $who)->json;
    is($page->{total}, 100, 'a hundred entries are kept');
    is($page->{logs}[0]{id}, 302, 'the newest');
    is($page->{logs}[-1]{id}, 203, 'and none that is older');
    my $event = $small->get('/logs?limit=200&event=totp.validate', $who)->json;
    is($event->{total}, 100, 'by event, too');
    is($small->get('/logs?event=auth.login', $who)->json->{total}, 0,
       'an event that has only old ones');
    my ($name) = grep { /:log$/ } @{ $small->redis->command('KEYS', '*') };
    cmp_ok($small->redis->command('LLEN', $name), '<=', 164,
           'Redis keeps hardly more');

    select undef, undef, undef, 1.6;
    $small->post('/totp/validate', $who, { clientId => 'x', token => '1' });
    $page = $small->get('/logs', $who)->json;
    is($page->{total}, 1, 'after a second and a half only what came since');
    is(scalar @{ $page->{logs} }, 1, 'and nothing else is shown');
    is($small->get('/logs?event=totp.validate', $who)->json->{total}, 1,
       'by event, too');
}

# kanda_csrf, kanda_two_factor: both inherit, and can be taken back

{
    my $near = Kanda->new(http => 'kanda_csrf on; kanda_two_factor required;',
        server => Kanda::Auth::location('', '/inherits/')
            . Kanda::Auth::location('kanda_csrf off; kanda_two_factor optional;',
                                    '/own/'))->start;
    my $me = Kanda::Auth->new($near, mount => '/inherits')->register;

    is($me->post('login', $me->credentials)->status, 403,
       'kanda_two_factor from http');
    my $own = $me->other(mount => '/own')->login;
    is($own->post('2fa/setup')->status, 200, 'taken back, like kanda_csrf');
    is($me->other(jar => $own->{jar})->post('2fa/setup')->json->{code},
       'CSRF_INVALID', 'which is from http, too');
}

done_testing;
