# D30: two nginx on one Redis, with clocks 0.9 s apart.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D30', 'two servers, clocks 0.9 s apart',
    full => 20, two => 1, faketime => 1, skew => 1,
    workers => 1)->start;

for my $round ($drill->rounds) {
    $drill->round(sub {
        my $servers = [ $drill->k, $drill->{twin} ];
        $servers->[ $round % 2 ]->nginx->set_time('+0.9');
        $servers->[ 1 - $round % 2 ]->nginx->set_time('+0');
        sleep 1;
    }, undef, calm => 1);
}

$drill->finish(failed => 0);
