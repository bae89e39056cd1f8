# What Redis has lost, this server still knows: a code that it has accepted is
# not accepted again (the second line behind Redis).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Digest::SHA ();
use Kanda::Stateless;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

my $FORGOT = qr/kanda: Redis does not know of a code that it has accepted/;

my $k = Kanda->new(workers => 2,
    http     => 'kanda_redis_timeout 2s;',
    location => 'add_header X-Worker $pid always;',
    allow  => [ qr/\[alert\].*$FORGOT/, qr/\[alert\].*exited on signal 9/,
                qr/connect\(\) to unix/ ],
    server => Kanda::Auth::location()
              . Kanda::Stateless::locations('kanda_stateless_replay on;'),
)->start;

my $redis = $k->redis;
my $owner = $k->account;

settle(20);


# On connections of their own, so that every worker has its turn.

sub said {
    my ($client, $code, $http) = @_;
    my $r = ($http // Kanda::HTTP->new($k->port))->send($k->request_text('POST',
        '/totp/validate', $owner, { clientId => $client->{clientId},
                                    token => $code }))->receive;
    return join ' ', $r->{body}, $r->header('Kanda-Reason') // ();
}

sub name { "kanda:{$owner->{userId}}:client:$_[0]{clientId}" }

my ($yes, $no) = ('{"valid":true}', '{"valid":false} replayed');


# A record that is as it was before

{
    my $client = $k->client($owner);
    my $code = totp($client->{secret});

    is(said($client, $code), $yes, 'a code');
    $k->nginx->mark;
    $redis->command('HDEL', name($client), 't');

    is(said($client, $code), $no, 'is used, though Redis has forgotten')
        for 1 .. 8;
    like($k->nginx->log_text, $FORGOT, 'which is in the log');
    is(scalar(() = $k->nginx->log_text =~ /$FORGOT/g) <= 2 ? 1 : 0, 1,
       'once a worker, and not for each');

    $redis->command('HDEL', name($client), 't');
    my ($pid) = $k->nginx->worker_pids;
    kill 'KILL', $_ for $k->nginx->worker_pids;
    Kanda::Home::wait_for('workers', 10, sub {
        eval { $k->account } && !grep { $_ == $pid } $k->nginx->worker_pids });
    is(said($client, $code), $no, 'nor when the workers were killed') for 1 .. 4;

    $redis->command('HDEL', name($client), 't');
    $k->reload;
    is(said($client, $code), $no, 'nor after a reload') for 1 .. 4;

    is(said($client, totp($client->{secret}, step => 1)), $yes,
       'the next code is right');

    my $fresh = $k->post("/totp/rotate/$client->{clientId}", $owner)->json;
    $client->{secret} = $fresh->{secret};
    is(said($client, totp($fresh->{secret})), $yes,
       'a new secret has its first code in the same step');
    is(said($client, totp($fresh->{secret})), $no, 'once');

    my $twin = $k->client($owner, secret => $fresh->{secret});
    is(said($twin, totp($fresh->{secret})), $yes,
       'and another client is another');
}


# A secret that is replaced between the reading of a client and the judgement has
# no used codes: that is no loss.  Workers have a connection each: in half of the
# rounds the code waits behind the rotation, in the others it is read before.

my %at;

for (1 .. 100) {
    my $http = Kanda::HTTP->new($k->port);
    $at{ $http->request('GET', '/api/')->header('X-Worker') } //= $http;
    last if keys %at == 2;
}
is(scalar keys %at, 2, 'a connection to each worker');

for my $round (1 .. 8) {
    my ($one, $other) = map { $at{$_} } sort keys %at;
    my $client = $k->client($owner);
    my $code = totp($client->{secret});

    is(said($client, $code), $yes, 'a code');
    $redis->command('CLIENT', 'PAUSE', 300, 'WRITE');

    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        $one->send($k->request_text('POST',
            "/totp/rotate/$client->{clientId}", $owner, ''))->receive;
        POSIX::_exit(0);
    }
    sleep 0.1;
    Kanda::Home::wait_for('the rotation', 5, sub {
        $redis->command('INFO', 'clients') =~ /^blocked_clients:[1-9]/m });

    is(said($client, $code, $round % 2 ? $other : undef),
       '{"valid":false} wrong_code', 'is that of another secret');
    waitpid $pid, 0;
}


# A Redis that comes back with an older state

{
    my $client = $k->client($owner);
    my $me = Kanda::Auth->new($k)->register->login->enrol;
    my $temp = $me->temp;

    $redis->command('SAVE');
    my $code = totp($client->{secret});
    my $factor = totp($me->{secret});
    my @login = ('2fa/verify', { tempToken => $temp, totpCode => $factor });

    is(said($client, $code), $yes, 'a code that is accepted');
    is($me->other->post(@login)->status, 200, 'and a login');

    $redis->kill9;
    $redis->start;
    Kanda::Home::wait_for('Redis', 20, sub {
        $k->get('/auth/me', $owner)->status == 200 });
    is($redis->command('HGET', name($client), 't'), undef,
       'Redis has lost that');

    is(said($client, $code), $no, 'and the code is not accepted again');
    is($me->other->post(@login)->status, 401, 'nor does it log in again');
}


# What a code is asked for does not happen either

{
    my $me = Kanda::Auth->new($k)->register->login->enrol;
    my $factor = "kanda:{$me->{userId}}:factor";
    my $code = $me->code;
    my $forget = sub {
        $redis->command('HSET', $factor, 't', 1);
        $redis->command('HDEL', $_, 'f', 'm') for @{ $redis->command('KEYS',
            "kanda:{$me->{userId}}:session:*") };
    };
    my $sessions = sub {
        scalar @{ $redis->command('KEYS', "kanda:{$me->{userId}}:session:*") };
    };

    my $temp = $me->other->temp;
    is($me->post('2fa/step-up', { totpCode => $code })->status, 200, 'a code');
    $forget->();

    is($me->post('2fa/step-up', { totpCode => $code })->status, 401,
       'is not shown again');
    is($me->post('2fa/disable')->status, 403, 'so that nothing is fresh');
    is($me->post('2fa/disable', { token => $code })->status, 400,
       'nor does it turn the factor off');
    is($redis->command('EXISTS', $factor), 1, 'which is there');
    my $codes = $redis->command('SCARD', "kanda:{$me->{userId}}:recovery");
    is($me->post('2fa/recovery-codes', { token => $code })->status, 400,
       'nor make recovery codes');
    is($redis->command('SCARD', "kanda:{$me->{userId}}:recovery"), $codes,
       'of which there are as many as before');
    my $before = $sessions->();
    is($me->other->post('2fa/verify', { tempToken => $temp,
                                        totpCode => $code })->status, 401,
       'nor log in');
    is($sessions->(), $before, 'and no session was made');
    is($me->other->post('2fa/verify', { tempToken => $temp,
                                        totpCode => $me->code })->status, 200,
       'as the next one does');
}


# Where nothing else is kept

{
    my $key = $k->post('/apikeys', $owner, { name => 'k' })->json->{apiKey};
    my $caller = Kanda::Stateless->new($k, $key);
    my $secret = Kanda::Totp::base32_encode(random_bytes(20));
    my $code = totp($secret);
    my $verify = sub {
        Kanda::HTTP->new($k->port)->send($caller->otp_text('verifyOTP',
            secret => $secret, token => $code))->receive->{body};
    };

    like($verify->(), qr/"valid":"true"|true/, 'a code for a secret');
    $redis->command('DEL', @{ $redis->command('KEYS', '*:replay:*') });
    like($verify->(), qr/false/, 'is used');

    # what is one key to HMAC is one secret
    for my $raw (random_bytes(20), random_bytes(100)) {
        my @same = length $raw > 64 ? Digest::SHA::sha1($raw)
                   : map { $raw . "\0" x $_ } 1, 7, 44;
        ($secret, $code) = map { $_, totp($_) }
                           Kanda::Totp::base32_encode($raw);
        like($verify->(), qr/true/, 'a code of a secret');
        for my $other (@same) {
            $secret = Kanda::Totp::base32_encode($other);
            like($verify->(), qr/false/, 'is used for whatever has the same');
        }
    }
}


# Many at once, after a loss: one at most

for my $round (1 .. long_test(5, 200)) {
    my $client = $k->client($owner);
    my $code = totp($client->{secret});
    my $text = $k->request_text('POST', '/totp/validate', $owner,
        { clientId => $client->{clientId}, token => $code });
    my @links = map { Kanda::HTTP->new($k->port) } 1 .. 16;
    my $true = 0;

    for my $time (1, 2) {
        $_->send($text) for @links;
        $true += ($_->receive->json // {})->{valid} ? 1 : 0 for @links;
        $redis->command('HDEL', name($client), 't');
    }
    is($true, 1, 'one true, whatever is lost');
}

done_testing;
