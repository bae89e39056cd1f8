# What people without an account can do to somebody who has one: no flood of
# logins spends the attempts of those that were turned away, and no refusals
# push out of a log what matters.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(time);

my $k = Kanda->new(workers => 1, http => 'kanda_log_retention count=100;')
             ->start;
my $redis = $k->redis;
my ($pid) = $k->nginx->worker_pids;
my $ann = $k->account;
my $queue = 16;         # as many wait for a hash


# Logins that reach the worker as one batch, before any is on its way to Redis.

sub at_once {
    my @links = map { $k->connect(timeout => 30) } @_;

    $_->send($k->request_text('GET', '/auth/me', $ann))->receive for @links;
    kill 'STOP', $pid;
    $links[$_]->send($_[$_]) for 0 .. $#links;
    kill 'CONT', $pid;

    return map { $_->receive } @links;
}

sub login_text {
    my ($email, $password) = @_;
    return $k->request_text('POST', '/auth/login', undef,
                            { email => $email, password => $password });
}


# The hashing queue is full: 503, and it costs nobody an attempt.

{
    my @strangers = map { login_text("flood$_\@example.com", 'x' x 10) } 1 .. 50;
    my @hers = (login_text($ann->{email}, $ann->{password})) x 12;
    my $start = time;
    my @answers = at_once(@strangers, @hers);
    my $took = time - $start;
    my @theirs = splice @answers, 0, @strangers;
    my $verified = grep { $_->status == 401 } @theirs;
    my $charged = grep { /:login$/ } @{ $redis->command('KEYS', '*') };
    my $told = Kanda::Load::tally(map { { status => $_->status } } @theirs);

    # a hash that a busy machine never came to is given up, and was charged
    $verified = $queue if $took > 9;

    cmp_ok($charged, '<=', $verified, 'only who is looked at is charged')
        or diag $told;
    cmp_ok($verified, '<=', $queue, 'and not more than can wait') or diag $told;
    like($told, qr/^(?:401 x \d+, )?503 x \d+$/, 'the others are turned away');

    is(Kanda::Load::tally(map { { status => $_->status } } @answers),
       '503 x 12', 'as she is, who comes last');

    my $account = "kanda:{$ann->{userId}}";
    is($redis->command('EXISTS', "$account:login"), 0, 'at no cost');

    # what is left of the flood may take a while yet
    my $status = 503;
    Kanda::Home::wait_for('a login', 30, sub {
        $status = $k->api('POST', '/auth/login', undef,
            { map { $_ => $ann->{$_} } qw(email password) })->status;
        return $status != 503 });
    is($status, 200, 'and gets in when it is over');
}


# The log: ten refusals of strangers have an entry each, those that follow are
# counted in the last of their kind.

my $key = $k->post('/apikeys', $ann, { name => 'hers' })->json;
my $fake = substr($key->{apiKey}, 0, -43) . 'A' x 43;

sub newest {
    my ($event) = @_;
    my $page = $k->get('/logs?limit=200' . ($event ? "&event=$event" : ''),
                       $ann)->json;
    return ($page->{total}, @{ $page->{logs} });
}

sub guess { $k->post('/auth/token', undef, { apiKey => $_[0] }) }

sub take_email {
    return $k->post('/auth/register', undef,
        { email => $ann->{email}, password => 'a long enough one' });
}

my ($before) = newest();
my $refused = grep { guess($fake)->status == 401 } 1 .. 150;
is($refused, 150, 'tokens for a key that is none');

my ($total, @entries) = newest();
is($total, $before + 10, 'ten entries');
is($entries[0]{count}, 141, 'the last of which counts the rest');
is($entries[0]{reason}, 'invalid_api_key', 'and says of what');
is(scalar(grep { exists $_->{count} } @entries[1 .. 9]), 0,
   'the others stand for themselves');

is(take_email()->status, 409, 'her email is taken') for 1 .. 3;
($total, @entries) = newest();
is($total, $before + 11, 'one entry of that kind');
is("$entries[0]{event} $entries[0]{count}", 'auth.register 3', 'with its count');

# what somebody with credentials does stands beside it, in its order
guess($key->{apiKey});
guess($fake);
($total, @entries) = newest();
is($total, $before + 12, 'a token of hers has an entry');
is("$entries[0]{event} $entries[0]{success}", 'auth.token 1', 'the newest');
is((newest('auth.token'))[2]{count}, 142, 'and strangers are counted on');

is($entries[-1]{event}, 'auth.register', 'nothing was pushed out');
is($entries[-1]{success}, JSON::PP::true, 'from the beginning on');

done_testing;
