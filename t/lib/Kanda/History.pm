package Kanda::History;

# What a load has seen, a line for each request, and the rules that none of it
# may break.
#
#   my $history = Kanda::History->new;
#   $history->read($file);                      # lines of Kanda::Mix
#   $history->add(kind => 'code', ...);
#   my @broken = $history->broken;              # [ rule, text ]
#
# A line has the fields below, parted by tabs, "-" for none. The tenant is
# whose client it is; secret says which of the client's secrets, as each of a
# client's life is another; step is that of the code. Times are of the one
# clock of the load's machine. Status 0 is: no answer; 503: it may have been
# done or not. The verdict is what the answer said:
#
#   kind       request                        verdict
#   code       validate with a right code     true, false, or locked:SECONDS
#   wrong      validate with a wrong code     the same
#   register, rotate, delete                  -
#   unlock     the end of a lock              -
#   token      secret names a token           -
#   use        of that token                  -
#   revoke     of that token                  -
#   present    at the end: is it there?       1 or 0
#   logged     at the end: entries for codes  how many
#
# Rules: at most one true for a step (twice), none for an earlier step than one
# whose true has come (backwards), none after its secret was replaced (rotated)
# or its client deleted (deleted), none while locked (locked), none for a wrong
# code (wrong), none too long before or after its step (window); nothing done
# with a token that is revoked (revoked); what was acknowledged is there at the
# end (lost), what was deleted is not (returned); each decision about a code
# has one entry in the log (unlogged, overlogged); each error is a problem that
# a program can read (shape).

use strict;
use warnings;

our @FIELDS = qw(tenant client secret step code kind start end status verdict
                 shape);
our @RULES = qw(twice backwards rotated deleted locked wrong window revoked
                lost returned unlogged overlogged shape);

# these are of a loss of what was acknowledged, if nothing else explains them
our %LOSS = map { $_ => 1 }
            qw(backwards rotated deleted locked revoked lost returned unlogged);


sub new {
    my ($class, %o) = @_;
    return bless { lines => [], period => 10, window => 1, %o }, $class;
}


sub line {
    my (%o) = @_;
    return join("\t", map { defined $o{$_} && $o{$_} ne '' ? $o{$_} : '-' }
                          @FIELDS) . "\n";
}


sub read {
    my ($self, $file) = @_;
    open my $fh, '<', $file or die "$file: $!\n";

    while (my $text = <$fh>) {
        chomp $text;
        my %line;
        @line{@FIELDS} = map { $_ eq '-' ? undef : $_ } split /\t/, $text;
        push @{ $self->{lines} }, \%line;
    }

    return $self;
}


sub add {
    my ($self, @lines) = @_;
    push @{ $self->{lines} }, map { { %$_ } } @lines;
    return $self;
}


sub lines { @{ $_[0]{lines} } }


# All that is broken: [ rule, what ]. Limits are kept on the side of the
# service: what overlapped may have happened in either order.

sub broken {
    my ($self) = @_;
    my (%client, %tenant, %token);

    $self->{broken} = [];

    for my $l (sort { $a->{start} <=> $b->{start} } @{ $self->{lines} }) {
        push @{ $tenant{ $l->{tenant} } }, $l;
        push @{ $token{"$l->{tenant} $l->{secret}"} }, $l
            if $l->{kind} =~ /^(?:token|use|revoke)$/;
        push @{ $client{"$l->{tenant} $l->{client}"} }, $l
            if defined $l->{client};
        $self->say_so('shape', $l, $l->{shape}) if defined $l->{shape};
    }

    $self->codes($client{$_}) for sort keys %client;
    $self->locks($client{$_}) for sort keys %client;
    $self->kept($client{$_}) for sort keys %client;
    $self->tokens($token{$_}) for sort keys %token;
    $self->entries($tenant{$_}) for sort keys %tenant;

    return @{ $self->{broken} };
}


# How often each rule is broken.

sub count {
    my ($self) = @_;
    my %count;
    $count{ $_->[0] }++ for $self->broken;
    return \%count;
}


sub say_so {
    my ($self, $rule, $line, @more) = @_;
    push @{ $self->{broken} }, [ $rule, join ' ', $rule . ':',
        (map { "$_=$line->{$_}" } grep { defined $line->{$_} } @FIELDS),
        @more ];
}


sub acked { $_[0]{status} =~ /^2/ }
sub true  { acked($_[0]) && ($_[0]{verdict} // '') eq 'true' }


sub codes {
    my ($self, $lines) = @_;
    my (%true, %ended);

    # when a secret had certainly come to its end, and how
    for my $l (grep { acked($_) && $_->{kind} =~ /^(?:rotate|delete)$/ }
                    @$lines)
    {
        $ended{ $l->{secret} } //= [ $l->{end}, "$l->{kind}d" ];
    }

    for my $l (grep { true($_) } @$lines) {
        if ($l->{kind} eq 'wrong') {
            $self->say_so('wrong', $l);
            next;
        }

        my $secret = $l->{secret};
        my $gone = $ended{$secret};

        $self->say_so('twice', $l) if $true{$secret}{ $l->{step} }++;
        $self->say_so($gone->[1], $l) if $gone && $gone->[0] < $l->{start};

        my $opens = ($l->{step} - $self->{window}) * $self->{period};
        my $shuts = ($l->{step} + 1 + $self->{window}) * $self->{period};

        $self->say_so('window', $l)
            if $l->{end} < $opens - ($self->{skew} // 0)
            || $l->{start} >= $shuts + ($self->{skew} // 0);
    }

    # by the times at which trues had come: the latest step of those
    my (%latest, %at);

    my @events = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
                 map { ([ $_->{start}, 0, $_ ], [ $_->{end}, 1, $_ ]) }
                 grep { true($_) && $_->{kind} eq 'code' } @$lines;

    for my $event (@events) {
        my (undef, $ends, $l) = @$event;
        my $s = $l->{secret};

        if (!$ends) {
            $at{$l} = $latest{$s};
            next;
        }

        $self->say_so('backwards', $l)
            if defined $at{$l} && $l->{step} < $at{$l};
        $latest{$s} = $l->{step}
            if !defined $latest{$s} || $l->{step} > $latest{$s};
    }
}


# A refusal says for how long, rounded up to seconds.

sub locks {
    my ($self, $lines) = @_;
    my @locked = grep { ($_->{verdict} // '') =~ /^locked:/ } @$lines
        or return;
    my @ends = grep { $_->{kind} =~ /^(?:unlock|rotate|delete|register)$/ }
                    @$lines;

    for my $l (grep { true($_) } @$lines) {
        for my $lock (@locked) {
            my ($seconds) = $lock->{verdict} =~ /:(\d+)/;

            next if $l->{start} <= $lock->{end}
                    || $l->{end} >= $lock->{start} + $seconds - 1
                    || grep { $_->{end} >= $lock->{start}
                              && $_->{start} <= $l->{end} } @ends;

            $self->say_so('locked', $l);
            last;
        }
    }
}


# The client is what the last that was done to it has made of it. Where that is
# not known, nothing is asked.

sub kept {
    my ($self, $lines) = @_;
    my ($last) = grep { $_->{kind} =~ /^(?:register|rotate|delete)$/ }
                 reverse @$lines or return;

    return if !acked($last) && $last->{status} != 409
              && $last->{status} != 404;

    for my $l (grep { $_->{kind} eq 'present' && $_->{start} > $last->{end} }
                    @$lines)
    {
        next if !defined $l->{verdict};
        $self->say_so('lost', $l)
            if $last->{kind} ne 'delete' && acked($last) && !$l->{verdict};
        $self->say_so('returned', $l)
            if $last->{kind} eq 'delete' && $l->{verdict};
    }
}


sub tokens {
    my ($self, $lines) = @_;
    my ($dead) = sort { $a <=> $b } map { $_->{end} }
                 grep { $_->{kind} eq 'revoke' && acked($_) } @$lines;

    return if !defined $dead;

    for my $l (grep { $_->{kind} =~ /^(?:use|revoke)$/ && acked($_)
                      && $_->{start} > $dead } @$lines)
    {
        $self->say_so('revoked', $l);
    }
}


# Decisions that were told of, and those that may have been made.

sub entries {
    my ($self, $lines) = @_;
    my ($sure, $maybe) = (0, 0);

    for my $logged (grep { $_->{kind} eq 'logged' } @$lines) {
        for my $l (grep { $_->{kind} =~ /^(?:code|wrong)$/
                          && $_->{start} < $logged->{start} } @$lines)
        {
            $l->{status} =~ /^(?:200|404|429)$/ ? $sure++ : $maybe++;
        }

        my $n = $logged->{verdict};
        $self->say_so('unlogged', $logged, "decisions=$sure") if $n < $sure;
        $self->say_so('overlogged', $logged, "decisions=$sure..",
                      $sure + $maybe) if $n > $sure + $maybe;
    }
}

1;
