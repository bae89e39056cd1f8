# Commands that could not be sent while Redis was away are forgotten with the
# requests that they were for: nothing is done later that was answered 503, and
# no reply comes to somebody else. Those that could not be sent to a connection
# that ended go to the next, if there is one.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep);

my $k = Kanda->new(
    workers => 1,
    redis   => { conf => [ appendonly => 'yes' ] },
    allow   => [ qr/\[crit\].*connect\(\) to unix/ ],
)->start;
my $redis = $k->redis;
my ($ann, $bob) = map { $k->account } 1 .. 2;
my ($one, $two) = map { $k->client($ann)->{clientId} } 1 .. 2;
my $his = $k->client($bob)->{clientId};
my ($pid) = $k->nginx->worker_pids;


# Returns when the worker does nothing more: a signal takes its time.

sub stop_worker {
    kill 'STOP', $pid;
    Kanda::Home::wait_for('a stopped worker', 10, sub {
        Kanda::Home::slurp("/proc/$pid/stat") =~ /\) T / });
}


# Hands all texts to the worker in one piece with the news that Redis is gone:
# it has not yet tried in vain to connect, so that the requests wait for it.

sub while_it_falls {
    my @links = map { $k->connect } @_;

    $_->send($k->request_text('GET', '/auth/me', $ann))->receive for @links;

    stop_worker();
    $redis->kill9;
    $links[$_]->send($_[$_]) for 0 .. $#links;
    kill 'CONT', $pid;

    return map { $_->receive } @links;
}


my $hopeless = $k->request_text('POST', '/totp/validate', $bob,
                                { clientId => $his, token => 'abc' });

for my $round (1 .. long_test(2, 20)) {
    my @codes = @{ $k->post("/totp/recovery/$one", $ann)
                     ->json->{recoveryCodes} };
    my @texts = map {
        $k->request_text('POST', '/totp/validate', $ann,
                         { clientId => $one, token => $_ }) } @codes;
    my $delete = $k->request_text('DELETE', "/totp/$two", $ann);

    my @answers = while_it_falls(@texts, $delete);
    is(Kanda::Load::tally(map { { status => $_->status } } @answers),
       '503 x 11', "round $round: ten codes and a deletion are refused");

    # somebody else asks all the time while Redis returns
    my $load = Kanda::Load->new($k->port, 4, sub { $hopeless }, pause => 0)
                          ->start;
    sleep 0.2;
    $redis->start;
    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/auth/me', $ann)->status == 200 });
    sleep 0.2;

    my @got = $load->stop;
    my %said = map { $_->{body} => 1 } grep { $_->{status} == 200 } @got;

    is(join(' ', keys %said), '{"valid":false}',
       'a code that never was one is never right');
    is(join(' ', grep { !/^(?:200|503) / } split /, /,
            Kanda::Load::tally(@got)), '', 'nor anything else');
    is($k->get("/totp/$two", $ann)->status, 200, 'nothing was deleted later');

    # each code is still there to be used
    my $left = grep { $k->validate($ann, $one, $_) eq 'true' } @codes;
    is($left, 10, 'and no recovery code was spent');
}


# The connection alone ends. What the worker reads first are the requests, then
# the end, before it writes any more.

for my $round (1 .. long_test(3, 20)) {
    my @ids = map { $k->client($ann)->{clientId} } 1 .. 6;
    my @links = map { $k->connect } @ids;

    $_->send($k->request_text('GET', '/auth/me', $ann))->receive for @links;

    stop_worker();
    $links[$_]->send($k->request_text('DELETE', "/totp/$ids[$_]", $ann))
        for 0 .. $#ids;
    $redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    kill 'CONT', $pid;

    is(Kanda::Load::tally(map { { status => $_->receive->status } } @links),
       '200 x 6', "round $round: six deletions go to the next connection");
    is($k->get("/totp/$_", $ann)->status, 404, 'where they are done')
        for @ids;
}

is("@{[ $k->nginx->worker_pids ]}", $pid, 'by the same worker');

done_testing;
