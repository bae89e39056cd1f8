# D14: Redis is full. What makes more is refused, codes are judged as ever.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D14', 'Redis is full', full => 20)->start;

for my $round ($drill->rounds) {
    $drill->round(
        sub { $drill->redis->command('CONFIG', 'SET', 'maxmemory', 1); sleep 1 },
        sub { $drill->redis->command('CONFIG', 'SET', 'maxmemory', 0) });
}

my @judged;
for my $t (@{ $drill->{troubles} }) {
    push @judged, [ $t->{there} - 0.9, $t->{over} ];
}

$drill->{also} = sub {
    my @in = grep {
        my $l = $_;
        $l->{kind} =~ /^(?:code|wrong)$/
            && grep { $l->{start} > $_->[0] && $l->{end} < $_->[1] } @judged
    } @_;
    ok(scalar @in, 'codes came');
    is(scalar(grep { $_->{status} == 503 } @in), 0,
       'all ' . @in . ' codes were judged while it was full');
};
$drill->finish(refused => 0.050);
