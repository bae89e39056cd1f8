package Kanda::Wire;

# A wire to a network of its own, in which a Redis may run that is then some
# other host's. Only for root.
#
#   my $wire = Kanda::Wire->new or ...;         # not possible here
#   Kanda::Redis->new(binary => $wire->redis, ...)
#   $wire->here; $wire->there;                  # addresses of both ends
#   $wire->inside('ip', 'addr', ...);           # a command at the other end

use strict;
use warnings;

use Kanda::Home;

my $owner = $$;
my @nets;


sub run { system(@_) == 0 }


sub new {
    my ($class) = @_;
    my $n = $$ + @nets;
    my $subnet = '10.' . (200 + $n % 50) . '.' . (int($n / 50) % 250);
    my $self = bless { net => "kanda$n", here => "$subnet.1",
                       there => "$subnet.2", spare => "$subnet.3",
                       near => "kh$n", far => "kt$n" }, $class;

    return if $> != 0 || system('sh', '-c', 'command -v ip > /dev/null')
              || !run('ip', 'netns', 'add', $self->{net});

    push @nets, $self->{net};
    my ($near, $far) = @$self{qw(near far)};

    return if !(run('ip', 'link', 'add', $near, 'type', 'veth', 'peer', 'name',
                    $far, 'netns', $self->{net})
                && run('ip', 'addr', 'add', "$self->{here}/24", 'dev', $near)
                && run('ip', 'link', 'set', $near, 'up')
                && $self->inside('ip', 'link', 'set', 'lo', 'up')
                && $self->inside('ip', 'addr', 'add', "$self->{there}/24",
                                 'dev', $far)
                && $self->inside('ip', 'link', 'set', $far, 'up'));

    # who has an address is asked once only, or its absence would be an answer
    my ($mac) = `ip -n $self->{net} link show $far` =~ m{link/ether (\S+)};
    run('ip', 'neigh', 'replace', $self->{there}, 'lladdr', $mac, 'dev', $near,
        'nud', 'permanent');

    return $self;
}


sub here  { $_[0]{here} }
sub there { $_[0]{there} }

sub inside {
    my ($self, @command) = @_;
    return run('ip', 'netns', 'exec', $self->{net}, @command);
}


# Its address goes, and comes back.

sub cut  { $_[0]->address('del') }
sub mend { $_[0]->address('add') }

sub address {
    my ($self, $what) = @_;
    return $self->inside('ip', 'addr', $what, "$self->{there}/24", 'dev',
                         $self->{far});
}


# Another address at this end, which the other end may be cut off from alone.

sub spare {
    my ($self) = @_;
    run('ip', 'addr', 'add', "$self->{spare}/24", 'dev', $self->{near})
        if !$self->{spared}++;
    return $self->{spare};
}

sub cut_spare {
    my ($self) = @_;
    return $self->inside('ip', 'route', 'add', 'blackhole', $self->{spare});
}

sub mend_spare {
    my ($self) = @_;
    return $self->inside('ip', 'route', 'del', 'blackhole', $self->{spare});
}


# By its socket Redis is in reach of us, by its address of nginx.

sub redis {
    my ($self) = @_;
    my $file = Kanda::Home::root() . "/redis-$self->{net}";

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh "#!/bin/sh\nexec ip netns exec $self->{net} redis-server ",
              "\"\$@\"\n";
    close $fh;
    chmod 0755, $file;
    return $file;
}


END {
    my $status = $?;
    $$ == $owner && -e "/run/netns/$_" && run('ip', 'netns', 'del', $_)
        for @nets;
    $? = $status;
}

1;
