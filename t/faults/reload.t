# Reloads, new keys, broken configurations, killed workers and a stop, all of
# it under load: nobody's request is lost who did not have to lose it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use Kanda::Proxy;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 2)->start_redis;
my $redis = $k->redis;
my $proxy = Kanda::Proxy->new($redis->{socket})->start;

$k->{kanda} = 'kanda_redis ' . $proxy->url . ";\nkanda_redis_timeout 3s;\n"
              . "kanda_keys $k->{keys_file};";
$k->start_nginx;

my $who;
Kanda::Home::wait_for('service', 10, sub { $who = eval { $k->account } });
my $client = $k->client($who);
my $key = $k->post('/apikeys', $who, { name => 'k' })->json;


# Some of everything: a route that reads, one that judges, one that signs.

sub mixed {
    my ($n) = @_;
    return $k->request_text('GET', '/totp', $who) if $n % 3 == 0;
    return $k->request_text('POST', '/auth/token', undef,
                            { apiKey => $key->{apiKey} }) if $n % 3 == 1;
    return $k->request_text('POST', '/totp/validate', $who,
        { clientId => $client->{clientId}, token => 'malformed' });
}

sub under_load(&;%) {
    my ($trouble, %o) = @_;
    my $load = Kanda::Load->new($k->port, 4,
        $o{make} // sub { mixed($_[1]) })->start;
    sleep 0.2;
    $trouble->();
    sleep 0.2;
    return $load->stop;
}

sub all_200 {
    my ($what, @got) = @_;
    my @bad = grep { $_->{status} != 200 } @got;
    is(scalar @bad, 0, "$what: no request of " . @got . ' failed')
        or diag Kanda::Load::tally(@got);
}

sub old_workers_leave {
    my ($seconds) = @_;
    my $start = time;
    Kanda::Home::wait_for('old workers to leave', 10,
        sub { $k->nginx->worker_pids('any') == 2 });
    SKIP: {
        skip 'no timing under a sanitizer', 1 if $ENV{KANDA_SAN};
        cmp_ok(time - $start, '<', $seconds, 'old workers leave soon');
    }
}


# S74

my @got = under_load {
    for (1 .. long_test(10, 100)) {
        $k->reload;
        sleep 0.1;
    }
};
all_200('reload', @got);
old_workers_leave(2);


# a password that is hashed, and Redis that is slow, while workers change

for my $round (1 .. long_test(2, 20)) {
    my $login = $k->connect;
    my $slow = $k->connect;
    $proxy->rule(on => 'EVALSHA.*/slow', delay => 0.6);
    $login->send($k->request_text('POST', '/auth/login', undef,
        { map { $_ => $who->{$_} } qw(email password) }));
    $slow->send($k->request_text('GET', '/totp', $who, undef,
                                 'User-Agent' => '/slow'));
    sleep 0.005;
    $k->reload;
    is($slow->receive->status, 200, 'an answer that Redis was slow to give');
    is($login->receive->status, 200, 'a login over a reload');
    $proxy->rule;
}
old_workers_leave(3);


# S25: a new key to sign with, then the old one gone

my $text = Kanda::Home::slurp($k->keys_file);
my ($j1) = $text =~ /^(jwt j1 .*\n)/m;
my $j2 = 'jwt j2 ' . encode_base64(random_bytes(32), '') . "\n";

@got = under_load {
    for my $lines ("$j1$j2", "$j2$j1", "$j1$j2", "$j2$j1") {
        (my $new = $text) =~ s/\Q$j1\E/$lines/;
        $k->write_keys($new);
        $k->reload;
        sleep 0.15;
    }
};
all_200('new jwt keys', @got);

my $new = $k->login({ %$who })->{token};
like(MIME::Base64::decode_base64((split /\./, $new)[0]), qr/"kid":"j2"/,
     'the first key signs');
is($k->get('/auth/me', $who)->status, 200, 'the old token is good');

(my $only = $text) =~ s/\Q$j1\E/$j2/;
$k->write_keys($only);
$k->reload;
old_workers_leave(2);
is($k->get('/auth/me', $who)->status, 401, 'until its key is gone');
is($k->get('/auth/me', $new)->status, 200, 'but the new one');
$who->{token} = $new;


# A configuration that is broken: what serves goes on

Kanda::Home::allow(qr/\[emerg\].*(?:kanda_|unknown directive|nonsense)/);

my @before = sort $k->nginx->worker_pids;

for my $broken (
    [ keys => "seal s1 short\n" ], [ keys => '' ],
    [ keys => $only =~ s/^jwt.*\n//mr ],
    [ keys => $only =~ s/^digest.*\n//mr ],
    [ keys => $only =~ s/^(jwt j2 ).*$/$1 . encode_base64('x' x 31, '')/mre ],
    [ http => 'nonsense;' ], [ http => 'kanda_redis http://x;' ],
) {
    my ($what, $value) = @$broken;
    my $http = $k->nginx->{http};

    $k->write_keys($value) if $what eq 'keys';
    $k->nginx->{http} = "$http\n$value\n" if $what eq 'http';
    $k->nginx->write_conf;
    $k->nginx->mark;

    my ($status, $said) = $k->nginx->check;
    isnt($status, 0, "nginx -t refuses $what");
    unlike($said, qr/Sanitizer|runtime error/, 'cleanly');

    $k->nginx->signal('HUP');
    Kanda::Home::wait_for('a complaint', 5,
                          sub { $k->nginx->log_text =~ /emerg/ });
    is($k->get('/auth/me', $who)->status, 200, 'and serves on');

    $k->nginx->{http} = $http;
    $k->write_keys($only);
}

is("@{[ sort $k->nginx->worker_pids ]}", "@before", 'with the same workers');
$k->reload;


# S73: a worker is killed

Kanda::Home::allow(qr/\[alert\].*exited on signal 9/);

for my $round (1 .. long_test(3, 50)) {
    my ($victim, $up);

    @got = under_load {
        ($victim) = $k->nginx->worker_pids;
        my $start = time;
        kill 'KILL', $victim;
        Kanda::Home::wait_for('a new worker', 10, sub {
            my @now = $k->nginx->worker_pids;
            return @now == 2 && !grep { $_ == $victim } @now;
        });
        $up = time - $start;
    };

    my @lost = grep { $_->{status} != 200 } @got;
    cmp_ok(scalar @lost, '<=', 4, 'a worker killed: only its requests are lost')
        or diag Kanda::Load::tally(@got);
    is(scalar(grep { $_->{status} } @lost), 0, 'and none answered wrongly')
        or diag Kanda::Load::tally(@got);
    SKIP: {
        skip 'no timing under a sanitizer', 1 if $ENV{KANDA_SAN};
        cmp_ok($up, '<', 1.5, 'another at once');
    }
}

my $fresh = $k->client($who);
settle(4);
my $code = totp($fresh->{secret});
is($k->validate($who, $fresh->{clientId}, $code), 'true', 'a right code');
kill 'KILL', $_ for $k->nginx->worker_pids;
sleep 0.1;
Kanda::Home::wait_for('workers', 10, sub { $k->nginx->worker_pids == 2 });
Kanda::Home::wait_for('service', 10, sub {
    $k->get('/auth/me', $who)->status == 200 });
is($k->validate($who, $fresh->{clientId}, $code), 'false',
   'is used, whoever answers');


# QUIT with requests on their way: they are finished. TERM: at once. Neither
# leaves a socket behind: the log would tell.

for my $how (qw(QUIT TERM)) {
    $proxy->rule(on => 'EVALSHA', delay => 0.5);
    my @slow = map { $k->connect->send($k->request_text('GET', '/totp', $who)) }
               1 .. 6;
    my @login = map { $k->connect->send($k->request_text('POST', '/auth/login',
        undef, { email => "a$_\@b.c", password => 'correct horse' })) } 1 .. 3;
    my $idle = $k->connect->send($k->request_text('GET', '/none', undef));
    $idle->receive;
    sleep 0.15;

    my $start = time;
    $k->nginx->signal($how);
    my @status = map { $_->receive->status } @slow, @login;

    if ($how eq 'QUIT') {
        is("@status", '200 ' x 6 . '401 401 401', 'QUIT: all are answered');
    } else {
        pass('TERM: somehow');
    }

    ok(($how eq 'QUIT' ? $k->nginx->quit : $k->nginx->stop) // 1, 'it ended');
    SKIP: {
        skip 'no timing under a sanitizer', 1 if $ENV{KANDA_SAN};
        cmp_ok(time - $start, '<', 6, 'soon');
    }
    my $log = $k->nginx->log_text;
    unlike($log, qr/open socket/, 'no socket is left open');

    $proxy->rule;
    $k->nginx->start;
    delete $k->{http_link};
    Kanda::Home::wait_for('service', 10, sub {
        $k->get('/auth/me', $who)->status == 200 });
}

# a worker whose time is up lets go of what still waits

$k->nginx->{main} .= "worker_shutdown_timeout 300ms;\n";
$k->reload;
sleep 0.2;

for my $round (1 .. long_test(2, 20)) {
    $proxy->rule(on => 'EVALSHA', hold => 1);
    my @slow = map { $k->connect->send($k->request_text('GET', '/totp', $who)) }
               1 .. 4;
    my @login = map { $k->connect->send($k->request_text('POST', '/auth/login',
        undef, { email => "c$_\@b.c", password => 'correct horse' })) } 1 .. 3;
    $proxy->wait_held;
    $k->nginx->signal('HUP');
    sleep 0.8;
    $proxy->release;
    $_->receive for @slow, @login;
    old_workers_leave(4);
}

is($k->get('/auth/me', $who)->status, 200, 'it serves to the end');

done_testing;
