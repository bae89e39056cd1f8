# D2: Redis is killed under load and comes back after two seconds.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D2', 'Redis killed, restarted after 2 s',
    full => 20, rate => 1000,
    redis => { conf => [ appendonly => 'yes', appendfsync => 'always' ] })->start;

for my $round ($drill->rounds) {
    $drill->round(sub { $drill->redis->kill9; sleep 2 },
                  sub { $drill->redis->start });
}

$drill->finish(refused => 0.050);
