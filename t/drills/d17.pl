# D17: Redis forgets its scripts, again and again. Nobody notices.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D17', 'scripts are flushed under load',
                              full => 100)->start;

for my $round ($drill->rounds) {
    $drill->round(sub {
        for (1 .. 10) {
            $drill->redis->command('SCRIPT', 'FLUSH');
            sleep 0.02;
        }
    }, undef, calm => 0.2);
}

$drill->finish(failed => 0);
