# D4: Redis comes back with nothing in it. Nobody gets in, nothing comes into
# being by itself, who was there before is unknown, and the log says why.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D4', 'Redis comes back empty', full => 10,
                              lossy => 1)->start;
my $k = $drill->k;
my $alert = qr/\[alert\].*kanda: Redis does not keep what it kept before/;

Kanda::Home::allow($alert);

my ($right, $wrong) = (0, 0);

for my $round ($drill->rounds) {
    my $who = $k->account;
    my $key = $k->post('/apikeys', $who, {})->json->{apiKey};
    my $client = $k->client($who);
    my @requests = (
        [ 'GET', '/auth/me', $who ], [ 'GET', '/totp', $key ],
        [ 'POST', '/totp/validate', $who,
          { clientId => $client->{clientId},
            token    => totp($client->{secret}) } ],
        [ 'POST', '/auth/token', undef, { apiKey => $key } ],
        [ 'POST', '/auth/login', undef,
          { map { $_ => $who->{$_} } qw(email password) } ],
    );

    # without an append-only file, there is nothing to come back with
    $drill->round(sub { $drill->redis->kill9 }, sub {
        $drill->redis->start;
        delete $k->{http_link};
        Kanda::Home::wait_for('Redis', 10, sub {
            $k->get('/auth/me', 'kan_none_x')->status != 503
            && $k->get('/auth/me', $who)->status != 503 });
    });

    for my $request (@requests) {
        my $r = $k->api(@$request);
        $r->status == 401 ? $right++ : $wrong++;
        diag "$request->[1]: $r->{status} $r->{body}" if $r->status != 401;
    }
}

is($wrong, 0, 'whoever was there is unknown');
my @keys = grep { !/^kanda:(?:canary|\{\}|realm)/ }
           @{ $drill->redis->command('KEYS', '*') };
is(scalar(grep { /:client:/ } @keys), 0, 'no client comes into being');
my @alerts = $k->nginx->log_text =~ /$alert/g;
is(scalar @alerts, scalar $drill->rounds, 'an alert each time');

# the load's accounts are gone, so there are no 2xx to be measured
$_->{calm} = $_->{over} for @{ $drill->{troubles} };
$drill->finish;
