package Bench::Clients;

# TOTP clients whose secrets we know, and codes of theirs that nobody has used
# yet. Their period is the shortest, so that each has a new code every 10 s.

use strict;
use warnings;

use Bench::Service;
use Digest::SHA qw(hmac_sha1 sha1);
use IO::Socket::INET;
use Kanda::HTTP;
use Kanda::Totp;

use constant {
    PERIOD   => 10,
    WINDOW   => 1,
    LINKS    => 16,             # connections that register
    BATCH    => 20,             # requests that are under way on each
};


sub new {
    my ($class, $service, $prefix, $n, %more) = @_;
    my $self = bless { service => $service, more => \%more }, $class;

    $self->{clients} = [ map { { id     => sprintf('%s%06d', $prefix, $_),
                                 secret => sha1("$prefix$_"), last => 0 } }
                             1 .. $n ];
    $self->register;

    return $self;
}


# The text of a registration; a secret makes it an import.

sub registration {
    my ($id, %more) = @_;
    my %field = (clientId => $id, label => "$id\@example.com",
                 issuer => 'Bench', %more);

    return '{' . join(',', map { my $v = $field{$_};
                                 qq("$_":) . ($v =~ /^\d+\z/ ? $v : qq("$v"))
                           } sort keys %field) . '}';
}


sub register {
    my ($self) = @_;
    exchange($self->{service}, '201',
             map { $self->import_text($_) } @{ $self->{clients} });
}


sub import_text {
    my ($self, $client) = @_;
    my $secret = Kanda::Totp::base32_encode($client->{secret});

    return $self->{service}->k->request_text('POST', '/totp/register',
        $self->{service}->owner,
        registration($client->{id}, secret => $secret, period => PERIOD,
                     %{ $self->{more} }));
}


# Sends requests down some connections, some at a time, and wants one status
# of all.

sub exchange {
    my ($service, $status, @texts) = @_;
    my @links = map { Kanda::HTTP::dial($service->port) // die "no link\n" }
                    1 .. LINKS;

    while (@texts) {
        my @turns;

        for my $link (@links) {
            my @batch = splice @texts, 0, BATCH;
            print $link @batch;
            $link->flush;
            push @turns, [ $link, scalar @batch ];
        }

        read_answers(@$_, $status) for @turns;
    }
}


sub read_answers {
    my ($link, $n, $status) = @_;
    my $text = '';

    while ($n) {
        sysread $link, $text, 65536, length $text or die "closed\n";

        # a whole answer ends its JSON
        $n-- while $text =~ s{\AHTTP/1\.1 $status .*?\r\n\r\n\{[^\}]*\}}{}s;
        die "not $status: $text\n" if $text =~ m{\AHTTP/1\.1 (?!$status)};
    }
}


# Lines for requests.lua with n codes that will be right for some seconds yet,
# and what they spend. A client's codes come in the order of their steps.

sub right {
    my ($self, $n, $seconds) = @_;
    my $now = time;
    my $oldest = int(($now + $seconds) / PERIOD) - WINDOW;
    my $newest = int($now / PERIOD) + WINDOW;
    my (@lines, @spent);

    for my $step ($oldest .. $newest) {
        my $counter = pack 'Q>', $step;

        for my $client (@{ $self->{clients} }) {
            next if $client->{last} >= $step;
            push @lines, line($client, code($client, $counter));
            push @spent, [ $client, $step ];
            return (\@lines, \@spent) if @lines == $n;
        }
    }

    return (\@lines, \@spent);
}


# After the round: thread i of so many sent the first turns[i] of its lines.

sub spend {
    my ($self, $spent, @turns) = @_;

    for my $i (0 .. $#$spent) {
        my ($client, $step) = @{ $spent->[$i] };
        $client->{last} = $step if int($i / @turns) < $turns[$i % @turns];
    }
}


# Codes that were right and are still: spends the newest of each client.

sub replayed {
    my ($self) = @_;
    my $service = $self->{service};
    my $step = int(time / PERIOD) + WINDOW;
    my $counter = pack 'Q>', $step;
    my @lines = map { line($_, code($_, $counter)) } @{ $self->{clients} };

    exchange($service, '200', map {
        my ($body) = /([^\t]*)\z/;
        $service->k->request_text('POST', '/totp/validate', $service->owner,
                                  $body);
    } @lines);

    return \@lines;
}


# Codes that are wrong but for one in some hundred thousand, never the same
# twice in a row.

sub wrong {
    my ($self, $n) = @_;
    my @clients = @{ $self->{clients} };

    return [ map { line($clients[$_ % @clients],
                        sprintf '%06d', ($_ * 7919) % 1_000_000) }
                 1 .. $n ];
}


sub code {
    my ($client, $counter) = @_;
    my $mac = hmac_sha1($counter, $client->{secret});
    my $at = ord(substr $mac, -1) & 15;

    return sprintf '%06d',
                   (unpack('N', substr $mac, $at, 4) & 0x7fffffff) % 1_000_000;
}


sub line {
    my ($client, $code) = @_;
    return qq(POST\t/totp/validate\t)
           . qq({"clientId":"$client->{id}","token":"$code"});
}

1;
