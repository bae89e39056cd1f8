# What has felled nginx's other large module that speaks Redis, nchan, by its
# changelog, and where each of these is tried on ours:
#
#   a reload with a cluster              cluster.t, and in trouble: here
#   a replica fails over, or goes        sentinel.t, cluster.t; here
#   the first connect to a cluster
#     times out                          cluster-odd.t
#   a host name of no length, "noaddr"   cluster-odd.t
#   a Redis that is overloaded and does
#     not answer; crafted requests
#     while it is slow                   here; hostile.t, aborts.t
#   many workers that reconnect at once  here
#   a cluster without consensus, which
#     finds one                          here
#   stub_status after a reload           here; metrics.t
#   shared memory that is full           here; metrics.t (names of keys)
#   a worker is killed, others go on     reload.t, t/drills/d19.pl

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Cluster;
use Kanda::H2;
use Kanda::Load;
use Kanda::Metrics;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $h2_port = Kanda::Home::port();
my $server = 'location = /metrics { kanda_serve metrics; }
              location = /status { stub_status; }';

Kanda::Home::allow(qr/\[crit\].*connect\(\) to unix/, qr/exited on signal 9/);


# More questions than may wait, to a Redis that is silent, and odd ones

my $k = Kanda->new(workers => 1, server => "$server
        http2_max_concurrent_streams 4096; keepalive_requests 10000;
        listen 127.0.0.1:$h2_port http2;",
    http => 'kanda_redis_timeout ' . ($san ? '20s;' : '6s;'))->start;
my $redis = $k->redis;
my $who = $k->account;
my $client = $k->client($who);
my $metrics = Kanda::Metrics->new($k);
my ($pid) = $k->nginx->worker_pids;

sub crafted {
    my @odd = (
        map { [ 'POST', '/totp/validate', $who, $_ ] } '', '{', '[]', '{}',
            '{"clientId":"x","clientId":"y"}', '[' x 2000, "\0" x 100,
            '{"clientId":"' . 'x' x 5000 . '","token":"1"}',
            { clientId => $client->{clientId}, token => '1' x 60000 },
            { clientId => $client->{clientId}, token => '000000' },
            { clientId => '{}*', token => '000000' },
    );

    push @odd, [ 'POST', '/auth/login', undef, { email => 'a@b.c',
                 password => 'x' x 120 } ],
        [ 'HEAD', '/totp', $who ], [ 'GET', '/logs?limit=1&limit=2', $who ],
        [ 'GET', '/totp/%00', $who ], [ 'DELETE', '/totp/%2e%2e', $who ],
        [ 'GET', '/auth/me', 'kan_aaaa_bbbb' ], [ 'FOO', '/totp', $who ];

    return map { $k->request_text(@$_) } @odd;
}


# Each whole, cut short, twice in one piece; who asked goes before the answer.

sub ask_and_go {
    for my $text (crafted()) {
        for my $bytes ($text, substr($text, 0, length($text) / 2),
                       $text . $text)
        {
            my $link = Kanda::HTTP::dial($k->port) or next;
            setsockopt $link, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0
                if rand() < 0.5;
            syswrite $link, $bytes;
            close $link;
        }
    }
}

{
    my @links = map { Kanda::H2->new($h2_port) } 1 .. 3;
    my %before = %{ $metrics->all };
    my $new = sub {
        ($metrics->all->{ $_[0] } // 0) - ($before{ $_[0] } // 0) };

    $redis->freeze;
    my @asked = map {
        my $link = $_;
        map { [ $link, $link->begin('HEAD', '/api/totp',
              { authorization => "Bearer $who->{token}" }, 1) ] } 1 .. 2900;
    } @links;
    ask_and_go();

    Kanda::Home::wait_for('a full queue', 20, sub {
        $new->('redis_errors{full}') });
    is($metrics->get('redis_queue'), 8192, 'no more wait than may');
    $redis->thaw;

    my @answers = grep { defined } map { $_->[0]->answer($_->[1]) } @asked;
    is(scalar @answers, scalar @asked, 'everybody has an answer');
    cmp_ok($new->('requests{api,GET,totp,503}'), '>=', 500, 'some are refused');
    cmp_ok($new->('requests{api,GET,totp,200}'), '>=', 8000, 'others served');
    is($k->get('/totp', $who)->status, 200, 'and on it goes');
}

for my $round (1 .. long_test(2, 20)) {
    $redis->freeze;
    ask_and_go();
    $redis->thaw;
    is($k->get('/totp', $who)->status, 200, 'after odd questions');
}

is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');


# Reloads while both kinds of statistics are read

{
    my $load = Kanda::Load->new($k->port, 2, sub {
        Kanda::HTTP::format_request('GET', $_[0] ? '/metrics' : '/status')
    })->start;

    for (1 .. long_test(4, 40)) {
        $k->reload;
        sleep 0.1;
    }

    my @got = $load->stop;
    is(scalar(grep { $_->{status} != 200 } @got), 0, 'statistics over reloads')
        or diag Kanda::Load::tally(@got);
    is($k->get('/totp', $who)->status, 200, 'and service');
}


# Many workers lose their connections at once, again and again

{
    $redis->command('SAVE');
    $k->reload(workers => 16);
    my $before = $metrics->get('redis_connects');
    my @pids = sort $k->nginx->worker_pids;

    for (1 .. 10) {
        $redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        sleep 0.1;
    }

    $redis->kill9;
    sleep 0.5;
    $redis->start;
    Kanda::Home::wait_for('all workers', 20, sub {
        $metrics->get('redis_connected') == 16 });
    is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same 16 workers');
    cmp_ok($metrics->get('redis_connects') - $before, '<=', 16 * 12,
           'no more connections than were lost');
}


# More workers than there are places for in shared memory

if ($ENV{KANDA_TEST_LONG} && !$san) {
    $k->stop;
    $k->nginx->{workers} = 260;
    $k->start_nginx;
    Kanda::Home::wait_for('their connections', 60, sub {
        $metrics->get('redis_connected') == 256 });
    pass('256 of 260 workers are counted');
    is($k->get('/totp', $who)->status, 200, 'all serve') for 1 .. 5;
    $k->reload(workers => 1);
    Kanda::Home::wait_for('one worker', 60, sub {
        $k->nginx->worker_pids('any') == 1 });
    is($metrics->get('redis_connected'), 1, 'one is one');
}

$k->stop;


# A cluster in which nobody has a majority, and then everybody agrees; one whose
# replica goes; reloads while a master hangs

my $set = Kanda::Cluster->new(masters => 3, replicas => 1,
                              timeout => 1000)->start;
my ($first, $second, $third, $replica) = $set->nodes;

$k = Kanda->new(redis => undef, workers => 2, server => $server,
                kanda => 'kanda_redis ' . $set->url
                         . ";\nkanda_keys $k->{keys_file};");

$_->freeze for grep { $_ != $first } $set->nodes;
Kanda::Home::wait_for('nobody to agree', 30, sub {
    $first->command('CLUSTER', 'INFO') =~ /cluster_state:fail/ });
$k->start_nginx;
is(eval { $k->account }, undef, 'without consensus nobody is served') for 1 .. 3;
$_->thaw for $set->nodes;
Kanda::Home::wait_for('consensus', 40, sub { eval { $who = $k->account } });
pass('with it, everybody is');

my @who;
Kanda::Home::wait_for('accounts on all nodes', 30, sub {
    push @who, eval { $k->account } // ();
    @who == 6 });
my @pids = sort $k->nginx->worker_pids;
my $load = Kanda::Load->new($k->port, 3, sub {
    $k->request_text('GET', '/totp', $who[ ($_[0] + $_[1]) % @who ]) })->start;
$replica->kill9;
sleep 1.5;
my @got = $load->stop;
is(scalar(grep { $_->{status} != 200 } @got), 0, 'nobody needs a replica')
    or diag Kanda::Load::tally(@got);
is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');

$load = Kanda::Load->new($k->port, 3, sub {
    $k->request_text('GET', '/totp', $who[ ($_[0] + $_[1]) % @who ]) })->start;
$first->freeze;

for (1 .. 4) {
    $k->reload;
    sleep 0.3;
}

$first->thaw;
Kanda::Home::wait_for('service for all', 30, sub {
    delete $k->{http_link};
    !grep { $k->get('/totp', $_)->status != 200 } @who });
@got = $load->stop;
is(scalar(grep { $_->{status} != 200 && $_->{status} != 503 } @got), 0,
   'reloads while a master hangs: served or 503')
    or diag Kanda::Load::tally(@got);
Kanda::Home::wait_for('old workers to leave', 20, sub {
    $k->nginx->worker_pids('any') == 2 });
pass('old workers leave');

done_testing;
