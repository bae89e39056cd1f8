#!/usr/bin/perl

# S13: valgrind sees no branch and no index that depends on the secret, and as
# many instructions whichever step matches, or none.

use strict;
use warnings;

use Test::More;

my $build = $ENV{KANDA_CORE_BUILD} || "$0/../../../build/core";

plan skip_all => 'only with KANDA_TEST_LONG=1'
    if ($ENV{KANDA_TEST_LONG} || '') ne '1';
plan skip_all => 'valgrind is not installed'
    if !grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
plan skip_all => 'valgrind does not run sanitizer builds'
    if $ENV{KANDA_SAN};

my $said = `valgrind -q --error-exitcode=9 $build/constant secret 2>&1`;
my $rc = $? >> 8;

SKIP: {
    skip 'built without valgrind\'s header', 1 if $rc == 3;

    is($rc, 0, 'nothing branches on a secret that is undefined') or diag($said);
}

my %count;

for my $step (-1, 0, 1, 2) {
    my $report = `valgrind --tool=callgrind --callgrind-out-file=/dev/null \\
        --toggle-collect=kanda_totp_match $build/constant $step 2>&1`;

    ($count{$step}) = $report =~ /Collected : (\d+)/;
    cmp_ok($count{$step} || 0, '>', 1000, "a match $step steps on is counted");
    is($count{$step}, $count{-1}, 'and costs the same');
}

done_testing();
