package Kanda::Metrics;

# What a service counts, and what something adds to it:
#
#   my $k = Kanda->new(server => Kanda::Metrics::location())->start;
#   my $m = Kanda::Metrics->new($k);
#
#   is($m->get('kanda_redis_connected'), 1);
#   is_deeply($m->added(qr/^verdicts/, sub { $k->validate(...) }),
#             { 'verdicts{client,valid}' => 1 });
#
# Names come without kanda_ and _total, labels as their values alone, in the
# order of their names.

use strict;
use warnings;

use Kanda::HTTP;


sub location { 'location = /metrics { kanda_serve metrics; }' }


sub new {
    my ($class, $k, %o) = @_;
    return bless { port => $k->port, path => '/metrics', %o }, $class;
}


# On a connection of its own: any worker may answer, also a new one.

sub text {
    my ($self) = @_;
    my $r = Kanda::HTTP->new($self->{port})->request('GET', $self->{path});

    $r->status == 200 or die "$self->{path}: $r->{status} $r->{body}\n";
    return $r->text;
}


sub all {
    my ($self) = @_;
    my %all;

    for my $line (split /\n/, $self->text) {
        next if $line =~ /^#/;
        my ($name, $labels, $value) = $line =~ /^(\w+)(?:\{(.*)\})? (\S+)$/
            or die "no metric: $line\n";
        my @values = ($labels // '') =~ /\w+="((?:\\.|[^"\\])*)"/g;

        $name =~ s/^kanda_//;
        $name =~ s/_total$//;
        $name .= '{' . join(',', @values) . '}' if @values;

        die "twice: $line\n" if exists $all{$name};
        $all{$name} = $value;
    }

    return \%all;
}


sub get { $_[0]->all->{$_[1]} // 0 }


# What of those names is more, or less, after the code has run.

sub added {
    my ($self, $names, $code) = @_;
    my $before = $self->all;

    $code->();

    my $after = $self->all;
    my %added;

    for my $name (grep { /$names/ && !/^requests\{metrics,/ } keys %$after) {
        my $n = $after->{$name} - ($before->{$name} // 0);
        $added{$name} = $n if $n;
    }

    for my $name (keys %$before) {
        die "$name is gone\n" if !exists $after->{$name};
    }

    return \%added;
}

1;
