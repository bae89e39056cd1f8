# A Redis that is no master any more, and one that is full. By the first nothing
# is answered but 503, not even what one could read there; by the second what
# takes rights away or only looks goes on.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

my $k = Kanda->new(workers => 1)->start;
my $redis = $k->redis;
my $who = $k->account;
my $key = $k->post('/apikeys', $who, {})->json;
my $id = $k->client($who)->{clientId};
my ($pid) = $k->nginx->worker_pids;

my @reads = map { [ 'GET', $_, $who ] }
    '/auth/me', '/totp', "/totp/$id", '/apikeys', '/logs';
my @writes = (
    [ 'POST', '/totp/validate', $who, { clientId => $id, token => 'abc' } ],
    [ 'POST', '/auth/token', undef, { apiKey => $key->{apiKey} } ],
    [ 'POST', '/auth/login', undef,
      { map { $_ => $who->{$_} } qw(email password) } ],
    [ 'POST', "/totp/unlock/$id", $who ],
    [ 'DELETE', "/apikeys/$key->{id}", $who ],
    [ 'POST', '/auth/logout', $who ],
);

sub name { return "$_[0][0] $_[0][1]" =~ s/\Q$id\E|\Q$key->{id}\E/:id/r }


for my $round (1 .. 2) {

    # who knows of nothing may be asked first; all are asked when it is known
    $redis->command('REPLICAOF', '127.0.0.1', 1);
    my @all = $round == 1 ? (@reads, @writes) : (@writes, @reads);

    for my $request (@all, @all) {
        my $r = $k->api(@$request);
        is($r->status, 503, name($request) . ' of a demoted master')
            or diag $r->text;
    }

    # no reload, and nothing that was asked for meanwhile has been done
    $redis->command('REPLICAOF', 'NO', 'ONE');
    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/auth/me', $who)->status == 200 });
    is($k->api(@$_)->status, 200, name($_) . ' of a master') for @reads;
}

is($k->get('/auth/me', undef, undef, 'x-api-key' => $key->{apiKey})->status,
   200, 'the key lives');
is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');


# Full: nothing more comes in, but who must be kept out is.

my $token = $k->login({ %$who })->{token};
my $doomed = $k->client($who)->{clientId};

$redis->command('CONFIG', 'SET', 'maxmemory', 1);

for my $request (
    [ 'POST', '/auth/register', undef,
      { email => 'one.more@example.com', password => 'a long enough one' } ],
    [ 'POST', '/apikeys', $who, {} ],
    [ 'POST', '/totp/register', $who, { clientId => 'more' } ],
) {
    is($k->api(@$request)->status, 503, name($request) . ' when full');
}

for my $request (
    @reads,
    [ 'POST', "/totp/unlock/$id", $who ],
    [ 'DELETE', "/totp/$doomed", $who ],
    [ 'DELETE', "/apikeys/$key->{id}", $who ],
    [ 'POST', '/auth/logout', $token ],
) {
    my $r = $k->api(@$request);
    is($r->status, 200, name($request) . ' when full') or diag $r->text;
}

is($k->get('/auth/me', $token)->status, 401, 'the token is dead');
is($k->get('/auth/me', undef, undef, 'x-api-key' => $key->{apiKey})->status,
   401, 'and so is the key');
is($k->get("/totp/$doomed", $who)->status, 404, 'the client is gone');

$redis->command('CONFIG', 'SET', 'maxmemory', 0);
is($k->post('/apikeys', $who, {})->status, 201, 'when there is room: as before');

done_testing;
