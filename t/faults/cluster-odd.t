# What a cluster may say that it should not, or seldom does: maps with holes,
# nodes without an address or with a name, circles; nodes that hang; IPv6; the
# reads that are no scripts, while their slot moves.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::CA;
use Kanda::Cluster;
use Kanda::Load;
use Kanda::Proxy;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $set = Kanda::Cluster->new(masters => 3)->start;
my ($first, $second, $third) = $set->nodes;

my $k = Kanda->new(redis => undef, workers => 1, kanda => '',
    server => Kanda::Auth::location('kanda_session idle=30m;')
        . 'location /inner/ { kanda_require user; try_files /none =204; }',
    location => 'kanda_registration on;');

sub service {
    my ($url) = @_;
    delete $k->{http_link};
    $k->nginx->{http} = "kanda_redis $url;\nkanda_keys $k->{keys_file};";
    return $k;
}


# HMGET of a session, key by key: asked of the new node, once it is there

service($set->url)->start_nginx;
my $me = Kanda::Auth->new($k)->register->login;
my ($tag) = map { @{ $_->command('KEYS', 'kanda:{*:session:*') } } $set->nodes;
my $slot = $set->slot($tag);
my $from = $set->owner($slot);
my ($to) = grep { $_ != $from } $set->nodes;
my $cookie = join '; ', map { "$_=$me->{jar}{$_}" } sort keys %{ $me->{jar} };

sub inner {
    return Kanda::HTTP::format_request('GET', '/inner/',
        headers => [ Cookie => $cookie ]);
}

my $http = $k->connect;
is($http->send(inner())->receive->status, 204, 'a session opens the gate');

my $load = Kanda::Load->new($k->port, 2, \&inner)->start;
$set->move($slot, $from, $to, sub { sleep 0.03 });
sleep 0.1;
my @got = $load->stop;
is(scalar(grep { $_->{status} != 204 } @got), 0, 'also while it moves')
    or diag Kanda::Load::tally(@got);
note Kanda::Load::tally(@got);
$set->move($slot, $to, $from);


# A master hangs: what the other has is served

my @who = map { $k->account } 1 .. 16;
my ($its) = grep { $set->owner($set->slot("kanda:{$_->{userId}}")) == $second }
            @who;
my ($others) = grep { $set->owner($set->slot("kanda:{$_->{userId}}"))
                      == $first } @who;
my ($pid) = $k->nginx->worker_pids;

for my $round (1 .. 2) {
    $second->freeze;
    my $frozen = time;
    $load = Kanda::Load->new($k->port, 2, sub {
        $k->request_text('GET', '/totp', $_[0] ? $its : $others) })->start;
    sleep 2.5;
    @got = $load->stop;

    is(scalar(grep { !$_->{who} && $_->{status} != 200 } @got), 0,
       'a node hangs, others are served') or diag Kanda::Load::tally(@got);
    is(scalar(grep { $_->{who} && $_->{status} != 503 } @got), 0,
       'its own accounts get 503');
    my @slow = grep { !$_->{who} && $_->{end} - $_->{start} > 0.25 } @got;
    cmp_ok(scalar @slow, '<=', 1, 'and nobody waits for it') or diag
        map { sprintf "after %.2f s: %.2f s\n", $_->{start} - $frozen,
              $_->{end} - $_->{start} } @slow if !$san;
    note map { sprintf "after %.2f s: %.2f s\n", $_->{start} - $frozen,
              $_->{end} - $_->{start} } @slow;

    $second->thaw;
    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/totp', $its)->status == 200 });
}

is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');
$k->stop;


# A leaving worker still serves, and then leaves

service($set->url)->start_nginx;
is($k->get('/totp', $its)->status, 200, 'served');
my $start = time;
$k->nginx->quit;
cmp_ok(time - $start, '<', $san ? 20 : 3, 'workers leave at once');


# Maps that somebody made up

my $one = Kanda::Cluster->new(masters => 1)->start;
my ($node) = $one->nodes;
my $proxy = Kanda::Proxy->new($node->port)->start;
my $by_proxy = 'cluster://127.0.0.1:' . $proxy->port;
my $port = $node->port;

sub range {
    my ($from, $to, $host, $p) = @_;
    return "*3\r\n:$from\r\n:$to\r\n*2\r\n"
        . (defined $host ? '$' . length($host) . "\r\n$host\r\n" : "\$-1\r\n")
        . ":$p\r\n";
}

for my $case (
    [ 'an empty host', 1, "*1\r\n" . range(0, 16383, '', $port) ],
    [ 'no host', 1, "*1\r\n" . range(0, 16383, undef, $port) ],
    [ 'an address', 1, "*1\r\n" . range(0, 16383, '127.0.0.1', $port) ],
    [ 'a node without an address', 1, "*2\r\n" . range(0, 16383, '127.0.0.1',
      $port) . range(0, 0, '', 0) ],
    [ 'a node that is away', undef, "*2\r\n" . range(0, 8000, '127.0.0.1', 1)
      . range(8001, 16383, '127.0.0.1', $port) ],
    [ 'a range twice', 1, "*2\r\n" . range(0, 16383, '127.0.0.1', $port)
      . range(0, 16383, '127.0.0.1', $port) ],
    [ 'a name', 0, "*1\r\n" . range(0, 16383, 'redis.example', $port) ],
    [ 'no name', 0, "*1\r\n" . range(0, 16383, '?', $port) ],
    [ 'no slots', 0, "*0\r\n" ],
    [ 'slots that are none', 0, "*2\r\n" . range(-5, 16383, '', $port)
      . range(0, 16384, '', $port) ],
    [ 'a range backwards', 0, "*1\r\n" . range(16383, 0, '', $port) ],
    [ 'a port that is none', 0, "*1\r\n" . range(0, 16383, '', 99999) ],
    [ 'another kind', 0, "*1\r\n:7\r\n" ],
    [ 'short', 0, "*1\r\n*2\r\n:0\r\n:1\r\n" ],
    [ 'empty', 0, "*1\r\n*3\r\n:0\r\n:16383\r\n*0\r\n" ],
    [ 'text', 0, "\$5\r\nhello\r\n" ],
    [ 'an error', 0, "-ERR This instance has cluster support disabled\r\n" ],
    [ 'cut off', 0, "*1\r\n*3\r\n:0" ],
) {
    my ($what, $served, $reply) = @$case;

    $node->command('FLUSHALL');
    $proxy->rule(on => qr/SLOTS/, replace => $reply);
    service($by_proxy)->start_nginx;
    sleep $served ? 0.1 : 0.4;
    ($pid) = $k->nginx->worker_pids;
    my @status = map { $k->post('/auth/register', undef,
        { email => "a$_\@example.com", password => 'a long enough one' })
        ->status } 1 .. 4;
    my $want = $served ? '201 201 201 201' : '503 503 503 503';

    defined $served ? is("@status", $want, "a map with $what")
        : is(scalar(grep { $_ != 201 && $_ != 503 } @status), 0, $what);
    is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');
    like($k->nginx->log_text, qr/kanda: Redis .* names a node by/, 'says why')
        if $what =~ /name/;
    $k->stop;
}


# Redirections in circles, and to nowhere

sub served_by_proxy {
    $node->command('FLUSHALL');
    $proxy->rule;
    $proxy->rule(on => qr/SLOTS/,
        replace => "*1\r\n" . range(0, 16383, '', $proxy->port));
    service($by_proxy)->start_nginx;
    sleep 0.3;
    return $k->account;
}

for my $reply (
    'MOVED 5 127.0.0.1:' . $proxy->port, 'MOVED 5 :' . $proxy->port,
    'ASK 5 127.0.0.1:' . $proxy->port, 'MOVED 5 127.0.0.1:1', 'MOVED',
    'MOVED ', 'MOVED 5', 'MOVED 5 ', 'MOVED x y:z', 'MOVED 5 :', 'ASK',
    'MOVED 99999 127.0.0.1:1', 'MOVED 5 redis.example:6379',
    'MOVED 5 ::1:1', 'TRYAGAIN Multiple keys', 'CLUSTERDOWN The cluster',
    'LOADING Redis is loading',
) {
    my $who = served_by_proxy();
    ($pid) = $k->nginx->worker_pids;

    $proxy->rule(replace => "-$reply\r\n" x 30);
    my $r = $k->get('/totp', $who);
    like($r->status, $reply =~ /^ASK 5|^TRY/ ? qr/503|200/ : qr/503/,
         "-$reply");
    $proxy->rule(on => qr/SLOTS/,
        replace => "*1\r\n" . range(0, 16383, '', $proxy->port));
    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/totp', $who)->status == 200 });
    is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');
    $k->stop;
}


# The first connection times out

$proxy->rule(on => qr/./s, swallow => 1);
service($by_proxy)->start_nginx;
sleep 1.5;
is($k->get('/totp', 'x')->status, 401, 'no map: alive');
$proxy->rule;
Kanda::Home::wait_for('service', 10, sub { eval { $k->account } });
pass('served when there is one');
$k->stop;


# Over TLS, with names for all

{
    my $ca = Kanda::CA->new;
    my ($key, $cert) = $ca->issue('IP:127.0.0.1', 'DNS:redis.example');
    my $tls = Kanda::Cluster->new(masters => 2, conf => [
        'tls-cluster' => 'yes', 'tls-auth-clients' => 'no',
        'tls-replication' => 'yes', 'tls-key-file' => $key,
        'tls-cert-file' => $cert, 'tls-ca-cert-file' => $ca->file ]);

    for my $redis ($tls->nodes) {
        push @{ $redis->{conf} }, 'tls-port' => $redis->port;
        $redis->{conf} = [ @{ $redis->{conf} }, port => 0 ];
    }

    $tls->start;
    my $url = $tls->url . ' tls ca=' . $ca->file;

    for my $name ('', ' server_name=redis.example') {
        service($url . $name)->start_nginx;
        Kanda::Home::wait_for('service', 5, sub { eval { $k->account } });
        ok(eval { $k->account } && 1, "TLS to all nodes$name") for 1 .. 4;
        $k->stop;
        $_->command('FLUSHALL') for $tls->nodes;
    }

    service("$url server_name=other.example")->start_nginx;
    sleep 0.5;
    is($k->post('/auth/login', undef, { email => 'a@example.com',
        password => 'correct horse' })->status, 503, 'not by another name');
    $k->stop;
}


# IPv6

SKIP: {
    my $probe = eval { require IO::Socket::IP;
        IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1) };
    skip 'no IPv6 here', 3 if !$probe;

    my $six = Kanda::Cluster->new(masters => 2, host => '::1')->start;
    service(($six->url =~ s/,.*//r))->start_nginx;
    Kanda::Home::wait_for('service', 5, sub { eval { $k->account } });
    ok(eval { $k->account } && 1, 'IPv6') for 1 .. 3;
    $k->stop;
}

done_testing;
