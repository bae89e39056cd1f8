# D1: nginx starts before Redis.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep time);

my $drill = Kanda::Drill->new('D1', 'Redis is not there at the start',
                              full => 10);
my $k = $drill->k;
my (@refused, $worst);

for my $round ($drill->rounds) {
    $k->start_nginx;

    my $text = $k->request_text('POST', '/auth/login', undef,
        { email => 'nobody@example.com', password => 'correct horse' });
    my $ask = sub {
        my $start = time;
        my $r = $k->connect->send($text)->receive;
        return ($r->status, time - $start);
    };

    for (1 .. 100) {
        my ($status, $took) = $ask->();
        push @refused, $took if $status == 503;
    }

    is(scalar @refused, 100 * $round, 'all are refused');

    $k->start_redis;
    my $start = time;
    Kanda::Home::wait_for('service', 10, sub { ($ask->())[0] == 401 });
    my $took = time - $start;
    $worst = $took if $took > ($worst // 0);

    $k->nginx->stop;
    $k->redis->kill9;
}

my $slow = Kanda::Load::percentile(99, @refused);
$drill->in_time('a refusal takes', 0.005, $slow);
$drill->in_time('back after', 1, $worst);

Kanda::Drill::report({
    id => 'D1', name => $drill->{name}, rounds => scalar($drill->rounds),
    requests => scalar @refused, first => $worst, all => $worst,
    refused => scalar @refused, p99 => $slow, errors => 0, losses => 0,
    replays => 0, notes => $drill->{notes}, over => $drill->{over},
});
done_testing;
