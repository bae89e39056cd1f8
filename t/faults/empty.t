# Redis comes back with nothing, or with something else than it had: the log
# says so, once for a server, and only then; service goes on.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Cluster;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);

my $alert = qr/\[alert\].*kanda: Redis does not keep what it kept before/;

Kanda::Home::allow($alert, qr/exited on signal 9/,
                   qr/\[crit\].*connect\(\) to unix/);

my $k = Kanda->new(workers => 2)->start;
my $redis = $k->redis;
my $said = 0;


# So many lines more, and none after them, when all workers have greeted Redis.

sub lines {
    my ($server) = @_;
    return scalar(() = $server->nginx->log_text =~ /$alert/g);
}

sub said {
    my ($what, $more, $server) = @_;

    $server //= $k;
    $said += $more;
    Kanda::Home::wait_for('service', 10, sub {
        delete $server->{http_link};
        eval { $server->account } });
    eval { Kanda::Home::wait_for('a line', 10,
                                 sub { lines($server) >= $said }) };
    sleep 0.3;
    is(lines($server), $said, $what) or $said = lines($server);
}

sub again {
    $redis->kill9;
    $redis->start;
}

said('a new Redis is as it should be', 0);

my $who = $k->account;
my $client = $k->client($who);
my @code = ($who, $client->{clientId}, totp($client->{secret}));

is($k->validate(@code), 'true', 'a code counts');
again();
said('it came back empty: once', 1);
is($k->validate(@code), 401, 'who was there is unknown');
is($k->post('/auth/login', undef, { map { $_ => $who->{$_} }
    qw(email password) })->status, 401, 'and cannot log in');

my $new = $k->account;
ok($k->client($new)->{secret}, 'who comes is served');

$redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
said('connections broke', 0);
kill 'KILL', ($k->nginx->worker_pids)[0];
said('a worker was killed', 0);
$k->reload;
said('a reload', 0);
$redis->command('SAVE');
again();
said('Redis was restarted with what it had', 0);
is($k->get('/totp', $new)->status, 200, 'which is there');

my $keys = Kanda::Home::slurp($k->keys_file);
$k->write_keys('seal s2 ' . encode_base64(random_bytes(32), '') . "\n$keys");
$k->reload;
said('a new key seals the word anew', 0);

unlink $redis->dir . '/dump.rdb';
again();
said('empty again, after all this', 1);

{
    my $other = Kanda::Redis->new->start;
    my $http = $k->nginx->{http};

    $http =~ s/\Q@{[ $redis->url ]}/$other->url/e;
    $k->reload(http => $http);
    said('another Redis', 1);
}

$k->stop;


# In a cluster, one node has the word

my $set = Kanda::Cluster->new(masters => 2)->start;
my $c = Kanda->new(redis => undef, workers => 2,
                   kanda => 'kanda_redis ' . $set->url
                            . ";\nkanda_keys $k->{keys_file};");
$c->start_nginx;
$said = 0;
said('a new cluster', 0, $c);

my $owner = $set->owner($set->slot('kanda:canary'));
$owner->kill9;
$owner->start;
said('its node came back empty', 1, $c);

done_testing;
