# Sentinels that name the master by a host name, which is looked up by nginx's
# resolver, without anybody waiting for it: a failover is followed, a name that
# is not known is asked for again, and a resolver that says nothing holds up
# neither requests nor workers that leave.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::DNS;
use Kanda::Sentinel;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $dns = Kanda::DNS->new(localhost => ['127.0.0.1'])->start;

# Sentinel looks names up, too, and not here: the one that everybody knows
my $set = Kanda::Sentinel->new(
    sentinels     => 1,
    host          => 'localhost',
    conf          => [ 'replica-announce-ip' => 'localhost' ],
    sentinel_conf => "sentinel resolve-hostnames yes\n"
                     . 'sentinel announce-hostnames yes',
)->start;
my $k = Kanda->new(redis => undef, workers => 2, kanda => '');

sub service {
    my ($resolver) = @_;
    delete $k->{http_link};
    $k->nginx->{http} = 'kanda_redis ' . $set->url
        . ";\nkanda_keys $k->{keys_file};\n$resolver";
    return $k;
}

sub resolver {
    my ($timeout, $with) = @_;
    return 'resolver ' . ($with // $dns)->address
           . " ipv6=off; resolver_timeout $timeout;";
}

sub served {
    my ($what, $who) = @_;
    ok(eval { Kanda::Home::wait_for('service', 15, sub {
        $k->get('/totp', $who)->status == 200 }); 1 }, $what)
        or diag substr $k->nginx->log_text, -1500;
}

sub hang_up {
    $set->say($_, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
        for @{ $set->{redis} };
}


# Nobody to ask

service('')->start_nginx;
Kanda::Home::wait_for('a complaint', 10, sub {
    $k->nginx->log_text =~ /kanda: Sentinel/ });
is($k->post('/auth/login', undef, { email => 'a@example.com',
    password => 'correct horse' })->status, 503, 'no resolver: 503');
like($k->nginx->log_text, qr/kanda: Sentinel .* a host name: add a resolver/,
     'and what to do');
$k->stop;


# Served; a failover is followed

service(resolver('1s'))->start_nginx;
Kanda::Home::wait_for('service', 15, sub { eval { $k->account } });
my $who = $k->account;
my @pids = sort $k->nginx->worker_pids;
ok($who->{token}, 'served by a name');
is_deeply([ grep { $_ ne 'localhost' } $dns->asked ], [], 'that was asked for');

my $new = $set->replica;
$set->wait_for_copy;
$set->ask($set->{sentinel}[0], 'SENTINEL', 'FAILOVER', $set->{name});
Kanda::Home::wait_for('a failover', 30, sub {
    ($set->where || 0) == $new->port });
ok(eval { Kanda::Home::wait_for('service', 15, sub {
    $k->get('/totp', $who);
    $set->scripts_run($new) }); 1 },
   'the new master serves');
served('for good', $who);


# The name goes, and comes back

$dns->set(localhost => []);
sleep 1.1;
hang_up();
Kanda::Home::wait_for('503', 10, sub {
    $k->get('/totp', $who)->status == 503 });
my $start = time;
is($k->get('/totp', $who)->status, 503, 'no such name: 503') for 1 .. 20;
cmp_ok(time - $start, '<', 2, 'at once') if !$san;
like($k->nginx->log_text,
     qr/kanda: Redis localhost:\d+ of .* name up failed: Host not found/,
     'the log says why');
$dns->set(localhost => ['127.0.0.1']);
served('the name is back', $who);


# Nobody listens at the first address; another is taken

$dns->set(localhost => [ '127.0.0.3', '127.0.0.1' ]);
sleep 1.1;
hang_up();
served('one address of two', $who);
is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');


# The resolver says nothing, then something; twice, as answers that come late
# find another state

$k->reload;
@pids = sort $k->nginx->worker_pids;
served('new workers', $who);

for my $round (1 .. 2) {
    $dns->silent(1);
    sleep 1.1;
    hang_up();
    Kanda::Home::wait_for('503', 10, sub {
        $k->get('/totp', $who)->status == 503 });
    $start = time;
    is($k->get('/totp', $who)->status, 503, 'a silent resolver: 503')
        for 1 .. 20;
    cmp_ok(time - $start, '<', 2, 'at once') if !$san;
    sleep 1.2;
    $dns->silent(0);
    served('it speaks again', $who);
}

like($k->nginx->log_text, qr/looking its name up failed: Operation timed out/,
     'the log says why');
is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');


# Workers leave, or are told to go at once, while they wait for an answer

$k->stop;

for my $way (qw(quit stop)) {
    my $silent = Kanda::DNS->new->start;

    $silent->silent(1);
    service(resolver('30s', $silent))->start_nginx;
    Kanda::Home::wait_for('questions', 10, sub { $silent->asked >= 2 });
    $start = time;
    $k->nginx->$way;
    cmp_ok(time - $start, '<', $san ? 20 : 3, "workers leave at once: $way");
}

done_testing;
