# D26: a flood of logins, ten times what can be hashed, from 200 connections.
# Codes are judged as quickly as ever (S56), logins are refused at once (S55),
# memory stays in bounds, and afterwards a login takes what it took before.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Drill;
use Kanda::Metrics;
use Kanda::Swarm;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = Kanda::Drill::quick() ? 8 : 60;
my $drill = Kanda::Drill->new('D26', 'flood of logins', full => 1, rate => 500,
    server => Kanda::Metrics::location())->start;
my $k = $drill->k;
my ($serial, $queue, $peak) = (0, 0, 0);
my @probes;


# Of an account that there is not: that costs the same, and locks none.

sub login {
    return $k->request_text('POST', '/auth/login', undef,
        { email => "a$$." . ++$serial . '@example.com',
          password => 'correct horse battery' });
}

sub one {
    my $start = time;
    $k->connect->send(login())->receive;
    return time - $start;
}

# A process of its own, or our other work would be in its figures.

sub flood {
    my ($file) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;

    my $swarm = Kanda::Swarm->new($k->port, 200);
    my $end = time + $seconds;
    open my $out, '>', $file or die "$file: $!\n";

    $swarm->run(sub {
        my ($i, $r) = @_;
        printf $out "%d %.6f %.3f\n", $r->status, $r->{ended} - $r->{began},
               $r->{began} if $r;
        select undef, undef, undef, 0.002;      # some 400 a second
        return time < $end ? login() : undef;
    });
    close $out;
    POSIX::_exit(0);
}

my $metrics = Kanda::Metrics->new($k);
my $file = Kanda::Home::root() . '/flood';
my @before = map { one() } 1 .. 5;
my $small = $drill->size->{rss};
my $from = time;

sleep 5;

$drill->round(sub {
    my $pid = flood($file);
    my $probe = Kanda::Load->new($k->port, 2, \&login, pause => 0.02)->start;
    while (waitpid($pid, 1) == 0) {
        my $rss = $drill->size->{rss};
        my $n = $metrics->get('password_hash_queue');
        $peak = $rss if $rss > $peak;
        $queue = $n if $n > $queue;
        sleep 0.25;
    }
    @probes = grep { $_->{status} == 503 } $probe->stop;
});

# what is in the queue is hashed yet, then it is as before
sleep 1;
my @after = map { one() } 1 .. 5;

open my $fh, '<', $file or die "$file: $!\n";
my @logins = map { [ split ] } <$fh>;

my %status;
$status{ $_->[0] }++ for @logins;

# What the flood's process sees late it has not looked at; these two looked.
# Some found no room, some had a place and were told after two seconds in it.
my @busy = grep { $_->{end} - $_->{start} < 1.5 } @probes;
my $full = $metrics->get('password_hash_refused');
my $old = ($status{503} // 0) + @probes - $full;
my $hashed = grep { $_->[0] == 401 } @logins;
my $slow = Kanda::Load::percentile(99, @busy);

cmp_ok($full, '>', 0, 'the queue was full');
cmp_ok($hashed, '>', 0, 'some were hashed');
is(join(' ', grep { !/^(?:401|429|503)$/ } keys %status), '',
   'each login is judged or refused');
$drill->in_time('a login is refused after', 0.020, $slow) if @busy;
cmp_ok($queue, '<=', 32, 'at most 16 a worker wait to be hashed');
$drill->note_that(sprintf '%d logins, %d/s hashed, %d refused as the queue was '
    . 'full (p99 %.1f ms), %d after two seconds in it, at most %d waiting; '
    . 'memory of both workers %d KB, at most %d KB; a login takes %.0f ms '
    . 'before, %.0f ms after', scalar @logins,
    $hashed / $seconds, $full, 1000 * $slow, $old, $queue, $small, $peak,
    map { 1000 * Kanda::Load::percentile(50, @$_) } \@before, \@after);
$drill->in_time('a login afterwards takes', 0.5,
                Kanda::Load::percentile(50, @after));

# other programs have every core twice over
{
    my @busy = map {
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) { 1 while 1 }
        $pid;
    } 1 .. 2 * `nproc`;

    my @took = map { one() } 1 .. 3;
    kill 'KILL', @busy;
    waitpid $_, 0 for @busy;
    $drill->in_time('a login among busy programs takes', 2,
                    Kanda::Load::percentile(50, @took));
}

$drill->{also} = sub {
    my $t = $drill->{troubles}[0];
    my @codes = grep { $_->{kind} =~ /^(?:code|wrong)$/ } @_;
    my ($alone, $flood) = map {
        my ($a, $b) = @$_;
        Kanda::Load::percentile(99, grep { $_->{start} > $a && $_->{end} < $b }
                                         @codes)
    } [ $from, $t->{began} ], [ $t->{began}, $t->{over} ];

    $drill->half_more('validate p99', $alone, $flood);
};
$drill->finish(failed => 0, rss => 32 * 1024);
