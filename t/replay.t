# What Redis has lost, this server still knows: a code that it has accepted is
# not accepted again (the second line behind Redis).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Stateless;
use Test::More;
use Time::HiRes qw(sleep);

my $FORGOT = qr/kanda: Redis has accepted a code for a second time/;

my $k = Kanda->new(workers => 2,
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
    my ($client, $code) = @_;
    my $r = Kanda::HTTP->new($k->port)->send($k->request_text('POST',
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
