package Kanda::H2;

# As little HTTP/2 as it takes to send a body in frames of one's own cut, or many
# requests at once, with prior knowledge.
#
#   my $text = Kanda::H2->new($port)->request('POST', '/x', { a => 'b' },
#                                             $body, 1);
#
# The body goes in frames of so many bytes, with a pause between them if there
# is one more argument; back comes the body of the answer, or undef.

use strict;
use warnings;

use IO::Select;
use Kanda::HTTP;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

my %type = (DATA => 0, HEADERS => 1, SETTINGS => 4);
my ($END_STREAM, $END_HEADERS) = (1, 4);


sub new {
    my ($class, $port) = @_;
    my $socket = Kanda::HTTP::dial($port) or die "no connection: $!\n";
    my $self = bless { socket => $socket, stream => -1, buffer => '' }, $class;

    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    $self->frame('SETTINGS', 0, 0, '');

    return $self;
}


sub frame {
    my ($self, $type, $flags, $stream, $payload) = @_;

    syswrite $self->{socket}, substr(pack('N', length $payload), 1)
        . pack('CCN', $type{$type}, $flags, $stream) . $payload;
}


# A string of HPACK, without Huffman's code; long ones have a longer length.

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


# Begins a request, and ends it where no body is to come; returns its stream.

sub begin {
    my ($self, $method, $path, $headers, $end) = @_;
    my $stream = $self->{stream} += 2;
    my @all = (':method' => $method, ':scheme' => 'http', ':path' => $path,
               ':authority' => 'localhost', %$headers);
    my $block = '';

    while (my ($name, $value) = splice @all, 0, 2) {
        $block .= "\0" . text($name) . text($value);
    }

    $self->frame('HEADERS', $END_HEADERS | ($end ? $END_STREAM : 0), $stream,
                 $block);

    return $stream;
}


sub request {
    my ($self, $method, $path, $headers, $body, $size, $pause) = @_;
    my $stream = $self->begin($method, $path, $headers);

    while (length $body) {
        my $piece = substr $body, 0, $size, '';
        $self->frame('DATA', length $body ? 0 : $END_STREAM, $stream, $piece);
        sleep $pause if $pause;
    }

    return $self->answer($stream);
}


sub answer {
    my ($self, $stream) = @_;
    my $select = IO::Select->new($self->{socket});
    my $end = time + 10;

    while (time < $end) {
        return delete $self->{bodies}{$stream} if delete $self->{done}{$stream};

        my ($high, $low, $type, $flags, $id)
            = unpack 'CnCCN', $self->{buffer};

        if (defined $id && length $self->{buffer} >= 9 + ($high << 16) + $low) {
            my $payload = substr $self->{buffer}, 9, ($high << 16) + $low;

            substr $self->{buffer}, 0, 9 + length $payload, '';
            $self->{bodies}{$id} .= $type == $type{DATA} ? $payload : '';
            $self->{done}{$id} = 1 if $type < 2 && $flags & $END_STREAM;
            next;
        }

        return undef if !$select->can_read($end - time);
        return undef if !sysread $self->{socket}, $self->{buffer}, 65536,
                                 length $self->{buffer};
    }

    return undef;
}

1;
