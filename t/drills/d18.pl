# D18: the disk of the append-only file is full. Argument: always or everysec.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $how = $ARGV[0] // 'always';
my ($id, $name) = ('D18', "the disk is full, $how");
my $disk = Kanda::Home::root() . '/disk';

mkdir $disk;
Kanda::Drill->impossible($id, $name, 'it needs root and tmpfs')
    if $> != 0 || system "mount -t tmpfs -o size=4m kanda $disk 2> /dev/null";

END { system 'umount', '-l', $disk if $disk }

my $drill = Kanda::Drill->new($id, $name, full => 10, lossy => $how ne 'always',
    redis => { conf => [ appendonly => 'yes', appendfsync => $how,
        dir => $disk, 'auto-aof-rewrite-percentage' => 0 ] })->start;
my $redis = $drill->redis;
my $died = 0;

for my $round ($drill->rounds) {
    $drill->round(
        sub {
            open my $fh, '>', "$disk/ballast" or die "ballast: $!\n";
            $fh->autoflush;
            1 while syswrite $fh, 'x' x 4096;
            sleep 2.5;
        },
        sub {
            unlink "$disk/ballast";
            if (!Kanda::Home::alive($redis->pid)) {
                $died++;
                $redis->start;
            }
            sleep 1.2 if $how ne 'always';      # until it tries again
        });

    # room for the next round
    $redis->command('BGREWRITEAOF');
    sleep 1;
}

$drill->note_that("Redis ended itself $died times") if $died;
$drill->finish(refused => 0.050);
