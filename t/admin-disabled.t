# A disabled account: nothing that was made for it opens anything, and what is
# not there is not told from it. Enabled again, its password and API keys work.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Admin;
use Kanda::Auth;
use Kanda::Stateless;
use Test::More;

my $k = Kanda->new(
    http   => Kanda::Admin::server(),
    server => Kanda::Auth::location() . Kanda::Stateless::locations()
        . Kanda::Auth::location('kanda_two_factor required;', '/strict/'),
)->start;
my $redis = $k->redis;
my $admin = Kanda::Admin->new;

my $WRONG = '401 {"error":"Invalid credentials","code":"INVALID_CREDENTIALS"}';

sub said { my ($r) = @_; return "$r->{status} $r->{body}" }

sub act {
    my ($me, $act) = @_;
    my $r = $admin->post("accounts/$me->{userId}/$act");
    $r->status =~ /^20[01]$/ or die "$act: $r->{status} $r->{body}\n";
    return $r->json;
}

# the commands that Redis runs for something, but for how they were sent

sub commands {
    my ($do) = @_;
    my $link = $redis->connect;

    $redis->send_command($link, 'MONITOR');
    $redis->read_reply($link);
    $do->();
    $redis->command('ECHO', 'the end');

    my @seen;
    while (defined(my $line = $redis->read_reply($link))) {
        last if $line =~ /"the end"/;
        push @seen, $1 if $line =~ /\[\d+ lua\] "(\w+)"/;
    }
    return "@seen";
}


# Every kind of credential

{
    my $me = Kanda::Auth->new($k, bearer => 1)->register->login;
    my $strict = $me->other(mount => '/strict', bearer => 0);
    my $setup = $strict->post('login', $me->credentials)->json->{tempToken};
    my $plain = $k->login({ %{ $me->credentials } })->{token};
    my @keys = map { $k->post('/apikeys', $plain, { scopes => [ $_ ] })->json }
               qw(validate clients logs keys stateless);
    my $of_key = $k->post('/auth/token', undef,
                          { apiKey => $keys[2]{apiKey} })->json->{token};
    my $client = $k->client($plain);
    my $stateless = Kanda::Stateless->new($k, $keys[4]{apiKey});
    my $made = act($me, 'invitation');

    my %uses = (
        'a session'         => sub { $me->get('me') },
        'its token'         => sub { $k->get('/auth/me', $me->{access}) },
        'its refresh token' => sub { $me->other->post('refresh',
                                     { refreshToken => $me->{refresh} }) },
        'a token to set up' => sub { $strict->post('2fa/setup', undef,
                                     Authorization => "Bearer $setup") },
        'a login of the API' => sub { $k->get('/auth/me', $plain) },
        'a key'             => sub { $k->get('/totp', $keys[1]{apiKey}) },
        'a key at login'    => sub { $k->post('/totp/validate',
            $keys[0]{apiKey}, { clientId => $client->{clientId},
                                token => '12' }) },
        'a key for tokens'  => sub { $k->post('/auth/token', undef,
                                     { apiKey => $keys[3]{apiKey} }) },
        'a token of a key'  => sub { $k->get('/logs', $of_key) },
        'the form API'      => sub { $stateless->otp('generateQRCode',
                                     data => 'a') },
        'the JSON API'      => sub { $stateless->generate(issuer => 'a',
                                     account_name => 'b') },
    );

    is($uses{$_}->()->status, 200, "$_ works") for sort keys %uses;

    my $row = act($me, 'disable');
    ok($row->{disabled} && !$row->{invited}, 'disabled');
    ok($admin->row($me->{userId})->{disabled}, 'as the row says');
    like($uses{$_}->()->status, qr/^40[13]$/, "$_ does not") for sort keys %uses;

    is(said($me->other->post('login', $me->credentials)), $WRONG,
       'the password is a wrong one');
    is(said($k->post('/auth/login', undef, $me->credentials)),
       said($k->post('/auth/login', undef, { email => 'nobody@example.com',
                                             password => 'x' x 10 })),
       'in both dialects');
    is($me->other->post('register', $me->credentials)->status, 409,
       'the email is taken');
    is($me->other->post('accept-invitation', { token => $made->{invitation},
           password => $me->{password} })->status, 401, 'no invitation');
    my $r = $admin->post("accounts/$me->{userId}/invitation");
    is($r->status . ' ' . $r->json->{code}, '409 account_disabled',
       'nor another');
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:invite"), 0, 'at all');

    # twice is once
    act($me, 'disable');
    act($me, 'reset-factor');
    like($uses{'a key'}->()->status, qr/^401$/, 'still so');

    act($me, 'enable');
    act($me, 'enable');
    ok(!$admin->row($me->{userId})->{disabled}, 'enabled');

    my %back = map { $_ => 1 } 'a key', 'a key at login', 'a key for tokens',
        'a token of a key', 'the form API', 'the JSON API';
    for my $use (sort keys %uses) {
        my $status = $uses{$use}->()->status;
        ok($back{$use} ? $status == 200 : $status =~ /^40[13]$/,
           "$use " . ($back{$use} ? 'works again' : 'stays dead'))
            or diag $status;
    }

    my $list = $k->get('/apikeys', $keys[3]{apiKey})->json->{apiKeys};
    is(scalar @$list, 5, 'all keys are there');
    is($k->delete("/apikeys/$keys[0]{id}", $keys[3]{apiKey})->status, 200,
       'and can be revoked');

    ok($me->login, 'the password lets in');
    my $log = $k->get('/logs?limit=200', $me->{access})->json->{logs};
    is(scalar(grep { ($_->{reason} // '') eq 'disabled' } @$log), 2,
       'what was tried meanwhile is logged');
    is(join(' ', reverse map { $_->{event} } grep { $_->{event} =~ /^admin/ }
            @$log), 'admin.invite admin.disable admin.disable '
       . 'admin.reset_factor admin.enable admin.enable', 'with what was done');
}


# Keys that are revoked while the account is disabled do not come back; neither
# do those of other accounts change.

{
    my ($me, $other) = ($k->account, $k->account);
    my ($mine, $its) = map { $k->post('/apikeys', $_, {})->json } $me, $other;

    act($me, 'disable');
    is($k->get('/auth/me', $its->{apiKey})->status, 200, "another's key works");
    $redis->command('DEL', "kanda:{$me->{userId}}:apikey:$mine->{id}");
    act($me, 'enable');
    is($k->get('/auth/me', $mine->{apiKey})->status, 401, 'a revoked key stays so');
}


# Half a login

{
    my $me = Kanda::Auth->new($k)->register->login->enrol;
    my @temps = map { $me->temp } 1 .. 3;
    my $code = $me->code;

    act($me, 'disable');
    for my $path ('', 'api') {
        my $body = { tempToken => shift @temps, totpCode => $code };
        my $r = $path ? $k->post('/auth/2fa/verify', undef, $body)
                      : $me->other->post('2fa/verify', $body);
        is($r->status, 401, 'is none');
    }
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:sessions"), 0,
       'nobody is in');
    is(said($me->other->post('login', $me->credentials)), $WRONG,
       'a right password does not ask for a code');
    act($me, 'enable');
    is($me->other->post('2fa/verify', { tempToken => $temps[0],
                                        totpCode => $code })->status, 401,
       'for good');
    is($me->other->post('2fa/verify', { tempToken => $me->temp,
                                        totpCode => $code })->status, 200,
       'another one is');
}


# What a login does, for whom

{
    my ($me, $ann) = map { Kanda::Auth->new($k)->register } 1 .. 2;
    my %login = (
        disabled => $me->credentials,
        wrong    => { email => $ann->{email}, password => 'x' x 10 },
        unknown  => { email => 'unknown@example.com', password => 'x' x 10 },
        invited  => { email => 'invited@example.com', password => 'x' x 10 },
    );
    act($me, 'disable');
    $admin->invite('invited@example.com');

    my %seen = map { my $who = $_;
        $who => commands(sub { $me->other->post('login', $login{$who}) })
    } sort keys %login;

    like($seen{wrong}, qr/^TIME HMGET INCR /i, 'as it is looked at');
    is(lc $seen{$_}, lc $seen{wrong}, "$_: the same commands") for sort keys %seen;

    # five tries, as for everybody
    $me->other->post('login', $me->credentials) for 1 .. 4;
    is($me->other->post('login', $me->credentials)->status, 429,
       'and as many of them');
}


# The request of a session costs what it did

{
    my $me = Kanda::Auth->new($k)->register->login;
    is(commands(sub { $me->get('me') }) =~ tr/ //, 3, 'four commands');
}

done_testing;
