package Bench::Table;

# The figures beside their yardsticks and targets, for people to read.

use strict;
use warnings;

use Bench::Meter;

my $wide = '%-29s %4s %9s %7s %7s %7s %7s  %6s %6s %6s   %s';


sub number {
    my ($n, $places) = @_;
    return '' if !defined $n;

    my $text = sprintf '%.*f', $places // 0, $n;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}


sub head {
    my @lines = (
        [ '', 'conn', 'answers', 'p50', 'p99', 'worker', 'Redis', 'rate',
          'CPU', 'Redis', '' ],
        [ '', '', 'a second', 'ms', 'ms', 'us/req', 'us/req', '% of',
          'times', 'times', '' ],
        [ '', '', '', '', '', '', '', 'r. 200', 'r. 200', 'judge', 'target' ],
    );

    printf "$wide\n", @$_ for @lines;
    print "\n";
}


# Medians of some rounds' fields.

sub medians {
    my (@rounds) = @_;
    my %m;

    for my $field (qw(rate p50 p99 workers redis)) {
        $m{$field} = median(map { $_->{$field} } @rounds);
    }

    return \%m;
}


# Median of what two rounds, one after the other, had of each other.

sub ratio {
    my ($field, $a, $b) = @_;
    return if !$a || !$b;

    return median(map { $b->[$_]{$field} ? $a->[$_]{$field} / $b->[$_]{$field}
                                         : undef } 0 .. $#$a);
}


sub line {
    my ($name, $connections, $m, $rate, $cpu, $redis, $verdict) = @_;

    my $text = sprintf $wide, $name, $connections, number($m->{rate}, 0),
        number($m->{p50}, 2), number($m->{p99}, 2), number($m->{workers}, 1),
        number($m->{redis}, 1), defined $rate ? number(100 * $rate, 0) : '',
        number($cpu, 2), number($redis, 2), $verdict // '';
    $text =~ s/\s+\z//;
    print "$text\n";
}


# "at most 2.5 times: met"

sub verdict {
    my ($value, $relation, $target, $unit, $places) = @_;
    my $met = $relation eq '<=' ? $value <= $target : $value >= $target;

    return sprintf '%s %s%s %s', $relation eq '<=' ? 'at most' : 'at least',
                   number($target, $places), $unit, $met ? 'met' : 'NOT MET';
}


sub fact {
    my ($name, $value, $verdict) = @_;
    my $text = sprintf '%-48s %16s  %s', $name, $value, $verdict // '';
    $text =~ s/\s+\z//;
    print "$text\n";
}

1;
