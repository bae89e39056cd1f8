# A cluster whose nodes name each other by host names: they are looked up by
# nginx's resolver and are what certificates are checked for. One that is not
# known takes its own accounts with it, no others.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::CA;
use Kanda::Cluster;
use Kanda::DNS;
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $set = Kanda::Cluster->new(masters => 3);
my $dns = Kanda::DNS->new(map { ("n$_.example" => ['127.0.0.1']) } 1 .. 2)
                    ->start;
my $k = Kanda->new(redis => undef, workers => 1, kanda => '');

sub named { ('cluster-preferred-endpoint-type' => 'hostname',
             'cluster-announce-hostname' => $_[0]) }

sub name { return { @{ $_[0]{conf} } }->{'cluster-announce-hostname'} }

sub owner { return $set->owner($set->slot("kanda:{$_[0]{userId}}")) }

sub service {
    my ($url, $resolver) = @_;
    delete $k->{http_link};
    $k->nginx->{http} = "kanda_redis $url;\nkanda_keys $k->{keys_file};\n"
        . ($resolver // 'resolver ' . $dns->address . ';resolver_timeout 1s;');
    return $k;
}

sub refused {
    my ($what, $words) = @_;
    Kanda::Home::wait_for($what, 10, sub { $k->nginx->log_text =~ $words });
    is($k->post('/auth/login', undef, { email => 'a@example.com',
        password => 'correct horse' })->status, 503, $what);
}

sub hang_up {
    my ($name) = @_;
    $_->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
        for grep { name($_) =~ /\Q$name\E$/ } $set->nodes;
}

sub everybody {
    my ($what, @who) = @_;
    ok(eval { Kanda::Home::wait_for('service', 15, sub {
        !grep { $k->get('/totp', $_)->status != 200 } @who }); 1 }, $what)
        or diag substr $k->nginx->log_text, -1500;
}

# Two of them are of one name, but for the port

my @names = qw(n1.example n2.example n2.example);

$_->{conf} = [ @{ $_->{conf} }, named(shift @names) ] for $set->nodes;
$set->start;


# Nobody to ask

service($set->url, '')->start_nginx;
refused('no resolver: 503',
        qr/kanda: Redis \S+ of \S+ names a node by a host name: add a resolver/);
sleep 1;
my @said = $k->nginx->log_text =~ /(names a node)/g;
is(scalar @said, 1, 'said once');
$k->stop;


# Accounts in all parts; a slot moves, and MOVED is followed

service($set->url)->start_nginx;
Kanda::Home::wait_for('service', 15, sub { eval { $k->account } });
my @who = map { $k->account } 1 .. 12;
everybody('served by names', @who);

my %asked = map { $_ => 1 } $dns->asked;
is(join(' ', sort keys %asked), 'n1.example n2.example',
   'that were asked for');

my ($pid) = $k->nginx->worker_pids;
my $slot = $set->slot("kanda:{$who[0]{userId}}");
my $from = owner($who[0]);
my ($to) = grep { $_ != $from && name($_) eq 'n2.example' } $set->nodes;

$set->move($slot, $from, $to);
is($k->get('/totp', $who[0])->status, 200, 'a slot moved: at once');
my $told = $from->command('GET', "kanda:{$who[0]{userId}}");
like($told, qr/^MOVED \d+ n\d\.example:/, 'which was told by a name');


# A name goes, and comes back

my (@its, @others);

push @{ name(owner($_)) eq 'n2.example' ? \@its : \@others }, $_ for @who;
note scalar(@its) . ' accounts of n2.example';
$dns->set('n2.example' => []);
sleep 1.1;
hang_up('n2.example');
Kanda::Home::wait_for('a complaint', 10, sub { $k->nginx->log_text
    =~ /kanda: Redis n2\.example:\d+ of .* name up failed: Host not found/ });
is($k->get('/totp', $_)->status, 503, 'an unknown name: 503') for @its;
is($k->get('/totp', $_)->status, 200, 'others are served') for @others;
$dns->set('n2.example' => ['127.0.0.1']);
everybody('known again', @who);


# The resolver says nothing: who is connected is served

$dns->silent(1);
sleep 1.1;
hang_up('n1.example');
my $start = time;
$k->get('/totp', $_) for @others;
is($k->get('/totp', $_)->status, 200, 'a silent resolver: others are served')
    for @its;
cmp_ok(time - $start, '<', 5, 'soon') if !$san;
$dns->silent(0);
everybody('it speaks again', @who);

is("@{[ $k->nginx->worker_pids ]}", $pid, 'the same worker');
$dns->silent(1);
sleep 1.1;
hang_up('example');
sleep 0.2;
$start = time;
$k->nginx->quit;
cmp_ok(time - $start, '<', $san ? 20 : 3, 'workers leave at once');
$dns->silent(0);


# A node that has no name

$set->{nodes}[0]->command('CONFIG', 'SET', 'cluster-announce-hostname', '');
service($set->url($set->{nodes}[0]))->start_nginx;
ok(eval { Kanda::Home::wait_for('a complaint', 10, sub { $k->nginx->log_text
    =~ /names a node by no address and no host name/ }); 1 },
   'a node without a name');
everybody('others are served', grep { owner($_) != $set->{nodes}[0] } @who);
$k->stop;
$_->kill9 for $set->nodes;


# TLS: the name is what the certificate is for. It has two addresses, and at the
# first nobody listens.

my $six = eval { require IO::Socket::IP;
    IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1) };
my $host = $six ? '::1' : '127.0.0.1';
my $ca = Kanda::CA->new;
my ($key, $cert) = $ca->issue('IP:127.0.0.1', 'IP:::1', 'DNS:n4.example');
my $tls = Kanda::Cluster->new(masters => 1, host => $host, conf => [
    named('n4.example'),
    'tls-cluster' => 'yes', 'tls-auth-clients' => 'no',
    'tls-key-file' => $key, 'tls-cert-file' => $cert,
    'tls-ca-cert-file' => $ca->file ]);
my ($node) = $tls->nodes;

push @{ $node->{conf} }, 'tls-port' => $node->port, port => 0;
$tls->start;
$dns->set($_ => [ '127.0.0.3', $host ]) for qw(n4.example n5.example);

sub over_tls {
    my ($words) = @_;
    return service($tls->url . " tls $words ca=" . $ca->file)->start_nginx;
}

for my $case ([ 'n4.example', '' ], [ 'n5.example', 'server_name=n4.example' ])
{
    my ($name_, $words) = @$case;

    $node->command('CONFIG', 'SET', 'cluster-announce-hostname', $name_);
    over_tls($words);
    ok(eval { Kanda::Home::wait_for('service', 10,
        sub { eval { $k->account } }); 1 }, "TLS at $host by $name_ $words")
        or diag substr $k->nginx->log_text, -1500;
    like($k->nginx->log_text, qr/kanda: Redis \Q$name_\E:\d+ of .* refused/,
         'which was not its first address');
    $k->stop;
}

$dns->set('n5.example' => [$host]);
over_tls('');
refused('not by a name that it is not for',
        qr/refused: its certificate is not for n5\.example/);

done_testing;
