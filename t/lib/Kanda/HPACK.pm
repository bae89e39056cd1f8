package Kanda::HPACK;

# Header fields as HTTP/2 carries them, RFC 7541: written plainly, read as
# nginx writes them, which keeps no table and is of ASCII.
#
#   my $block = Kanda::HPACK::encode(':method' => 'GET', ...);
#   my @pairs = Kanda::HPACK::decode($block);

use strict;
use warnings;

my %NAME = (8 => ':status', 22 => 'allow', 24 => 'cache-control',
            28 => 'content-length', 31 => 'content-type', 33 => 'date',
            44 => 'last-modified', 46 => 'location', 53 => 'retry-after',
            54 => 'server', 55 => 'set-cookie', 59 => 'vary',
            61 => 'www-authenticate');
my %STATUS = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
              14 => 500);

# Huffman's code: what has so many bits, in the order of the codes.

my @CODE = (
    [ 5, '012aceiost' ],
    [ 6, ' %-./3456789=A_bdfghlmnpru' ],
    [ 7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz' ],
    [ 8, '&*,;XZ' ],
    [ 10, '!"()?' ],
    [ 11, q('+|) ],
    [ 12, '#>' ],
    [ 13, "\0\$@[]~" ],
    [ 14, '^}' ],
    [ 15, '<`{' ],
    [ 19, '\\' ],
);

my (%char, %seen);
my $code = 0;
my $bits = 0;

for (@CODE) {
    my ($size, $chars) = @$_;
    $code <<= $size - $bits;
    $bits = $size;
    $char{ sprintf '%0*b', $size, $code++ } = $_ for split //, $chars;
}


sub encode {
    my $block = '';

    while (my ($name, $value) = splice @_, 0, 2) {
        $block .= "\0" . text($name) . text($value);
    }

    return $block;
}


# A string without Huffman's code; long ones have a longer length.

sub text {
    my ($text) = @_;
    my $n = length $text;

    return chr($n) . $text if $n < 127;

    my $length = chr 127;

    for ($n -= 127; $n > 127; $n >>= 7) {
        $length .= chr($n & 127 | 128);
    }

    return $length . chr($n) . $text;
}


sub decode {
    my ($block) = @_;
    my $at = 0;
    my @pairs;

    while ($at < length $block) {
        my $first = ord substr $block, $at;

        if ($first & 0x80) {
            my $n = number(\$block, \$at, 7);
            push @pairs, ':status', $STATUS{$n} // die "HPACK: index $n\n";

        } elsif ($first >> 5 == 1) {
            number(\$block, \$at, 5) == 0 or die "HPACK: a table\n";

        } else {
            my $n = number(\$block, \$at, $first & 0x40 ? 6 : 4);
            push @pairs, $n ? $NAME{$n} // die "HPACK: index $n\n"
                            : string(\$block, \$at);
            push @pairs, string(\$block, \$at);
        }
    }

    return @pairs;
}


sub number {
    my ($block, $at, $size) = @_;
    my $most = (1 << $size) - 1;
    my $n = $most & ord substr $$block, $$at++;

    return $n if $n < $most;

    for (my $shift = 0; ; $shift += 7) {
        my $more = ord substr $$block, $$at++;
        $n += ($more & 127) << $shift;
        return $n if $more < 128;
    }
}


sub string {
    my ($block, $at) = @_;
    my $coded = ord(substr $$block, $$at) & 0x80;
    my $size = number($block, $at, 7);
    my $text = substr $$block, $$at, $size;

    $$at += $size;
    return $text if !$coded;
    return $seen{$text} //= plain(unpack 'B*', $text);
}


# The shortest code that fits is the only one; what is left are ones.

sub plain {
    my ($bits) = @_;
    my $text = '';
    my $code = '';

    for my $bit (split //, $bits) {
        $code .= $bit;

        if (exists $char{$code}) {
            $text .= $char{$code};
            $code = '';
        }
    }

    $code =~ /^1{0,7}\z/ or die "HPACK: code $code\n";
    return $text;
}

1;
