package Kanda::Answer;

# One HTTP answer, taken from the front of a buffer.

use strict;
use warnings;

use JSON::PP ();

my $JSON = JSON::PP->new->utf8->allow_nonref;


# Cuts a whole answer off the buffer, or returns nothing: more has to come.

sub take {
    my ($class, $buffer, %o) = @_;

    $$buffer =~ s/\A(?:HTTP\/1\.1 100 [^\r\n]*\r\n\r\n)+//;

    if ($$buffer !~ /\A(HTTP\/\S+ +(\d{3}) ?([^\r\n]*)\r\n.*?\r\n)\r\n/s) {
        return;
    }

    my $self = bless { raw => $1, status => $2, reason => $3, headers => {} },
                     $class;
    my $start = length($1) + 2;

    for my $line (split /\r\n/, $self->{raw}) {
        my ($name, $value) = $line =~ /^([^:\s]+):\s*(.*?)\s*$/ or next;
        my $old = $self->{headers}{lc $name};
        $self->{headers}{lc $name} = defined $old ? "$old, $value" : $value;
    }

    my $end = $self->body($buffer, $start, %o);

    return if !defined $end;

    substr $$buffer, 0, $end, '';
    return $self;
}


# Finds the body; returns where it ends.

sub body {
    my ($self, $buffer, $start, %o) = @_;
    my $length = $self->{headers}{'content-length'};

    $self->{body} = '';

    if ($o{head} || $self->{status} =~ /^(?:1..|204|304)$/) {
        return $start;
    }

    if (($self->{headers}{'transfer-encoding'} // '') eq 'chunked') {
        return $self->chunks($buffer, $start);
    }

    if (defined $length) {
        if (length($$buffer) < $start + $length) {
            return if !$o{eof};
            $self->{truncated} = 1;
            $length = length($$buffer) - $start;
        }

        $self->{body} = substr $$buffer, $start, $length;
        return $start + $length;
    }

    return if !$o{eof};

    $self->{body} = substr $$buffer, $start;
    return length $$buffer;
}


sub chunks {
    my ($self, $buffer, $at) = @_;

    while (1) {
        pos($$buffer) = $at;
        $$buffer =~ /\G([0-9a-fA-F]+)[^\r\n]*\r\n/g or return;

        my $size = hex $1;
        $at = pos $$buffer;

        return if length($$buffer) < $at + $size + 2;
        return $at + 2 if $size == 0;

        $self->{body} .= substr $$buffer, $at, $size;
        $at += $size + 2;
    }
}


sub none {
    my ($class, $error) = @_;
    return bless { status => 0, reason => '', error => $error, raw => '',
                   headers => {}, body => '' }, $class;
}


# One that came as pairs and a body.

sub made {
    my ($class, $body, @pairs) = @_;
    my $self = bless { reason => '', headers => {}, body => $body }, $class;
    my $raw = '';

    while (my ($name, $value) = splice @pairs, 0, 2) {
        if ($name eq ':status') {
            $self->{status} = $value;
            next;
        }

        my $old = $self->{headers}{$name};
        $self->{headers}{$name} = defined $old ? "$old, $value" : $value;
        $raw .= "$name: $value\r\n";
    }

    $self->{raw} = "HTTP/2 $self->{status}\r\n$raw";
    return $self;
}


sub header { $_[0]{headers}{lc $_[1]} }
sub status { $_[0]{status} }
sub text   { $_[0]{body} }


# The body as data, or undef if it is no JSON.

sub json {
    my ($self) = @_;
    $self->{json} = eval { $JSON->decode($self->{body}) }
        if !exists $self->{json};
    return $self->{json};
}


sub closes {
    my ($self) = @_;
    my $connection = lc($self->{headers}{connection} // '');

    return 1 if $connection eq 'close';
    return $self->{raw} =~ /^HTTP\/1\.0/ && $connection ne 'keep-alive';
}

1;
