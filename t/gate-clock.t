# A gate goes by Redis's clock: a server whose own is wrong lets nobody in for
# longer, and keeps nobody out.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

plan skip_all => 'a sanitizer and libfaketime do not mix' if $ENV{KANDA_SAN};

my $k = Kanda->new(workers => 1, faketime => 1,
    allow  => [ qr/lets in whoever registers/ ],
    server => Kanda::Auth::location('kanda_session idle=30m;')
              . 'location /app/ { kanda_require user; }
                 location /fresh/ { kanda_require otp max_age=5m; }');

mkdir $k->nginx->dir . "/html/$_" for 'app', 'fresh';
for my $name ('app', 'fresh') {
    open my $fh, '>', $k->nginx->dir . "/html/$name/page" or die $!;
    print $fh 'page';
}

$k->nginx->set_time('+0');
$k->start;

my $redis = $k->redis;
my $me = Kanda::Auth->new($k)->register->login->enrol;
my ($account, $sid) = $me->{jar}{kanda_default} =~ /^(.{26})(.{22})\./;
my $session = "kanda:{$account}:session:$sid";
my %kept = @{ $redis->command('HGETALL', $session) };


# A session that Redis takes to have been seen, and its factor shown, so many
# seconds ago.

sub aged {
    my ($seen, $shown) = @_;
    my ($sec) = @{ $redis->command('TIME') };
    my $o = $kept{o} =~ s/^\d+ \d+/($sec - 9000) * 1000 . ' '
                                   . ($sec + 9000) * 1000/er;
    $redis->command('DEL', $session);
    $redis->command('HSET', $session, %kept, o => $o,
                    l => ($sec - $seen) * 1000, f => ($sec - $shown) * 1000);
}

sub status {
    my ($path) = @_;
    return $me->other(mount => '', jar => $me->{jar})->get($path)->status;
}

for my $off ('+0', '-3600', '+3600', '-290', '-86400') {
    $k->nginx->set_time($off);
    select undef, undef, undef, 1.2;

    for my $case ([ 1, 1, 200, 200 ], [ 60, 290, 200, 200 ],
                  [ 1700, 310, 200, 401 ], [ 3600, 3600, 401, 401 ],
                  [ 1900, 1, 401, 401 ], [ 10, 300.5, 200, 401 ])
    {
        my ($seen, $shown, $app, $fresh) = @$case;

        aged($seen, int $shown + 0.5);
        is(status('app/page'), $app, "$off s: seen $seen s ago");
        aged($seen, int $shown + 0.5);
        is(status('fresh/page'), $fresh, "$off s: shown $shown s ago");
        aged($seen, int $shown + 0.5);
        status('app/page');             # and once more, from what is known
        is(status('fresh/page'), $fresh, "$off s: shown $shown s ago, again");
    }
}

done_testing;
