# The access log under load: one entry for every decision, none forged, pages
# that agree, and never in anybody's way (S85-S88).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Swarm;
use Test::More;

my $k = Kanda->new(
    workers => 2,
    http    => 'keepalive_requests 1000000;
                kanda_log_retention count=1000000;',
    server  => 'location /quick/ { kanda_serve api;
                    kanda_lockout row=3 wait=50ms max=200ms total=1000; }',
)->start;
my $who = $k->account;
my $other = $k->account;


# All of an account's log, newest first, by pages.

sub whole {
    my ($who, $event, $limit) = @_;
    my ($offset, @all) = (0);

    $limit //= 200;

    while (1) {
        my $page = $k->get("/logs?limit=$limit&offset=$offset"
                           . ($event ? "&event=$event" : ''), $who)->json;
        push @all, @{ $page->{logs} };
        $offset += $limit;
        return @all if $offset >= $page->{total};
    }
}


# S85. Each request has a name of its own, its user agent; what was answered
# says what must stand in the log under it.

my @clients = map { $k->client($who, clientId => "c$_") } 0 .. 29;
my $key = $k->post('/apikeys', $who, {})->json;
my %secret = map { $_->{clientId} => $_->{secret} } @clients;
my $before = whole($who);
my (%asked, $cut);


sub request {
    my ($name, $dice) = @_;
    my $c = $clients[rand @clients]{clientId};
    my $as = rand() < 0.8 ? $who : $key->{apiKey};
    my ($method, $path, $body, $event, $client) = ('POST');

    if ($dice < 0.30) {
        ($path, $event, $client) = ('/totp/validate', 'totp.validate', $c);
        $body = { clientId => $c,
                  token => totp($secret{$c}, step => int(rand 3) - 1) };
    } elsif ($dice < 0.55) {
        ($path, $event, $client) = ('/totp/validate', 'totp.validate', $c);
        $body = { clientId => $c, token => wrong_code($secret{$c}) };
    } elsif ($dice < 0.62) {
        ($path, $event, $client) = ('/totp/validate', 'totp.validate', $c);
        $body = { clientId => $c, token => ('', 'abc', 'zzzzz-zzzzz')[rand 3] };
    } elsif ($dice < 0.66) {
        ($path, $event, $client) = ('/totp/validate', 'totp.validate', 'nobody');
        $body = { clientId => 'nobody', token => '123456' };
    } elsif ($dice < 0.72) {
        $client = rand() < 0.3 ? $c : "new$name";
        ($path, $event) = ('/totp/register', 'totp.register');
        $body = { clientId => $client };
    } elsif ($dice < 0.76) {
        $client = rand() < 0.8 ? $c : 'nobody';
        ($method, $path, $event) = ('GET', "/totp/qrcode/$client", 'totp.qrcode');
    } elsif ($dice < 0.80) {
        $client = rand() < 0.8 ? $c : 'nobody';
        ($path, $event) = ("/totp/unlock/$client", 'totp.unlock');
    } elsif ($dice < 0.84) {
        $client = rand() < 0.8 ? $c : 'nobody';
        ($path, $event) = ("/totp/recovery/$client", 'totp.recovery');
    } elsif ($dice < 0.86) {
        ($method, $path, $event, $client) = ('DELETE', '/totp/nobody',
                                             'totp.delete', 'nobody');
    } elsif ($dice < 0.88) {
        ($path, $event, $client) = ('/totp/rotate/nobody', 'totp.rotate', 'nobody');
    } elsif ($dice < 0.91) {
        ($path, $event, $body) = ('/apikeys', 'apikey.create', {});
    } elsif ($dice < 0.92) {
        ($method, $path, $event) = ('DELETE', '/apikeys/nothing', 'apikey.revoke');
    } elsif ($dice < 0.95) {
        ($path, $event, $as) = ('/auth/token', 'auth.token');
        $body = { apiKey => $key->{apiKey} };
    } elsif ($dice < 0.97) {        # nobody's decision
        ($method, $path) = ('GET', ('/totp', '/logs', '/auth/me', '/nope')[rand 4]);
    } elsif ($dice < 0.98) {
        ($path, $body) = ('/totp/validate', '{"clientId":5}');
    } else {
        ($path, $body, $as) = ('/totp/validate', { clientId => $c, token => 1 },
                               'no token');
    }

    my $text = $k->request_text($method, $path, $as, $body,
                                'User-Agent' => $name);
    $asked{$name} = { event => $event, client => $client };

    return $text =~ s{ /api/}{ /quick/}r;
}


my $total = long_test(2500, 30_000);

{
    my $left = $total;
    my @name;
    my $link = $k->redis->connect;
    my $ticks = 0;

    srand($ENV{KANDA_SEED} // time);
    note('KANDA_SEED=', $ENV{KANDA_SEED} // time);

    my $swarm = Kanda::Swarm->new($k->port, 32, timeout => 60);

    $swarm->run(sub {
        my ($i, $r) = @_;

        if ($r) {
            my $asked = $asked{ $name[$i] };
            $asked->{status} = $r->status;
            $asked->{valid} = $r->text eq '{"valid":true}';
            $asked->{reason} = $r->header('Kanda-Reason');
            $asked->{code} = ($r->json // {})->{code};
        }

        return if $left-- <= 0;
        return request($name[$i] = "request-$left", rand);
    }, ticks => sub {
        # in the second half connections to Redis are cut
        return if $left > $total / 2 || $ticks++ % 5;
        $k->redis->send_command($link, qw(CLIENT KILL TYPE normal SKIPME yes));
        $cut += $k->redis->read_reply($link);
    });

    delete $k->redis->{link};
    Kanda::Home::wait_for('Redis to be found again', 10,
                          sub { $k->get('/logs', $who)->status == 200 });
    is($swarm->{unanswered}, 0, "$total requests, all answered");
    cmp_ok($cut, '>', 0, "$cut connections to Redis were cut meanwhile");
}

{
    my %entries;
    my @log = whole($who);
    my ($locked, $refused, $lost) = (0, 0, 0);
    my (@missing, @twice, @wrong, @extra);

    for my $entry (@log) {
        my $name = $entry->{userAgent} // '';

        if (($entry->{reason} // '') eq 'locked' && !$entry->{success}) {
            $locked += $entry->{count} // 1;
            next;
        }

        push @wrong, "$name: count" if exists $entry->{count};
        push @{ $entries{$name} }, $entry if $asked{$name};
    }

    my %decisions;

    for my $name (sort keys %asked) {
        my $asked = $asked{$name};
        my @found = @{ $entries{$name} // [] };
        my $status = $asked->{status};

        if ($status == 503) {       # maybe done, maybe not, never twice
            $lost++;
            push @twice, $name if @found > 1;
            next;
        }

        if ($status == 429) {
            $refused++;
            push @extra, $name if @found;
            next;
        }

        if (!$asked->{event} || $status =~ /^(?:400|401|405)$/) {
            push @extra, "$name $status" if @found;
            next;
        }

        $decisions{$asked->{event}}++;
        push @missing, "$name $asked->{event} $status" if !@found;
        push @twice, $name if @found > 1;
        next if @found != 1;

        my $ok = $asked->{event} eq 'totp.validate' ? $asked->{valid}
                                                    : $status < 300;
        my $reason = $ok ? '' : $asked->{reason};
        my $entry = $found[0];

        push @wrong, "$name $asked->{event} $status: " . json($entry)
            if $entry->{event} ne $asked->{event}
            || !$entry->{success} != !$ok
            || ($entry->{clientId} // '') ne ($asked->{client} // '')
            || (defined $reason && ($entry->{reason} // '') ne $reason)
            || (!$ok && !length($entry->{reason} // ''));
    }

    is("@missing[0 .. ($#missing > 5 ? 5 : $#missing)]", '',
       'each decision has its entry');
    is("@twice", '', 'none has two');
    is("@extra", '', 'what was no decision has none');
    is("@wrong[0 .. ($#wrong > 5 ? 5 : $#wrong)]", '',
       'each says what was decided');
    cmp_ok($locked, '>=', $refused, "$refused refusals behind locks are counted");
    cmp_ok($locked, '<=', $refused + $lost, "$locked are, $lost answers lost");
    cmp_ok($refused, '>', 10, 'there were such refusals');
    cmp_ok($decisions{'totp.validate'}, '>', $total / 5, 'and decisions: '
           . join ', ', map { "$_ $decisions{$_}" } sort keys %decisions);

    my %seen;
    is(scalar(grep { $seen{ $_->{id} }++ } @log), 0, 'ids are unique');
    is(join(' ', map { $_->{id} } @log), join(' ', reverse 1 .. @log),
       'and leave no gap');
    is(scalar(grep { $log[$_]{timestamp} lt $log[$_ + 1]{timestamp} }
              0 .. $#log - 1), 0, 'times do not go back');
    is(scalar(whole($other)), 2, "nothing of it is in somebody else's log");
}


# S87: whatever the size of a page, it is the same log

{
    my @log = whole($who);
    my @ids = map { $_->{id} } @log;

    for my $limit (1, 23, 199) {
        my @some = map { $_->{id} } ($limit == 1
            ? map { @{ $k->get("/logs?limit=1&offset=$_", $who)->json->{logs} } } 0 .. 40
            : whole($who, '', $limit));
        is("@some", $limit == 1 ? "@ids[0 .. 40]" : "@ids", "pages of $limit");
    }

    for my $event (qw(totp.validate totp.register auth.login)) {
        my @all = grep { $_->{event} eq $event } @log;
        my @some = whole($who, $event, 120);
        is(join(' ', map { $_->{id} } @some), join(' ', map { $_->{id} } @all),
           "pages of $event");
    }

    # while others write, a page repeats nothing and leaves nothing out
    my $writes = 600;
    my $pages = 0;
    my @bad;

    Kanda::Swarm->new($k->port, 8)->run(sub {
        my ($i, $r) = @_;

        if ($r && $i < 2) {
            my @page = map { $_->{id} } @{ ($r->json // {})->{logs} // [] };
            $pages++;
            push @bad, "@page" if @page != 50
                || grep { $page[$_] != $page[$_ + 1] + 1 } 0 .. $#page - 1;
        }

        return if $writes-- <= 0;
        return $k->request_text('GET', '/logs?limit=50&offset=' . 20 * $i, $who)
            if $i < 2;
        return $k->request_text('POST', '/totp/validate', $who,
                                { clientId => 'nobody', token => '1' });
    });

    is("@bad", '', "$pages pages under load, each without a gap");
    cmp_ok($pages, '>', 20, 'enough of them');
}


# S86: nothing that a caller sends looks like another entry, or like part of it

{
    my $who = $k->account;
    my $http = $k->connect;
    my @agents = (
        "a\x1fb", "\x1f99\x1f1\x1ftotp.validate\x1f1\x1fvictim\x1f\x1f10.0.0.1",
        "a\tb", "a\x1b[2Jb\x1b[31m", "a\x07b\x08", "a\x7fb", "a\rb",
        '","success":true,"clientId":"x', '\\', '\\"', '\\u0000', "'; DROP",
        "\xff\xfe\x80", "\xc3", "\xed\xa0\x80", "\xe2\x80\xae reversed",
        "\xc2\x85\xc2\x9b31m", '<script>alert(1)</script>', '%0d%0a',
        'x' x 200, 'x' x 199 . "\xc3\xa9", "\xf0\x9f\x94\x91" x 100, 'x' x 4000,
    );
    my @ids = ('a"b', 'a\\', '{"x":1}', "a\x{2028}b", "\x{202e}abc", "\x{1f511}",
               '","success":true', "'", '<b>', '%0a');
    my @want;

    for my $agent (@agents) {
        my $r = $http->request('POST', '/api/totp/validate', headers => [
            Authorization => "Bearer $who->{token}", 'User-Agent' => $agent ],
            body => '{"clientId":"c","token":"x"}');

        next if $r->status == 400;      # nginx takes no such header
        push @want, [ 'c', $agent ];
        is($r->status, 404, 'a user agent of ' . length($agent) . ' bytes')
            or diag $r->text;
    }

    cmp_ok(scalar @want, '>=', 15, 'most of them reach us');

    for my $id (@ids) {
        $k->post('/totp/validate', $who, { clientId => $id, token => 'x' });
        push @want, [ $id ];
    }

    my $r = $k->get('/logs?limit=200', $who);
    my @log = reverse @{ $r->json->{logs} };

    is(scalar @log, 2 + @want, 'as many entries as requests');
    unlike($r->text, qr/[\x00-\x1f\x7f]/, 'no control character in the answer');

    for my $i (0 .. $#want) {
        my ($entry, $want) = ($log[$i + 2], $want[$i]);
        my $agent = $entry->{userAgent} // '';

        is(join('|', @$entry{qw(id event reason clientId ip)},
                $entry->{success} ? 'yes' : 'no'),
           join('|', $i + 3, 'totp.validate', 'unknown_client', $want->[0],
                '127.0.0.1', 'no'), "entry $i says what was");
        unlike($agent, qr/[\x00-\x1f\x7f-\x9f]/, 'no control character');
        my $bytes = $agent;
        utf8::encode($bytes);
        cmp_ok(length $bytes, '<=', 200, 'no more than 200 bytes');

        # what is harmless is kept as it was
        is($bytes, $want->[1], 'as it was sent')
            if defined $want->[1] && $want->[1] =~ /^[ -~]{1,200}$/;
    }

    my $access = Kanda::Home::slurp($k->nginx->dir . '/logs/error.log');
    unlike($access, qr/[\x00-\x08\x0b-\x1f\x7f]/,
           'none in the error log either');
}


# S88: a log that is full, and a Redis that is, stand in nobody's way

{
    my $small = Kanda->new(http => 'kanda_log_retention count=5;')->start;
    my $who = $small->account;
    my @said;

    for my $n (1 .. 100) {
        settle(0.5);
        my $c = $small->client($who, clientId => "full$n");
        push @said, $small->validate($who, "full$n", totp($c->{secret}));
    }

    is(scalar(grep { $_ eq 'true' } @said), 100, 'a log of five entries: all true');
    is($small->get('/logs', $who)->json->{total}, 5, 'the last five are kept');

    settle(3);
    my $c = $small->client($who, clientId => 'last');
    $small->redis->command(qw(CONFIG SET maxmemory 1));
    my $code = totp($c->{secret});
    is($small->post('/totp/register', $who, { clientId => 'more' })->status, 503,
       'no memory: nothing new is registered');
    is($small->validate($who, 'last', $code), 'true', 'but codes are judged');
    is($small->validate($who, 'last', $code), 'false', 'once');
    is($small->validate($who, 'last', wrong_code($c->{secret})), 'false', 'wrong');
    is($small->get('/logs?event=totp.validate', $who)->json->{logs}[0]{reason},
       'wrong_code', 'and logged');
    $small->redis->command(qw(CONFIG SET maxmemory 0));
    is($small->post('/totp/register', $who, { clientId => 'more' })->status, 201,
       'until there is memory again');
}

done_testing;
