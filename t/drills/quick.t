# A round of the drills that no other test stands for; make drills has them all.

use strict;
use warnings;

use Test::More;

plan skip_all => 'drills are timed' if $ENV{KANDA_SAN};

local $ENV{ROUNDS} = 1;

for my $drill ('d02', 'd03 everysec 0', 'd08', 'd29', 'd30') {
    my ($file, @args) = split ' ', $drill;
    my $text = `$^X t/drills/$file.pl @args 2>&1`;

    is($?, 0, $drill) or diag $text;
}

done_testing;
