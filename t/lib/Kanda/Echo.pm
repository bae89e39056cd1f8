package Kanda::Echo;

# An application behind nginx: it answers with the head of the request as it
# came, and sends back, in capitals, what comes over an upgraded connection.
#
#   my $port = Kanda::Echo::start();

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Kanda::Home;


sub start {
    my $port = Kanda::Home::port();

    Kanda::Home::spawn(
        command => [ $^X, '-It/lib', '-MKanda::Echo', '-e',
                     "Kanda::Echo::serve($port)" ],
        output  => Kanda::Home::root() . "/echo$port");
    Kanda::Home::wait_for('the application', 10, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) });

    return $port;
}


sub serve {
    my ($port) = @_;
    my $door = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
                                     LocalPort => $port, ReuseAddr => 1)
        or die "listen: $!\n";
    my $select = IO::Select->new($door);
    my (%came, %upgraded);

    while (1) {
        for my $s ($select->can_read) {
            if ($s == $door) {
                $select->add($door->accept || ());
                next;
            }

            if (!sysread $s, my ($bytes), 65536) {
                $select->remove($s);
                delete $_->{$s} for \%came, \%upgraded;
                close $s;
            } elsif ($upgraded{$s}) {
                syswrite $s, uc $bytes;
            } else {
                $came{$s} .= $bytes;
                $upgraded{$s} = answer($s, \$came{$s});
            }
        }
    }
}


# Answers the requests that are there; true once one was an upgrade.

sub answer {
    my ($s, $buffer) = @_;

    while ($$buffer =~ /\A(.*?\r\n)\r\n/s) {
        my $head = $1;
        my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
        my $all = length($head) + 2 + ($length // 0);

        return if length $$buffer < $all;
        substr $$buffer, 0, $all, '';

        if ($head =~ /^Upgrade: websocket\r$/mi) {
            syswrite $s, "HTTP/1.1 101 Switching Protocols\r\n"
                         . "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
            return 1;
        }

        syswrite $s, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                     . 'Content-Length: ' . length($head) . "\r\n\r\n$head";
    }

    return;
}

1;
