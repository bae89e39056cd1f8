package Bench::Wrk;

# One round of wrk: what it says, and what it cost in CPU.

use strict;
use warnings;

use Bench::Service;
use Kanda::Home;
use List::Util qw(sum);

use constant THREADS => 2;


# lines for requests.lua; prefix of their paths; connections, seconds; pause
# between requests in ms. Answers of another size than bytes were not what was
# to be measured.

sub round {
    my ($service, %o) = @_;
    my $file = Kanda::Home::root() . '/requests';
    my $script = "$o{home}/requests.lua";

    open my $out, '>', $file or die "$file: $!\n";
    print $out join "\n", $service->headers, '', @{ $o{lines} }, '';
    close $out or die "$file: $!\n";

    my @before = $service->cpu;
    my @command = ('wrk', '-t', THREADS, '-c', $o{connections},
                   '-d', "$o{seconds}s", '-s', $script,
                   'http://127.0.0.1:' . $service->port, '--',
                   $file, $o{prefix}, THREADS, $o{pause} // ());
    open my $in, '-|', @command or die "wrk: $!\n";
    my $text = join '', <$in>;
    close $in or die "wrk: $text\n";
    my @after = $service->cpu;

    my ($n, $us, $bytes, $p50, $p99, $status, $broken, @turns)
        = $text =~ /^bench (.*)$/m ? split(' ', $1) : die "wrk: $text\n";

    return {
        rate    => $n / $us * 1e6,
        p50     => $p50 / 1000,
        p99     => $p99 / 1000,
        workers => 1e6 * ($after[0] - $before[0]) / $n,
        redis   => 1e6 * ($after[1] - $before[1]) / $n,
        size    => $bytes / $n,
        errors  => $status + $broken,
        short   => sum(@turns) > @{ $o{lines} } + THREADS,
        turns   => \@turns,
    };
}

1;
