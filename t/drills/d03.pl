# D3: the power fails. Redis is killed, and what its disk had not taken yet is
# cut off its append-only file. Argument: always or everysec, and how many ms
# the disk takes.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my ($how, $delay) = @ARGV ? @ARGV : ('always', 0);
my $root = Kanda::Home::root();
my $name = "power cut, $how, disk takes $delay ms";
my %log = (file => "$root/dur.log");

system 'cc', '-O1', '-shared', '-fPIC', '-o', "$root/dur.so",
       't/drills/dur.c', '-ldl';
Kanda::Drill->impossible('D3', $name, 'no C compiler') if $?;

# a disk that takes longer than a command may refuses all there is
my $drill = Kanda::Drill->new('D3', $name, proxy => 1,
    full    => $how eq 'always' ? 50 : 25,
    lossy   => $how ne 'always',
    timeout => $delay ? '3s' : '500ms',
    mix     => $delay && $how eq 'always' ? { clients => 5 } : undef,
    redis   => {
        conf => [ appendonly => 'yes', appendfsync => $how,
                  'auto-aof-rewrite-percentage' => 0 ],
        env  => { LD_PRELOAD => "$root/dur.so", DUR_LOG => $log{file},
                  DUR_DELAY_MS => $delay },
    })->start;

my ($cut, $bytes) = (0, 0);


# The last length that is on disk, of each file.

sub power_cut {
    $drill->redis->kill9;

    my %size = map { reverse /^(\d+) (.*)/ }
               split /\n/, Kanda::Home::slurp($log{file});

    for my $file (grep { /\.incr\.aof$/ } sort keys %size) {
        next if !-e $file;
        my $lost = (-s $file) - $size{$file};

        next if $lost <= 0;
        $cut++;
        $bytes += $lost;
        truncate $file, $size{$file} or die "$file: $!\n";
    }

    open my $fh, '>', $log{file};
}

for my $round ($drill->rounds) {
    $drill->round(\&power_cut, sub { $drill->redis->start });
}

my $refused = () = Kanda::Home::slurp($drill->k->nginx->{log})
                   =~ /so it has lost data/g;
$drill->note_that("$refused codes that Redis had forgotten were refused here")
    if $refused;
$drill->note_that("$bytes bytes were cut off in $cut rounds");
$drill->finish($delay && $how eq 'always' ? (first => 5, all => 10) : ());
