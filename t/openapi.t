# html/openapi.json tells the truth: every route and status it documents is
# asked for and got, every answer is as its schema says, no route is missing
# and no answer is one that it does not know.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use JSON::PP ();
use Kanda;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $file = 'html/openapi.json';
my $doc = JSON::PP->new->utf8->decode(Kanda::Home::slurp($file));

my %mount = ('/api/' => 'api', '/totp/' => 'otp', '/v1/auth/' => 'toolkit',
             '/auth/' => 'auth');

my $k = Kanda->new(
    workers => 1,
    server  => '
        location /totp/    { kanda_serve otp; }
        location /v1/auth/ { kanda_serve toolkit; }
        location /auth/    { kanda_serve auth; kanda_registration on; }
        location /shut/    { kanda_serve api; kanda_qrcode off; }
        location /strict/  { kanda_serve auth; kanda_two_factor required; }
        location /quick/   { kanda_serve api; kanda_lockout row=1 wait=1h max=1h; }
    ',
)->start;


# Documented routes are those of the source, and the other way round.

my %table = (api => 'kanda_api_routes.c', otp => 'kanda_otp_routes.c',
             toolkit => 'kanda_toolkit.c', auth => 'kanda_auth_routes.c');

for my $prefix (sort keys %mount) {
    my $text = Kanda::Home::slurp("src/api/$table{ $mount{$prefix} }");
    my (@code, @told);

    while ($text =~ /NGX_HTTP_(\w+),\s*"([^"]*)"/g) {
        push @code, "$1 $prefix$2" =~ s/:$/{}/r;
    }

    for my $path (grep { index($_, $prefix) == 0 } keys %{ $doc->{paths} }) {
        push @told, map { uc($_) . ' ' . $path =~ s/\{\w+\}/{}/r }
                    keys %{ $doc->{paths}{$path} };
    }

    is(join("\n", sort @told), join("\n", sort @code),
       "the routes of $mount{$prefix} are documented");
}


# Asking, and remembering what came.

my (%got, %links, @answers);
my $serial = 0;

sub operation {
    my ($name) = @_;
    my ($method, $path) = split ' ', $name;
    my $op = $doc->{paths}{$path}{$method}
        // die "$name is not documented\n";
    my $body = $op->{requestBody} // {};

    $body = $doc->{components}{requestBodies}{$1}
        if ($body->{'$ref'} // '') =~ m{([^/]+)$};

    return { security => $doc->{security}, %$op, requestBody => $body };
}

sub ask {
    my ($name, $want, %o) = @_;
    my ($method, $path) = split ' ', $name;
    my $op = operation($name);
    my ($kind) = keys %{ $op->{requestBody}{content} // {} };
    my @headers = @{ $o{headers} // [] };

    $path =~ s/\{\w+\}/$o{id} \/\/ 'nobody'/e;
    $path =~ s{^/\w+/}{$o{at}} if $o{at};
    $path .= "?$o{query}" if defined $o{query};

    push @headers, Authorization => "Bearer $o{who}" if defined $o{who};
    push @headers, 'x-api-key' => $o{key} if defined $o{key};

    my $body = $o{body};
    $body = $kind =~ /form/ ? form($body) : json($body) if ref $body;
    push @headers, 'Content-Type' => $o{type} // $kind if defined $body;

    my $r = $k->connect->request(uc $method, $path, headers => \@headers,
                                 defined $body ? (body => $body) : ());

    if ($r->status != $want) {
        fail("$name: " . $r->status . ", not $want");
        diag($r->text);
        return $r;
    }

    $got{"$name $want"}++;
    push @answers, { operation => $name, status => $r->status,
                     type => $r->header('Content-Type') // '',
                     headers => { map { $_ => $r->header($_) }
                         grep { defined $r->header($_) }
                         qw(retry-after www-authenticate kanda-reason
                            set-cookie) },
                     body => encode_base64($r->{body} // '', '') };
    return $r;
}

sub form {
    my ($fields) = @_;
    return join '&', map { my $v = $fields->{$_};
                           $v =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ge;
                           "$_=$v" } sort keys %$fields;
}

my @operations = map { my $path = $_; map { "$_ $path" }
                       sort keys %{ $doc->{paths}{$path} } }
                 sort keys %{ $doc->{paths} };

# Who asks: an account with keys of one scope each, and a person with a session.

my $who = $k->account;
my %key = map { $_ => $k->post('/apikeys', $who, { scopes => [$_] })
                        ->json->{apiKey} }
          qw(validate clients logs keys stateless);

sub plain {
    my ($path, $body, @headers) = @_;
    return $k->connect->request('POST', $path, body => json($body),
        headers => [ 'Content-Type' => 'application/json', @headers ]);
}

# a session by bearer token; the tokens, or what came in their place

sub sign_in {
    my ($person, $at) = @_;
    return plain(($at // '/auth/') . 'login', $person,
                 'X-Auth-Strategy' => 'bearer')->json;
}

sub person {
    my $person = { email => 'person' . ++$serial . '@example.com',
                   password => 'walnut paper kite' };
    plain('/auth/register', $person);
    return $person;
}

my $ann = person();
my $session = sign_in($ann)->{accessToken};

sub dialect {
    my ($path) = $_[0] =~ / (.*)/;
    my ($prefix) = sort { length $b <=> length $a }
                   grep { index($path, $_) == 0 } keys %mount;
    return $mount{$prefix};
}

# credentials that will do for an operation, or that live but lack its scope

sub good {
    my ($name) = @_;
    my $dialect = dialect($name);

    return () if !@{ operation($name)->{security} };
    return $dialect eq 'otp'     ? (key => $key{stateless})
         : $dialect eq 'toolkit' ? (who => $key{stateless})
         : $dialect eq 'auth'    ? (who => $session)
                                 : (who => $who->{token});
}

sub scopeless {
    my ($name) = @_;
    my $dialect = dialect($name);

    return $dialect eq 'otp' ? (key => $key{logs})
         : $dialect eq 'toolkit' ? (who => $key{logs})
         : (operation($name)->{description} // '') =~ /Scope:/
         ? (who => $key{stateless}) : ();
}

# a body that is right in form

sub example {
    my ($content) = values %{ operation($_[0])->{requestBody}{content} // {} };
    return $content ? (body => $content->{example}) : ();
}


# What all operations of a kind answer alike.

for my $name (@operations) {
    my $answers = operation($name)->{responses};
    my $form = dialect($name) eq 'otp';
    my @good = good($name);

    if ($answers->{413}) {
        ask($name, 413, @good, body => 'x' x 70_000);
        ask($name, 415, @good, body => '{}', type => 'text/plain');
        ask($name, 400, @good, body => $form ? 'a=1&a=2' : '{');
    }

    ask($name, $answers->{401} && dialect($name) ne 'auth' ? 401 : 403,
        example($name)) if @good;
    ask($name, 403, scopeless($name), example($name), id => 'x',
        $name =~ /generate$/ ? (query => 'issuer=a&account_name=b') : ())
        if scopeless($name);
}


# The managed API

{
    my @me = (who => $who->{token});
    my $email = "api$$\@example.com";
    my $account = { email => $email, password => 'walnut paper kite' };

    ask('post /api/auth/register', 201, body => $account);
    ask('post /api/auth/register', 409, body => $account);
    ask('post /api/auth/register', 403, at => '/shut/',
        body => { %$account, email => "b$email" });
    ask('post /api/auth/login', 200, body => $account);
    ask('post /api/auth/login', 401, body => { %$account, password => 'no' })
        for 1 .. 5;
    ask('post /api/auth/login', 429, body => $account);
    ask('post /api/auth/token', 200, body => { apiKey => $key{clients} });
    ask('post /api/auth/token', 401, body => { apiKey => 'kan_x' });
    ask('get /api/auth/me', 200, @me);
    ask('post /api/auth/logout', 200,
        who => $k->login({ %$who })->{token});
    ask('post /api/auth/logout', 400, who => $key{clients});

    my $client = ask('post /api/totp/register', 201, @me,
        body => { clientId => 'one', label => 'a@b', issuer => 'c' })->json;
    ask('post /api/totp/register', 409, @me, body => { clientId => 'one' });

    my @validate = ('post /api/totp/validate', 200, @me);
    my $code = totp($client->{secret});
    ask(@validate, body => { clientId => 'one', token => $code });
    ask(@validate, body => { clientId => 'one', token => $code });
    ask('post /api/totp/validate', 404, @me,
        body => { clientId => 'none', token => $code });

    $k->client($who, clientId => 'locked');
    my @locked = (body => { clientId => 'locked', token => '1234567 8' });
    $k->redis->command('HSET', "kanda:{$who->{userId}}:client:locked",
                       'k', -1);
    ask('post /api/totp/validate', 429, @me, @locked);
    ask('post /api/totp/unlock/{clientId}', 200, @me, id => 'locked');

    $k->client($who, clientId => 'broken');
    $k->redis->command('HSET', "kanda:{$who->{userId}}:client:broken",
                       's', 'x' x 60);
    Kanda::Home::allow(qr/does not open/);
    ask('post /api/totp/validate', 500, @me,
        body => { clientId => 'broken', token => '123456' });
    ask('get /api/totp/qrcode/{clientId}', 500, @me, id => 'broken');

    ask('get /api/totp/qrcode/{clientId}', 200, @me, id => 'one');
    ask('get /api/totp/qrcode/{clientId}', 200, @me, id => 'one',
        headers => [ Accept => $_ ]) for qw(image/png image/svg+xml);
    ask('get /api/totp/qrcode/{clientId}', 403, @me, id => 'one',
        at => '/shut/');
    ask('get /api/totp', 200, @me, query => 'limit=2');
    ask('get /api/totp', 400, @me, query => 'limit=0');
    ask('get /api/totp/{clientId}', 200, @me, id => 'one');
    ask('post /api/totp/recovery/{clientId}', 201, @me, id => 'one');
    ask('post /api/totp/rotate/{clientId}', 200, @me, id => 'one');

    for my $name (grep { /\{clientId\}/ } @operations) {
        ask($name, 404, @me, id => 'none');
        ask($name, 400, @me, id => '%01');
    }

    ask('delete /api/totp/{clientId}', 200, @me, id => 'one');

    my $made = ask('post /api/apikeys', 201, @me,
        body => { name => 'x', scopes => ['logs'], regions => ['eu'] })->json;
    ask('get /api/apikeys', 200, @me);
    ask('delete /api/apikeys/{id}', 200, @me, id => $made->{id});
    ask('delete /api/apikeys/{id}', 404, @me, id => $made->{id});
    ask('delete /api/apikeys/{id}', 400, @me, id => '%01');
    ask('get /api/logs', 200, @me, query => 'limit=200');
    ask('get /api/logs', 200, @me, query => 'event=totp.validate');
    ask('get /api/logs', 400, @me, query => 'event=none');
}


# The stateless dialects

{
    my @me = (key => $key{stateless});

    ask('get /totp/ping', 200, @me);
    ask('post /totp/generateQRCode', 200, @me, body => { data => 'a b' });
    ask('post /totp/generateQRCode', 400, @me, body => {});
    my $new = ask('post /totp/onboardUser', 200, @me,
        body => { userID => 'a', applicationID => 'b' })->json;
    ask('post /totp/onboardUser', 400, @me, body => { tokenLength => 9 });
    my $codes = ask('post /totp/getOTP', 200, @me,
                    body => { secret => $new->{secretKey} })->json;
    ask('post /totp/verifyOTP', 200, @me, body => {
        secret => $new->{secretKey}, token => $_ })
        for $codes->{currentToken}, '12';

    @me = (who => $key{stateless});
    my @kit = ('get /v1/auth/totp-generate', 200, @me);
    my $kit = ask(@kit, query => 'issuer=a&account_name=b')->json;
    ask(@kit, query => 'issuer=a&account_name=b&digits=8&algorithm=SHA512');
    ask('get /v1/auth/totp-generate', 400, @me, query => 'issuer=a');
    ask('post /v1/auth/totp-verify', 200, @me,
        body => { secret => $kit->{secret}, code => $_ })
        for $kit->{current_code}, '1';
}


# The login router

{
    my @in = (who => $session);
    my @bearer = (headers => [ 'X-Auth-Strategy' => 'bearer' ]);

    ask($_, 403, example($_), headers => [ Origin => 'https://elsewhere' ])
        for map { "post /auth/$_" } qw(login logout refresh 2fa/verify);

    ask('post /auth/register', 201,
        body => { email => "r$$\@example.com", password => 'paper walnut' });
    ask('post /auth/register', 409, body => $ann);
    ask('post /auth/register', 403, at => '/strict/', body => person());
    ask('post /auth/login', 200, body => $ann);
    my $tokens = ask('post /auth/login', 200, body => $ann, @bearer)->json;
    ask('post /auth/refresh', 200, @bearer,
        body => { refreshToken => $tokens->{refreshToken} });
    ask('post /auth/refresh', 401);
    ask('post /auth/refresh', 401, body => { refreshToken => 'a.1.b' });
    ask('get /auth/me', 200, @in);

    ask('delete /auth/sessions/{handle}', 404, @in, id => 'none');

    # a wrong password is charged where it is tried: people of their own
    my $bob = person();
    my @bob = (who => sign_in($bob)->{accessToken});
    ask('post /auth/change-password', 200, @bob,
        body => { currentPassword => $bob->{password},
                  newPassword => 'kite paper walnut' });
    $bob->{password} = 'kite paper walnut';
    ask('post /auth/change-password', 401, @bob,
        body => { currentPassword => 'no', newPassword => 'paper kite nut' });
    ask('delete /auth/account', 401, @bob, body => { password => 'no' });
    ask('delete /auth/account', 200, @bob,
        body => { password => $bob->{password} });

    my $eve = person();
    my @eve = (who => sign_in($eve)->{accessToken});
    ask('post /auth/login', 401, body => { %$eve, password => 'no' })
        for 1 .. 5;
    ask('post /auth/login', 429, body => $eve);
    ask('post /auth/change-password', 429, @eve,
        body => { currentPassword => 'no', newPassword => 'paper kite nut' });
    ask('delete /auth/account', 429, @eve, body => { password => 'no' });

    # where a second factor is required
    my $tom = person();
    my $forced = ask('post /auth/login', 403, at => '/strict/', body => $tom)
                   ->json;
    ok($forced->{tempToken}, 'a token to set it up with');

    # setting it up
    my $setup = ask('post /auth/2fa/setup', 200, @in)->json;
    my @confirm = ('post /auth/2fa/verify-setup', 400, @in);
    ask(@confirm, body => { token => wrong_code($setup->{secret}),
                            secret => $setup->{secret} });
    settle(8);
    ask('post /auth/2fa/verify-setup', 200, @in,
        body => { token => totp($setup->{secret}, step => -1),
                  secret => $setup->{secret} });

    my $challenge = ask('post /auth/login', 200, body => $ann)->json;
    my @verify = (body => { tempToken => $challenge->{tempToken},
                            totpCode => totp($setup->{secret}) });
    ask('post /auth/2fa/verify', 401,
        body => { tempToken => 'x', totpCode => '123456' });
    my $fresh = ask('post /auth/2fa/verify', 200, @verify, @bearer)->json;
    my $api = ask('post /api/auth/login', 200, body => $ann)->json;
    ask('post /api/auth/2fa/verify', 401,
        body => { tempToken => $api->{tempToken}, totpCode => '1' });
    ask('post /api/auth/2fa/verify', 200,
        body => { tempToken => $api->{tempToken},
                  totpCode => totp($setup->{secret}, step => 1) });

    # another day: what this session showed is long ago
    @in = (who => $fresh->{accessToken});
    my $codes = ask('post /auth/2fa/recovery-codes', 200, @in)->json
                  ->{recoveryCodes};
    ask('post /auth/2fa/step-up', 401, @in,
        body => { totpCode => wrong_code($setup->{secret}) });
    ask('post /auth/2fa/step-up', 200, @in,
        body => { totpCode => $codes->[0] });

    my $me = $k->connect->request('GET', '/auth/me',
        headers => [ Authorization => "Bearer $fresh->{accessToken}" ])->json;
    $k->redis->command('HSET', "kanda:{$me->{sub}}:factor", 'k', -1);

    my $again = ask('post /auth/login', 200, body => $ann)->json;
    ask('post /auth/2fa/verify', 429,
        body => { tempToken => $again->{tempToken}, totpCode => '123456' });
    $again = ask('post /api/auth/login', 200, body => $ann)->json;
    ask('post /api/auth/2fa/verify', 429,
        body => { tempToken => $again->{tempToken}, totpCode => '123456' });
    $k->redis->command('HDEL', $_, 'f')
        for @{ $k->redis->command('KEYS', "kanda:{$me->{sub}}:session:*") };
    ask("post /auth/2fa/$_", 429, @in,
        body => { token => '123456', totpCode => '123456' })
        for qw(step-up setup disable recovery-codes);

    $k->redis->command('HDEL', "kanda:{$me->{sub}}:factor", 'k');
    ask('post /auth/2fa/disable', 200, @in, body => { token => $codes->[1] });

    # that ended every token that says otherwise
    @in = (who => sign_in($ann)->{accessToken});
    my $list = ask('get /auth/sessions', 200, @in)->json->{sessions};
    ask('delete /auth/sessions/{handle}', 200, @in,
        id => $list->[0]{sessionHandle});
    ask('post /auth/logout', 200);
}


# Without Redis

my $tokens = sign_in($ann);
$session = $tokens->{accessToken};
my $twofold = person();
my @mine = (who => sign_in($twofold)->{accessToken});
my $setup = ask('post /auth/2fa/setup', 200, @mine)->json;
ask('post /auth/2fa/verify-setup', 200, @mine, body => {
    token => totp($setup->{secret}), secret => $setup->{secret} });

# what is looked at before Redis is asked
my %whole = (
    'post /api/auth/token'      => { apiKey => $key{logs} },
    'post /auth/refresh'        => { refreshToken => $tokens->{refreshToken} },
    'post /auth/2fa/verify'     => { totpCode => '123456', tempToken =>
        plain('/auth/login', $twofold)->json->{tempToken} },
    'post /api/auth/2fa/verify' => { totpCode => '123456', tempToken =>
        plain('/api/auth/login', $twofold)->json->{tempToken} },
);

$k->redis->kill9;

for my $name (@operations) {
    my @good = $name =~ /logout/ ? (who => $name =~ /api/ ? $who->{token}
                                                          : $session)
                                 : good($name);
    ask($name, 503, @good, example($name), id => 'x',
        $whole{$name} ? (body => $whole{$name}) : (),
        $name =~ /generate$/ ? (query => 'issuer=a&account_name=b') : ())
        if operation($name)->{responses}{503};
}


# Everything that is documented was seen, and was as documented.

for my $name (@operations) {
    my @missing = grep { !$got{"$name $_"} }
                  sort keys %{ operation($name)->{responses} };
    is("@missing", '', "$name answered all that is documented");
}

my $answers = Kanda::Home::root() . '/answers';
open my $out, '>', $answers or die "$answers: $!\n";
print $out map { JSON::PP->new->canonical->encode($_) . "\n" } @answers;
close $out;

my ($python) = grep { `$_ -c 'import jsonschema' 2>&1` eq '' }
               qw(/usr/bin/python3 python3);
my $said = `$python -W ignore t/openapi/check.py $file $answers 2>&1`;
like($said, qr/^\d+ operations, \d+ answers, 0 complaints$/, 'and is as told')
    or diag($said);

# the judge can tell: a status, a field and a type that nobody documented
my @odd = ({ %{ $answers[0] }, status => 418 },
           { %{ $answers[0] }, body => encode_base64('{"odd":1}', '') },
           { %{ $answers[0] }, type => 'text/html' });
open $out, '>', $answers or die "$answers: $!\n";
print $out map { JSON::PP->new->canonical->encode($_) . "\n" } @odd;
close $out;
unlike(`$python -W ignore t/openapi/check.py $file $answers 2>&1`,
       qr/\b[0-2] complaints/, 'three odd answers are three complaints');

done_testing;
