package Kanda::HTTP;

# A small HTTP/1.1 client on raw sockets. It keeps its connection, so that a
# request that leaks or a body left unread shows in the next answer.
#
#   my $http = Kanda::HTTP->new($port_or_socket_path, timeout => 10);
#   my $r = $http->request('POST', '/x', headers => [A => 'b'], body => 'c');
#
# An answer: status (0: none, see error), reason, raw (head as it came),
# headers (lower-case names), body; methods header(name), json.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Kanda::Answer;
use Time::HiRes qw(time);


sub new {
    my ($class, $address, %o) = @_;
    return bless { address => $address, timeout => 10, buffer => '', %o },
                 $class;
}


sub dial {
    my ($address) = @_;

    return $address =~ m{/}
        ? IO::Socket::UNIX->new(Peer => $address)
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                PeerPort => $address);
}


sub connect { dial($_[0]{address}) }


sub format_request {
    my ($method, $target, %o) = @_;
    my @headers = ref $o{headers} eq 'HASH' ? %{ $o{headers} }
                                            : @{ $o{headers} // [] };
    my %given;
    my $text = "$method $target " . ($o{version} // 'HTTP/1.1') . "\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $given{lc $name} = 1;
        $text .= "$name: $value\r\n";
    }

    $text .= "Host: localhost\r\n" if !$given{host};

    if (defined $o{body} && !$given{'content-length'}
        && !$given{'transfer-encoding'})
    {
        $text .= 'Content-Length: ' . length($o{body}) . "\r\n";
    }

    return "$text\r\n" . ($o{body} // '');
}


sub request {
    my ($self, $method, $target, %o) = @_;

    my $text = format_request($method, $target, %o);

    return $self->send($text)->receive(head => $method eq 'HEAD');
}


# Sends bytes as they are; a connection that the server has closed while it
# was idle is replaced first.

sub send {
    my ($self, $text) = @_;

    if ($self->{socket} && $self->{buffer} eq ''
        && IO::Select->new($self->{socket})->can_read(0))
    {
        my $n = sysread $self->{socket}, $self->{buffer}, 65536;
        $self->close if !$n;
    }

    $self->{socket} //= $self->connect
        or return $self;

    my $done = 0;

    while ($done < length $text) {
        my $n = syswrite $self->{socket}, $text, 65536, $done;
        last if !defined $n;
        $done += $n;
    }

    return $self;
}


sub receive {
    my ($self, %o) = @_;
    my $end = time + $self->{timeout};
    my $eof = 0;

    return Kanda::Answer->none('no connection') if !$self->{socket};

    my $select = IO::Select->new($self->{socket});

    while (1) {
        my $answer = Kanda::Answer->take(\$self->{buffer}, %o, eof => $eof);

        if ($answer) {
            $self->close if $eof || $answer->closes;
            return $answer;
        }

        if ($eof) {
            $self->close;
            return Kanda::Answer->none('closed');
        }

        my $left = $end - time;

        if ($left <= 0 || !$select->can_read($left)) {
            $self->close;
            return Kanda::Answer->none('timeout');
        }

        my $n = sysread $self->{socket}, $self->{buffer}, 65536,
                        length $self->{buffer};
        $eof = 1 if !$n;
    }
}


sub close {
    my ($self) = @_;

    close $self->{socket} if $self->{socket};
    delete $self->{socket};
    $self->{buffer} = '';
}

1;
