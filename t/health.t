# Whether a server says how it is: that it lives, and that it can do its work,
# or why not.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;
use Time::HiRes qw(sleep time);

Kanda::Home::allow(qr/\[alert\].*kanda_keys file does not open what/,
                   qr/\[alert\].*does not keep what it kept before/,
                   qr/\[crit\].*connect\(\) to unix:\S+ failed/);

my $place = '
    location /health/ { kanda_serve health; }
    location = /live-only { try_files /none /health/live; }
    error_page 503 /oops;
    location = /oops { return 200 "oops"; }
';

my $k = Kanda->new(faketime => 1, server => $place)->start;
my $http = $k->connect;

sub ask {
    my ($path, $method) = @_;
    return $http->request($method // 'GET', "/health/$path");
}


# What ready says, in short: status, redis, keys, clock.

sub ready {
    my $r = ask('ready');
    my $said = $r->json // {};

    is(join(' ', sort keys %$said), 'checks clockOffsetMs status',
       'in these words') or diag $r->text;
    is($r->header('Content-Type'), 'application/json', 'as JSON');
    return join ' ', $r->status, $said->{status},
                     @{ $said->{checks} }{qw(redis keys clock)};
}

sub until_ready {
    Kanda::Home::wait_for('ready', 10,
                          sub { sleep 0.02; ask('ready')->status == 200 });
}

my $good = '200 ready ok ok ok';
my $down = '503 unready down unknown unknown';
my $wrong = '503 unready ok wrong unknown';


# All is well

is(ready(), $good, 'ready');
cmp_ok(abs ask('ready')->json->{clockOffsetMs}, '<', 500, 'one clock');

{
    my $r = ask('live');
    is($r->status . $r->text, '200{"status":"live"}', 'live');
    is($r->header('Cache-Control'), 'no-store', 'never kept');
    is($http->request('GET', '/live-only')->status, 200, 'by an internal redirect');

    for my $path ('live', 'ready') {
        my $length = length ask($path)->text;
        my $head = ask($path, 'HEAD');
        is($head->status, 200, "HEAD $path");
        ok(abs($head->header('Content-Length') - $length) < 3, 'as long');
        $r = ask($path, 'POST');
        is($r->status, 405, 'POST');
        is($r->header('Allow'), 'GET, HEAD', 'Allow');
        is($r->json->{code}, 'method_not_allowed', 'a problem as elsewhere');
    }

    is(ask($_)->status, 404, "nothing at '$_'") for '', 'live/', 'readyx';
}


# The clock

for my $off (-6, -4, 4, 6, 3600) {
    $k->nginx->set_time(sprintf '%+d', $off);
    my $fine = abs($off) < 5;
    is(ready(), $fine ? $good : '503 unready ok ok off', "$off s off");
    my $said = ask('ready')->json->{clockOffsetMs};
    ok(abs($said - 1000 * $off) < 500, "by $said ms");
    is(ask('live')->status, 200, 'live all the same');
}

$k->nginx->set_time('+0');
is(ready(), $good, 'and right again');


# Redis is gone

$k->redis->stop;
ask('ready');
Kanda::Home::wait_for('the connection to go', 5,
                      sub { ask('ready')->status == 503 });

{
    my $begin = time;
    is(ready(), $down, 'no Redis') for 1 .. 3;
    cmp_ok(time - $begin, '<', 1.2, 'said without waiting');
    unlike(ask('ready')->text, qr/oops|\Q$ENV{PWD}\E|redis\d|socket|127/,
           'by ourselves, and without an address');
    is(ask('live')->status, 200, 'live');
    is(ask('ready', 'HEAD')->status, 503, 'HEAD');
}

$k->redis->start;
until_ready();
is(ready(), $good, 'it is back');


# Redis hangs

{
    $k->redis->freeze;

    my $waiting = $k->connect->send("GET /health/ready HTTP/1.1\r\n"
                                    . "Host: x\r\n\r\n");
    my $begin = time;
    is(ask('live')->status, 200, 'a Redis that hangs: live');
    cmp_ok(time - $begin, '<', 0.5, 'at once');

    my $r = $waiting->receive;
    is($r->status, 503, 'unready');
    is($r->json->{checks}{redis}, 'down', 'of Redis');
    cmp_ok(time - $begin, '<', 3, 'in its time');

    Kanda::Home::wait_for('a quick answer', 10, sub {
        my $asked = time;
        return ask('ready')->status == 503 && time - $asked < 0.1;
    });

    $k->redis->thaw;
    until_ready();
    is(ready(), $good, 'it answers again');
}


# Keys that do not open what it keeps; and then it goes, too

{
    my $other = Kanda->new(redis => undef, server => $place);
    my $redis = $k->redis->url;

    $other->{kanda} = "kanda_redis $redis; kanda_keys " . $other->keys_file
                      . ';';
    $other->start_nginx;
    $http = $other->connect;

    is(ready(), $wrong, 'wrong keys') for 1 .. 3;
    sleep 3;
    is(ready(), $wrong, 'as long as they are');
    is(ask('live')->status, 200, 'live');

    $k->redis->stop;
    sleep 2.5;
    is(ready(), $down, 'without Redis nobody knows');

    $k->stop;
    $k->redis->start;       # empty: now they are the keys
    until_ready();
    is(ready(), $good, 'keys for an empty Redis');

    # what was wrong a moment ago is no news when it has been right since

    $k->redis->command('SET', 'kanda:canary', 'rubbish');
    $k->redis->command('CLIENT', 'KILL', 'TYPE', 'normal');
    Kanda::Home::wait_for('a refusal', 10,
        sub { (ask('ready')->json->{checks}{keys} // '') eq 'wrong' });
    $k->redis->command('DEL', 'kanda:canary');
    until_ready();
    $k->redis->stop;
    Kanda::Home::wait_for('the connection to go', 5,
                          sub { ask('ready')->status == 503 });
    is(ready(), $down, 'right, then gone');
}

done_testing;
