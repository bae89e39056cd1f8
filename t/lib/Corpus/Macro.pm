package Corpus::Macro;

# ${name} and ${name:argument:...} in the case files.  Everything is bytes.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);


# How many arguments each takes; the last one may hold colons.

my %ARGS = (
    x => 1, u => 1, sp => 0, tab => 0, cr => 0, lf => 0, crlf => 0,
    repeat => 2, fill => 3, count => 3, chunk => 2, length => 1, now => 1, time => 1,
    part => 3, insert => 3, digits => 2, join => 2, reverse => 1, upper => 1,
    lower => 1, pct => 1, json => 1, hex => 1, b64 => 1, b64url => 1, got => 1,
    plus => 2, rest => 2,
);

my %CALL = (
    x      => sub { my ($h) = @_; $h =~ s/\s+//g; pack 'H*', $h },
    u      => sub { join '', map { utf8_of(hex) } split ' ', $_[0] },
    sp     => sub { ' ' },
    tab    => sub { "\t" },
    cr     => sub { "\r" },
    lf     => sub { "\n" },
    crlf   => sub { "\r\n" },
    repeat => sub { $_[1] x $_[0] },
    fill   => sub { my ($n, $pad, $s) = @_; $s . $pad x ($n - length $s) },
    count  => sub { join $_[1], map { (my $s = $_[2]) =~ s/#/$_/g; $s }
                                1 .. $_[0] },
    chunk  => sub { chunked(@_) },
    length => sub { length $_[0] },
    now    => sub { time() + $_[0] },
    time   => sub { stamp(time() + $_[0]) },
    part   => sub { substr $_[2], $_[0], $_[1] },
    insert => sub { substr($_[2], 0, $_[0]) . $_[1] . substr($_[2], $_[0]) },
    rest   => sub { substr $_[1], $_[0] },
    digits => sub { my ($zero, $s) = @_;
                    $s =~ s/(\d)/utf8_of(hex($zero) + $1)/ge; $s },
    join   => sub { join $_[0], split //, $_[1] },
    reverse => sub { scalar reverse $_[0] },
    upper  => sub { uc $_[0] },
    lower  => sub { lc $_[0] },
    pct    => sub { join '', map { sprintf '%%%02X', ord } split //, $_[0] },
    json   => sub { join '', map { sprintf '\\u%04x', ord } split //, $_[0] },
    hex    => sub { unpack 'H*', $_[0] },
    b64    => sub { encode_base64($_[0], '') },
    b64url => sub { b64url($_[0]) },
    plus   => sub { my ($n, $s) = @_;
                    sprintf '%0*d', length $s, ($s + $n) % 10 ** length $s },
);


# Expands text; $values holds what the runner knows: a string, or a function
# that is asked when it is needed.

sub expand {
    my ($text, $values) = @_;

    pos($text) = 0;
    my $out = text(\$text, $values, 0);
    return $out;
}


sub text {
    my ($ref, $values, $inside) = @_;
    my $out = '';

    while (1) {
        if ($$ref =~ /\G\$\{/gc) {
            $out .= macro($ref, $values);

        } elsif ($inside && $$ref =~ /\G(?=\})/gc) {
            return $out;

        } elsif ($$ref =~ /\G([^\$\}]+|.)/gcs) {
            $out .= $1;

        } else {
            die "a macro is not closed in '$$ref'\n" if $inside;
            return $out;
        }
    }
}


sub macro {
    my ($ref, $values) = @_;

    $$ref =~ /\G(\w+)/gc or die "a macro without a name in '$$ref'\n";
    my $name = $1;
    my $rest = $$ref =~ /\G:/gc ? text($ref, $values, 1) : undef;
    $$ref =~ /\G\}/gc or die "macro $name is not closed in '$$ref'\n";

    if (exists $values->{$name}) {
        my $v = $values->{$name};
        return ref $v ? $v->(defined $rest ? $rest : ()) : $v;
    }

    my $n = $ARGS{$name} // die "unknown macro $name\n";
    my @args = defined $rest ? split(/:/, $rest, $n || 1) : ();
    push @args, '' while @args < $n;
    my $call = $CALL{$name} // die "no value for $name here\n";
    return $call->(@args);
}


sub utf8_of {
    my ($cp) = @_;

    return chr $cp if $cp < 0x80;
    return pack 'C2', 0xC0 | $cp >> 6, 0x80 | $cp & 0x3F if $cp < 0x800;
    return pack 'C3', 0xE0 | $cp >> 12, 0x80 | $cp >> 6 & 0x3F,
        0x80 | $cp & 0x3F if $cp < 0x10000;
    return pack 'C4', 0xF0 | $cp >> 18, 0x80 | $cp >> 12 & 0x3F,
        0x80 | $cp >> 6 & 0x3F, 0x80 | $cp & 0x3F;
}


sub chunked {
    my ($size, $body) = @_;
    return join '', (map { sprintf "%x\r\n%s\r\n", length, $_ }
                     unpack "(a$size)*", $body), "0\r\n\r\n";
}


sub stamp {
    my @t = gmtime $_[0];
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ',
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0];
}


sub b64url {
    my $s = encode_base64($_[0], '');
    $s =~ tr{+/}{-_};
    $s =~ s/=+\z//;
    return $s;
}


1;
