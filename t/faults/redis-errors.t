# Redis answers, but not what was asked: it is full, loads, follows another,
# cannot write, is busy. Each is 503, none is a verdict, and when it passes
# service returns by itself.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 2, redis => { port => 1 })->start;
my $redis = $k->redis;

# errors of Redis are told once in a while, not each time
Kanda::Home::allow(qr/\[crit\].*connect\(\) to unix/);

my $who = $k->account;
my @clients = map { $k->client($who) } 1 .. 6;
my @pids = sort $k->nginx->worker_pids;


sub unavailable {
    my ($what, @request) = @_;
    my $r = $k->api(@request);
    is($r->status, 503, $what) or diag $r->text;
    ok($r->header('Retry-After'), 'try again later');
    ok(!($r->json // {})->{valid}, 'no right code');
    return $r;
}

sub validate {
    my ($client, $code) = @_;
    return [ 'POST', '/totp/validate', $who,
             { clientId => $client->{clientId},
               token => $code // totp($client->{secret}) } ];
}

sub serves {
    my ($what) = @_;
    my $start = time;
    Kanda::Home::wait_for($what, 10, sub {
        $k->get('/totp', $who)->status == 200 });
    cmp_ok(time - $start, '<', $ENV{KANDA_SAN} ? 10 : 3, "$what: at once");
}

# lines of the error log for so many requests

sub quiet {
    my ($what, $requests, $do) = @_;
    my $mark = length $k->nginx->log_text;
    $do->() for 1 .. $requests;
    my @lines = substr($k->nginx->log_text, $mark) =~ /\[error\].*kanda/g;
    cmp_ok(scalar @lines, '<=', 4, "$what: the log is not flooded");
}


# D14: full. What makes more is refused, what judges is exact.

$redis->command('CONFIG', 'SET', 'maxmemory', 1);

for my $r (
    [ 'register', 'POST', '/totp/register', $who, { clientId => 'more' } ],
    [ 'a new key', 'POST', '/apikeys', $who, { name => 'k' } ],
    [ 'an account', 'POST', '/auth/register', undef,
      { email => 'full@example.com', password => 'correct horse' } ],
) {
    my ($what, @request) = @$r;
    unavailable("full: no $what", @request);
}

is($k->post("/totp/rotate/$clients[0]{clientId}", $who)->status, 200,
   'full: rotation, which cuts off a thief, works')
    and $clients[0]{secret} = $k->post("/totp/rotate/$clients[0]{clientId}",
                                       $who)->json->{secret};

settle(6);
is($k->validate($who, $clients[0]{clientId}, totp($clients[0]{secret})),
   'true', 'full: a right code');
is($k->validate($who, $clients[0]{clientId}, totp($clients[0]{secret})),
   'false', 'works once');

for my $n (1 .. 5) {
    is($k->validate($who, $clients[1]{clientId},
                    wrong_code($clients[1]{secret})), 'false', "wrong $n");
}

my $r = $k->post('/totp/validate', $who, { clientId => $clients[1]{clientId},
    token => totp($clients[1]{secret}) });
is($r->status, 429, 'and locks');

quiet('full', 50, sub {
    $k->post('/totp/register', $who, { clientId => 'more' }) });
$redis->command('CONFIG', 'SET', 'maxmemory', 0);
is($k->post('/totp/register', $who, { clientId => 'more' })->status, 201,
   'room again');


# MISCONF: the disk does not take it, for there is a folder where the file goes

mkdir "$redis->{dir}/dump.rdb";
$redis->command('CONFIG', 'SET', 'save', '3600 1');
$redis->command('BGSAVE');
Kanda::Home::wait_for('a failed save', 10, sub {
    $redis->command('INFO', 'persistence') =~ /last_bgsave_status:err/ });

unavailable('MISCONF: no register', 'POST', '/totp/register', $who,
            { clientId => 'misconf' });
unavailable('nor a verdict', @{ validate($clients[2]) });
quiet('MISCONF', 50, sub { $k->api(@{ validate($clients[2]) }) });

rmdir "$redis->{dir}/dump.rdb";
$redis->command('CONFIG', 'SET', 'save', '');
$redis->command('SAVE');
settle(4);
is($k->validate($who, $clients[2]{clientId}, totp($clients[2]{secret})),
   'true', 'when the disk takes it, the code is still good');


# READONLY: it follows another

my $other = Kanda::Redis->new(port => 1)->start;
$redis->command('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
$other->command('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
$other->command('REPLICAOF', '127.0.0.1', $redis->port);
Kanda::Home::wait_for('a copy', 20, sub {
    $other->command('INFO', 'replication') =~ /master_link_status:up/
    && $other->command('DBSIZE') == $redis->command('DBSIZE') });
$other->command('REPLICAOF', 'NO', 'ONE');
$redis->command('REPLICAOF', '127.0.0.1', $other->port);
Kanda::Home::wait_for('the roles to change', 20, sub {
    $redis->command('INFO', 'replication') =~ /master_link_status:up/ });

unavailable('READONLY: no register', 'POST', '/totp/register', $who,
            { clientId => 'readonly' });
unavailable('nor a verdict', @{ validate($clients[3]) });
quiet('READONLY', 50, sub { $k->api(@{ validate($clients[3]) }) });

# and stale: the one it follows is gone
$redis->command('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
$other->kill9;
sleep 0.3;
unavailable('MASTERDOWN: no verdict', @{ validate($clients[3]) });

$redis->command('REPLICAOF', 'NO', 'ONE');
serves('its own master again');
settle(4);
is($k->validate($who, $clients[3]{clientId}, totp($clients[3]{secret})),
   'true', 'nothing was counted meanwhile');


# NOREPLICAS

$redis->command('CONFIG', 'SET', 'min-replicas-to-write', 1);
unavailable('NOREPLICAS: no verdict', @{ validate($clients[4]) });
$redis->command('CONFIG', 'SET', 'min-replicas-to-write', 0);
serves('without that wish');


# BUSY: somebody's script does not end

$redis->command('CONFIG', 'SET', 'busy-reply-threshold', 100);
my $busy = $redis->connect;
$redis->send_command($busy, 'EVAL', 'while true do end', 0);
sleep 0.3;
my @took = map {
    my $start = time;
    unavailable('BUSY: no verdict', @{ validate($clients[5]) });
    time - $start;
} 1 .. 3;
cmp_ok($_, '<', $ENV{KANDA_SAN} ? 5 : 2, 'in time') for @took;
$redis->command('SCRIPT', 'KILL');
serves('it has ended');
settle(4);
is($k->validate($who, $clients[5]{clientId}, totp($clients[5]{secret})),
   'true', 'nothing was counted');


# LOADING: a restart with much to read

$redis->command('CONFIG', 'SET', 'key-load-delay', 0);
$redis->command('DEBUG', 'POPULATE', 20000, 'fill', 10);
$redis->command('SAVE');
$redis->kill9;
push @{ $redis->{conf} }, 'key-load-delay' => 100,
                          'loading-process-events-interval-bytes' => 1024;
{
    local $redis->{no_wait} = 1;
    $redis->start;
}
my ($load, %seen) = (0);
my $end = time + 15;

while (time < $end) {
    my $r = $k->get('/totp', $who);
    $seen{ $r->status }++;
    my $state = eval { $redis->command('PING') } // '';
    delete $redis->{link} if $state eq '';
    $load++ if $state =~ /^LOADING/;
    last if $r->status == 200;
    sleep 0.01;
}

ok($load, 'LOADING was seen');
is(join(' ', sort keys %seen), '200 503', 'while it loads: 503; then service');



# Why it cannot be used is not hidden behind why it was lost, a moment ago

my $told = length $k->nginx->log_text;

$redis->command('CONFIG', 'SET', 'requirepass', 'another');
$redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
for my $reason ('connection closed', 'answered: NOAUTH') {
    ok(eval { Kanda::Home::wait_for($reason, 7, sub {
           $k->get('/totp', $who);
           substr($k->nginx->log_text, $told) =~ /kanda: .*: \Q$reason\E/;
       }); 1 }, "the log says $reason");
}

is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');
unlike($k->nginx->log_text, qr/\Q$clients[0]{secret}\E/, 'the log is discreet');

done_testing;
