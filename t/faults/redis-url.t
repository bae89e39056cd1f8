# Every way to say where Redis is and who asks; a password that goes wrong and
# right again; errors that Redis itself has.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $root = Kanda::Home::root();
my $redis = Kanda::Redis->new(port => 1, password => 'o p@n:s/1')->start;
my $port = $redis->port;
my $file = "$root/redis-password";

$redis->command('ACL', 'SETUSER', 'kanda', 'on', '>key', '~kanda:*',
                '+@all', '-flushall', '-keys', '-config', '-debug');


sub write_file {
    my ($text) = @_;
    open my $fh, '>', $file or die $!;
    chmod 0600, $file;
    print $fh $text;
    close $fh;
}


# The service with this directive.

my $k = Kanda->new(redis => undef, kanda => 'kanda_redis unix:/x;');

sub service {
    my ($directive) = @_;
    $k->nginx->{http} = "kanda_redis $directive;\nkanda_keys $k->{keys_file};";
    return $k;
}


sub works {
    my ($directive, $db) = @_;

    $redis->command('FLUSHALL');
    service($directive)->start_nginx;
    Kanda::Home::wait_for('greeting', 5, sub {
        $redis->command('INFO', 'keyspace') =~ /^db/m });
    sleep 0.1;
    my $who = eval { $k->account };
    ok($who, "kanda_redis $directive") or diag $@;

    my ($keys) = $redis->command('INFO', 'keyspace') =~ /^db$db:keys=(\d+)/m;
    my $others = () = $redis->command('INFO', 'keyspace') =~ /^db(?!$db:)/mg;
    ok($keys, "in database $db");
    is($others, 0, 'and in no other');

    $k->stop;
}


write_file("o p\@n:s/1\n");

works("unix:$redis->{socket} 'password=o p\@n:s/1'", 0);
works("unix:$redis->{socket} password_file=$file", 0);
works("unix:$redis->{socket} password_file=$file db=3", 3);
works("redis://127.0.0.1:$port password_file=$file", 0);
works("redis://127.0.0.1:$port/5 password_file=$file", 5);
works("redis://localhost:$port/2 password_file=$file", 2);
works("redis://:o%20p%40n%3As%2F1\@127.0.0.1:$port/1", 1);
works("redis://kanda:key\@127.0.0.1:$port", 0);
works("redis://127.0.0.1:$port user=kanda password=key db=1", 1);

write_file("key\r\n");
works("unix:$redis->{socket} user=kanda password_file=$file", 0);


# Mistakes that nginx -t finds

for my $case (
    [ 'redis.example', 'takes unix:' ],
    [ 'http://127.0.0.1', 'takes unix:' ],
    [ "redis://127.0.0.1:$port/x", 'database number' ],
    [ "redis://127.0.0.1:$port/-1", 'database number' ],
    [ "unix:$redis->{socket} db=99999999999", 'database number' ],
    [ "unix:$redis->{socket} db=", 'database number' ],
    [ "unix:$redis->{socket} user=kanda", 'user without a password' ],
    [ "redis://kanda\@127.0.0.1", 'user without a password' ],
    [ "unix:$redis->{socket} pass=x", 'knows user=' ],
    [ "unix:$redis->{socket} password_file=$root/none", 'password file' ],
    [ 'redis://no-such-host.invalid', 'host' ],
    [ 'redis://127.0.0.1:99999', 'port' ],
    [ 'sentinel://127.0.0.1', "the master's name" ],
    [ 'sentinel://127.0.0.1/', "the master's name" ],
    [ 'sentinel://127.0.0.1,/m', 'host' ],
    [ 'sentinel://127.0.0.1:99999/m', 'port' ],
    [ 'sentinel:///m', 'host' ],
    [ 'sentinel://127.0.0.1/m sentinel_user=x', 'user without a password' ],
    [ 'redis://127.0.0.1 sentinel_password=x', 'sentinel:// only' ],
    [ 'cluster://', 'takes unix:' ],
    [ 'cluster://127.0.0.1/x', "behind a cluster's hosts" ],
    [ 'cluster://127.0.0.1,,', 'host' ],
    [ 'cluster://127.0.0.1 db=1', 'database 0 only' ],
    [ "unix:$redis->{socket} tls", 'no TLS over a Unix socket' ],
) {
    my ($directive, $words) = @$case;
    my ($status, $text) = service($directive)->nginx->check;

    isnt($status, 0, "refused: $directive");
    like($text, qr/kanda_redis.*\Q$words\E|\Q$words\E.*kanda_redis/s,
         'with the reason');
    unlike($text, qr/Sanitizer|runtime error/, 'cleanly');
}


chmod 0644, $file;
isnt((service("unix:$redis->{socket} password_file=$file")->nginx->check)[0], 0,
     'refused: a password file that anybody can read');
chmod 0600, $file;


# D16: the password goes wrong at run time and right again

service("redis://kanda:key\@127.0.0.1:$port")->start_nginx;
Kanda::Home::allow(qr/\[alert\].*does not keep what it kept before/);
$redis->command('FLUSHALL');
$redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
Kanda::Home::wait_for('service', 5, sub { eval { $k->account } });
my $who = $k->account;

for my $trouble (
    [ 'a new password', [ 'resetpass', '>other' ], [ 'resetpass', '>key' ] ],
    [ 'the user off', ['off'], ['on'] ],
    [ 'no right to run scripts', ['-evalsha', '-eval'], ['+@all'] ],
    [ 'no right to the keys', ['resetkeys'], ['~kanda:*'] ],
) {
    my ($what, $wrong, $right) = @$trouble;
    my $mark = length $k->nginx->log_text;

    $redis->command('ACL', 'SETUSER', 'kanda', @$wrong);
    $redis->command('CLIENT', 'KILL', 'USER', 'kanda');

    my @status = map { sleep 0.05; $k->get('/totp', $who)->status } 1 .. 20;
    is(scalar(grep { $_ != 503 } @status[2 .. 19]), 0, "$what: 503")
        or diag "@status";

    my @lines = substr($k->nginx->log_text, $mark) =~ /\[err\].*kanda/g;
    cmp_ok(scalar @lines, '<=', 3, 'the log is not flooded');

    $redis->command('ACL', 'SETUSER', 'kanda', @$right);
    my $start = time;
    Kanda::Home::wait_for('recovery', 10,
                          sub { $k->get('/totp', $who)->status == 200 });
    cmp_ok(time - $start, '<', $ENV{KANDA_SAN} ? 10 : 2,
           'right again: serves without a reload');
}

$k->stop;

# neither in what nginx says, nor in what it shows of itself
unlike(Kanda::Home::slurp($k->nginx->{log}), qr/kanda:key|other/,
       'the log does not hold the password');

done_testing;
