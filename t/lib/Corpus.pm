package Corpus;

# Reads t/corpus/*.case and expands what stands in them.  The format is told
# in t/corpus/README.md; nothing here knows HTTP or the server.

use strict;
use warnings;

use Corpus::Macro ();

my %SCALAR = map { $_ => 1 }
    qw(request auth type body length expect allow client recipe makes read);
my %LIST = map { $_ => 1 } qw(header raw like unlike then each touches);


# A file as { name, cases => [case...] }.  A case is its settings, laid over
# its section's and its file's, with name, line and section of its own.

sub load {
    my ($path) = @_;

    my ($base) = $path =~ m{([^/]+)\.case\z};
    my $file = { name => $base, cases => [] };

    my %top = (auth => 'token');
    my $scope = \%top;
    my ($section, $case);

    for my $read (lines($path)) {
        my ($at, $line) = @$read;

        next if $line =~ /^\s*(?:#|\z)/;

        if ($line =~ /^\[(.+)\]\s*\z/) {
            push @{ $file->{cases} }, expand($case) if $case;
            undef $case;
            $section = $1;
            $scope = copy(\%top);
            next;
        }

        if ($line =~ /^\* /) {
            push @{ $file->{cases} }, expand($case) if $case;
            my (undef, $name, $text) = $line =~ /^\*( +)(.+?)(?: +\|(?: (.*))?)?\z/
                or die "$at: not a case\n";
            defined $section or die "$at: a case outside a section\n";
            $case = copy($scope);
            @$case{qw(name text section at)}
                = ($name, trim($text // ''), $section, $at);
            next;
        }

        my ($indent, $word, $value) = $line =~ /^(\s*)(\w+)(?:\s+(.*))?\z/
            or die "$at: cannot read this\n";
        $SCALAR{$word} || $LIST{$word} or die "$at: unknown setting $word\n";
        $indent eq '' || $case or die "$at: nothing to change here\n";
        $indent ne '' || !$case or die "$at: a setting after a case\n";
        set($case // $scope, $word, $value // '', $indent ne '');
    }

    push @{ $file->{cases} }, expand($case) if $case;
    $_->{expect} // $_->{read} // die "$_->{at}: no expectation\n"
        for @{ $file->{cases} };
    return $file;
}


# The lines of a file, each with its place.  A line "use FILE" stands for those
# of another, up to a section "[name]" that may follow; lines "put A -> B" behind
# it say what is written there in the place of what.

sub lines {
    my ($path) = @_;
    my (@lines, @used, @put);

    open my $fh, '<:raw', $path or die "$path: $!\n";
    while (my $line = <$fh>) {
        my $at = "$path line $.";
        $line =~ s/\r?\n\z//;

        if ($line =~ /^use (\S+)(?: until (\[.+\]))?\z/) {
            my ($name, $end) = ($1, $2 // '');
            @used = lines($path =~ s{[^/]+\z}{$name.case}r);
            for my $i (0 .. $#used) {
                $#used = $i - 1, last if $used[$i][1] eq $end;
            }
            next;
        }
        if ($line =~ /^put (.+) -> (.+)\z/) {
            push @put, [ $1, $2 ];
            next;
        }
        push @lines, replaced(\@used, \@put) if @put && $line !~ /^\s*(?:#|\z)/;
        @put = () if $line !~ /^\s*(?:#|\z)/;
        push @lines, [ $at, $line ];
    }

    return @put ? (@lines, replaced(\@used, \@put)) : @lines;
}


sub replaced {
    my ($lines, $put) = @_;

    for my $line (@$lines) {
        for my $pair (@$put) {
            $line->[1] =~ s/\Q$pair->[0]\E/$pair->[1]/g;
        }
        $line->[0] .= ' as another dialect has it';
    }
    return splice @$lines;
}


sub trim { my ($s) = @_; $s =~ s/\A[ \t]+|[ \t]+\z//g; return $s }


# A list setting adds to what its section has; `raw` of a case replaces it.

sub set {
    my ($scope, $word, $value, $own) = @_;

    $value = trim($value);

    if ($SCALAR{$word}) {
        $scope->{$word} = $value;
        return;
    }

    if ($own && $word eq 'raw' && !$scope->{own_raw}++) {
        $scope->{raw} = [];
    }

    push @{ $scope->{$word} }, $value;
    return;
}


sub copy {
    my ($from) = @_;
    return { map { $_ => ref $from->{$_} ? [ @{ $from->{$_} } ] : $from->{$_} }
             keys %$from };
}


# One case for every combination of its `each` lists.

sub expand {
    my ($case) = @_;

    my @out = ($case);

    for my $each (@{ delete $case->{each} // [] }) {
        my ($name, $list) = $each =~ /^([A-Z]\w*)\s*=\s*(.+)\z/
            or die "$case->{at}: each NAME = values\n";
        @out = map {
            my $old = $_;
            map {
                my $value = $_ =~ tr/~/ /r;
                my $new = substitute($old, $name, $value);
                $new->{name} = "$old->{name} [$value]"
                    unless $old->{name} =~ /\$\{$name\}/;
                $new;
            } split ' ', $list;
        } @out;
    }

    for (@out) {
        my $text = $_->{text};
        replace($_, qr/%%/, $text) unless exists $_->{recipe};
    }

    return @out;
}


sub substitute {
    my ($case, $name, $value) = @_;

    my $new = copy($case);
    replace($new, qr/\$\{\Q$name\E\}/, $value);
    return $new;
}


sub replace {
    my ($case, $what, $with) = @_;

    for my $word (keys %$case) {
        next if $word =~ /^(?:at|section)\z/;
        for (ref $case->{$word} ? @{ $case->{$word} } : $case->{$word}) {
            s/$what/$with/g;
        }
    }
    return;
}


# "400 invalid_json or 404 not_found; 200" as a list of lists of [status, code].

sub expectation {
    my ($text) = @_;

    return [ map {
        [ map {
            my ($status, $code) = /^\s*(\d{3}|close)(?:\s+(\w+))?\s*\z/
                or die "cannot expect '$_'\n";
            [ $status, $code ];
        } split / or /, $_ ];
    } split /;/, $text ];
}


1;
