# The clock of nginx's workers can be moved and frozen, timers aside.

BEGIN { push @INC, 't/lib'; $ENV{TEST_NGINX_LOAD_MODULES} = '' }
use strict;
use warnings;

use Kanda;
use Test::More;
use Time::HiRes qw(time);

my $nginx = Kanda::Nginx->new(
    faketime => 1,
    workers  => 2,
    server   => 'location /now { return 200 $msec; }
                 client_header_timeout 1s;',
)->start;
my $http = Kanda::HTTP->new($nginx->port);


sub now { $http->request('GET', '/now')->text }


cmp_ok(abs(now() - time), '<', 1, 'the real time to begin with');

$nginx->set_time('+3600');
cmp_ok(abs(now() - time - 3600), '<', 1, 'an hour later');

$nginx->set_time('-86400');
cmp_ok(abs(now() - time + 86400), '<', 1, 'a day earlier');

for my $moment (59, 1111111109, 1234567890, 20000000000) {
    $nginx->set_time($moment);
    is(int now(), $moment, "frozen at $moment");
}

# a client that does not go on is dropped after a second, whatever the clock

my $began = time;
my $answer = $http->send("GET /now HTTP/1.1\r\n")->receive;
my $took = time - $began;

is($answer->{error}, 'closed', 'a timer ends while time is frozen');
cmp_ok($took, '>', 0.9, 'and no sooner than it should');
cmp_ok($took, '<', 5, 'and no later');

done_testing;
