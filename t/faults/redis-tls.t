# TLS to Redis: whom it talks to, whom it refuses and what it says then; that
# nothing is lost where records are split, delayed, or the connection ends.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::CA;
use Kanda::Load;
use Kanda::Proxy;
use Test::More;
use Time::HiRes qw(sleep time);

my $root = Kanda::Home::root();
my $ca = Kanda::CA->new;
my $stranger = Kanda::CA->new;
my @right = $ca->issue('DNS:redis.example', 'IP:127.0.0.1');
my @client = $ca->issue('DNS:kanda');
my $mine = "cert=$client[1] key=$client[0]";


# A Redis that speaks TLS with this key and certificate.

sub server {
    my ($key, $cert, %o) = @_;
    my $tls = Kanda::Home::port();
    my $redis = Kanda::Redis->new(tls => $tls, %o, conf => [
        'tls-port' => $tls, 'tls-key-file' => $key, 'tls-cert-file' => $cert,
        'tls-ca-cert-file' => $ca->file, 'tls-auth-clients' => 'no',
        @{ $o{conf} // [] } ]);

    return $redis->start;
}

my $k = Kanda->new(redis => undef, workers => 2, kanda => '');

sub service {
    my ($directive) = @_;
    $k->{http_link} = undef;
    $k->nginx->{http} = "kanda_redis $directive;\nkanda_keys $k->{keys_file};";
    return $k;
}

sub works {
    my ($what, $directive) = @_;
    service($directive)->start_nginx;
    my $who;
    eval { Kanda::Home::wait_for('service', 5,
                                 sub { $who = eval { $k->account } }) };
    ok($who, $what) or diag substr $k->nginx->log_text, -2000;
    return $who;
}

sub refuses {
    my ($what, $directive, $words, $redis) = @_;

    service($directive)->start_nginx;
    sleep 0.25;
    is($k->post('/auth/login', undef, { email => 'a@example.com',
                                        password => 'correct horse' })->status,
       503, "refused: $what");
    sleep 0.8;

    my @said = $k->nginx->log_text =~ /\[error\] .*(kanda: Redis .*)/g;
    like($said[0] // '', $words, 'and says why');
    cmp_ok(scalar @said, '<=', 2 * 2, 'but not again and again');
    unlike($k->nginx->log_text, qr/\[crit\]/, 'and OpenSSL is quiet');

    is($redis->command('DBSIZE'), 0, 'nothing was written') if $redis;
    $k->stop;
}


# The right one, by name, by address, by the one that is given

my $redis = server(@right);
my $port = $redis->{tls};

works('by the address', "rediss://127.0.0.1:$port ca=" . $ca->file);
$k->stop;
$redis->command('FLUSHALL');
works('by a name that is given',
      "rediss://127.0.0.1:$port/3 server_name=redis.example ca=" . $ca->file);
like($redis->command('INFO', 'keyspace'), qr/^db3:keys=/m, 'in a database');
$k->stop;
$redis->command('FLUSHALL');


# Those that are somebody else

my $tls = "rediss://127.0.0.1:$port";

refuses('an authority that we do not know', "$tls ca=" . $stranger->file,
        qr/refused: its certificate is not to be trusted: .*certificate/,
        $redis);
refuses("one that the system's do not vouch for", $tls,
        qr/refused: its certificate is not to be trusted: /, $redis);
refuses('another name',
        "$tls server_name=other.example ca=" . $ca->file,
        qr/refused: its certificate is not for other\.example/, $redis);
refuses('another name of the URL', "rediss://localhost:$port ca=" . $ca->file,
        qr/refused: its certificate is not for localhost/, $redis);

my $old = server($ca->issue({ expired => 1 }, 'IP:127.0.0.1'));
refuses('one that has expired',
        "rediss://127.0.0.1:$old->{tls} ca=" . $ca->file,
        qr/not to be trusted: certificate has expired/, $old);
$old->kill9;

my $foreign = server($ca->issue('IP:127.0.0.2', 'DNS:127.0.0.1'));
refuses('a name that looks like the address',
        "rediss://127.0.0.1:$foreign->{tls} ca=" . $ca->file,
        qr/refused: its certificate is not for 127\.0\.0\.1/, $foreign);
$foreign->kill9;


# A client certificate

my $strict = server(@right, conf => [ 'tls-auth-clients' => 'yes' ]);
my $url = "rediss://127.0.0.1:$strict->{tls} ca=" . $ca->file;

works('with a certificate of ours', "$url $mine");
$k->stop;
$strict->command('FLUSHALL');
refuses('none of ours', $url, qr/alert certificate required|closed|failed/,
        $strict);

my @theirs = $stranger->issue('DNS:kanda');
refuses('one that Redis does not know', "$url cert=$theirs[1] key=$theirs[0]",
        qr/alert|closed|failed/, $strict);
$strict->kill9;


# One speaks TLS, the other does not

my $plain = Kanda::Redis->new(port => 1)->start;

refuses('no TLS there', 'rediss://127.0.0.1:' . $plain->port . ' ca='
        . $ca->file, qr/TLS handshake failed: SSL_do_handshake\(\) failed|TLS handshake timed out|TLS handshake failed: peer closed/,
        $plain);
refuses('no TLS here', "redis://127.0.0.1:$port",
        qr/connection closed|malformed|greeting|receiving failed/, $redis);
$plain->kill9;


# A handshake that goes slowly is one that goes on for its time only

my $proxy = Kanda::Proxy->new($port)->start;
my $by_proxy = 'rediss://127.0.0.1:' . $proxy->port . ' ca=' . $ca->file;

$proxy->rule(on => qr/./s, delay => 0.6);
refuses('too slow a handshake', $by_proxy, qr/TLS handshake timed out/, $redis);

$proxy->rule(on => qr/./s, swallow => 1);
refuses('no answer to a handshake', $by_proxy, qr/TLS handshake timed out/,
        $redis);

$proxy->rule(on => qr/./s, replace => "\x16\x03\x03\0\4junk" x 4);
refuses('junk', $by_proxy, qr/TLS handshake failed/, $redis);

for my $n (1, 4, 5, 100, 1000, 1500) {
    $proxy->rule(on => qr/./s, cut => $n);
    service($by_proxy)->start_nginx;
    sleep 0.7;
    is($k->get('/totp', 'x')->status, 401, "cut after $n bytes: alive");
    $k->stop;
}


# Bytes one by one, and all at once; reads and writes larger than a record

$proxy->rule(on => qr/./s, delay => 0.02);
my $who = works('what goes slowly', $by_proxy);
$proxy->rule;

my @pids = sort $k->nginx->worker_pids;
my $long = 'x' x 120;
my @ids = map { $k->client($who, label => "$long$_", issuer => $long)->{clientId} } 1 .. 60;

my $bytes = length $k->get('/totp', $who)->text;
cmp_ok($bytes, '>', 15000, "more than one record: $bytes bytes");

$proxy->rule(on => qr/./s, dribble => 1);
is($k->get("/totp/$ids[0]", $who)->json->{label}, "${long}1",
   'a byte at a time');
$proxy->rule;

my @texts = map { $k->request_text('GET', "/totp/$ids[$_]", $who) } 0 .. 59;
my @answers = $k->race(60)->run(\@texts);
is(scalar(grep { $_->status == 200 } @answers), 60, 'all at once');


# The connection ends, the server goes and comes, under load

my $load = Kanda::Load->new($k->port, 4, sub {
    return $k->request_text('GET', "/totp/$ids[$_[0]]", $who);
})->start;

for (1 .. long_test(3, 20)) {
    sleep 0.2;
    $redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

$redis->command('SAVE');
$redis->kill9;
sleep 0.3;
$redis->start;
sleep 2;

my @got = $load->stop;
my @bad = grep { $_->{status} != 200 && $_->{status} != 503 } @got;
my @foreign = grep { $_->{status} == 200
    && JSON::PP::decode_json($_->{body})->{clientId} ne $ids[ $_->{who} ] }
    @got;

is(scalar @bad, 0, 'an answer to everything') or diag Kanda::Load::tally(@got);
is(scalar @foreign, 0, 'each has its own');
is($got[-1]{status}, 200, 'and it serves at the end');
is("@{[ sort $k->nginx->worker_pids ]}", "@pids", 'the same workers');
note Kanda::Load::tally(@got);


# A reload does not wait for idle connections

$k->reload;
is($k->get("/totp/$ids[0]", $who)->status, 200, 'after a reload');
my $start = time;
$k->nginx->quit;
cmp_ok(time - $start, '<', $ENV{KANDA_SAN} ? 20 : 3, 'workers leave at once');


# Mistakes that nginx -t finds

my @lone = $ca->issue('DNS:x');

for my $case (
    [ "$tls ca=$root/none", 'ca file that cannot be read' ],
    [ "$tls ca=$lone[0]", 'ca file that cannot be read' ],
    [ "$tls cert=$lone[1]", 'cert= and key= together' ],
    [ "$tls key=$lone[0]", 'cert= and key= together' ],
    [ "$tls cert=$root/none key=$lone[0]", 'certificate or a key' ],
    [ "$tls cert=$lone[1] key=$root/none", 'certificate or a key' ],
    [ "$tls cert=$lone[1] key=$right[0]", 'certificate or a key' ],
    [ "redis://127.0.0.1 ca=" . $ca->file, 'with TLS only' ],
    [ "unix:$redis->{socket} server_name=x", 'with TLS only' ],
    [ 'rediss://', 'rediss:// for TLS' ],
    [ "$tls tls=x", 'server_name=' ],
) {
    my ($directive, $words) = @$case;
    my ($status, $text) = service($directive)->nginx->check;

    isnt($status, 0, "refused: $directive");
    like($text, qr/kanda_redis.*\Q$words\E/, 'with the reason');
}

done_testing;
