# D9: a black hole. Redis is at the other end of a wire, in a network of its
# own, and at a word nobody there has its address any more: packets go, none
# comes back.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Kanda::Wire;
use Time::HiRes qw(sleep);

my ($id, $name) = ('D9', 'black hole between nginx and Redis');
my $wire = Kanda::Wire->new
    or Kanda::Drill->impossible($id, $name, 'no wires between networks here');

my $drill = Kanda::Drill->new($id, $name, full => 10, redis => {
    port => 1, binary => $wire->redis,
    conf => [ bind => '127.0.0.1 ' . $wire->there, 'protected-mode' => 'no' ],
});
my $k = $drill->k;

$k->{kanda} = 'kanda_redis redis://' . $wire->there . ':' . $k->redis->port
              . ";\nkanda_keys $k->{keys_file};";
$drill->start;

for my $round ($drill->rounds) {
    $drill->round(sub { $wire->cut; sleep 6 }, sub { $wire->mend });
}

$drill->finish(refused => 0.600);
