# D6: Redis is slow. Below the timeout all is right, only slower; above it, a
# refusal that leaves open whether it was done.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D6', 'Redis is slow: 50, 200, 450, 600 ms',
    proxy => 1, full => 10, rate => 200, mix => { links => 32 })->start;

for my $round ($drill->rounds) {
    for my $ms (50, 200, 450, 600) {
        $drill->round(sub {
            $drill->proxy->rule(on => '.', delay => $ms / 1000);
            sleep 2;
        }, sub { $drill->proxy->rule(on => '(?!)') });
    }
}

$drill->finish(refused => 0.600);
