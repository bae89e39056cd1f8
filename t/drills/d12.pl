# D12: the slots of a cluster's accounts are moved while they are in use, 1500
# and more at a time, by Redis's own tool. Nobody is refused anything.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Cluster;
use Kanda::Drill;
use Test::More;

my $set = Kanda::Cluster->new->start;
my $drill = Kanda::Drill->new('D12', 'slots move under load', full => 8,
                              redis => undef, url => $set->url,
                              mix => { size => 4, links => 4 })->start;
my @slots = sort map { $set->slot($_) }
            grep { /:clients$/ } @{ $set->command('KEYS', 'kanda:{*') };
my $moved = 0;

is(scalar @slots, $drill->mix->{size}, 'each account has its slot');

for my $round ($drill->rounds) {
    my $slot = $slots[ $round % @slots ];
    my $from = $set->owner($slot);
    my ($to) = grep { $_ != $from } ($set->nodes)[ $round % 3, ($round + 1) % 3 ];
    my $rank = $set->rank($from, $slot);
    my $n = $rank > 1500 ? $rank : 1500;

    $drill->round(sub { $set->reshard($n, $from, $to) });
    is($set->owner($slot), $to, "$n slots moved");
    $moved += $n;
}

$drill->note_that("$moved slots moved");
$drill->finish(failed => 0);
