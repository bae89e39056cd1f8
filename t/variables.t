# $kanda_... in log_format, map, limit_req and headers.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Stateless;
use Test::More;

my $dir = Kanda::Home::root();
my $log = "$dir/variables.log";
my @names = qw(user email tenant amr auth_age event reason cookies);
my $format = join '|', '$status', map { "\$kanda_$_" } @names;

my $k = Kanda->new(allow => [ qr/lets in whoever registers/ ],
    http => "log_format seen '$format';
             access_log $log seen;
             map \$kanda_tenant \$short { default ''; ~^(?<head>....) \$head; }
             map \$kanda_amr \$strong { default 0; ~otp 1; }
             limit_req_zone \$kanda_tenant zone=tenant:1m rate=1r/m;
             limit_req_status 429;\n",
    server => Kanda::Auth::location('kanda_session idle=30m;')
              . Kanda::Stateless::locations()
              . 'location /gate/ { kanda_require user;
                     add_header X-Short $short; add_header X-Strong $strong; }
                 location /gate-2/ { kanda_require otp; }
                 location /open/ { add_header X-Short $short; }
                 location /free/ { kanda_require off;
                     add_header X-Short $short; }
                 location /limited/ { limit_req zone=tenant burst=2 nodelay;
                     kanda_serve api; }
                 location /other/ { kanda_realm other;
                     add_header X-Short $short; }')->start;

my $html = $k->nginx->dir . '/html';
for my $name (qw(gate gate-2 open free other)) {
    mkdir "$html/$name";
    open my $fh, '>', "$html/$name/page" or die $!;
    print $fh 'page';
}


# What the log says of the last request.

sub seen {
    my %seen;
    my $before = ($k->{lines} //= 0);

    Kanda::Home::wait_for('a log line', 10, sub {
        my @lines = split /\n/, Kanda::Home::slurp($log);
        $k->{lines} = @lines;
        @seen{ 'status', @names } = split /\|/, $lines[-1] // '';
        @lines > $before });
    return \%seen;
}

# A line may still be on its way.

sub forget {
    my $lines = -1;

    while ($lines != ($k->{lines} = () = Kanda::Home::slurp($log) =~ /\n/g)) {
        $lines = $k->{lines};
        select undef, undef, undef, 0.05;
    }
}

sub is_seen {
    my ($what, %is) = @_;
    my $seen = seen();

    for my $name ('status', grep { $_ ne 'cookies' } @names) {
        next if $name eq 'auth_age' && ($is{auth_age} // '') eq 'now'
                && $seen->{auth_age} =~ /^[0-5]$/;
        is($seen->{$name}, $is{$name} // '-', "$what: $name");
    }
}

sub page {
    my ($me, $path, @headers) = @_;
    return $me->other(mount => '', jar => $me->{jar})->get($path, undef,
                                                           @headers);
}


# The router

my $me = Kanda::Auth->new($k)->register;
forget();

$me->post('login', { %{ $me->credentials }, password => 'not the right one' });
is_seen('a wrong password', status => 401, event => 'auth.login',
        reason => 'invalid_credentials');
$me->login;
is_seen('a login', status => 200, event => 'auth.login');
my %known = (tenant => $me->{userId});
$me->get('me');
is_seen('me', status => 200, user => $me->{userId}, %known);
$me->post('2fa/step-up', { totpCode => '123456' });
is_seen('no factor', status => 400, user => $me->{userId}, %known,
        event => 'auth.2fa.verify');
$me->post('2fa/recovery-codes', { token => 7 });
is_seen('not even a code', status => 400, user => $me->{userId}, %known,
        event => 'totp.recovery');
$me->post('refresh', { refreshToken => 'x' });
is_seen('a bad token', status => 401, reason => 'invalid_refresh_token',
        %known);
$me->other->get('me', undef, Cookie => 'accessToken=x');
is_seen('a bad access token', status => 403, reason => 'unauthorized');


# The gate

page($me, 'gate/page');
my %person = (%known, user => $me->{userId}, email => $me->{email},
              auth_age => 'now', event => 'gate');
is_seen('a gate', status => 200, %person, amr => 'pwd');
page($me, 'gate-2/page');
is_seen('a stricter one', status => 401, %person, amr => 'pwd',
        reason => 'second_factor_required');
page($me->other, 'gate/page');
is_seen('nobody', status => 401, event => 'gate',
        reason => 'sign_in_required');
page($me->other, 'open/page');
is_seen('where there is no gate', status => 200);

is(page($me, 'gate/page')->header('X-Short'), substr($me->{userId}, 0, 4),
   'a map of the tenant');
is(page($me, 'gate/page')->header('X-Strong'), 0, 'a map of the methods');
is(page($me, 'open/page')->header('X-Short'), substr($me->{userId}, 0, 4),
   'the tenant is known where nobody asks');
my $other = $k->account;
is(page($me, "$_/page", Authorization => "Bearer $other->{token}")
       ->header('X-Short'), substr($other->{userId}, 0, 4),
   "a token goes before the cookie of a gate that does not stand: $_")
    for qw(open free);
is(page($me, 'other/page')->header('X-Short'), undef, 'but not in other realms');

$me->enrol;
is(page($me, 'gate/page')->header('X-Strong'), 1, 'and then it has shown one');
forget();
page($me, 'gate-2/page');
is_seen('a factor', status => 200, %person, amr => 'pwd otp mfa');


# Codes

my $owner = $k->account;
my $client = $k->client($owner);
my $name = $client->{clientId};
my %tenant = (tenant => $owner->{userId}, user => $owner->{userId},
              event => 'totp.validate');

settle(8);
for my $case ([ 200, undef, totp($client->{secret}) ],
              [ 200, 'replayed', totp($client->{secret}) ],
              [ 200, 'wrong_code', wrong_code($client->{secret}) ],
              [ 200, 'malformed', 'abc' ])
{
    my ($status, $reason, $code) = @$case;
    forget();
    $k->post('/totp/validate', $owner, { clientId => $name, token => $code });
    is_seen($reason // 'a right code', status => $status, %tenant,
            reason => $reason);
}

forget();
$k->post('/totp/validate', $owner, { clientId => 'none', token => '123456' });
is_seen('a client that is none', status => 404, %tenant,
        reason => 'unknown_client');
$k->post('/totp/validate', $owner, '{');
is_seen('no JSON', status => 400, tenant => $owner->{userId},
        user => $owner->{userId}, reason => 'invalid_json');
$k->get('/nothing', $owner);
is_seen('no route', status => 404, tenant => $owner->{userId},
        reason => 'not_found');

my $key = $k->post('/apikeys', $owner, { name => 'k', scopes => ['logs'] })
            ->json->{apiKey};
forget();
$k->post('/totp/unlock/x', $key);
my ($id) = $key =~ /^kan_(.{10})/;
is_seen('a key without the scope', status => 403,
        tenant => "$owner->{userId}.$id", user => $owner->{userId},
        event => 'totp.unlock', reason => 'insufficient_scope');

# what the line of a bad request has
forget();
Kanda::HTTP->new($k->port)->send("GET / HTTP/1.1\r\nHost: \x01\r\n\r\n")
                          ->receive;
is_seen('a bad request', status => 400);
Kanda::HTTP->new($k->port)->send("\r\nx\r\n\r\n")->receive;
is_seen('no request at all', status => 400);


# Whom a request names: nothing beside it hides that, or makes it another

{
    my $you = Kanda::Auth->new($k)->register->login;
    my $forged = 'kan_' . 'a' x 10 . $you->{userId} . '_' . 'A' x 43;

    for my $beside ([ Authorization => 'Bearer x' ], [ 'X-API-Key' => 'x' ],
                    [ 'X-API-Key' => $forged ],
                    [ Authorization => "Bearer $forged" ],
                    [ Authorization => "Bearer $you->{jar}{accessToken}" ])
    {
        for my $path ('gate/page', 'gate-2/page') {
            forget();
            page($me, $path, @$beside);
            is(seen()->{tenant}, $me->{userId},
               "$path: a session beside $beside->[0]");
        }
    }

    forget();
    page($me->other, 'open/page', 'X-API-Key' => $forged);
    is(seen()->{tenant}, "$you->{userId}." . 'a' x 10,
       'a key that anybody could have written is nobody else\'s');
    page($me->other, 'open/page', Authorization => 'Bearer x',
         Cookie => "accessToken=$you->{jar}{accessToken}");
    is(seen()->{tenant}, $you->{userId}, 'what is bad is passed over');

    my $half = $me->other->temp;
    forget();
    page($me->other, 'open/page', Authorization => "Bearer $half");
    is(seen()->{tenant}, '-', 'half a login names nobody');
}


# Cookies that go on: whatever they look like, they are those that came, less
# ours

{
    my $cookies = sub {
        forget();
        page($me->other, 'open/page', map { (Cookie => $_) } @_);
        return seen()->{cookies};
    };

    is($cookies->('a=1; accessToken=x; b=2'), 'a=1; b=2', 'without ours');
    is($cookies->('__Host-kanda_x=1;kanda_y=2;refreshToken=3'), '-', 'nothing');
    is($cookies->('a;' x 2000 . 'b'), 'a; ' x 2000 . 'b', 'short ones');
    is($cookies->(('A;' x 1900) x 3), substr('A; ' x 5700, 0, -2),
       'in several lines');
    is($cookies->('A;' x 1500 . 'x' x 2000), 'A; ' x 1500 . 'x' x 2000,
       'and a long one behind them');
    is($cookies->(';' x 3000), '-', 'none at all');
    is($cookies->(' ;' x 1000 . 'a'), 'a', 'one');
}


# Where nothing is served, there is nobody to know

{
    my $idle = Kanda->new(redis => undef, location => '',
        http   => "log_format seen '\$kanda_tenant|\$kanda_user';
                   access_log $dir/idle.log seen;",
        server => 'location / { return 204; }');
    $idle->{kanda} = "kanda_keys $idle->{keys_file};";
    no warnings 'redefine';
    local *Kanda::location_config = sub { '' };
    $idle->start_nginx;
    my ($pid) = $idle->nginx->worker_pids;

    for my $who ('Bearer ' . 'a' x 200, 'Bearer ' . $owner->{token},
                 "Bearer $key")
    {
        is(Kanda::HTTP->new($idle->port)->request('GET', '/', headers =>
            [ Authorization => $who, Cookie => "kanda_default=x" ])->status,
           204, 'a server without a service');
    }
    is_deeply([ $idle->nginx->worker_pids ], [ $pid ], 'whose worker lives');
}


# A tenant's limit is not another's

my $second = $k->account;
my @status = map { my $who = $_;
    join ' ', map { Kanda::HTTP->new($k->port)->send(
        $k->request_text('GET', '/totp', $who) =~ s{/api/}{/limited/}r)
        ->receive->status } 1 .. 5
} $owner, $second;
is_deeply(\@status, [ ('200 200 200 429 429') x 2 ],
          'limit_req counts each tenant by itself');

unlike(Kanda::HTTP->new($k->port)->send($k->request_text('GET', '/totp', 'x')
    =~ s{/api/}{/limited/}r)->receive->status, qr/429/,
    'and nobody who is none') for 1 .. 5;

done_testing;
