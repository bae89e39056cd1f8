# D10: Sentinel moves the master, and what it had acknowledged is counted that
# its replica did not have. Arguments: what is done against that, and what
# happens.
#
#   none          nothing
#   min-replicas  a master without its replica takes no writes
#   replicas      that, and Kanda waits until the replica has what it did
#
# The replica is a twentieth of a second behind, as on a busy network.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Kanda::Sentinel;
use Test::More;
use Time::HiRes qw(sleep);

my ($how, $what) = @ARGV == 2 ? @ARGV : ('replicas', 'kill');
my $safe = $how eq 'replicas';
my $min = $how eq 'none' ? 0 : 1;
my %title = (kill => 'killed', stop => 'stopped', cut => 'cut off',
             failover => 'told to go');

my $set = Kanda::Sentinel->new(proxies => 1, conf => [
    'min-replicas-to-write' => $min, 'min-replicas-max-lag' => 2 ])->start;
my $drill = Kanda::Drill->new('D10',
    "failover, master $title{$what}, $how", full => 5, lossy => !$safe,
    redis => undef, url => $set->url . ($safe ? ' replicas=1' : ''));

# of a code that was told to nobody, too
Kanda::Home::allow(qr/\[alert\].*so it has lost data/);

$set->proxy($_)->rule(on => qr/REPLCONF/, delay => 0.05)
    for @{ $set->{redis} };
$drill->start;

# what a replica and Sentinels say, and nginx does not
my $theirs = qr/REPLCONF|\r\n(?:PING|INFO|PUBLISH|SUBSCRIBE|SETNAME)\r\n/;

my %begin = (
    kill     => sub { $_[0]->kill9 },
    stop     => sub { $_[0]->freeze },
    cut      => sub { $set->proxy($_[0])->rule(on => $theirs, hold => 1,
                                               swallow => 1) },
    failover => sub { $set->ask($set->{sentinel}[0], 'SENTINEL', 'FAILOVER',
                                $set->{name}) },
);
my %end = (
    kill     => sub { $_[0]->start },
    stop     => sub { $_[0]->thaw },
    cut      => sub { $set->proxy($_[0])->release },
    failover => sub { },
);


# Until both are there again, who takes no writes alone takes none.

sub heal {
    my ($old) = @_;
    $end{$what}->($old);
    $set->wait_for_replica;
    $set->proxy($old)->rule(on => qr/REPLCONF/, delay => 0.05);
}

for my $round ($drill->rounds) {
    my ($old, $new) = ($set->master, $set->replica);

    $drill->round(sub { $begin{$what}->($old) }, sub {
        Kanda::Home::wait_for('a failover', 30, sub {
            ($set->where || 0) == $set->port($new) });
        heal($old) if $min;
    });
    heal($old) if !$min;

    # Sentinel takes its time until it does that again
    sleep 10 if $round < $drill->rounds;
}

my $refused = () = $drill->k->nginx->log_text =~ /so it has lost data/g;
$drill->note_that("$refused codes that Redis had forgotten were refused here")
    if $refused;
$drill->finish;
