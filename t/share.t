# Codes that one caller submits in one turn of a worker's event loop share a run
# of the script that judges them. Each gets its own verdict, none can tell that
# it was not alone, and whom it does not concern shares nothing.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;
use Time::HiRes qw(sleep);

my $k = Kanda->new(
    workers => 1,
    server  => 'location /strict/ { kanda_serve api; kanda_lockout row=2; }',
)->start;
my $redis = $k->redis;
my ($ann, $bob) = map { $k->account } 1, 2;
my $serial = 0;

sub fresh { $k->client($_[0] // $ann, clientId => 'c' . ++$serial) }

sub ask {
    my ($who, $client, $code, $mount) = @_;
    my $text = $k->request_text('POST', '/totp/validate', $who,
        { clientId => ref $client ? $client->{clientId} : $client,
          token    => $code });
    $text =~ s{ /api/}{ /$mount/} if $mount;
    return $text;
}

sub says {
    my ($r) = @_;
    return 'true' if $r->status == 200 && $r->text eq '{"valid":true}';
    return $r->header('Kanda-Reason') // $r->json->{code};
}

sub runs {
    return $redis->command('INFO', 'commandstats')
           =~ /^cmdstat_evalsha:calls=(\d+)/m ? $1 : 0;
}


# Sends requests while the worker stands still, so that it finds them all in one
# turn; returns the answers and how often a script ran for them.

my @links = map { $k->connect } 1 .. 130;
$_->send($k->request_text('GET', '/nothing'))->receive for @links;

sub at_once {
    my (@texts) = @_;
    my ($worker) = $k->nginx->worker_pids;
    my $before = runs();

    kill 'STOP', $worker;
    $links[$_]->send($texts[$_]) for 0 .. $#texts;
    sleep 0.05;
    kill 'CONT', $worker;

    my @answers = map { $links[$_]->receive } 0 .. $#texts;
    return (runs() - $before, @answers);
}

sub entries {
    my ($who, $n) = @_;
    return @{ $k->get("/logs?event=totp.validate&limit=$n", $who)
               ->json->{logs} };
}


settle(5);

# every kind of verdict beside every other

my %c = map { $_ => fresh() } qw(right wrong replayed malformed recovery spent);
my $recovery = $k->post("/totp/recovery/$c{recovery}{clientId}", $ann)
                 ->json->{recoveryCodes};
my $locked = fresh();
$k->validate($ann, $locked->{clientId}, wrong_code($locked->{secret}))
    for 1 .. 5;
my $replayed = totp($c{replayed}{secret});
is($k->validate($ann, $c{replayed}{clientId}, $replayed), 'true', 'a code');

my @cases = (
    [ 'true',           ask($ann, $c{right}, totp($c{right}{secret})) ],
    [ 'wrong_code',     ask($ann, $c{wrong}, wrong_code($c{wrong}{secret})) ],
    [ 'replayed',       ask($ann, $c{replayed}, $replayed) ],
    [ 'malformed',      ask($ann, $c{malformed}, 'no code') ],
    [ 'malformed',      ask($ann, $c{malformed}, '1234567') ],
    [ 'unknown_client', ask($ann, 'nobody', '123456') ],
    [ 'locked',         ask($ann, $locked, totp($locked->{secret})) ],
    [ 'true',           ask($ann, $c{recovery}, $recovery->[0]) ],
    [ 'wrong_code',     ask($ann, $c{recovery}, '00000-00000') ],
    [ 'true',           ask($ann, $c{recovery}, totp($c{recovery}{secret})) ],
);

for my $turn (1, 2) {
    my ($runs, @r) = at_once(map { $_->[1] } @cases);

    # the second time nothing is fresh any more
    my @expect = map { $turn == 2 && $_->[0] eq 'true' ? 'replayed' : $_->[0] }
                 @cases;
    $expect[7] = 'wrong_code' if $turn == 2;

    is_deeply([ map { says($_) } @r ], \@expect, "each its own verdict, $turn");
    cmp_ok($runs, '<=', 5, "of $runs runs");

    my @log = entries($ann, 10);
    is(join(' ', sort map { $_->{reason} // 'true' } @log),
       join(' ', sort @expect), 'each its own entry')
        if $turn == 1;
}

my %seen;
$seen{$_->{id}}++ for entries($ann, 200);
is(scalar(grep { $_ > 1 } values %seen), 0, 'no number is given twice');


# a code works once, even beside itself

for my $round (1 .. long_test(5, 200)) {
    my $one = fresh();
    settle(3);
    my $code = totp($one->{secret});
    my ($runs, @r) = at_once((ask($ann, $one, $code)) x 20);
    my %said;
    $said{ says($_) }++ for @r;
    is_deeply(\%said, { true => 1, replayed => 19 }, "once, in $runs runs");
}


# guesses are counted one by one

my $guessed = fresh();
my %right = map { totp($guessed->{secret}, step => $_) => 1 } -3 .. 3;
my @guesses = (grep { !$right{$_} }
               map { sprintf '%06d', 1000 + $_ } 0 .. 49)[0 .. 29];
my ($runs, @r) = at_once(map { ask($ann, $guessed, $_) } @guesses);
my %said;
$said{ says($_) }++ for @r;
is_deeply(\%said, { wrong_code => 5, locked => 25 }, 'five of thirty guesses');
is($redis->command('HGET', "kanda:{$ann->{userId}}:client:$guessed->{clientId}",
                   'n'), 5, 'are charged');
my ($last) = entries($ann, 1);
is($last->{reason}, 'locked', 'the others share an entry');
is($last->{count}, 25, 'that counts them');


# more than one run takes

my @many = map { fresh() } 1 .. 130;
settle(5);
($runs, @r) = at_once(map { ask($ann, $_, totp($_->{secret})) } @many);
is(scalar(grep { says($_) eq 'true' } @r), 130, '130 codes');
cmp_ok($runs, '>=', 3, 'are more than two runs take');
cmp_ok($runs, '<=', 12, "and take $runs");


# another account, another key, another budget: nothing is shared with them

my $key = $k->post('/apikeys', $ann, { name => 'v', scopes => ['validate'] })
            ->json->{apiKey};
my $blind = $k->post('/apikeys', $ann, { name => 'l', scopes => ['logs'] })
              ->json->{apiKey};
my $dead = $k->login({ %$ann })->{token};
$k->post('/auth/logout', $dead);
my ($a, $b, $d, $e) = (fresh(), fresh($bob), fresh(), fresh());
my $two = fresh();
$k->validate($ann, $two->{clientId}, wrong_code($two->{secret}));
settle(5);

($runs, @r) = at_once(
    ask($ann, $a, totp($a->{secret})), ask($bob, $b, totp($b->{secret})),
    ask($bob, $a, totp($a->{secret})), ask($key, $d, totp($d->{secret})),
    ask($blind, $e, totp($e->{secret})), ask($dead, $e, totp($e->{secret})),
    ask($ann, $e, totp($e->{secret})),
    ask($ann, $two, wrong_code($two->{secret}), 'strict'),
    ask($ann, $two, totp($two->{secret}), 'strict'));
is_deeply([ map { says($_) } @r ],
          [ qw(true true unknown_client true insufficient_scope unauthorized
               true wrong_code locked) ], 'each caller is judged alone');

# what the refused one of several asked leaves no less than what others ask
at_once(map { ask($blind, $e, "12345$_") } 0 .. 4);
is(scalar(grep { $_->{reason} && $_->{reason} eq 'insufficient_scope' }
          entries($ann, 5)), 5, 'a refused scope is logged as often as asked');


# who leaves while he waits takes nobody along

my @left = map { fresh() } 1 .. 10;
settle(5);
my @gone = map { $k->connect } 1 .. 10;
$redis->freeze;
$gone[$_]->send(ask($ann, $left[$_], totp($left[$_]{secret}))) for 0 .. 9;
sleep 0.1;
$gone[$_]->close for grep { $_ % 2 } 0 .. 9;
sleep 0.05;
$redis->thaw;
is_deeply([ map { says($gone[$_]->receive) } grep { !($_ % 2) } 0 .. 9 ],
          [ ('true') x 5 ], 'those who stayed are answered');
is($k->validate($ann, $left[1]{clientId}, totp($left[1]{secret})), 'false',
   'what the others asked was judged as well');


# what cannot be judged spoils nobody else's verdict

{
    my ($whole, $broken, $last) = map { fresh() } 1 .. 3;
    $redis->command('HSET', "kanda:{$ann->{userId}}:client:"
                    . $broken->{clientId}, 'r', 'x');
    settle(5);
    my (undef, @r) = at_once(
        ask($ann, $whole, totp($whole->{secret})),
        ask($ann, $broken, wrong_code($broken->{secret})),
        ask($ann, $last, totp($last->{secret})));
    is_deeply([ map { says($_) } @r ], [ qw(true unavailable true) ],
              'a damaged record is its own');
    is(scalar(grep { $_->{success} } entries($ann, 2)), 2,
       'and what the others did is logged');
}


# tokens for one key, exchanged together

my @exchange = map { $k->request_text('POST', '/auth/token', undef,
                                      { apiKey => $key }) } 1 .. 20;
($runs, @r) = at_once(@exchange);
my %jti;
$jti{ $_->json->{token} // '' }++ for @r;
is(scalar keys %jti, 20, 'twenty tokens, each its own');
cmp_ok($runs, '<=', 10, "of $runs runs");
is(scalar(grep { $k->get('/auth/me', $_)->status == 200 } keys %jti), 20,
   'that live');
is($k->get('/logs?event=auth.token&limit=1', $ann)->json->{total}, 20,
   'and are logged');

(my $wrong = $key) =~ s/.{5}$/AAAAA/;
($runs, @r) = at_once(map { $k->request_text('POST', '/auth/token', undef,
                                             { apiKey => $wrong }) } 1 .. 20);
is(scalar(grep { $_->status == 401 && $_->json->{code} eq 'invalid_api_key' }
          @r), 20, 'a wrong key is refused to all who try it');
my @strangers = @{ $k->get('/logs?event=auth.token&limit=200', $ann)
                    ->json->{logs} };
my @refused = grep { !$_->{success} } @strangers;
my $counted = 0;
$counted += $_->{count} // 1 for @refused;
is($counted, 20, 'and counted as often as tried');
cmp_ok(scalar @refused, '<=', 11, 'in few entries');


# more callers at once than are looked through for a companion

{
    my $id = ($key =~ /^kan_([^_]+)/)[0];
    my @keys = map { sprintf 'kan_%s_%03d%s', $id, $_, 'A' x 40 } 1 .. 128;
    my (undef, @r) = at_once(
        (map { $k->request_text('POST', '/auth/token', undef,
                                { apiKey => $_ }) } @keys),
        (map { $k->request_text('POST', '/auth/token', undef,
                                { apiKey => $key }) } 1, 2));
    is(scalar(grep { $_->status == 401 } @r[0 .. 127]), 128,
       'a crowd of strangers is refused one by one');
    is(scalar(grep { $_->status == 200 } @r[128, 129]), 2,
       'and holds up nobody');
}

done_testing;
