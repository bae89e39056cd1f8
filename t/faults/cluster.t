# A Redis Cluster: every route, a slot that moves under load, a master that goes,
# reloads.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Cluster;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $set = Kanda::Cluster->new(masters => 3, replicas => 1)->start;
my @masters = ($set->nodes)[0 .. 2];

my $k = Kanda->new(redis => undef, workers => 2, kanda => '',
                   server => Kanda::Auth::location(),
                   location => 'kanda_registration on;',
                   allow => [ qr/does not open what this Redis keeps/ ]);

sub service {
    my ($url, $keys) = @_;
    return "kanda_redis $url;\nkanda_keys " . ($keys // $k->{keys_file}) . ';';
}

$k->nginx->{http} = service($set->url);
$k->start_nginx;


# Accounts lie in all parts; each has its slot from its key's tag

my @who = map { $k->account } 1 .. 12;
my %client = map { $_->{email} => $k->client($_) } @who;
my %held;

for my $node (@masters) {
    my $keys = $node->command('KEYS', 'kanda:{*}');
    $held{ $node->port } = grep { !/accounts:/ } @$keys;
}

is(eval { my $n = 0; $n += $_ for values %held; $n }, 12,
   'accounts of the cluster');
cmp_ok(scalar(grep { $_ } values %held), '>=', 2, 'in several parts');

for my $who (@who[0 .. 2]) {
    my $id = $client{ $who->{email} }{clientId};

    is($k->validate($who, $id, totp($client{ $who->{email} }{secret})), 'true',
       'a code counts');
    is($k->validate($who, $id, totp($client{ $who->{email} }{secret})),
       'false', 'once');
    is($k->get('/auth/me', $who)->status, 200, 'me');
    is($k->get('/logs', $who)->status, 200, 'logs');
    is($k->post('/apikeys', $who, {})->status, 201, 'a key');
}

my $me = Kanda::Auth->new($k)->register->login;
$me->enrol;
is($me->get('me')->json->{isTotpEnabled}, JSON::PP::true, 'the login router');
$me->other->login;
is($me->post('logout')->status, 200, 'and out');

my @pids = sort $k->nginx->worker_pids;


sub all_ok {
    my ($what, @got) = @_;
    my @bad = grep { $_->{status} != 200 } @got;
    is(scalar @bad, 0, "$what: no request failed") or diag
        Kanda::Load::tally(@got), "\n", substr $k->nginx->log_text, -1500;
    note Kanda::Load::tally(@got);
}

sub reading {
    my ($who_, $n) = @_;
    my $who = $who[ ($n * 4 + $who_) % @who ];
    my $id = $client{ $who->{email} }{clientId};

    return $n % 3 ? $k->request_text('GET', "/totp/$id", $who)
        : $k->request_text('POST', '/totp/validate', $who,
                           { clientId => $id, token => 'malformed' });
}


# D12: slots of accounts move key by key, to and fro, while they are in use

my %slots = map { $_->{slot} => $_->{node} } map {
    my $node = $_;
    map { { slot => $set->slot($_), node => $node } }
        grep { !/accounts:/ } @{ $node->command('KEYS', 'kanda:{*}') };
} @masters;

my $load = Kanda::Load->new($k->port, 4, \&reading)->start;

for (1 .. long_test(2, 20)) {
    for my $slot (sort keys %slots) {
        my $from = $slots{$slot};
        my ($to) = grep { $_ != $from } @masters;
        $set->move($slot, $from, $to, sub { sleep 0.003 });
        $slots{$slot} = $to;
    }
}

all_ok(scalar(keys %slots) . ' slots moved', $load->stop);

for my $who (@who) {
    my $id = $client{ $who->{email} }{clientId};
    my $r = $k->get("/totp/$id", $who);
    is($r->status, 200, 'it is there') or diag $r->text;
}


# A slot that is left half-way: its accounts wait in vain, others do not

{
    my ($mine) = @who;
    my $slot = $set->slot("kanda:{$mine->{userId}}");
    my $from = $slots{$slot};
    my ($to) = grep { $_ != $from } @masters;
    my ($theirs) = grep { $set->slot("kanda:{$_->{userId}}") != $slot } @who;

    $to->command('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $set->id($from));
    $from->command('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $set->id($to));
    my $start = time;
    is($k->get('/totp', $mine)->status, 503, 'half-way: 503');
    cmp_ok(time - $start, '<', 1.5, 'within the timeout') if !$san;
    is($k->get('/totp', $theirs)->status, 200, 'others are served');
    $_->command('CLUSTER', 'SETSLOT', $slot, 'STABLE') for $from, $to;
    is($k->get('/totp', $mine)->status, 200, 'stable: served');
}


# The canary moves, too; a reload finds it; wrong keys are found out

{
    my $slot = $set->slot('kanda:canary');
    my $from = $set->owner($slot);
    my ($to) = grep { $_ != $from } @masters;
    $set->move($slot, $from, $to);
    $k->reload;
    is($k->get('/totp', $who[0])->status, 200, 'the canary moved');

    my $other = Kanda->new(redis => undef, kanda => '',
        allow => [ qr/does not open what this Redis keeps/ ]);
    $other->nginx->{http} = service($set->url, $other->{keys_file});
    $other->start_nginx;
    sleep 0.5;
    is($other->post('/auth/register', undef, { email => 'a@example.com',
        password => 'a long enough one' })->status, 503, 'wrong keys: 503');
    like($other->nginx->log_text, qr/does not open/, 'and an alert');
    $other->stop;
}


# Reloads under load

$load = Kanda::Load->new($k->port, 4, \&reading)->start;
for (1 .. long_test(3, 20)) {
    $k->reload;
    sleep 0.2;
}
all_ok('reloads', $load->stop);
@pids = sort $k->nginx->worker_pids;


# Scripts forgotten everywhere

$load = Kanda::Load->new($k->port, 4, \&reading)->start;
for (1 .. 5) {
    $_->command('SCRIPT', 'FLUSH') for @masters;
    sleep 0.1;
}
all_ok('scripts flushed', $load->stop);


# D13: a master is killed; others go on, its replica takes over

sub tag_owner {
    my ($who) = @_;
    return $set->owner($set->slot("kanda:{$who->{userId}}"));
}

sub drill {
    my ($what, $trouble, $after) = @_;
    my $victim = tag_owner($who[0]);
    my @mine = map { tag_owner($_) == $victim } @who;
    $load = Kanda::Load->new($k->port, 4, \&reading)->start;
    sleep 0.3;
    my $start = time;
    my $told = length $k->nginx->log_text;

    $trouble->($victim);
    Kanda::Home::wait_for('failover', 30, sub {
        my ($new) = grep { $_ != $victim && $_->{pid}
            && $_->command('ROLE')->[0] eq 'master' } ($set->nodes)[3 .. 5];
        $new });
    my $moved = time;
    sleep 3;
    my @got = $load->stop;

    my (@others, @its);
    for my $answer (@got) {
        push @{ $mine[ ($answer->{n} * 4 + $answer->{who}) % @who ]
                ? \@its : \@others }, $answer;
    }

    all_ok("$what: other slots", @others);
    my @bad = grep { $_->{status} != 200 && $_->{status} != 503 } @its;
    is(scalar @bad, 0, 'its own: 503 meanwhile') or diag
        Kanda::Load::tally(@its);
    my ($back) = grep { $_->{status} == 200 && $_->{start} > $moved } @its;
    note Kanda::Load::tally(@its);
    note sprintf 'promoted after %.2f s, served after %.2f s', $moved - $start,
                 $back ? $back->{end} - $start : 99;
    cmp_ok($back ? $back->{end} - $moved : 99, '<', 2.5, 'back soon') if !$san;
    is($its[-1]{status}, 200, 'at the end');
    is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');

    my %alive = map { $_->port => 1 } grep { $_ != $victim } @masters;
    my @back = substr($k->nginx->log_text, $told)
               =~ /kanda: Redis \S+:(\d+) of \S+ is back/g;
    is(join(' ', grep { $alive{$_} } @back), '', 'nobody is back who was there');
    $after->($victim);
}

drill('kill -9', sub { $_[0]->kill9 }, sub {
    my ($victim) = @_;
    $victim->start;
    Kanda::Home::wait_for('the old master', 30, sub {
        ($victim->command('ROLE')->[0] // '') eq 'slave' });
});

is($k->get('/auth/me', $_)->status, 200, 'after it came back') for @who;

my $start = time;
$k->nginx->quit;
cmp_ok(time - $start, '<', $san ? 20 : 3, 'workers leave at once');

done_testing;
