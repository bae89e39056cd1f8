package Kanda::Load;

# Requests from processes of their own, one after another, while the test does
# something to the servers.
#
#   my $load = Kanda::Load->new($port, 4, sub { $request_text }, pause => 0.002)
#                         ->start;
#   ...
#   my @got = $load->stop;      # { start, end, status, body, error, who, n }
#
# The function gets the process's number and the request's. Every second
# process keeps its connection; one that the server closed while it was idle is
# replaced, and only a request that got nothing on a kept one is sent again.

use strict;
use warnings;

use JSON::PP ();
use Kanda::Home;
use Kanda::HTTP;
use POSIX ();
use Time::HiRes qw(sleep time);

my $count = 0;


sub new {
    my ($class, $port, $size, $make, %o) = @_;
    return bless { port => $port, size => $size, make => $make,
                   pause => 0.002, timeout => 10, %o }, $class;
}


sub start {
    my ($self) = @_;

    # all stop when this is there: a signal would break off a wait
    $self->{stop} = Kanda::Home::root() . '/stop' . $count++;

    for my $who (0 .. $self->{size} - 1) {
        pipe my $read, my $write or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
            close $read;
            eval { $self->work($who, $write); 1 } or warn $@;
            close $write;
            POSIX::_exit(0);
        }

        close $write;
        push @{ $self->{pids} }, $pid;
        push @{ $self->{pipes} }, $read;
    }

    return $self;
}


# Answers are kept until the end, so that a full pipe holds nobody up.

sub work {
    my ($self, $who, $write) = @_;
    my $http = Kanda::HTTP->new($self->{port}, timeout => $self->{timeout});
    my $parent = getppid;
    my @lines;

    for (my $n = 0; !-e $self->{stop} && getppid == $parent; $n++) {
        my $text = $self->{make}->($who, $n);
        my $kept = defined $http->{socket};
        my $start = time;
        my $r = $http->send($text)->receive;

        if ($kept && !$r->status && $r->{error} eq 'closed') {
            $start = time;
            $r = $http->send($text)->receive;
        }

        push @lines, JSON::PP::encode_json({ who => $who, n => $n,
            start => $start, end => time, status => $r->status,
            body => $r->text, error => $r->{error} });

        $http->close if $who % 2;
        sleep $self->{pause} if $self->{pause};
    }

    print $write "$_\n" for @lines;
}


sub stop {
    my ($self) = @_;
    my @got;

    open my $stop, '>', $self->{stop} or die "stop: $!\n";

    for my $pipe (@{ $self->{pipes} }) {
        push @got, map { JSON::PP::decode_json($_) } <$pipe>;
    }

    waitpid $_, 0 for @{ $self->{pids} };
    @$self{qw(pids pipes)} = ();

    return sort { $a->{start} <=> $b->{start} } @got;
}


# How long answers took, in seconds: the value below which so many of 100 are.

sub percentile {
    my ($percent, @got) = @_;
    my @sorted = sort { $a <=> $b }
                 map { ref $_ ? $_->{end} - $_->{start} : $_ } @got;

    return @sorted ? $sorted[ int $percent / 100 * $#sorted ] : 0;
}


# "200 x 51, 503 x 2", to be shown when it is not what was expected.

sub tally {
    my %count;
    $count{ $_->{status} || "0 ($_->{error})" }++ for @_;
    return join ', ', map { "$_ x $count{$_}" } sort keys %count;
}

1;
