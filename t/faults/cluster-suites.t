# Suites that say nothing of where Redis is, on a cluster of three.

use strict;
use warnings;

use Test::More;

$ENV{KANDA_CLUSTER} = 1;

my @suites = qw(auth-session auth-api apikeys clients otp logs gate share
                admin-reseal);

push @suites, qw(auth-factor gate-ways auth-account auth-races once stateless toolkit
                 admin admin-races seals health managed-api variables)
    if $ENV{KANDA_TEST_LONG};

for my $suite (@suites) {
    my $text = `$^X t/$suite.t 2>&1`;
    my @bad = $text =~ /^(not ok .*)/mg;
    ok($? == 0 && !@bad, $suite) or diag join "\n", @bad,
        substr $text, -1500;
}

done_testing;
