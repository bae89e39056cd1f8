# D15: Redis answers, but cannot: it follows another, has too few that follow
# it, is busy with a script, loads.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D15', 'READONLY, NOREPLICAS, BUSY, LOADING',
    full => 10,
    redis => { conf => [ appendonly => 'yes', appendfsync => 'always',
                         'lua-time-limit' => 50, 'key-load-delay' => 300 ] })->start;
my $redis = $drill->redis;

for my $round ($drill->rounds) {
    $drill->round(
        sub { $redis->command('REPLICAOF', '127.0.0.1', 1); sleep 1 },
        sub { $redis->command('REPLICAOF', 'NO', 'ONE') });
    $drill->round(
        sub { $redis->command('CONFIG', 'SET', 'min-replicas-to-write', 1);
              sleep 1 },
        sub { $redis->command('CONFIG', 'SET', 'min-replicas-to-write', 0) });
    $drill->round(
        sub {
            my $link = $redis->connect;
            $redis->send_command($link, 'EVAL', 'while true do end', 0);
            sleep 1;
            $drill->{link} = $link;
        },
        sub {
            my $other = $redis->connect;
            $redis->send_command($other, 'SCRIPT', 'KILL');
            $redis->read_reply($other);
        });
    $drill->round(sub {
        $redis->kill9;
        local $redis->{no_wait} = 1;
        $redis->start;
    }, sub { $redis->wait_until_up });
}

$drill->finish(refused => 0.600);
