# What can be checked of the house style without taste.

use strict;
use warnings;

use Test::More;

my @code = sort glob 'ngx_http_kanda_module.[ch] src/*/*.[ch] t/*/*.[ch]';
my @ours = grep { !m{^t/} } @code;
my $banned = join '|', map { quotemeta } qw[
    strcpy( sprintf( strtok atoi( alloca( gets( strncpy( strcat( assert(
    cJSON_GetObjectItem( cJSON_Parse( getaddrinfo gethostby rand( random(
];


# Source lines of a file, with comments and strings made blank on request.

sub lines {
    my ($file, $bare) = @_;
    open my $fh, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$fh> };

    if ($bare) {
        $text =~ s{(/\*.*?\*/|"(?:\\.|[^"\\\n])*")}
                  {(my $blank = $1) =~ s/[^\n]/ /g; $blank}gse;
    }

    return split /\n/, $text, -1;
}


# Passes if the list of complaints is empty.

sub clean {
    my ($what, @complaints) = @_;
    ok(!@complaints, $what) or diag(join "\n", @complaints);
}


sub each_line {
    my ($files, $bare, $says) = @_;
    my @complaints;

    for my $file (@$files) {
        my $n = 0;

        for my $line (lines($file, $bare)) {
            $n++;
            my $problem = $says->($line);
            push @complaints, "$file:$n: $problem" if $problem;
        }
    }

    return @complaints;
}


clean('80 columns', each_line(\@code, 0, sub {
    my $length = length $_[0];
    return $length > 80 && "$length columns";
}));

clean('two empty lines at most', map { join("\n", lines($_)) =~ /\n{4}/
                                       ? "$_: three" : () } @code);

clean('no tabs, no blanks at line ends', each_line(\@code, 0, sub {
    return $_[0] =~ /\t/ ? 'a tab' : $_[0] =~ /\s$/ && 'a blank at the end';
}));

clean('no // comments', each_line(\@ours, 1, sub {
    return $_[0] =~ m{//} && 'a // comment';
}));

clean('nothing banned is called', each_line(\@ours, 1, sub {
    return $_[0] =~ /(?<![\w])($banned|ngx_random)/ && "calls $1";
}));

clean('nothing left to do', each_line(\@code, 0, sub {
    return $_[0] =~ /\b(TODO|FIXME|XXX|HACK)\b/ && "says $1";
}));

clean('files of at most 400 lines', map {
    my $n = () = lines($_);
    $n > 401 ? "$_: " . ($n - 1) . ' lines' : ();
} @ours);

clean('headers have guards', map {
    my ($name) = m{([^/]+)\.h$};
    my $guard = uc($name) . '_H';
    my $text = join "\n", lines($_, 1);
    $text =~ /^\s*#ifndef (_?\Q$guard\E_?(?:INCLUDED_?)?)\s+#define \1\s/
        ? () : "$_: no guard $guard";
} grep { /\.h$/ } @ours);

SKIP: {
    my $ctags = `ctags --version 2>&1`;
    skip 'universal-ctags is not installed', 1
        if $ctags !~ /Universal Ctags/ || !@ours;

    my @long;
    open my $fh, '-|', 'ctags', '-x', '--c-kinds=f',
         '--_xformat=%F %N %n %e', @ours or die "ctags: $!\n";

    while (<$fh>) {
        my ($file, $name, $from, $to) = split;
        next if !$to || $to !~ /^\d+$/;
        my $n = $to - $from + 1;
        push @long, "$file:$from: $name has $n lines" if $n > 80;
    }

    clean('functions of at most 80 lines', @long);
}

# scripts and tests: the same blanks, and no line that a terminal wraps

my @scripts = sort glob 'util/* t/*.t t/*/*.t t/lib/*.pm t/lib/*/*.pm
    t/lib/*/*/*.pm src/store/scripts/* .ci/run';

clean('scripts are tidy too', each_line([ grep { -f } @scripts ], 0, sub {
    return $_[0] =~ /\t/ ? 'a tab' : $_[0] =~ /\s$/ && 'a blank at the end';
}));

done_testing;
