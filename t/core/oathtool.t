#!/usr/bin/perl

# S1: random secrets, algorithms, digits, periods and times; Debian's oathtool
# must say the same codes.

use strict;
use warnings;

use IPC::Open2;
use Test::More;

my $build = $ENV{KANDA_CORE_BUILD} || "$0/../../../build/core";

plan skip_all => 'oathtool is not installed'
    if !grep { -x "$_/oathtool" } split /:/, $ENV{PATH};

# a process gives the codes of so many steps in a row
my $steps = 5;
my $cases = ($ENV{KANDA_TEST_LONG} || '') eq '1' ? 10_000 : 2_000;

my $seed = $ENV{KANDA_TEST_SEED} || time;
srand $seed;
note("KANDA_TEST_SEED=$seed");

my @cases = map { one() } 1 .. $cases;

my $pid = open2(my $from, my $to, "$build/codes");
my $child = fork;

if (!$child) {
    print $to "@$_ $steps\n" for @cases;
    close $to;
    require POSIX;
    POSIX::_exit(0);
}

close $to;
chomp(my @ours = <$from>);
waitpid $child, 0;
waitpid $pid, 0;

is(scalar @ours, $cases, "$cases lines of codes");

my ($same, $compared) = (0, 0);

for my $i (0 .. $#cases) {
    my ($hash, $digits, $period, $hex, $time) = @{ $cases[$i] };

    open my $oath, '-|', 'oathtool', "--totp=\L$hash", '-s', "${period}s",
        '-d', $digits, '-N', "\@$time", '-w', $steps - 1, $hex
        or die "oathtool: $!\n";
    chomp(my @theirs = <$oath>);
    close $oath;

    $compared += @theirs;

    if ("@theirs" eq $ours[$i]) {
        $same += @theirs;
        next;
    }

    diag("@{ $cases[$i] }: we say $ours[$i], oathtool @theirs");
}

is($compared, $cases * $steps, 'oathtool answered each time');
is($same, $compared, "$compared codes of $cases secrets, none differs");

done_testing();


sub one {
    my $len = 10 + int rand 55;
    my $hex = join '', map { sprintf '%02x', int rand 256 } 1 .. $len;
    my $time = int rand(rand() < 0.5 ? 2**32 : 2**38);

    return [(qw(SHA1 SHA256 SHA512))[rand 3], 6 + int rand 3,
            10 + int rand 111, $hex, $time];
}
