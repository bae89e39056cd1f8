# D5: Redis hangs for ten seconds with requests on their way. What it says late
# is given to nobody else.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D5', 'Redis hangs', full => 50)->start;
my $long = Kanda::Drill::quick() ? 3 : 10;

for my $round ($drill->rounds) {

    # most hangs are short, so that fifty fit
    my $seconds = $round % 10 == 1 ? $long : 0.9;
    $drill->round(sub { $drill->redis->freeze; sleep $seconds },
                  sub { $drill->redis->thaw });
}

$drill->finish(refused => 0.600);
