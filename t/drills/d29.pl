# D29: there is no randomness to be had. What needs some is refused, what needs
# none goes on, and nothing is kept that was made without.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $root = Kanda::Home::root();
my $file = "$root/no-random";
my ($id, $name) = ('D29', 'no entropy');

system 'cc', '-O1', '-shared', '-fPIC', '-o', "$root/norandom.so",
       't/drills/norandom.c', '-ldl';
Kanda::Drill->impossible($id, $name, 'no C compiler') if $?;

my $drill = Kanda::Drill->new($id, $name, full => 20,
    main => 'env NO_RANDOM;',
    env  => { LD_PRELOAD => "$root/norandom.so", NO_RANDOM => $file });
my $k = $drill->servers->k;
my $who = $k->account;
my $client = $k->client($who);
my %needs = (
    register => [ 'POST', '/totp/register', $who, { clientId => 'new' } ],
    rotate   => [ 'POST', "/totp/rotate/$client->{clientId}", $who ],
    recovery => [ 'POST', "/totp/recovery/$client->{clientId}", $who ],
    key      => [ 'POST', '/apikeys', $who, {} ],
    account  => [ 'POST', '/auth/register', undef,
                  { email => 'x@example.com', password => 'walnut kite' } ],
    login    => [ 'POST', '/auth/login', undef,
                  { map { $_ => $who->{$_} } qw(email password) } ],
);
my %seen;
my $refused = 0;
my $pids = join ' ', $k->nginx->worker_pids;

$k->validate($who, $client->{clientId}, totp($client->{secret}));
my $before = $drill->redis->dump;

for my $round ($drill->rounds) {
    open my $fh, '>', $file or die "$file: $!\n";
    close $fh;

    for my $what (sort keys %needs) {
        my $r = $k->connect->send($k->request_text(@{ $needs{$what} }))
                  ->receive;
        $seen{"$what $r->{status}"}++;
        $refused++ if $r->status =~ /^50[03]$/;
    }

    is($k->get('/auth/me', $who)->status, 200, 'what needs none goes on')
        if $round == 1;
    unlink $file;
}

is($refused, 6 * $drill->rounds, 'what needs some is refused')
    or diag join ', ', sort keys %seen;

# failures are in the log of whoever made them; nothing else is new
sub kept {
    my ($text) = @_;
    return join "\n", grep { /^kanda:\S*:(?:client|key|account|email):/ }
                      split /\n/, $text;
}
is(kept($drill->redis->dump), kept($before), 'nothing was made');
is($k->client($who, clientId => 'new')->{clientId}, 'new', 'it goes on');
is(join(' ', $k->nginx->worker_pids), $pids, 'the same workers');

Kanda::Drill::report({ id => $id, name => $name,
    rounds => scalar($drill->rounds), requests => 6 * $drill->rounds,
    refused => $refused, errors => 0, losses => 0, replays => 0 });
done_testing;
