# Workers need no privileges: the master reads the keys, www-data does the
# rest.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

plan skip_all => 'needs root' if $> != 0;

my $k = Kanda->new(user => 'www-data', workers => 2)->start;
my $www = getpwnam 'www-data';

for my $pid ($k->nginx->worker_pids) {
    is((stat "/proc/$pid")[4], $www, 'a worker of www-data');
}

is((stat $k->keys_file)[2] & 0777, 0600, 'keys that it cannot read');

my $who = $k->account;
my $client = $k->client($who);
settle(3);
my $code = totp($client->{secret});

is($k->validate($who, $client->{clientId}, $code), 'true', 'serves');

$k->reload;
is($k->validate($who, $client->{clientId}, $code), 'false',
   'and after a reload');

done_testing;
