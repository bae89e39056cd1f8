# D24: slow clients, 500 of them: heads that never end, bodies of a byte a
# second, answers that nobody reads. Who is quick is served as quickly.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Drill;
use Kanda::HTTP;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

my $drill = Kanda::Drill->new('D24', '500 slow clients', full => 5, rate => 500,
    connections => 2048, http => 'client_header_timeout 20s;')->start;
my $k = $drill->k;
my $long = Kanda::Drill::quick() ? 4 : 10;
my $owner = $k->account;
my $key = $k->post('/apikeys', $owner, {})->json->{apiKey};
$k->client($owner) for 1 .. 300;
my $head = $k->request_text('POST', '/totp/validate', $key,
    { clientId => 'x', token => '1' x 900 });
my $read = $k->request_text('GET', '/totp?limit=1000', $key);
my (@slow, $there);

sub crawl {
    for my $n (0 .. 499) {
        my $link = Kanda::HTTP::dial($k->port) or last;
        my $text = $n % 3 == 2 ? $read : $head;

        setsockopt $link, SOL_SOCKET, SO_RCVBUF, pack 'I', 4096;

        push @slow, [ $link, $text, $n % 3 == 0 ? 10 : length($head) - 800 ];
        syswrite $link, $n % 3 == 2 ? $text : substr $text, 0, $slow[-1][2];
    }

    # what it takes to open them all at once is not what they cost
    sleep 4;
    $there = time;

    while (time < $there + $long) {
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
    push @crowd, [ $there, $drill->{troubles}[-1]{there} ];
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

    $drill->half_more('p99', $alone, $among);
};

# room for 500 connections is kept for the next ones
$drill->finish(failed => 0, rss => 6 * 1024);
