# Callers with less than all rights: what a key may hand on to another, and what
# those are told who have none any more.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use POSIX ();
use Test::More;

my $k = Kanda->new(
    workers => 1,
    allow   => [ qr/\[alert\].*kanda: a client's sealed secret does not open/ ],
)->start;
my $redis = $k->redis;
my $who = $k->account;


sub at {
    my ($seconds) = @_;
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime time + $seconds);
}

sub make {
    my ($as, %o) = @_;
    my $r = $k->post('/apikeys', $as, { %o });
    return $r->status == 201 ? $r->json : $r->status . ' ' . $r->json->{code};
}


# A key hands on neither a longer life than its own nor a place that it is not
# for, whether it comes by itself or as a token made from it.

my $end = at(3600);
my $parent = make($who, scopes => [qw(keys validate)], expiresAt => $end,
                  regions => [qw(eu-1 us)]);
my $token = $k->post('/auth/token', undef, { apiKey => $parent->{apiKey} })
              ->json->{token};

for my $case ([ 'a key', $parent->{apiKey} ], [ 'its token', $token ]) {
    my ($what, $as) = @$case;

    for my $life ([ 'none said', undef, $end ],
                  [ 'a longer one', at(7200), $end ],
                  [ 'the same', $end, $end ],
                  [ 'a shorter one', (at(1800)) x 2 ])
    {
        my ($which, $asked, $got) = @$life;
        my $child = make($as, $asked ? (expiresAt => $asked) : ());
        is(ref $child && $child->{expiresAt}, $got, "$what, a life: $which");
    }

    my $child = make($as);
    is(json($child->{regions}), '["eu-1","us"]', "$what, regions: none said");
    is(json(make($as, regions => $_)->{regions}), json($_), 'some of them')
        for ['us'], [ 'us', 'eu-1' ];
    is(make($as, regions => $_), '403 insufficient_scope',
       "others: @$_") for ['asia'], [ 'us', 'asia' ], ['eu'], ['eu-11'], ['u'];

    # and so on, from child to child
    my $grandchild = make(make($as, regions => ['us'], expiresAt => at(60))
                          ->{apiKey});
    is(json($grandchild->{regions}), '["us"]', 'no region comes back');
    cmp_ok($grandchild->{expiresAt}, 'le', at(60), 'nor does time');
}

is(make($who, regions => ['asia'])->{expiresAt}, undef,
   'a login is bound by none of this');

my %listed = map { $_->{id} => $_ }
             @{ $k->get('/apikeys', $who)->json->{apiKeys} };
is(scalar(grep { $_->{expiresAt} && $_->{expiresAt} gt $end } values %listed),
   0, 'what was said is what is kept');


# Who is revoked is told so, even where the answer would be that a record is
# damaged: that, too, is the account's own affair.

my $client = $k->client($who)->{clientId};
my $doomed = make($who);
my $gone = $k->login({ %$who })->{token};
my @validate = ({ clientId => $client, token => '123456' });

$redis->command('HSET', "kanda:{$who->{userId}}:client:$client", 's', 'broken');

is($k->post('/totp/validate', $who, @validate)->status, 500,
   'a damaged record: 500');

$k->post('/auth/logout', $gone);
$k->delete("/apikeys/$doomed->{id}", $who);

is($k->post('/totp/validate', $gone, @validate)->status, 401,
   'a token that is logged out: 401');
is($k->post('/totp/validate', undef, @validate,
            'x-api-key' => $doomed->{apiKey})->status, 401,
   'a key that is revoked: 401');

done_testing;
