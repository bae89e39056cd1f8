# What is counted: each event once, whichever worker it came to, over reloads
# and deaths; and that Prometheus can read it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Metrics;
use Kanda::Stateless;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

Kanda::Home::allow(qr/\[alert\].*kanda: a client's sealed secret does not open/,
                   qr/\[alert\].*does not keep what it kept before/,
                   qr/\[alert\].*worker process \d+ exited on signal 9/,
                   qr/\[crit\].*connect\(\) to unix:\S+ failed/);

my $k = Kanda->new(
    workers  => 2,
    location => 'kanda_registration on; add_header X-Worker $pid always;',
    http     => 'kanda_redis_timeout 2s;',
    server   => Kanda::Metrics::location() . Kanda::Auth::location()
                . Kanda::Stateless::locations() . '
        location /stats/ { kanda_serve metrics; }
        location = /closed { kanda_serve metrics; deny all; }
        location /once/ { kanda_serve toolkit; kanda_stateless_replay on; }
        location /slow/ { kanda_serve api; client_body_timeout 100ms; }
        location = /gate { kanda_require user; kanda_serve check; }
        location = /gate-2 { kanda_require otp; kanda_serve check; }
        location = /asked { auth_request /gate; try_files /none =204; }
    ',
)->start;

my $m = Kanda::Metrics->new($k);
my $redis = $k->redis;


# Exactly this is added to what matches.

sub adds {
    my ($what, $names, $expected, $code) = @_;
    my $added = $m->added($names, $code);
    is_deeply($added, $expected, $what) or diag explain $added;
}

sub promtool {
    my ($what) = @_;
    my $file = Kanda::Home::root() . '/metrics';

    open my $fh, '>', $file or die $!;
    print $fh $m->text;
    close $fh;

    is(scalar qx{promtool check metrics < $file 2>&1}, '',
       "$what: promtool has nothing to say");
    is($?, 0, 'and says so');
}

my $counts = qr/^(?:requests|verdicts|matched_step|sealed|opened)/;


sub ask {
    my ($who, @paths) = @_;
    $who->other(mount => '', access => $who->{access})->get($_) for @paths;
}


# A gate: each time that it judges, a subrequest's too

{
    my $me = Kanda::Auth->new($k, bearer => 1)->register->login;
    adds('gates', qr/^gate/, { 'gate_requests{passed}' => 3,
        'gate_requests{login}' => 1, 'gate_requests{step_up}' => 1 }, sub {
        ask($me, 'gate', 'gate', 'gate-2', 'asked');
        ask($me->other, 'gate');
    });
}


# The route itself

promtool('nothing happened yet');

{
    my $http = $k->connect;
    my $r = $http->request('GET', '/metrics');

    is($r->status, 200, 'GET');
    is($r->header('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8',
       'of a type that Prometheus knows');
    is($r->header('Cache-Control'), 'no-store', 'never kept');

    my $head = $http->request('HEAD', '/metrics');
    is($head->status, 200, 'HEAD');
    cmp_ok($head->header('Content-Length'), '>', 1000, 'tells the length');

    $r = $http->request('POST', '/metrics', body => '');
    is($r->status, 405, 'POST');
    is($r->header('Allow'), 'GET, HEAD', 'Allow');
    is($r->json->{code}, 'method_not_allowed', 'a problem as elsewhere');

    is($http->request('GET', '/stats/')->status, 200, 'below a prefix');
    is($http->request('GET', '/stats/x')->status, 404, 'and nothing below that');
    is($http->request('GET', '/closed')->status, 403, 'deny');

    my $all = $m->all;
    is($all->{'requests{metrics,,,405}'}, 1, 'it counts itself: a POST');
    is($all->{'requests{metrics,,,404}'}, 1, 'a path too far');
    cmp_ok($all->{'requests{metrics,GET,,200}'}, '>=', 4, 'GET and HEAD');
}


# Verdicts on clients, with their requests and seals

my $who = $k->account;
my $client = $k->client($who);
my $id = $client->{clientId};

sub judge { $k->validate($who, $id, $_[0]) }
sub judged {
    my ($verdict, $status, %more) = @_;
    return { "requests{api,POST,totp/validate,$status}" => 1,
             "verdicts{client,$verdict}" => 1, %more };
}
sub step {      # one code accepted so far off
    my ($step) = @_;
    return ((map { ("matched_step_bucket{$_}" => 1) }
                 grep { $_ eq '+Inf' || $_ >= $step } -2 .. 2, '+Inf'),
            matched_step_count => 1, $step ? (matched_step_sum => $step) : ());
}

settle(15);

my @opened = ('opened{s1}' => 1);

adds('a registration', $counts,
     { 'requests{api,POST,totp/register,201}' => 1, 'sealed{s1}' => 1 },
     sub { $k->client($who) });

for my $off (-1 .. 1) {
    $client = $k->client($who);
    $id = $client->{clientId};
    my $code = totp($client->{secret}, step => $off);
    adds("a code of step $off", $counts,
         judged('valid', 200, step($off), @opened), sub { judge($code) });
    adds('again', $counts, judged('replayed', 200, @opened),
         sub { judge($code) });
}

adds('a wrong code', $counts, judged('wrong', 200, @opened),
     sub { judge(wrong_code($client->{secret})) });
adds('no code', $counts, judged('malformed', 200), sub { judge('x') });
adds('a code of another length', $counts, judged('malformed', 200),
     sub { judge('12345678') });
adds('no client', $counts, judged('unknown', 404),
     sub { $k->validate($who, 'nobody', '123456') });

{
    my $codes = $k->post("/totp/recovery/$id", $who)->json->{recoveryCodes};
    adds('a recovery code', $counts, judged('recovery', 200),
         sub { judge($codes->[0]) });
    adds('again', $counts, judged('wrong', 200), sub { judge($codes->[0]) });
}

judge(wrong_code($client->{secret})) for 1 .. 6;
adds('locked', $counts, judged('locked', 429, @opened),
     sub { judge(totp($client->{secret})) });

{
    my $c = $k->client($who);
    my $key = "kanda:{$who->{userId}}:client:$c->{clientId}";
    $redis->command('HSET', $key, 's', 'rubbish');
    adds('a damaged record', $counts, judged('integrity', 500),
         sub { $k->validate($who, $c->{clientId}, '123456') });
}


# Requests: every path has one row, whatever is in it

adds('requests', qr/^requests/, {
    'requests{api,GET,auth/me,200}' => 2,
    'requests{api,GET,auth/me,401}' => 1,
    'requests{api,GET,totp/:,404}' => 2,
    'requests{api,DELETE,totp/:,404}' => 1,
    'requests{api,,,404}' => 2,
    'requests{api,,,405}' => 1,
    'requests{api,POST,auth/register,400}' => 1,
    'requests{api,POST,auth/register,413}' => 1,
    'requests{api,POST,auth/register,415}' => 1,
    'requests{api,POST,auth/register,409}' => 1,
    'requests{api,POST,auth/register,408}' => 1,
    'requests{auth,,,404}' => 1,
    'requests{auth,GET,me,403}' => 1,
}, sub {
    $k->get('/auth/me', $who);
    $k->api('HEAD', '/auth/me', $who);
    $k->get('/auth/me');
    $k->get("/totp/$_", $who) for 'one', 'two';
    $k->delete('/totp/one', $who);
    $k->get('/nowhere');
    $k->get('/%22%0A');
    $k->get('/auth/login');
    $k->post('/auth/register', undef, '{');
    $k->post('/auth/register', undef, 'x' x 70000);
    $k->connect->request('POST', '/api/auth/register', body => '{}',
                         headers => [ 'Content-Type' => 'text/plain' ]);
    $k->post('/auth/register', undef,
             { map { $_ => $who->{$_} } qw(email password) });
    $k->connect->send("POST /slow/auth/register HTTP/1.1\r\nHost: x\r\n"
                      . "Content-Length: 9\r\n\r\n{")->receive;
    $k->connect->request('GET', "/auth/$_") for 'nowhere', 'me';
});


# The account's own factor: a router's login is of another dialect, but the same
# verdict

{
    my $me = Kanda::Auth->new($k)->register->login;

    adds('a factor', qr/^(?:verdicts|matched|sealed|opened)/,
         { 'verdicts{account,valid}' => 1, 'sealed{s1}' => 2,
           'opened{s1}' => 1, step(-1) },
         sub {
             my $secret = $me->post('2fa/setup')->json->{secret};
             $me->{secret} = $secret;
             $me->post('2fa/verify-setup', { secret => $secret,
                 token => totp($secret, step => -1) });
         });
    adds('nothing submitted is no verdict', qr/^verdicts/, {},
         sub { $me->post('2fa/recovery-codes') });
    adds('a wrong code', qr/^verdicts/, { 'verdicts{account,wrong}' => 1 },
         sub { $me->post('2fa/step-up', { totpCode => $me->wrong }) });
    adds('a code', qr/^verdicts/, { 'verdicts{account,valid}' => 1 },
         sub { $me->post('2fa/step-up', { totpCode => totp($me->{secret}) }) });
    adds('no code', qr/^verdicts/, { 'verdicts{account,malformed}' => 1 },
         sub { $me->post('2fa/step-up', { totpCode => 'x' }) });
}


# Secrets that are not kept

{
    my $key = $k->post('/apikeys', $who, { scopes => ['stateless'] })
                ->json->{apiKey};
    my $secret = Kanda::Totp::base32_encode(random_bytes(20));
    my $verify = sub {
        my ($mount, $code) = @_;
        $k->connect->request('POST', "$mount/totp-verify",
            body => json({ secret => $secret, code => $code, window => 10 }),
            headers => [ 'x-api-key' => $key,
                         'Content-Type' => 'application/json' ]);
    };

    for my $off (-7, -2, 2, 9) {
        adds("a code of step $off", qr/^(?:verdicts|matched)/,
             { 'verdicts{stateless,valid}' => 1, step($off) },
             sub { $verify->('/v1/auth', totp($secret, step => $off)) });
    }

    my $code = totp($secret);
    adds('once', qr/^verdicts/,
         { 'verdicts{stateless,valid}' => 1,
           'verdicts{stateless,replayed}' => 1 },
         sub { $verify->('/once', $code) for 1 .. 2 });
    adds('wrong and malformed', qr/^verdicts/,
         { 'verdicts{stateless,wrong}' => 1,
           'verdicts{stateless,malformed}' => 1 },
         sub { $verify->('/v1/auth', $_) for wrong_code($secret), 'x' });
}


# Both workers into one, when both have had some

{
    my %workers;

    my $added = $m->added(qr/^requests/, sub {
        for (1 .. 100) {
            my @links = map { $k->connect->send($k->request_text(
                                  'GET', '/auth/me', $who)) } 1 .. 30;
            $workers{ $_->receive->header('X-Worker') }++ for @links;
            last if keys %workers == 2;
        }
    });
    my $n = 0;
    $n += $_ for values %workers;

    is(scalar keys %workers, 2, 'both workers');
    is_deeply($added, { 'requests{api,GET,auth/me,200}' => $n },
              'are added up');
}


# Redis

adds('every command has its time', qr/^redis_duration_seconds_count/,
     { redis_duration_seconds_count => 10 },
     sub { $k->get('/auth/me', $who) for 1 .. 10 });

{
    my $all = $m->all;
    my @buckets = map { $all->{$_} }
        sort { ($a =~ /\{(\S+)\}/)[0] <=> ($b =~ /\{(\S+)\}/)[0] }
        grep { /^redis_duration_seconds_bucket\{\d/ } keys %$all;

    is(scalar @buckets, 14, 'buckets');
    is("@buckets", join(' ', sort { $a <=> $b } @buckets), 'that only grow');
    is($all->{'redis_duration_seconds_bucket{+Inf}'},
       $all->{redis_duration_seconds_count}, 'to all of them');
    cmp_ok($all->{redis_duration_seconds_sum}, '<',
           $all->{redis_duration_seconds_count}, 'none took a second');
    cmp_ok($all->{redis_duration_seconds_sum}, '>',
           1e-6 * $all->{redis_duration_seconds_count}, 'or no time at all');
    is($all->{redis_connects}, 2, 'a connection for each worker');
    is($all->{redis_connected}, 2, 'which stands');
}

{
    my $key = "kanda:{$who->{userId}}:client:odd";
    $redis->command('SET', $key, 'x');
    adds('an error reply', qr/^redis_errors/, { 'redis_errors{error}' => 1 },
         sub { is($k->validate($who, 'odd', '123456'), 503, 'WRONGTYPE') });
}

# so many ask, of a Redis that does not answer

sub asking {
    return map { $k->connect->send($k->request_text('GET', '/auth/me', $who)) }
           1 .. $_[0];
}

sub until_is {
    my ($name, $value) = @_;
    my $end = time + 10;
    my $is = $m->get($name);

    while ($is != $value && time < $end) {
        sleep 0.02;
        $is = $m->get($name);
    }

    is($is, $value, "$name is $value");
}

adds('all that wait take long', qr/^redis_duration_seconds_(?:bucket|count)/,
     { redis_duration_seconds_count => 5,
       map { ("redis_duration_seconds_bucket{$_}" => 5) } 1, '+Inf' }, sub {
         $redis->freeze;
         my @links = asking(5);
         until_is('redis_queue', 5);
         sleep 0.55;
         $redis->thaw;
         is(join(' ', map { $_->receive->status } @links),
            join(' ', (200) x 5), 'and are answered');
         is($m->get('redis_queue'), 0, 'none waits any more');
     });

adds('a timeout', qr/^redis_errors/, { 'redis_errors{timeout}' => 1 }, sub {
    $redis->freeze;
    is((asking(1))[0]->receive->status, 503, 'a Redis that hangs');
    $redis->thaw;
});
until_is('redis_connected', 2);

adds('lost with their connection', qr/^redis_errors/,
     { 'redis_errors{lost}' => 3 }, sub {
         $redis->freeze;
         my @links = asking(3);
         until_is('redis_queue', 3);
         $redis->kill9;
         $_->receive for @links;
     });
until_is('redis_breaker_open', 2);
is($m->get('redis_connected'), 0, 'nobody is connected');
adds('refused at once', qr/^(?:redis_errors|requests)/,
     { 'redis_errors{refused}' => 4, 'requests{api,GET,auth/me,503}' => 4 },
     sub { $k->get('/auth/me', $who) for 1 .. 4 });
$redis->start;
until_is('redis_connected', 2);
is($m->get('redis_breaker_open'), 0, 'the breaker is closed');
is($m->get('redis_connects'), 5, 'three new connections');


# Passwords

$who = $k->account;

adds('two hashes', qr/^password_hashes/, { password_hashes => 2 },
     sub { $k->account });

{
    my ($refused, $most) = (0, 0);

    # as many as two workers take, and more
    my $added = $m->added(qr/^password/, sub {
        my @links = map { $k->connect->send($k->request_text('POST',
            '/auth/register', undef, { email => "crowd$_\@example.com",
                                       password => 'walnut paper kite' }))
        } 1 .. 40;
        $most = $m->get('password_hash_queue');
        $refused += $_->receive->status == 503 for @links;
        until_is('password_hash_queue', 0);
    });

    cmp_ok($refused, '>', 0, 'a crowd: some have to come again');
    is_deeply($added, { password_hash_refused => $refused,
                        password_hashes => 40 - $refused }, 'counted');
    cmp_ok($most, '>', 0, 'a queue, which is worked off');
    cmp_ok($most, '<=', 32, 'of no more than its length');
}

promtool('after all this');


# What was counted stays: when configurations come and workers go

sub kept {
    my ($what, $code) = @_;
    adds("$what: nothing is lost",
         qr/^(?!redis_(?:connect|duration))/, {}, $code);
    until_is('redis_connected', 2);
}

sub kill_one {
    my @pids = $k->nginx->worker_pids;
    kill 'KILL', $pids[0];
    delete $k->{http_link};
    only_two($pids[0]);
}

sub only_two {
    my ($gone) = @_;
    Kanda::Home::wait_for('two workers', 10, sub {
        my @now = $k->nginx->worker_pids('any');
        return @now == 2 && !grep { $_ == ($gone // 0) } @now;
    });
}

kept('reload', sub { $k->reload });
kept('again, twice', sub { $k->reload for 1 .. 2 });
kept('a worker is killed', \&kill_one);
kept('fewer workers', sub {
    $k->reload(workers => 1);
    $k->reload(workers => 2);
});

{
    $k->redis->freeze;
    my @links = asking(2);
    until_is('redis_queue', 2);
    $k->reload;
    is($m->get('redis_queue'), 2, 'those that leave wait still');
    $k->redis->thaw;
    $_->receive for @links;
    until_is('redis_queue', 0);
    until_is('redis_connected', 2);
}

{
    $redis->kill9;
    until_is('redis_breaker_open', 2);
    kill_one();
    until_is('redis_breaker_open', 2);
    $k->reload;
    only_two();
    until_is('redis_breaker_open', 2);
    $redis->start;
    until_is('redis_connected', 2);
    $who = $k->account;
}


# Seals by the key's id, when keys change

{
    my $keys = Kanda::Home::slurp($k->keys_file);
    my $seal = sub {
        return join '', map { "seal $_ " . encode_base64(random_bytes(32), '')
                              . "\n" } @_;
    };
    my $turn = sub { $k->write_keys($_[0]); $k->reload };
    my $validate = sub { $k->validate($who, $client->{clientId},
                                      wrong_code($client->{secret})) };
    $client = $k->client($who);

    my $second = $seal->('s2');
    $turn->($second . $keys);
    adds('an older key opens, the newer seals', qr/^(?:sealed|opened)/,
         { 'opened{s1}' => 1, 'sealed{s2}' => 1 }, $validate);
    adds('and opens from then on', qr/^(?:sealed|opened)/,
         { 'opened{s2}' => 1 }, $validate);

    # there is room for 31 ids until nginx is started anew

    my @ids = map { sprintf 'n%02d', $_ } 1 .. 29;
    $turn->($second . $keys . $seal->(@ids[0 .. 13]));
    $turn->($second . $keys . $seal->(@ids[14 .. 27]));
    is(scalar(grep { /^sealed/ } keys %{ $m->all }), 30, 'each has a row');
    $keys = $seal->('one-more_') . $second . $keys;
    $turn->($keys);
    adds('the last', qr/^sealed/, { 'sealed{one-more_}' => 1 },
         sub { $k->client($who) });
    $turn->($seal->('late') . $keys);
    adds('one too many', qr/^sealed/, { 'sealed{(other)}' => 1 },
         sub { $k->client($who) });
    adds('does not disturb the others', qr/^(?:sealed|opened)/,
         { 'opened{s2}' => 1, 'sealed{(other)}' => 1 }, $validate);
    promtool('with many keys');
}

# A gate that cannot tell

{
    my $me = Kanda::Auth->new($k, bearer => 1)->register->login;

    $redis->freeze;
    adds('a gate while Redis hangs', qr/^gate/,
         { 'gate_requests{unavailable}' => 1 }, sub { ask($me, 'gate') });
    $redis->thaw;
}

done_testing;
