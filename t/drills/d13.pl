# D13: one master of a cluster is cut off from all other nodes, but not from
# nginx. It goes on until it knows that it is alone; its replica takes over.
# Argument: none, or replicas, with which Kanda waits until the replica has
# what a master did.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Cluster;
use Kanda::Drill;
use Kanda::Wire;
use Test::More;
use Time::HiRes qw(sleep time);

use constant TIMEOUT => 2;              # s, cluster-node-timeout

my ($id, $how) = ('D13', @ARGV ? @ARGV : 'none');
my $name = "a cluster's master is cut off, $how";
my $safe = $how eq 'replicas';
my $wire = Kanda::Wire->new
    or Kanda::Drill->impossible($id, $name, 'no wires between networks here');

my $set = Kanda::Cluster->new(replicas => 1, timeout => 1000 * TIMEOUT,
                              wire => $wire)->start;
my ($alone, undef, undef, $heir) = $set->nodes;
my @cuts;

my $drill = Kanda::Drill->new($id, $name, full => 3, redis => undef,
    lossy => !$safe, url => $set->url . ($safe ? ' replicas=1' : ''),
    also => \&judge)->servers;

# of a code that was told to nobody, too
Kanda::Home::allow(qr/\[alert\].*so it has lost data/);


# Two accounts that lie there, and two elsewhere.

my (@there, @elsewhere);

while (@there < 2 || @elsewhere < 2) {
    my $who = $drill->k->account;
    my $owner = $set->owner($set->slot("kanda:{$who->{userId}}"));
    push @{ $owner == $alone ? \@there : \@elsewhere }, $who;
}

$drill->{mix} = { size => 4, links => 4,
                  owners => [ @there[0, 1], @elsewhere[0, 1] ] };
$drill->start;

sub replica_of {
    my ($node, $what) = @_;

    Kanda::Home::wait_for($what, 30, sub {
        $node->command('INFO', 'replication')
            =~ /role:slave.*master_link_status:up/s });
}

# Until there are two again, who waits for a replica waits in vain.

sub heal {
    $wire->mend_spare;
    replica_of($alone, 'the old master to be a replica');
}

for my $round ($drill->rounds) {
    my %cut;

    $drill->round(sub {
        $cut{at} = time;
        $wire->cut_spare;
    }, sub {
        Kanda::Home::wait_for('a new master', 30, sub {
            $cut{down} //= time if $alone->command('CLUSTER', 'INFO')
                                   =~ /cluster_state:fail/;
            $heir->command('ROLE')->[0] eq 'master' });
        $cut{moved} = time;
        $cut{down} //= $cut{moved};
        push @cuts, \%cut;
        heal() if $safe;
    }, calm => 4);

    heal() if !$safe;
    Kanda::Home::wait_for('it to be the master again', 60, sub {
        $alone->command('CLUSTER', 'FAILOVER');
        sleep 2;
        $alone->command('ROLE')->[0] eq 'master' });
    replica_of($heir, 'the other to be a replica');
    sleep 2;
}

$drill->finish;


# Whoever lies elsewhere notices nothing. The one that is alone acknowledges
# nothing once it knows, so that no more than that can be lost.

sub judge {
    my @lines = grep { $_->{kind} !~ /^(?:present|logged)$/ } @_;
    my @others = grep { $_->{tenant} =~ /^t[23]$/ } @lines;
    my @late;

    is(scalar(grep { $_->{status} == 503 || !$_->{status} } @others), 0,
       'of ' . @others . ' requests to others none is refused');

    for my $cut (@cuts) {
        push @late, grep { $_->{tenant} =~ /^t[01]$/ && $_->{status} == 200
            && $_->{start} > $cut->{down}
            && $_->{end} < $cut->{moved} } @lines;
        $drill->note_that(sprintf 'it went on for %.1f s, its replica took '
            . 'over after %.1f s', map { $_ - $cut->{at} }
                                   @$cut{qw(down moved)});
        cmp_ok($cut->{down} - $cut->{at}, '<=', 1.5 * TIMEOUT + 1,
               'it soon knows');
    }

    is(scalar @late, 0, 'and then acknowledges nothing');
}
