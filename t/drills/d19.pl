# D19: a worker is killed under load, by KILL and by SEGV.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D19', 'a worker is killed', full => 50,
                              mortal => 1, workers => 2)->start;
my $nginx = $drill->k->nginx;

for my $round ($drill->rounds) {
    $drill->round(sub {
        my ($victim) = (sort $nginx->worker_pids)[ $round % 2 ];
        kill $round % 2 ? 'KILL' : 'SEGV', $victim;
    }, sub {
        Kanda::Home::wait_for('another worker', 10,
                              sub { $nginx->worker_pids == 2 });
    }, calm => 0.5);
}

# whatever the victim had on its way
$drill->finish(errors => 16 * $drill->rounds);
