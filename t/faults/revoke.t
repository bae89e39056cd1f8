# A token or a key that is revoked is dead at once (S26): on every worker, on
# every server, for everybody who goes on hammering with it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 2)->start_redis;
my $twin = bless { %$k }, 'Kanda';
delete @$twin{qw(nginx http_link)};
$_->start_nginx for $k, $twin;

my $who = $k->account;
my $client = $k->client($who);
my @servers = ($k, $twin);

isnt($k->port, $twin->port, 'two servers on one Redis');


# Hammers both servers with each of the credentials; revokes; nobody whose
# request began after the answer gets anything but a 401.

sub dies_at_once {
    my ($what, $kill, @dead) = @_;
    my @loads = map {
        my $server = $_;
        Kanda::Load->new($server->port, 2, sub {
            my ($me, $n) = @_;
            my $token = $dead[ $n % @dead ];
            my @path = ([ 'GET', '/auth/me' ], [ 'GET', '/totp' ],
                        [ 'POST', '/totp/validate' ])[ $n % 3 ];
            return $server->request_text(@{ $path[0] }, $token,
                $n % 3 == 2 ? { clientId => $client->{clientId},
                                token => 'malformed' } : undef);
        }, pause => 0.001)->start;
    } @servers;

    sleep 0.25;
    my $answer = $kill->();
    my $dead = time;
    sleep 0.25;

    my @got = map { $_->stop } @loads;
    my @before = grep { $_->{end} < $dead - 0.2 } @got;
    my @after = grep { $_->{start} > $dead } @got;

    is($answer->status, 200, $what);
    is(scalar(grep { $_->{status} != 200 } @before), 0, 'alive before')
        or diag Kanda::Load::tally(@before);
    is(scalar(grep { $_->{status} != 401 } @after), 0, 'dead after')
        or diag Kanda::Load::tally(@after);
    cmp_ok(scalar @after, '>', 20, 'and tried often');

    # nobody comes back to life, and nothing was in doubt
    my %odd = map { $_->{status} => 1 } grep { $_->{status} !~ /^(?:200|401)$/ }
              @got;
    is(join(' ', sort keys %odd), '', 'with no other answer');

    for my $server (@servers) {
        $server->reload;
        is($server->get('/auth/me', $_)->status, 401, 'nor after a reload')
            for @dead;
    }
}

for my $round (1 .. long_test(2, 30)) {
    my ($here, $there) = @servers[ $round % 2, 1 - $round % 2 ];

    my $token = $here->login({ %$who })->{token};
    dies_at_once('a token is logged out',
                 sub { $there->post('/auth/logout', $token) }, $token);

    my $key = $here->post('/apikeys', $who, { name => 'k' })->json;
    my @made = map { $_->post('/auth/token', undef,
        { apiKey => $key->{apiKey} })->json->{token} } @servers;
    dies_at_once('a key is revoked, and its tokens with it',
                 sub { $there->delete("/apikeys/$key->{id}", $who) },
                 $key->{apiKey}, @made);
    is($_->post('/auth/token', undef, { apiKey => $key->{apiKey} })->status,
       401, 'it makes no more') for @servers;
}

is($_->get('/auth/me', $who)->status, 200, 'others live on') for @servers;

done_testing;
