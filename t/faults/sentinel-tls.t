# TLS to Sentinels and to the master that they name: whom it believes, and that
# it asks the next where one is somebody else.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::CA;
use Kanda::Sentinel;
use Test::More;

my $ca = Kanda::CA->new;
my $stranger = Kanda::CA->new;

sub settings {
    my ($key, $cert) = @_;
    return [ 'tls-key-file' => $key, 'tls-cert-file' => $cert,
             'tls-ca-cert-file' => $ca->file, 'tls-auth-clients' => 'no',
             'tls-replication' => 'yes' ];
}

my $set = Kanda::Sentinel->new(sentinels => 1, tls => settings(
    $ca->issue('IP:127.0.0.1', 'DNS:redis.example')))->start;
my $k = Kanda->new(redis => undef, workers => 1, kanda => '');

sub service {
    my ($words) = @_;
    delete $k->{http_link};
    $k->nginx->{http} = 'kanda_redis ' . $set->url . " $words;\n"
                        . "kanda_keys $k->{keys_file};";
    $k->start_nginx;
}

sub served {
    my ($what, $words) = @_;
    service($words);
    ok(eval { Kanda::Home::wait_for('service', 15, sub {
        eval { $k->account } }); 1 }, $what)
        or diag substr $k->nginx->log_text, -1500;
}

sub refused {
    my ($what, $words, $why) = @_;
    service($words);
    ok(eval { Kanda::Home::wait_for('a complaint', 10, sub {
        $k->nginx->log_text =~ $why }); 1 }, "$what: the log says why")
        or diag substr $k->nginx->log_text, -1500;
    is($k->post('/auth/login', undef, { email => 'a@example.com',
        password => 'correct horse' })->status, 503, "$what: 503");
    $k->stop;
}

my $ours = 'ca=' . $ca->file;

served('for the address', "tls $ours");
$k->stop;
served('for a name that is given', "tls $ours server_name=redis.example");


# A failover, and the next connections

my $who = $k->account;
my $new = $set->replica;

$set->wait_for_copy;
$set->ask($set->{sentinel}[0], 'SENTINEL', 'FAILOVER', $set->{name});
ok(eval { Kanda::Home::wait_for('the new master', 30, sub {
    $k->get('/totp', $who);
    $set->scripts_run($new) && $k->get('/totp', $who)->status == 200 }); 1 },
   'a failover')
    or diag substr $k->nginx->log_text, -1500;
$k->stop;


# Those that are somebody else

my $sentinel = qr/kanda: Sentinel \S+ of sentinel:\S+/;

refused('an authority that we do not know', 'tls ca=' . $stranger->file,
        qr/$sentinel refused: its certificate is not to be trusted/);
refused('another name', "tls $ours server_name=other.example",
        qr/$sentinel refused: its certificate is not for other\.example/);
refused('no TLS here', '',
        qr/$sentinel (?:connection closed|receiving failed|malformed)/);

{
    my ($s) = @{ $set->{sentinel} };

    local $s->{tls} = $s->{port};
    refused('no TLS there', "tls $ours",
            qr/$sentinel TLS handshake (?:failed|timed out)/);
}


# The Sentinel is who it should be, the master is not

for my $redis (@{ $set->{redis} }) {
    my ($key, $cert) = $stranger->issue('IP:127.0.0.1');
    $set->say($redis, 'CONFIG', 'SET', 'tls-key-file', $key,
              'tls-cert-file', $cert);
}

refused('a master of a stranger', "tls $ours",
        qr/kanda: Redis \S+ of sentinel:\S+ refused: its certificate is not/);

done_testing;
