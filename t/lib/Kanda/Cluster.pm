package Kanda::Cluster;

# A Redis Cluster of our own on loopback: so many masters, and a replica for
# each if asked.
#
#   my $set = Kanda::Cluster->new(masters => 3, replicas => 1)->start;
#   kanda_redis $set->url
#   $set->move($slot, $from, $to, sub { ... });     # between two of the nodes
#   $set->reshard($slots, $from, $to);              # the first so many
#
# With wire => Kanda::Wire->new, the first node is at its far end, and others
# have its spare address.

use strict;
use warnings;

use Kanda::Home;
use Kanda::Redis;
use Time::HiRes qw(sleep);


sub new {
    my ($class, %o) = @_;
    my $self = bless { masters => 3, replicas => 0, conf => [],
                       timeout => 1000, host => '127.0.0.1', %o }, $class;
    my $wire = $self->{wire};

    # the bus has a port of its own
    for my $n (1 .. $self->{masters} * (1 + $self->{replicas})) {
        my $host = !$wire ? $self->{host} : $n == 1 ? $wire->there
                                                    : $wire->spare;
        my @bind = $wire ? ('bind' => "127.0.0.1 $host",
                            'protected-mode' => 'no',
                            'bind-source-addr' => $host)
                   : $host =~ /:/ ? ('bind' => $host) : ();

        push @{ $self->{nodes} }, Kanda::Redis->new(port => 1, host => $host,
            ($wire && $n == 1 ? (binary => $wire->redis) : ()), conf => [
            @bind,
            'cluster-enabled' => 'yes',
            'cluster-port' => Kanda::Home::port(),
            'cluster-node-timeout' => $self->{timeout},
            'cluster-require-full-coverage' => 'no',
            'cluster-replica-validity-factor' => 0,
            'repl-diskless-sync-delay' => 0,
            @{ $self->{conf} } ]);
    }

    return $self;
}


sub start {
    my ($self) = @_;
    my @nodes = @{ $self->{nodes} };
    my $n = $self->{masters};
    my $size = 16384 / $n;

    $_->start for @nodes;
    return $self->whole if $self->{made}++;

    my %bus = map { my %c = @{ $_->{conf} };
                    ($_->port => $c{'cluster-port'}) } @nodes;

    for my $i (0 .. $n - 1) {
        my ($from, $to) = (int($i * $size), int(($i + 1) * $size) - 1);
        $nodes[$i]->command('CLUSTER', 'ADDSLOTSRANGE', $from, $to);
        $nodes[$i]->command('CLUSTER', 'SET-CONFIG-EPOCH', $i + 1);
    }

    for my $node (@nodes[1 .. $#nodes]) {
        $node->command('CLUSTER', 'MEET', $nodes[0]{host}, $nodes[0]->port,
                       $bus{ $nodes[0]->port });
    }

    $self->whole;

    for my $i ($n .. $#nodes) {
        my $id = $self->id($nodes[ $i - $n ]);
        Kanda::Home::wait_for('REPLICATE', 10, sub {
            $nodes[$i]->command('CLUSTER', 'REPLICATE', $id) eq 'OK' });
        Kanda::Home::wait_for('replication', 20, sub {
            $nodes[$i]->command('INFO', 'replication')
                =~ /master_link_status:up/ });
    }

    return $self;
}


# Waits until every node knows all others and all slots.

sub whole {
    my ($self) = @_;

    Kanda::Home::wait_for('a cluster', 30, sub {
        for my $node ($self->nodes) {
            my $info = $node->command('CLUSTER', 'INFO');
            my ($known) = $info =~ /cluster_known_nodes:(\d+)/;
            my ($covered) = $info =~ /cluster_slots_assigned:(\d+)/;
            return 0 if $known != $self->nodes || $covered != 16384
                        || $info !~ /cluster_state:ok/;
        }
        return 1;
    });

    return $self;
}


sub url {
    my ($self, @which) = @_;
    my @nodes = @which ? @which : @{ $self->{nodes} };
    return 'cluster://' . join ',', map { address($_) } @nodes;
}


sub address {
    my ($node) = @_;
    my $host = $node->{host} =~ /:/ ? "[$node->{host}]" : $node->{host};
    return "$host:" . $node->port;
}


# What tests ask of a single Redis: of all nodes, or of the key's.

sub pid    { $_[0]{nodes}[0]{pid} }
sub stop   { my ($self) = @_; $_->stop for $self->nodes; return $self }
sub kill9  { my ($self) = @_; $_->kill9 for $self->nodes; return $self }
sub freeze { $_->freeze for $_[0]->nodes }
sub thaw   { $_->thaw for $_[0]->nodes }

sub command {
    my ($self, $name, @words) = @_;

    if ($name eq 'KEYS') {
        return [ map { @{ $_->command($name, @words) } } $self->nodes ];
    }

    if ($name =~ /^(?:FLUSHALL|SCRIPT|CONFIG|SAVE|DBSIZE|CLIENT)$/) {
        return (map { $_->command($name, @words) } $self->nodes)[0];
    }

    return $self->commandstats if "$name @words" eq 'INFO commandstats';
    return $self->{nodes}[0]->command($name, @words) if !@words;
    my $key = $name =~ /^EVAL/ ? $words[2] : $words[0];
    return $self->owner($self->slot($key))->command($name, @words);
}

# How often each command was called, all in all.

sub commandstats {
    my ($self) = @_;
    my %calls;

    for my $node ($self->nodes) {
        my $info = $node->command('INFO', 'commandstats');
        $calls{$1} += $2 while $info =~ /^cmdstat_(\S+?):calls=(\d+)/mg;
    }

    return join '', map { "cmdstat_$_:calls=$calls{$_},\r\n" }
                    sort keys %calls;
}

sub dump {
    my ($self) = @_;
    return join '', map { $_->dump } $self->nodes;
}

sub nodes { @{ $_[0]{nodes} } }
sub id    { $_[1]->command('CLUSTER', 'MYID') }


# The one whose slot this is, as one of those who live says.

sub owner {
    my ($self, $slot) = @_;

    for my $teller (grep { $_->{pid} } $self->nodes) {
        my $ranges = eval { $teller->command('CLUSTER', 'SLOTS') };
        next if !ref $ranges;
        for my $range (@$ranges) {
            next if $slot < $range->[0] || $slot > $range->[1];
            my ($node) = grep { $_->port == $range->[2][1] } $self->nodes;
            return $node;
        }
    }

    return undef;
}


sub slot {
    my ($self, $key) = @_;
    return $self->{nodes}[0]->command('CLUSTER', 'KEYSLOT', $key);
}


# Moves a slot, one key at a time, with what the test does in between.

sub move {
    my ($self, $slot, $from, $to, $between) = @_;
    my ($source, $target) = ($self->id($from), $self->id($to));

    $to->command('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $source);
    $from->command('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $target);
    $between->() if $between;

    while (1) {
        my $keys = $from->command('CLUSTER', 'GETKEYSINSLOT', $slot, 1);
        last if !@$keys;
        my $r = $from->command('MIGRATE', $to->{host}, $to->port,
                               $keys->[0], 0, 2000);
        $r =~ /^(?:OK|NOKEY)/ or die "MIGRATE $keys->[0]: $r\n";
        $between->() if $between;
    }

    $_->command('CLUSTER', 'SETSLOT', $slot, 'NODE', $target)
        for $to, $from, grep { $_ != $to && $_ != $from
                               && $_->command('ROLE')->[0] eq 'master' }
                        $self->nodes;
}


# By Redis's own tool, which wants all nodes to agree.

sub reshard {
    my ($self, $slots, $from, $to) = @_;
    my $log = Kanda::Home::root() . '/reshard';

    Kanda::Home::wait_for('reshard', 60, sub {
        0 == system 'redis-cli --cluster reshard ' . address($from)
                    . ' --cluster-from ' . $self->id($from) . ' --cluster-to '
                    . $self->id($to) . " --cluster-slots $slots --cluster-yes"
                    . " > $log 2>&1" });
}


# So many slots of a node come before this one, or are it.

sub rank {
    my ($self, $node, $slot) = @_;
    my $rank = 0;

    for my $range (@{ $node->command('CLUSTER', 'SLOTS') }) {
        my ($first, $last) = @$range;
        next if $range->[2][1] != $node->port || $first > $slot;
        $rank += ($last < $slot ? $last : $slot) - $first + 1;
    }

    return $rank;
}

1;
