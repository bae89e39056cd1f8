# D24: slow clients, 500 of them: heads that never end, bodies of a byte a
# second, answers that nobody reads. Who is quick is served as quickly.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Drill;
use Kanda::HTTP;
use Test::More;
use Time::HiRes qw(sleep time);

my $drill = Kanda::Drill->new('D24', '500 slow clients', full => 5, rate => 500,
    connections => 2048, http => 'client_header_timeout 20s;')->start;
my $k = $drill->k;
my $long = Kanda::Drill::quick() ? 4 : 10;
my $key = $k->post('/apikeys', $k->account, {})->json->{apiKey};
my $head = $k->request_text('POST', '/totp/validate', $key,
    { clientId => 'x', token => '1' x 900 });
my $read = $k->request_text('GET', '/totp?limit=1000', $key) x 20;
my @slow;

sub crawl {
    my $end = time + $long;

    for my $n (0 .. 499) {
        my $link = Kanda::HTTP::dial($k->port) or last;
        my $text = $n % 3 == 2 ? $read : $head;

        push @slow, [ $link, $text, $n % 3 == 0 ? 10 : length($head) - 800 ];
        syswrite $link, $n % 3 == 2 ? $text : substr $text, 0, $slow[-1][2];
    }

    while (time < $end) {
        for my $slow (@slow) {
            my ($link, $text, $at) = @$slow;
            next if $text eq $read;
            syswrite $link, substr $text, $slow->[2]++, 1;
        }
        sleep 1;
    }
}

my (@quiet, @crowd);

for my $round ($drill->rounds) {
    my $from = time;
    sleep 2;
    push @quiet, [ $from, time ];
    $drill->round(\&crawl, sub { @slow = () });
    push @crowd, [ @{ $drill->{troubles}[-1] }{qw(began over)} ];
}

sub p99 {
    my ($lines, @spans) = @_;
    return Kanda::Load::percentile(99, grep {
        my $l = $_;
        grep { $l->{start} > $_->[0] && $l->{end} < $_->[1] } @spans
    } @$lines);
}

$drill->{also} = sub {
    my ($alone, $among) = (p99(\@_, @quiet), p99(\@_, @crowd));

    $drill->note_that(sprintf 'p99 %.1f ms alone, %.1f ms among them',
                      1000 * $alone, 1000 * $among);
    cmp_ok($among, '<=', 3 * $alone + 0.010, 'the quick ones do not notice');
};
$drill->finish(failed => 0);
