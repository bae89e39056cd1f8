# D10, D11: Sentinel moves the master, for whatever reason. Service is back soon
# after it has; the old master is never written to when it returns; no code is
# accepted twice.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Kanda::Sentinel;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $down = 1;
my $set = Kanda::Sentinel->new(down_after => 1000 * $down,
    conf => [ 'min-replicas-to-write' => 0 ])->start;

my $k = Kanda->new(redis => undef, workers => 2, kanda => '',
                   # replication is asynchronous
                   allow => [ qr/\[alert\].*so it has lost data/ ]);
$k->nginx->{http} = 'kanda_redis ' . $set->url
                    . ";\nkanda_keys $k->{keys_file};";
$k->start_nginx;
my $who = $k->account;

ok($who->{token}, 'served by the master that Sentinel names');
my @pids = sort $k->nginx->worker_pids;


# Every code that is submitted is right, once.

my @clients = map { $k->client($who) } 1 .. 40;

sub submit {
    my ($who_, $n) = @_;
    my $client = $clients[ ($n * 4 + $who_) % @clients ];
    my $token = totp($client->{secret}, step => $n % 2 ? 1 : 0);

    return $k->request_text('POST', '/totp/validate', $who,
        { clientId => $client->{clientId}, token => $token });
}


sub drill {
    my ($what, $trouble, $limit) = @_;

    $set->wait_for_replica;
    my $old = $set->master;
    my $new = $set->replica;
    my $load = Kanda::Load->new($k->port, 4, \&submit, pause => 0.01)->start;

    sleep 0.5;
    my $start = time;
    my $return = $trouble->($old);
    Kanda::Home::wait_for('a failover', 30, sub {
        ($set->where || 0) == $new->port });
    my $moved = time;
    sleep 2.2;

    # the old master, back again, while we go on
    my $before = $return ? $return->($old) : undef;
    $set->wait_for_replica;
    sleep 1;
    my @got = $load->stop;

    my @bad = grep { $_->{status} != 200 && $_->{status} != 503
                     && $_->{status} != 429 } @got;
    is(scalar @bad, 0, "$what: an answer to everything")
        or diag Kanda::Load::tally(@bad);

    my @after = grep { $_->{status} != 503 && $_->{start} > $moved } @got;
    my $back = @after ? $after[0]{end} - $start : 99;

    note Kanda::Load::tally(@got);
    note sprintf 'moved after %.2f s, served after %.2f s', $moved - $start,
                 $back;
    SKIP: {
        skip 'no timing under a sanitizer', 1 if $san;
        cmp_ok($back, '<=', $limit, 'back in time');
        cmp_ok($back, '<=', $moved - $start + 1.5, 'soon after it moved');
    }
    is(scalar(grep { $_->{status} == 503 && $_->{start} > $start + $limit } @got),
       0, 'and for good') if !$san;

    my %accepted;

    for my $answer (grep { $_->{body} =~ /"valid":true/ } @got) {
        my $client = ($answer->{n} * 4 + $answer->{who}) % @clients;
        my $step = int($answer->{start} / 30) + $answer->{n} % 2;
        $accepted{"$client $step"}++;
    }

    # replication is asynchronous: the last writes may be the old master's alone
    my @twice = grep { $accepted{$_} > 1 } sort keys %accepted;
    note 'codes accepted: ' . keys(%accepted) . ', twice: ' . @twice;
    cmp_ok(scalar @twice, '<=', 4, 'no more than the last writes are lost');

    Kanda::Home::wait_for('the old master to be a replica', 20, sub {
        (eval { $set->say($old, 'ROLE')->[0] } // '') eq 'slave' });
    is($set->scripts_run($old), $before, 'and was written to no more')
        if defined $before;
    is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');
}


for (1 .. long_test(1, 5)) {
    drill('SENTINEL FAILOVER', sub {
        $set->ask($set->{sentinel}[0], 'SENTINEL', 'FAILOVER', $set->{name});
        return undef;
    }, 4);

    drill('kill -9', sub {
        my ($old) = @_;
        $old->kill9;
        return sub { $old->start; $set->scripts_run($old) };
    }, $down + 4);

    drill('STOP', sub {
        my ($old) = @_;
        my $run = $set->scripts_run($old);
        $old->freeze;
        return sub {
            $old->thaw;
            # what was on its way when it stopped is run, and answered in vain
            sleep 0.05;
            $set->scripts_run($old);
        };
    }, $down + 4);
}


# A Sentinel that is away, one that hangs, none

$set->wait_for_replica;
$set->stop_sentinel(0);
kill 'STOP', $set->{sentinel}[1]{pid};
$k->reload;
ok(eval { Kanda::Home::wait_for('service', 10, sub {
    $k->get('/totp', $who)->status == 200 }); 1 },
   'one of three Sentinels answers')
    or diag substr $k->nginx->log_text, -1500;

# all workers have to know before nobody tells any more
sleep 1;
$set->stop_sentinel($_) for 1, 2;
sleep 1;
is($k->get('/totp', $who)->status, 200, 'no Sentinel, but a connection');

$set->say($_, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    for @{ $set->{redis} };
sleep 1.5;
is($k->get('/totp', $who)->status, 503, 'neither');
like($k->nginx->log_text,
     qr/\[error\].*kanda: Sentinel \S+ of sentinel:/, 'the log says why');

$set->start_sentinel($_) for 0 .. 2;

my $start = time;
$k->nginx->quit;
cmp_ok(time - $start, '<', $san ? 20 : 3, 'workers leave at once');

done_testing;
