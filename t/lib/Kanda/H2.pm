package Kanda::H2;

# As little HTTP/2 as it takes to send a body in frames of one's own cut, or many
# requests at once, with prior knowledge.
#
#   my $text = Kanda::H2->new($port)->request('POST', '/x', { a => 'b' },
#                                             $body, 1);
#
# The body goes in frames of so many bytes, with a pause between them if there
# is one more argument; back comes the body of the answer, or undef.  Many at
# once, with headers in pairs and whole answers:
#
#   my @streams = map { $h2->send('POST', $_, \@headers, $body) } @paths;
#   my @answers = map { $h2->receive($_) } @streams;

use strict;
use warnings;

use IO::Select;
use Kanda::Answer;
use Kanda::HPACK;
use Kanda::HTTP;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

my %type = (DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4,
            WINDOW_UPDATE => 8);
my ($END_STREAM, $END_HEADERS) = (1, 4);
my ($FRAME, $WINDOW, $MOST) = (16384, 65535, 0x7fffffff);


sub new {
    my ($class, $port) = @_;
    my $socket = Kanda::HTTP::dial($port) or die "no connection: $!\n";
    my $self = bless { socket => $socket, stream => -1, buffer => '' }, $class;

    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    # we take whatever comes
    $self->frame('SETTINGS', 0, 0, pack 'nN', 4, $MOST);
    $self->frame('WINDOW_UPDATE', 0, 0, pack 'N', $MOST - $WINDOW);

    return $self;
}


sub frame {
    my ($self, $type, $flags, $stream, $payload) = @_;
    my $text = substr(pack('N', length $payload), 1)
        . pack('CCN', $type{$type}, $flags, $stream) . $payload;

    for (my $done = 0; $done < length $text; ) {
        my $n = syswrite $self->{socket}, $text, length $text, $done;
        return if !defined $n;
        $done += $n;
    }
}


# Begins a request, and ends it where no body is to come; returns its stream.

sub begin {
    my ($self, $method, $path, $headers, $end) = @_;
    my $stream = $self->{stream} += 2;

    $self->frame('HEADERS', $END_HEADERS | ($end ? $END_STREAM : 0), $stream,
        Kanda::HPACK::encode(':method' => $method, ':scheme' => 'http',
            ':path' => $path, ':authority' => 'localhost',
            ref $headers eq 'HASH' ? %$headers : @$headers));

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


# A whole request; what of its body the server has no room for yet goes when
# it has.

sub send {
    my ($self, $method, $path, $headers, $body) = @_;
    my $none = ($body // '') eq '';
    my $stream = $self->begin($method, $path, $headers, $none);

    return $stream if $none;

    @{ $self->{left}{$stream} }{qw(body room)} = ($body, $WINDOW);
    $self->more($stream);
    return $stream;
}


sub more {
    my ($self, $stream) = @_;
    my $left = $self->{left}{$stream};

    while ($left->{room} > 0) {
        my $size = $left->{room} < $FRAME ? $left->{room} : $FRAME;
        my $piece = substr $left->{body}, 0, $size, '';
        my $end = $left->{body} eq '';

        $left->{room} -= length $piece;
        $self->frame('DATA', $end ? $END_STREAM : 0, $stream, $piece);

        if ($end) {
            delete $self->{left}{$stream};
            return;
        }
    }
}


# The body of an answer, or undef.

sub answer {
    my ($self, $stream) = @_;
    my $r = $self->receive($stream);
    return $r->status ? $r->{body} : undef;
}


sub receive {
    my ($self, $stream) = @_;
    my $end = time + 10;

    $self->{select} //= IO::Select->new($self->{socket});

    while (!$self->{done}{$stream}) {
        next if $self->take;

        my $left = $end - time;

        return Kanda::Answer->none('timeout')
            if $left <= 0 || !$self->{select}->can_read($left);
        next if sysread $self->{socket}, $self->{buffer}, 65536,
                        length $self->{buffer};

        $self->{ended} = 1;
        return Kanda::Answer->none('closed');
    }

    my ($head, $body) = map { delete $self->{$_}{$stream} } qw(heads bodies);

    delete @{ $self->{$_} }{$stream} for qw(done left);
    return Kanda::Answer->none('closed') if !$head;
    return Kanda::Answer->made($body // '', Kanda::HPACK::decode($head));
}


# One frame from the buffer, if a whole one is there.

sub take {
    my ($self) = @_;
    my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $self->{buffer};

    return 0 if !defined $id;

    my $size = ($high << 16) + $low;

    return 0 if length $self->{buffer} < 9 + $size;

    my $payload = substr $self->{buffer}, 9, $size;

    substr $self->{buffer}, 0, 9 + $size, '';
    $self->{heads}{$id} .= $payload if $type == $type{HEADERS};
    $self->{bodies}{$id} .= $payload if $type == $type{DATA};
    $self->{done}{$id} = 1 if $type == $type{RST_STREAM}
        || $type <= $type{HEADERS} && $flags & $END_STREAM;

    if ($type == $type{WINDOW_UPDATE} && $self->{left}{$id}) {
        $self->{left}{$id}{room} += unpack 'N', $payload;
        $self->more($id);
    }

    return 1;
}

1;
