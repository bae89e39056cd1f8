# D9: a black hole. Redis is at the other end of a wire, in a network of its
# own, and at a word nobody there has its address any more: packets go, none
# comes back.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

my ($id, $name) = ('D9', 'black hole between nginx and Redis');
my $net = "kanda$$";
my ($here, $there) = ("kh$$", "kt$$");
my $subnet = '10.' . (200 + $$ % 50) . '.' . (int($$ / 50) % 250);

sub ip { system('ip', @_) == 0 }

Kanda::Drill->impossible($id, $name, 'it needs root and ip')
    if $> != 0 || system('sh', '-c', 'command -v ip > /dev/null');
Kanda::Drill->impossible($id, $name, 'no network namespaces here')
    if !ip('netns', 'add', $net);

END { ip('netns', 'del', $net) if $net && -e "/run/netns/$net" }

my @in = ('-n', $net);
my @address = ("$subnet.2/24", 'dev', $there);

ip('link', 'add', $here, 'type', 'veth', 'peer', 'name', $there, 'netns', $net)
    && ip('addr', 'add', "$subnet.1/24", 'dev', $here)
    && ip('link', 'set', $here, 'up') && ip(@in, 'link', 'set', 'lo', 'up')
    && ip(@in, 'addr', 'add', @address) && ip(@in, 'link', 'set', $there, 'up')
    or Kanda::Drill->impossible($id, $name, 'no wires between networks here');

# who has an address is asked once only, or its absence would be an answer
my ($mac) = `ip -n $net link show $there` =~ m{link/ether (\S+)};
ip('neigh', 'replace', "$subnet.2", 'lladdr', $mac, 'dev', $here,
   'nud', 'permanent');

# by its socket Redis is in reach of us, by its address of nginx
open my $fh, '>', Kanda::Home::root() . '/redis-server' or die $!;
print $fh "#!/bin/sh\nexec ip netns exec $net redis-server \"\$@\"\n";
close $fh;
chmod 0755, Kanda::Home::root() . '/redis-server';

my $drill = Kanda::Drill->new($id, $name, full => 10, redis => {
    port => 1, binary => Kanda::Home::root() . '/redis-server',
    conf => [ bind => "127.0.0.1 $subnet.2", 'protected-mode' => 'no' ],
});
my $k = $drill->k;

$k->{kanda} = "kanda_redis redis://$subnet.2:" . $k->redis->port . ";\n"
              . "kanda_keys $k->{keys_file};";
$drill->start;

for my $round ($drill->rounds) {
    $drill->round(sub { ip(@in, 'addr', 'del', @address); sleep 6 },
                  sub { ip(@in, 'addr', 'add', @address) });
}

$drill->finish(refused => 0.600);
