#!/usr/bin/perl

# S64: what zbarimg reads in our images is what was drawn, to the byte; and
# they are as small as the programs that do nothing else can make them.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;

my $build = $ENV{KANDA_CORE_BUILD} || "$0/../../../build/core";
my $folder = tempdir(CLEANUP => 1);
my $count = 500;

open my $images, '-|', "$build/images", $folder, $count
    or die "images: $!\n";
my %drawn = map { split } <$images>;
ok(close $images, 'images are drawn');

my %kind;
push @{ $kind{ (split /-/)[0] } }, $_ for sort keys %drawn;

is(scalar @{ $kind{unicode} }, $count, "$count of random labels");

SKIP: {
    skip 'zbarimg is not installed', 3 if !installed('zbarimg');

    # percent-encoded URIs are ASCII: one a line
    my @names = (@{ $kind{unicode} }, @{ $kind{usual} });
    my @read = split /\n/, zbarimg('--raw', @names);
    my @wrong = grep { ($read[$_] // '') ne pack 'H*', $drawn{ $names[$_] } }
        0 .. $#names;

    is("@names[@wrong]", '', scalar(@names) . ' URIs read back');

    # in binary mode nothing stands between one image's bytes and the next's
    for my $kind (qw(text bytes)) {
        my @names = @{ $kind{$kind} };
        my $all = join '', map { pack 'H*', $drawn{$_} } @names;

        ok(zbarimg('--raw', '-Sbinary', @names) eq $all,
           @names . " images of $kind read back");
    }
}

for my $name (@{ $kind{usual} }) {
    my $size = -s "$folder/$name";
    ok(length $drawn{$name} == 224 && $size <= 540, "112 bytes take $size");
}

# images of every size, and what most are
my @sample = ((@{ $kind{unicode} })[0 .. 2], (@{ $kind{usual} })[0 .. 3]);

for my $name (@sample) {
    my $size = -s "$folder/$name";

    for my $rival (qw(zopflipng optipng)) {
        SKIP: {
            skip "$rival is not installed", 1 if !installed($rival);

            my $best = shrunk($rival, $name);
            ok($best && $size <= $best * 1.05,
               "$name: $size bytes, $rival makes $best");
        }
    }
}

done_testing();


sub installed {
    my ($program) = @_;

    return scalar grep { -x "$_/$program" } split /:/, $ENV{PATH};
}


sub zbarimg {
    my @args = @_;

    my $pid = open my $from, '-|';
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        open STDERR, '>', '/dev/null';
        chdir $folder;
        # some QR symbols hold what looks like a bar code, too
        exec 'zbarimg', '-q', '--nodbus', '-Sdisable', '-Sqrcode.enable',
            @args;
    }

    binmode $from;
    local $/;
    my $all = <$from>;
    close $from;

    return $all;
}


# The size that another program gets the same image down to.
sub shrunk {
    my ($program, $name) = @_;

    my $copy = "$folder/shrunk.png";

    if ($program eq 'optipng') {
        copy("$folder/$name", $copy) or die "copy: $!\n";
        system "optipng -quiet -o7 -strip all $copy 2>/dev/null";

    } else {
        system "zopflipng -y $folder/$name $copy >/dev/null 2>&1";
    }

    my $size = -s $copy;
    unlink $copy;

    return $size;
}
