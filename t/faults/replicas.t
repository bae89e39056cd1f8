# kanda_redis … replicas=1: what a script did is told to nobody before a replica
# has it, too; without one it is 503, and may have been done.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Kanda::Redis;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $k = Kanda->new(workers => 2, redis => { port => 1,
                   conf => [ 'repl-diskless-sync-delay' => 0 ] });
my $master = $k->start_redis->redis;
my $replica = Kanda::Redis->new->start;

$replica->command('REPLICAOF', '127.0.0.1', $master->port);
Kanda::Home::wait_for('replication', 20, sub {
    $replica->command('INFO', 'replication') =~ /master_link_status:up/ });

$k->{kanda} = 'kanda_redis ' . $master->url . " replicas=1;\n"
              . "kanda_keys $k->{keys_file};";
$k->start_nginx;

my $who = $k->account;
my $base = "kanda:{$who->{userId}}:client";
my @pids = sort $k->nginx->worker_pids;
my $serial = 0;

sub registration {
    my ($id) = @_;
    return $k->request_text('POST', '/totp/register', $who,
                            { clientId => $id });
}

sub calls {
    my ($name) = @_;
    my ($n) = $master->command('INFO', 'commandstats')
              =~ /cmdstat_$name:calls=(\d+)/;
    return $n // 0;
}


# What was acknowledged is on the replica at that moment

for my $id (map { "there$_" } 1 .. 20) {
    my $r = $k->connect->send(registration($id))->receive;
    is($r->status, 201, 'acknowledged') or diag $r->text;
    is($replica->command('EXISTS', "$base:$id"), 1, 'and on the replica');
}


# Many share a WAIT

{
    my ($scripts, $waits) = (calls('evalsha'), calls('wait'));
    my @links = map { $k->connect } 1 .. 60;

    $replica->freeze;
    $_->send(registration('many' . ++$serial)) for @links;
    sleep 0.05;
    $replica->thaw;
    my @status = map { $_->receive->status } @links;

    is(scalar(grep { $_ != 201 } @status), 0, 'many at once') or diag "@status";
    $scripts = calls('evalsha') - $scripts;
    $waits = calls('wait') - $waits;
    cmp_ok($waits, '>=', 1, 'replicas are asked');
    cmp_ok($waits, '<', $scripts, "$waits times for $scripts scripts");
}


# A replica that hangs: 503 in time, done nevertheless, and service returns

$replica->freeze;

{
    my $start = time;
    my $r = $k->connect->send(registration('hung'))->receive;

    is($r->status, 503, 'the replica hangs: 503');
    is($r->json->{code}, 'unavailable', 'as ever');
    cmp_ok(time - $start, '<', 1.5, 'in time') if !$san;
    is($master->command('EXISTS', "$base:hung"), 1, 'though it was done');
    like($k->nginx->log_text,
         qr/\[error\].*kanda: Redis .*: too few replicas have what was/,
         'the log says why');
}

$replica->thaw;
Kanda::Home::wait_for('service', 10, sub {
    $k->get('/totp/hung', $who)->status == 200 });


# A connection that ends while a worker waits, and a worker that leaves

for my $trouble (
    [ 'the connection is lost', 503,
      sub { $master->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME',
                             'yes') } ],
    [ 'a worker leaves', 201,
      sub { $k->nginx->signal('HUP'); sleep 0.1; $replica->thaw } ],
) {
    my ($what, $status, $do) = @$trouble;
    my $id = 'trouble' . ++$serial;
    my $link = $k->connect;

    is($link->send($k->request_text('GET', '/totp', $who))->receive->status,
       200, 'a connection');
    $replica->freeze;
    $link->send(registration($id));
    Kanda::Home::wait_for('a script', 5, sub {
        $master->command('EXISTS', "$base:$id") });
    $do->();
    is($link->receive->status, $status, "$what: $status");
    $replica->thaw;
    Kanda::Home::wait_for('service', 10, sub {
        $k->connect->send($k->request_text('GET', "/totp/$id", $who))
          ->receive->status == 200 });
    is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers')
        if $status == 503;
}


# A user who may not ask for replicas

$master->command('ACL', 'SETUSER', 'default', '-wait');
is($k->connect->send(registration('forbidden'))->receive->status, 503,
   'no right to wait: 503');
like($k->nginx->log_text, qr/NOPERM/, 'the log says why');
$master->command('ACL', 'SETUSER', 'default', '+wait');
is($k->connect->send(registration('allowed'))->receive->status, 201,
   'and again: 201');


# No replica at all, under load: nothing is acknowledged

$replica->kill9;
Kanda::Home::wait_for('the master to know', 10, sub {
    $master->command('INFO', 'replication') =~ /connected_slaves:0/ });

my $load = Kanda::Load->new($k->port, 4, sub {
    registration("alone$_[0]-$_[1]") })->start;
sleep 1;
my @got = $load->stop;
is(scalar(grep { $_->{status} != 503 } @got), 0, 'without a replica: 503')
    or diag Kanda::Load::tally(@got);

done_testing;
