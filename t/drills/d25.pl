# D25: more clients than connections, and than descriptors.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Kanda::HTTP;
use Test::More;
use Time::HiRes qw(sleep);

Kanda::Home::allow(qr/worker_connections are not enough/,
                   qr/\[(?:crit|alert)\].*Too many open files/,
                   qr/\[emerg\].*worker_connections/);

my $what = $ARGV[0] // 'connections';
my $drill = Kanda::Drill->new('D25', "no $what left", full => 20,
    workers => 1, rate => 100, mix => { size => 1 },
    $what eq 'connections' ? (connections => 128)
                           : (main => 'worker_rlimit_nofile 64;'))->start;

for my $round ($drill->rounds) {
    my @idle;

    $drill->round(sub {
        for (1 .. 200) {
            my $link = Kanda::HTTP::dial($drill->k->port) or last;
            push @idle, $link;
        }
        sleep 1;
    }, sub { @idle = () });
}

# who came when there was no room
$drill->finish(errors => 200 * $drill->rounds);
