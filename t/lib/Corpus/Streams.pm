package Corpus::Streams;

# The cases of a section once more, over HTTP/2: many at once, and one by one
# those that make or change something.  What is about HTTP/1.1 stays there.

use strict;
use warnings;

use Kanda::H2;

my $MANY = 100;

# Fields that are the connection's, or that :authority replaces.
my $HOP = join '|', qw(connection expect host keep-alive proxy-connection te
                       transfer-encoding upgrade);

# A status without a code of ours.
my $BARE = qr/(?:^|or) *[45]\d\d *(?:or|$)/;


sub new {
    my ($class, $run) = @_;
    my @workers = $run->{world}{k}->nginx->worker_pids;

    return bless { run => $run, workers => \@workers, h2 => [], next => 0 },
                 $class;
}


# Each worker in turn; a connection that was ended is made again.

sub connection {
    my ($self) = @_;
    my $n = $self->{next}++ % @{ $self->{workers} };
    my $h2 = $self->{h2}[$n];

    return $h2 if $h2 && !$h2->{ended};
    return $self->{h2}[$n] = to_worker($self->{run}{world}{port2},
                                       $self->{workers}[$n]);
}


sub to_worker {
    my ($port, $worker) = @_;

    for (1 .. 50) {
        my $h2 = Kanda::H2->new($port);
        my $r = $h2->receive($h2->send('GET', '/api/', []));
        return $h2 if ($r->header('x-worker') // '') eq $worker;
    }
    die "no connection reaches worker $worker\n";
}


# The request's fields as pairs, if HTTP/2 can carry it at all.

sub pairs {
    my ($case, $request) = @_;
    my @pairs;

    return if $case->{raw} || $case->{read} || defined $case->{length}
        || $case->{expect} =~ /;|^close\z/ || $request->{path} !~ m{^/}
        || ($case->{makes} // '') eq 'account';     # a hash for each

    for (@{ $request->{headers} }) {
        my ($name, $value) = /^([!-9;-~]+):[ \t]*([^\0\r\n]*?)[ \t]*\z/
            or return;
        return if $name =~ /^(?:$HOP)\z/i;
        push @pairs, lc $name, $value;
    }
    return \@pairs;
}


# Cases with their requests and values; returns the complaints.  Where nginx
# itself refuses, it may end the stream, and its neighbours', without a word.

sub section {
    my ($self, @sent) = @_;
    my (@many, @bad);

    for my $one (@sent) {
        my ($case, $request) = @$one;
        my $pairs = pairs($case, $request) // next;

        if (grep { $case->{$_} } qw(makes then touches client)) {
            push @bad, $self->some(splice @many), $self->alone($one, $pairs);

        } elsif ($case->{expect} =~ /$BARE/) {
            push @bad, $self->some([ $one, $pairs, 'or close' ]);

        } else {
            push @many, [ $one, $pairs ];
            push @bad, $self->some(splice @many) if @many == $MANY;
        }
    }
    return (@bad, $self->some(@many));
}


# A client of the case's own has had its code: another one.

sub alone {
    my ($self, $one, $pairs) = @_;
    my ($run, $case) = ($self->{run}, $one->[0]);

    return $self->some([ $one, $pairs ])
        if ($case->{client} // '') ne 'fresh';

    my $client = $run->{world}->client;
    my $values = $run->{world}->values_for($client);
    my $request = $run->request($case, $values);
    my @bad = $self->some([ [ $case, $request, $values ],
                            pairs($case, $request) ]);
    $run->{world}->forget($client->{clientId});
    return @bad;
}


sub some {
    my ($self, @many) = @_;
    return if !@many;

    my $run = $self->{run};
    my $h2 = $self->connection;
    my @bad;

    my @streams = map {
        my ($request, $pairs) = ($_->[0][1], $_->[1]);
        $h2->send(@$request{qw(method path)}, $pairs, $request->{body});
    } @many;

    for my $i (0 .. $#many) {
        my ($case, $request, $values) = @{ $many[$i][0] };
        my %case = (%$case, expect => "$case->{expect} "
                                      . ($many[$i][2] // ''));
        my $r = $h2->receive($streams[$i]);

        $run->{on2}{ $r->header('x-worker') }++ if $r->header('x-worker');
        push @bad, $run->told($case, $request, map { "HTTP/2: $_" }
            $run->judged(\%case, $request, [ $r ], $values));
    }
    return @bad;
}


1;
