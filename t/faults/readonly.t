# D11: a master that is one no more says READONLY to what it is sent. With
# Sentinel the master is asked for, and what was refused is sent there, once;
# nothing is done twice.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Proxy;
use Kanda::Sentinel;
use Test::More;
use Time::HiRes qw(time);

my $set = Kanda::Sentinel->new(sentinels => 1, down_after => 60000,
    conf => [ 'repl-ping-replica-period' => 1 ])->start;
my ($sentinel) = @{ $set->{sentinel} };
my $k = Kanda->new(redis => undef, workers => 1, kanda => '');

$k->nginx->{http} = 'kanda_redis ' . $set->url
                    . ";\nkanda_keys $k->{keys_file};";
$k->start_nginx;
Kanda::Home::wait_for('service', 15, sub { eval { $k->account } });
my $who = $k->account;
my ($pid) = $k->nginx->worker_pids;

sub refusals {
    my ($redis) = @_;
    return $set->say($redis, 'INFO', 'errorstats')
           =~ /errorstat_READONLY:count=(\d+)/ ? $1 : 0;
}

# Sentinel takes another for the master, which it says from now on.

sub point_at {
    my ($port) = @_;
    $set->ask($sentinel, 'SENTINEL', 'REMOVE', $set->{name});
    $set->ask($sentinel, 'SENTINEL', 'MONITOR', $set->{name}, '127.0.0.1',
              $port, 1);
}


# They change parts between two questions of the worker to the Sentinel, who
# breaks no connection, for it knows of nothing: the worker has to be told.

sub change_parts {
    my ($old, $new) = @_;
    my $seen;

    # of the worker: ours is one each time
    Kanda::Home::wait_for('a question', 10, sub {
        my ($n) = $set->ask($sentinel, 'INFO', 'stats')
                  =~ /total_commands_processed:(\d+)/;
        my $asked = defined $seen && $n > $seen + 1;
        $seen = $n;
        return $asked;
    });

    $set->say($new, 'REPLICAOF', 'NO', 'ONE');
    $set->say($old, 'REPLICAOF', '127.0.0.1', $new->port);
    point_at($new->port);
}


# A Sentinel that must wait for its disk meanwhile answers too late for its
# answer to be of use: such a round is another's turn.

my ($want, $fine) = (long_test(3, 20), 0);

for my $round (1 .. 4 * $want) {
    last if $fine == $want;

    $set->wait_for_replica;
    my ($old, $new) = ($set->master, $set->replica);
    my @clients = map { $k->client($who) } 1 .. 6;
    my %code = map { $_->{clientId} => totp($_->{secret}) } @clients;
    my @texts = map { $k->request_text('POST', '/totp/validate', $who,
        { clientId => $_, token => $code{$_} }) } sort keys %code;
    my $race = $k->race(6);

    $set->wait_for_copy;

    my $before = refusals($old);
    change_parts($old, $new);
    my $start = time;
    my @got = map { $_->status . $_->text =~ s/.*"valid":(\w+).*/ $1/r }
              $race->run(\@texts);
    my $took = time - $start;
    my $refused = refusals($old) - $before;
    my $right = grep { $_ eq '200 true' } @got;

    note sprintf '%d accepted, %d refusals, %.3f s', $right, $refused, $took;
    is(join(' ', grep { !/^(?:200 true|503 false)$/ } @got), '',
       "round $round: accepted or unavailable");
    $fine++ if $right == @got && $refused;

    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/totp', $who)->status == 200 });

    my @ids = sort keys %code;
    my @twice = grep { $k->validate($who, $ids[$_], $code{ $ids[$_] }) eq 'true'
                       && $got[$_] eq '200 true' } 0 .. $#ids;
    is("@twice", '', 'no code is accepted twice');
}

is($fine, $want, 'all are accepted though the old master refused them');
like($k->nginx->log_text, qr/kanda: Redis .* answered: READONLY/,
     'which the log says');


# Who refuses again is believed. One that Redis never said: it must change
# nothing if it was done all the same.

$set->wait_for_replica;
my $proxy = Kanda::Proxy->new($set->master->port)->start;
my $words = "-READONLY You can't write against a read only replica.\r\n";

point_at($proxy->port);
Kanda::Home::wait_for('the proxy', 10, sub { $proxy->state->{open} >= 3
    && $k->get('/totp', $who)->status == 200 });

$proxy->rule(replace => $words, once => 1);
is($k->get('/totp', $who)->status, 200, 'refused once: asked again');
is($proxy->state->{met}, 1, 'on another connection');

$proxy->rule(replace => $words);
is($k->get('/totp', $who)->status, 503, 'refused twice: 503');
is($proxy->state->{met}, 2, 'and no third time');
$proxy->rule;
ok(eval { Kanda::Home::wait_for('service', 10, sub {
    $k->get('/totp', $who)->status == 200 }); 1 }, 'served again');

is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');

done_testing;
