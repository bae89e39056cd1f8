# D7: replies come a byte at a time. They are right, and nobody spins.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $drill = Kanda::Drill->new('D7', 'replies a byte at a time', proxy => 1,
    full => 10, rate => 40, timeout => '2s')->start;
my $worst = 0;

sub cpu {
    my $ticks = 0;

    for my $pid (split ' ', $drill->workers) {
        my ($rest) = Kanda::Home::slurp("/proc/$pid/stat") =~ /.*\) (.*)/s;
        my @field = split ' ', $rest;
        $ticks += $field[11] + $field[12];
    }

    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

for my $round ($drill->rounds) {
    $drill->round(sub {
        $drill->proxy->rule(on => '.', dribble => 1);
        my ($cpu, $start) = (cpu(), time);
        sleep 3;
        my $share = (cpu() - $cpu) / (time - $start);
        $worst = $share if $share > $worst;
    }, sub { $drill->proxy->rule(on => '(?!)') });
}

# of one core, both workers, with forty requests a second
cmp_ok($worst, '<=', 0.25, 'no busy loop');
$drill->note_that(sprintf 'the workers took %.1f %% of a core', 100 * $worst);
$drill->finish;
