# A request whose body is held back is judged by the clock at its end, not by
# the one at its beginning: neither a token nor a code lives longer for it. And
# what ends a token ends it for hosts whose clocks are behind, too.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

my $k = Kanda->new(faketime => 1)->start;
my $who = $k->account;
my $key = $k->post('/apikeys', $who, {})->json->{apiKey};
my $base = 1_800_000_000;       # the first second of a step


sub at { $k->nginx->set_time($_[0]) }


# A validate whose last byte is sent at another time than the rest.

sub held {
    my ($as, $client, $code, $begin, $end) = @_;
    my $http = $k->connect;
    my $text = $k->request_text('POST', '/totp/validate', $as,
        { clientId => $client->{clientId}, token => $code });

    at($begin);
    $http->send(substr $text, 0, -1);
    $k->get('/auth/me', $as);           # so that it has been read
    at($end);

    my $r = $http->send(substr $text, -1)->receive;
    return $r->status == 200 ? $r->json->{valid} ? 'true' : 'false'
                             : $r->status;
}


for my $case ([ -30, 'true' ], [ 59, 'true' ], [ 60, 'false' ],
              [ 600, 'false' ])
{
    my ($later, $says) = @$case;
    my $client = $k->client($key);
    my $code = totp($client->{secret}, time => $base);

    is(held($key, $client, $code, $base, $base + $later), $says,
       "a code of now, $later s later: $says");

    $client = $k->client($key);
    $code = totp($client->{secret}, time => $base + $later);
    is(held($key, $client, $code, $base, $base + $later), 'true',
       'the code of then is right');
}

for my $case ([ 3599, 'true' ], [ 3600, 401 ]) {
    my ($later, $says) = @$case;

    at($base);
    my $token = $k->post('/auth/token', undef, { apiKey => $key })
                  ->json->{token};
    my $client = $k->client($key);
    my $code = totp($client->{secret}, time => $base + $later);

    is(held($token, $client, $code, $base, $base + $later), $says,
       "a token of an hour, $later s later: $says");
}


# A token that one host logs out when it has seconds left by that host's clock
# has more by another's: it is remembered for as long as it can live at all.

at('+0');
my $token = $k->login({ %$who })->{token};
at('+3590');
is($k->get('/auth/me', $token)->status, 200, 'seconds before its end');
is($k->post('/auth/logout', $token)->status, 200, 'it is logged out');

my ($dead) = grep { /:dead:/ } @{ $k->redis->command('KEYS', '*') };
cmp_ok($k->redis->command('PTTL', $dead), '>', 3590_000,
       'which is remembered for its whole life');
at('+0');
is($k->get('/auth/me', $token)->status, 401, 'whatever a clock says');

done_testing;
