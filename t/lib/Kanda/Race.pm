package Kanda::Race;

# Many connections that send their requests at the same moment: each request
# goes out but for its last byte, and when all have arrived, the last bytes
# follow at once. The connections are kept for the next round.
#
#   my $race = Kanda::Race->new($port, 64);
#   my @answers = $race->run([ map { $request_text } 1 .. 64 ]);

use strict;
use warnings;

use Kanda::Answer;
use Kanda::HTTP;
use Time::HiRes qw(time sleep);


sub new {
    my ($class, $address, $size, %o) = @_;
    return bless { address => $address, size => $size, timeout => 10,
                   sockets => [], %o }, $class;
}


sub run {
    my ($self, $texts) = @_;
    my @sockets = map { $self->{sockets}[$_]
                        //= Kanda::HTTP::dial($self->{address}) }
                      0 .. $#$texts;

    for my $i (0 .. $#$texts) {
        syswrite $sockets[$i], $texts->[$i], length($texts->[$i]) - 1;
    }

    sleep 0.002;        # what was sent is with the workers now

    for my $i (0 .. $#$texts) {
        syswrite $sockets[$i], substr $texts->[$i], -1;
    }

    return $self->collect(\@sockets);
}


sub collect {
    my ($self, $sockets) = @_;
    my @answers;
    my @buffers = ('') x @$sockets;
    my %waiting = map { fileno($sockets->[$_]) => $_ } 0 .. $#$sockets;
    my $end = time + $self->{timeout};

    while (%waiting && time < $end) {
        my $bits = '';
        vec($bits, $_, 1) = 1 for keys %waiting;

        last if select($bits, undef, undef, $end - time) <= 0;

        for my $fd (grep { vec $bits, $_, 1 } keys %waiting) {
            my $i = $waiting{$fd};
            my $n = sysread $sockets->[$i], $buffers[$i], 65536,
                            length $buffers[$i];

            $answers[$i] = Kanda::Answer->take(\$buffers[$i], eof => !$n);

            if (!$n || $answers[$i] && $answers[$i]->closes) {
                delete $self->{sockets}[$i];
                $answers[$i] ||= Kanda::Answer->none('closed');
            }

            delete $waiting{$fd} if $answers[$i];
        }
    }

    for my $i (values %waiting) {
        delete $self->{sockets}[$i];
        $answers[$i] = Kanda::Answer->none('timeout');
    }

    return @answers;
}

1;
