package Bench::Meter;

# What /proc tells of a process, and a little arithmetic.

use strict;
use warnings;

use Exporter 'import';
use Kanda::Home;
use POSIX ();

our @EXPORT = qw(cpu_seconds pss_bytes load_average median);

my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());


# CPU time of processes, user and system.

sub cpu_seconds {
    my $ticks = 0;

    for my $pid (@_) {
        my ($rest) = Kanda::Home::slurp("/proc/$pid/stat") =~ /.*\) (.*)/s
            or die "process $pid is gone\n";
        my @field = split ' ', $rest;
        $ticks += $field[11] + $field[12];
    }

    return $ticks / $tick;
}


# Memory of a process, its share of what it shares included.

sub pss_bytes {
    my ($pid) = @_;
    my ($kb) = Kanda::Home::slurp("/proc/$pid/smaps_rollup")
               =~ /^Pss:\s+(\d+) kB/m or return;

    return $kb * 1024;
}


sub load_average { (split ' ', Kanda::Home::slurp('/proc/loadavg'))[0] }


sub median {
    my @sorted = sort { $a <=> $b } grep { defined } @_;
    my $half = int @sorted / 2;

    return undef if !@sorted;
    return @sorted % 2 ? $sorted[$half]
                       : ($sorted[$half - 1] + $sorted[$half]) / 2;
}

1;
