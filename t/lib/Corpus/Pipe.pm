package Corpus::Pipe;

# Sends generated requests and brings back an answer for each: in rows, one
# behind the other on connections that are kept; as streams of HTTP/2; or
# loosely, alone on a connection of its own, where nobody knows where it ends.
# The answers are in {answers}, and {at} is when it was sent.

use strict;
use warnings;

use Corpus::Mutate ();
use IO::Select;
use Kanda::Answer;
use Kanda::H2;
use Kanda::HTTP;
use Time::HiRes qw(time);

# Where the server hears nothing more for so long, we close our side; and so
# long we wait for it to close its own.
my ($IDLE, $PATIENCE) = (0.05, 20);

my $LAST = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
           . "Connection: close\r\n\r\n";


sub new {
    my ($class, $world) = @_;
    return bless { world => $world, links => [] }, $class;
}


sub link_to {
    my ($self) = @_;
    my $socket = Kanda::HTTP::dial($self->{world}{port})
        or die "no connection: $!\n";
    $socket->blocking(0);
    return { socket => $socket, in => '' };
}


# Reads and writes what can be read and written within that time; returns
# whether anything could.

sub turn {
    my ($patience, @links) = @_;
    my %of = map { $_->{socket} => $_ } @links;
    my ($in, $out) = IO::Select::select(
        IO::Select->new(map { $_->{socket} } @links),
        IO::Select->new(map { $_->{socket} } grep { $_->{out} ne '' } @links),
        undef, $patience);

    for my $link (map { $of{$_} } @{ $out // [] }) {
        my $n = syswrite $link->{socket}, $link->{out}, 262144;
        if (!defined $n && !$!{EAGAIN}) { $link->{out} = '' }
        substr($link->{out}, 0, $n // 0) = '';
    }

    for my $link (map { $of{$_} } @{ $in // [] }) {
        my $n = sysread $link->{socket}, $link->{in}, 262144,
                        length $link->{in};
        $link->{eof} = 1 if !$n && (defined $n || !$!{EAGAIN});
    }

    return @{ $in // [] } || @{ $out // [] };
}


# One row for each connection.  What stands behind an answer with which the
# server closes is sent again; so is, once, what got none.

sub rows {
    my ($self, @rows) = @_;

    while (grep { @$_ } @rows) {
        my @links;

        for my $n (grep { @{ $rows[$_] } } 0 .. $#rows) {
            my $link = $self->{links}[$n] //= $self->link_to;
            my $row = $rows[$n];
            my @now = $row->[0]{tried} ? $row->[0] : @$row;
            my $now = time;

            $_->{at} = $now for @now;
            $link->{out} = join '', map { Corpus::Mutate::text_of($_) } @now;
            @$link{qw(row left)} = ($row, scalar @now);
            push @links, $link;
        }

        while (my @busy = grep { $_->{left} && !$_->{eof} } @links) {
            turn($PATIENCE, @busy) or last;
            answered($_) for @busy;
        }

        for my $n (0 .. $#rows) {
            my $link = $self->{links}[$n] // next;
            unanswered($link) if $link->{left};
            undef $self->{links}[$n] if $link->{eof};
        }
    }
    return;
}


sub answered {
    my ($link) = @_;
    my $request;

    while ($link->{left}) {
        $request = $link->{row}[0];
        my $r = Kanda::Answer->take(\$link->{in}, eof => $link->{eof},
                                    head => $request->{method} eq 'HEAD')
            or last;
        shift @{ $link->{row} };
        $request->{answers} = [ $r ];
        $link->{left}--;

        if ($r->closes) {
            @$link{qw(eof left)} = (1, 0);
            return;
        }
    }

    if (!$link->{left} && $link->{in} ne '') {
        $request->{rest} = $link->{in};
        $link->{eof} = 1;
    }
    return;
}


sub unanswered {
    my ($link) = @_;
    my $request = $link->{row}[0];
    my $why = $link->{eof} ? 'closed' : 'timeout';

    @$link{qw(eof left)} = (1, 0);
    return if !$request->{tried}++;

    shift @{ $link->{row} };
    $request->{answers} = [ Kanda::Answer->none($why) ];
    return;
}


# All at once; then a plain request, to which the server closes if it finds it.

sub loose {
    my ($self, @requests) = @_;
    my @links;

    for my $request (@requests) {
        my $link = $self->link_to;
        $request->{at} = time;
        $link->{out} = $request->{loose} . $LAST;
        $link->{request} = $request;
        push @links, $link;
    }

    my $closed = 0;
    while (my @busy = grep { !$_->{eof} } @links) {
        next if turn($closed ? $PATIENCE : $IDLE, @busy);
        last if $closed++;
        shutdown $_->{socket}, 1 for @busy;
        $_->{out} = '' for @busy;
    }

    for my $link (@links) {
        my $request = $link->{request};
        my @methods = $request->{loose} =~ m{^(\S+) /}mg;
        my @answers;

        while (my $r = Kanda::Answer->take(\$link->{in}, eof => 1,
                   head => ($methods[@answers] // '') eq 'HEAD'))
        {
            push @answers, $r;
        }
        push @answers, Kanda::Answer->none('timeout') if !$link->{eof};
        $request->{answers} = \@answers;
        $request->{rest} = $link->{in};
    }
    return;
}


# As HTTP/2 has it, where it can.

sub pairs {
    my ($request) = @_;
    my @pairs = map { (lc $_->[0], $_->[1] =~ s/^\s+|\s+\z//gr) }
                    @{ $request->{headers} };

    return if grep { /[\0\r\n]/ } @pairs;
    return if grep { !/^[!-9;-~]+\z/ || $_ eq 'expect' }
                   @pairs[ grep { !($_ % 2) } 0 .. $#pairs ];
    return \@pairs;
}


sub streams {
    my ($self, @requests) = @_;
    my $h2 = $self->{h2};

    $h2 = $self->{h2} = Kanda::H2->new($self->{world}{port2})
        if !$h2 || $h2->{ended};

    my @streams = map {
        $_->{at} = time;
        $h2->send($_->{method}, Corpus::Mutate::target($_), pairs($_),
                  Corpus::Mutate::written($_));
    } @requests;

    for my $i (0 .. $#requests) {
        my $r = $h2->receive($streams[$i]);
        $requests[$i]{answers}
            = $r->status || $r->{error} eq 'timeout' ? [ $r ] : [];
    }
    return;
}


1;
