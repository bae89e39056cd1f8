package Kanda::Totp;

# RFC 4226 and RFC 6238 in a few lines of Perl, so that what the module
# accepts is judged by something that was not written with it.

use strict;
use warnings;

use Digest::SHA ();
use Time::HiRes ();

my %hmac = (
    SHA1   => \&Digest::SHA::hmac_sha1,
    SHA256 => \&Digest::SHA::hmac_sha256,
    SHA512 => \&Digest::SHA::hmac_sha512,
);


sub base32_decode {
    my ($text) = @_;
    my $bits = '';

    $text = uc $text;
    $text =~ tr/A-Z2-7//cd;

    for my $char (split //, $text) {
        $bits .= sprintf '%05b', index 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
                                       $char;
    }

    return pack 'B*', substr $bits, 0, 8 * int(length($bits) / 8);
}


sub base32_encode {
    my ($bytes) = @_;
    my $bits = unpack 'B*', $bytes;
    my $text = '';

    while ($bits =~ /(.{1,5})/g) {
        my $value = oct '0b' . $1 . '0' x (5 - length $1);
        $text .= substr 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $value, 1;
    }

    return $text;
}


# The code of a Base32 secret: totp($secret, step => -1, digits => 8, ...)

sub totp {
    my ($secret, %o) = @_;
    my $time = $o{time} // int Time::HiRes::time;
    my $step = int($time / ($o{period} // 30)) + ($o{step} // 0);
    my $mac = $hmac{ $o{algorithm} // 'SHA1' }
              ->(pack('Q>', $step), base32_decode($secret));
    my $at = ord(substr $mac, -1) & 15;
    my $number = unpack('N', substr $mac, $at, 4) & 0x7fffffff;
    my $digits = $o{digits} // 6;

    return sprintf '%0*d', $digits, $number % 10 ** $digits;
}


# A code that is none of the codes around now.

sub wrong {
    my ($secret, %o) = @_;
    my %right = map { totp($secret, %o, step => $_) => 1 } -3 .. 3;
    my $digits = $o{digits} // 6;
    my $code;

    do {
        $code = sprintf '%0*d', $digits, rand 10 ** $digits;
    } while $right{$code};

    return $code;
}


# Waits until the current step has so many seconds left.

sub settle {
    my ($seconds, $period) = @_;
    $period //= 30;

    my $now = Time::HiRes::time();
    my $left = $period * (1 + int $now / $period) - $now;

    Time::HiRes::sleep($left + 0.01) if $left < $seconds;
}


# The same from somebody else's program.

sub oathtool {
    my ($secret, %o) = @_;
    my $mode = lc($o{algorithm} // 'SHA1');
    my $time = $o{time} // time;
    my @command = ('oathtool', "--totp=$mode", '--base32',
                   '--digits=' . ($o{digits} // 6),
                   '--time-step-size=' . ($o{period} // 30) . 's',
                   "--now=\@$time", $secret);

    open my $fh, '-|', @command or die "oathtool: $!\n";
    chomp(my $code = <$fh> // '');
    return $code;
}

1;
