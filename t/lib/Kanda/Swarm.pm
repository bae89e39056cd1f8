package Kanda::Swarm;

# Many connections, each of which goes on with its next request as soon as it
# has its answer; for load that is mixed, and for histories.
#
#   my $swarm = Kanda::Swarm->new(\@ports, 32);
#   $swarm->run(sub { my ($i, $answer) = @_; ... return $request_text });
#
# The function is called for each connection with the answer to its last
# request, or undef at first; a connection is done when it returns nothing.
# An answer also has "began" and "ended". A text is sent on the port of its
# connection; [ $port, $text ] is sent there, on a connection of its own.
# ticks => function is called about every hundredth of a second.

use strict;
use warnings;

use Kanda::Answer;
use Kanda::HTTP;
use Time::HiRes qw(time);


sub new {
    my ($class, $ports, $size, %o) = @_;
    return bless { ports => ref $ports ? $ports : [ $ports ], size => $size,
                   timeout => 30, %o }, $class;
}


sub run {
    my ($self, $next, %o) = @_;
    my @links = map { { i => $_ } } 0 .. $self->{size} - 1;
    my %waiting;

    $self->proceed($_, $next, undef, \%waiting) for @links;

    my $end = time + $self->{timeout};

    while (%waiting && time < $end) {
        my $bits = '';
        vec($bits, $_, 1) = 1 for keys %waiting;

        select($bits, undef, undef, $o{ticks} ? 0.01 : 1);
        $o{ticks}->() if $o{ticks};

        for my $fd (grep { vec $bits, $_, 1 } keys %waiting) {
            my $link = $waiting{$fd};
            my $answer = $self->read_some($link) or next;

            delete $waiting{$fd};
            $self->proceed($link, $next, $answer, \%waiting);
            $end = time + $self->{timeout};
        }
    }

    $self->{unanswered} = keys %waiting;
    close $_->{socket} for grep { $_->{socket} } @links;
    return !%waiting;
}


sub read_some {
    my ($self, $link) = @_;
    my $n = sysread $link->{socket}, $link->{buffer}, 65536,
                    length $link->{buffer};
    my $answer = Kanda::Answer->take(\$link->{buffer}, eof => !$n,
                                     head => $link->{head});

    $answer ||= Kanda::Answer->none('closed') if !$n;
    return if !$answer;

    $answer->{began} = $link->{began};
    $answer->{ended} = time;

    if (!$n || $answer->closes) {
        close $link->{socket};
        delete $link->{socket};
    }

    return $answer;
}


sub proceed {
    my ($self, $link, $next, $answer, $waiting) = @_;
    my $text = $next->($link->{i}, $answer);

    return if !defined $text;

    my $port = $self->{ports}[ $link->{i} % @{ $self->{ports} } ];

    if (ref $text) {
        ($port, $text) = @$text;
        close delete $link->{socket} if $link->{socket};
    }

    $link->{socket} //= Kanda::HTTP::dial($port)
        or die "no connection to $port: $!\n";
    $link->{buffer} = '';
    $link->{head} = $text =~ /^HEAD /;
    $link->{began} = time;
    syswrite $link->{socket}, $text;

    $waiting->{fileno $link->{socket}} = $link;
}

1;
