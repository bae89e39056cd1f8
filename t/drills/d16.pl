# D16: Redis's rights change while it runs: no password any more, another
# password, a user who may do less.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D16', 'NOAUTH, WRONGPASS, NOPERM', full => 20);
my $k = $drill->k;
my $redis = $k->redis;

$k->start_redis;
$redis->command(qw(ACL SETUSER kanda on >secret ~* +@all));
$k->{kanda} = 'kanda_redis ' . $redis->url . " user=kanda password=secret;\n"
              . "kanda_keys $k->{keys_file};";
$drill->start;

# those that are connected keep their rights, if not their connections
sub kick { $redis->command('CLIENT', 'KILL', 'USER', 'kanda') }

for my $round ($drill->rounds) {
    for my $case ([ [ 'off' ], [ 'on' ] ],
                  [ [ 'resetpass', '>other' ], [ 'resetpass', '>secret' ] ],
                  [ [ '-evalsha' ], [ '+evalsha' ] ])
    {
        my ($less, $more) = @$case;
        $drill->round(
            sub { $redis->command('ACL', 'SETUSER', 'kanda', @$less);
                  kick(); sleep 1 },
            sub { $redis->command('ACL', 'SETUSER', 'kanda', @$more) });
    }
}

my @lines = Kanda::Home::slurp($k->nginx->{log}) =~ /\[error\].*kanda/g;
cmp_ok(scalar @lines, '<=', 8 * @{ $drill->{troubles} },
       'the log is not flooded');
$drill->finish(refused => 0.050);
