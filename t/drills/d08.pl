# D8: the connection is lost after each byte of a reply. What was asked is never
# sent again: the log has one entry for each decision, or none.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep time);

my $drill = Kanda::Drill->new('D8', 'connection lost at each byte',
    proxy => 1, full => 1)->start;
my $step = Kanda::Drill::quick() ? 20 : 1;

for (my $n = 0; $n <= 200; $n += $step) {
    $drill->round(sub {
        $drill->proxy->rule(on => 'EVALSHA', cut => $n, once => 1);
        Kanda::Home::wait_for('the cut', 5,
                              sub { $drill->proxy->state->{met} });
    }, undef, calm => 0.35);
}

$drill->finish(refused => 0.050);
