# A code works once: whoever asks, on however many connections, workers and
# hosts (S3-S6, S8-S11).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Digest::SHA qw(hmac_sha1);
use Kanda;
use Kanda::Swarm;
use Test::More;

my $lax = 'location /lax/ { kanda_serve api;
               kanda_lockout row=1000 total=100000; }';
# by their own ports, connections are spread evenly over the workers
my @even = map { Kanda::Home::port() } 0, 1;
my @listen = map { "listen 127.0.0.1:$_ reuseport;\n" } @even;

my $k = Kanda->new(
    workers  => 2,
    http     => 'keepalive_requests 1000000;',
    location => 'add_header X-Worker $pid always; kanda_window 1;',
    server   => $listen[0] . $lax,
)->start;
my $host2 = Kanda->new(     # its clock is 0.9 s ahead
    redis => undef, kanda => $k->http_config, workers => 2, faketime => 1,
    server => $listen[1] . $lax, location => 'add_header X-Worker $pid always;');

$host2->nginx->set_time('+0.9');
$host2->start_nginx;

my $who = $k->account;
my $serial = 0;


sub text {
    my ($id, $code) = @_;
    return $k->request_text('POST', '/totp/validate', $who,
                            { clientId => $id, token => $code });
}

sub lax { return $_[0] =~ s{^(\w+) /api/}{$1 /lax/}r }


# How many of the answers are what.

sub count {
    my %count = (true => 0, false => 0, other => 0);
    $count{ $_->status != 200 ? 'other'
            : $_->text eq '{"valid":true}' ? 'true'
            : $_->text eq '{"valid":false}' ? 'false' : 'other' }++ for @_;
    return join ' ', @count{qw(true false other)};
}


# S3: 64 connections, the same code, at the same moment

sub same_code {
    my ($name, $rounds, @ports) = @_;
    my $race = $k->race(64, timeout => 30);
    my (%outcome, %workers, %winners);

    $race->{sockets}[$_] = Kanda::HTTP::dial($ports[$_ % @ports]) for 0 .. 63;

    for my $round (1 .. $rounds) {
        settle(1);
        my $c = $k->client($who, clientId => 'race' . ++$serial);
        my $text = text($c->{clientId},
                        totp($c->{secret}, step => $round % 3 - 1));
        settle(0.5);
        my @answers = $race->run([ ($text) x 64 ]);

        $outcome{ count(@answers) }++;

        for my $answer (@answers) {
            my $worker = $answer->header('X-Worker') // 'none';
            $workers{$worker}++;
            $winners{$worker}++ if $answer->text =~ /true/;
        }
    }

    is(join(', ', sort keys %outcome), '1 63 0',
       "$name: one true, 63 false, in each of $rounds rounds");
    is(scalar keys %workers, 2 * @ports, "$name: every worker took part");
    note("$name: won of answered, by worker: ",
         join ', ', map { ($winners{$_} // 0) . "/$workers{$_}" } keys %workers);
}

same_code('one host', long_test(60, 1000), $even[0]);
same_code('two hosts', long_test(40, 1000), @even);


# codes of three steps mixed: each is true at most once, in order

{
    my $race = $k->race(60, timeout => 30);
    my (@wrong, %sets);

    for (1 .. long_test(20, 300)) {
        settle(1);
        my $c = $k->client($who, clientId => 'mix' . ++$serial);
        my @codes = map { totp($c->{secret}, step => $_) } -1 .. 1;
        my @answers = $race->run([ map { text($c->{clientId}, $codes[$_ % 3]) }
                                   0 .. 59 ]);
        my @true = (0) x 3;

        for my $i (0 .. 59) {
            $true[$i % 3]++ if $answers[$i]->text eq '{"valid":true}';
        }

        $sets{"@true"}++;

        # the last step is always taken; what is earlier may have come too late
        push @wrong, "@true" if $true[2] != 1 || grep { $_ > 1 } @true;

        push @wrong, 'again'
            if grep { $k->validate($who, $c->{clientId}, $_) ne 'false' } @codes;
    }

    is("@wrong", '', 'three steps at once: each at most once, none afterwards');
    note(join ', ', map { "$_: $sets{$_}" } sort keys %sets);
}


# S4: steps only rise

{
    settle(5);
    my $c = $k->client($who, clientId => 'rise');
    my @say = map { $k->validate($who, 'rise', totp($c->{secret}, step => $_)) }
              -1, -1, 1, 0, 1, -1;
    is("@say", 'true false true false false false',
       'no step at or before the last');
    my $r = $k->post('/totp/validate', $who,
        { clientId => 'rise', token => totp($c->{secret}) });
    is($r->header('Kanda-Reason'), 'replayed', 'an earlier one is a replay');
}


# S6: two clients that have the same code in the same step

{
    settle(4);
    my $step = pack 'Q>', int time / 30;
    my (%seen, @twins);

    while (!@twins) {
        my $secret = random_bytes(20);
        my $mac = hmac_sha1($step, $secret);
        my $at = ord(substr $mac, -1) & 15;
        my $code = (unpack('N', substr $mac, $at, 4) & 0x7fffffff) % 1e6;

        @twins = ($seen{$code}, $secret) if $seen{$code};
        $seen{$code} = $secret;
    }

    my @c = map { $k->client($who, clientId => 'twin' . ++$serial,
                             secret => Kanda::Totp::base32_encode($_)) } @twins;
    my @codes = map { totp($_->{secret}) } @c;

    is($codes[0], $codes[1], 'two clients have one code');
    my @say = map { $k->validate($who, $_->{clientId}, $codes[0]) }
              @c, reverse @c;
    is("@say", 'true true false false', 'which is good once for each');
}


# S8: whatever a spent code is written like, it is spent, and nothing changes

{
    settle(4);
    my $c = $k->client($who, clientId => 'spelt');
    my $code = totp($c->{secret});
    my $state = sub {
        my ($key) = grep { /:client:spelt$/ } @{ $k->redis->command('KEYS', '*') };
        return $k->redis->command('HGETALL', $key);
    };

    is($k->validate($who, 'spelt', $code), 'true', 'a code, to be spent');
    my $before = $state->();
    my @d = split //, $code;
    my @bent = ("$d[0]$d[1]$d[2] $d[3]$d[4]$d[5]", "@d", join('-', @d),
        " $code", "$code ", "\t$code", "$code\n", "$code\r\n", "+$code",
        "-$code", "$code-", "$code.0", "${code}e0", "0$code", "${code}0",
        substr($code, 1), substr($code, 0, 5), "0x$code", "$code\x{7f}",
        "$code\x{a0}", "\x{feff}$code", "$code,", "'$code'", "$code$code",
        (map { my $base = $_; join '', map { chr $base + $_ } @d }
         0xff10, 0x660, 0x6f0, 0x966, 0x1d7ce));
    my @say = map { $k->validate($who, 'spelt', $_) } @bent;

    is(join(' ', grep { $_ ne 'false' } @say), '', scalar(@bent)
       . ' spellings of a spent code: never true');
    is_deeply($state->(), $before, 'and nothing of the client has changed');
    is($k->validate($who, 'spelt', totp($c->{secret}, step => 1)), 'true',
       'the next code is true, in its turn');
}


# S11: codes are strings

{
    settle(4);
    my ($secret, $code);

    do {
        $secret = Kanda::Totp::base32_encode(random_bytes(20));
        $code = totp($secret);
    } while $code !~ /^00/;

    my $c = $k->client($who, clientId => 'zeros', secret => $secret);
    my $number = $code + 0;

    for my $token ($number, qq("$number"), "${number}.0") {
        my $r = $k->post('/totp/validate', $who,
                         qq({"clientId":"zeros","token":$token}));
        is($r->status, $token =~ /"/ ? 200 : 400, "token $token");
        unlike($r->text, qr/true/, 'is not the code');
    }

    is($k->validate($who, 'zeros', $code), 'true', 'with its zeros it is right');

    my $plain = $k->client($who, clientId => 'number');
    my $r = $k->post('/totp/validate', $who, '{"clientId":"number","token":'
                     . ($code =~ s/^0+/1/r) . '}');
    is($r->status, 400, 'a JSON number is no code');
}


# S9: 32 connections, four to a client, each of which rotates and validates in
# turn. The history is right if no code of a secret is true in a request that
# began after the answer to a rotation that itself began after that secret was
# handed out.

{
    settle(4);
    my $rotations = long_test(640, 32000);
    my (@rotated, @true, @link, %handed);
    my $left = $rotations;
    my ($strange, $outrun) = (0, 0);
    my $swarm = Kanda::Swarm->new([ $k->port, $host2->port ], 32,
                                  timeout => 60);

    $k->client($who, clientId => "turn$_") for 0 .. 7;

    $swarm->run(sub {
        my ($i, $answer) = @_;
        my $mine = $link[$i] //= {};
        my $id = 'turn' . int $i / 4;

        if ($answer && $mine->{rotating}) {
            $strange++ if $answer->status != 200;
            $mine->{secret} = $answer->json->{secret};
            $handed{$id}{ $mine->{secret} } = $answer->{ended};
            push @{ $rotated[$i / 4] }, [ $answer->{began}, $answer->{ended} ];

        } elsif ($answer) {
            # one that four rotations overtook is not judged at all
            $answer->status == 503 ? $outrun++
                : $answer->status == 200 || $strange++;
            push @{ $true[$i / 4] }, { %$mine, began => $answer->{began} }
                if $answer->text eq '{"valid":true}';
        }

        $mine->{rotating} = !$mine->{rotating};

        if ($mine->{rotating}) {
            return if $left-- <= 0;
            return lax($k->request_text('POST', "/totp/rotate/$id", $who));
        }

        $mine->{code} = totp($mine->{secret});
        return lax(text($id, $mine->{code}));
    });

    is($swarm->{unanswered}, 0, 'rotating and validating: all answered');
    is($strange, 0, 'nothing strange');

    my ($late, $right, %times) = (0, 0);

    for my $n (0 .. 7) {
        my $handed = $handed{"turn$n"};

        for my $true (@{ $true[$n] }) {
            my $from = $handed->{ $true->{secret} };

            $right++;
            $times{ $true->{secret} }++;
            next if !grep { $_->[0] > $from && $_->[1] < $true->{began} }
                     @{ $rotated[$n] };

            # unless another secret happens to have that code
            $late++ if !grep {
                my $other = $_;
                $other ne $true->{secret} && grep {
                    totp($other, time => $true->{began}, step => $_)
                        eq $true->{code}
                } -1 .. 1;
            } keys %$handed;
        }
    }

    is($late, 0, 'no code was true after its secret was replaced');
    cmp_ok($right, '>', 0, "some were before: $right");
    is(scalar(grep { $_ > 1 } values %times), 0, 'and none twice');
    note("$outrun outrun");
}


# a rotation lets the new secret's code in, even in the same step, and the
# old secret's never

{
    settle(5);
    my ($c, @wrong);

    for my $n (0 .. long_test(25, 1000) - 1) {

        # a rotation keeps the count of wrong codes, a hundred of which lock
        if ($n % 50 == 0) {
            $c = $k->client($who, clientId => "fresh$n");
            is($k->validate($who, $c->{clientId}, totp($c->{secret})), 'true',
               'spent');
        }

        my $id = $c->{clientId};
        my $r = $k->post("/totp/rotate/$id", $who)->json;

        settle(0.5);
        my $old = totp($c->{secret}, step => 1);
        my $new = totp($r->{secret});
        next if $old eq $new;
        push @wrong, 'old' if $k->validate($who, $id, $old) ne 'false';
        push @wrong, 'new' if $k->validate($who, $id, $new) ne 'true';
        push @wrong, 'again' if $k->validate($who, $id, $new) ne 'false';
        $c = $r;
    }

    is("@wrong", '', 'in the same step: the new one, once, the old one never');
}


# S10: deleted and registered anew, while the old code keeps coming

{
    my $race = $k->race(16, timeout => 30);
    my @wrong;

    for my $round (1 .. long_test(50, 1000)) {
        settle(1);
        my $id = "again$serial";
        my $c = $k->client($who, clientId => $id);
        my $spend = $round % 2;
        my ($used, $code) = map { totp($c->{secret}, step => $_) } 0, 1;

        push @wrong, 'first'
            if $spend && $k->validate($who, $id, $used) ne 'true';

        $k->post("/totp/recovery/$id", $who) if $round % 3 == 0;

        my $new = Kanda::Totp::base32_encode(random_bytes(20));
        my @texts = (
            $k->request_text('DELETE', "/totp/$id", $who),
            (map { text($id, $code) } 1 .. 14),
            $k->request_text('POST', '/totp/register', $who,
                             { clientId => $id, secret => $new }),
        );
        my @answers = $race->run(\@texts);
        my $there = $answers[15]->status == 201;

        # who came before the deletion found the client there
        push @wrong, $answers[15]->status if $answers[15]->status !~ /^(201|409)$/;
        push @wrong, 'twice' if 1 < grep { $_->text eq '{"valid":true}' } @answers;

        $k->post('/totp/register', $who, { clientId => $id, secret => $new })
            if !$there;

        settle(0.5);
        my @codes = map { totp($new, step => $_) } -1 .. 1;
        next if grep { $_ eq $used || $_ eq $code } @codes;

        for my $old ($used, $code) {
            my $said = $k->validate($who, $id, $old);
            push @wrong, "old $said" if $said !~ /^(?:false|429)$/;
        }

        $k->post("/totp/unlock/$id", $who);
        push @wrong, 'new' if $k->validate($who, $id, totp($new)) ne 'true';
        push @wrong, 'left' if $k->delete("/totp/$id", $who)->status != 200;
        $serial++;
    }

    is("@wrong", '', 'a new client of an old name has its own secret only');

    my @keys = grep { /again/ } @{ $k->redis->command('KEYS', '*') };
    is("@keys", '', 'deletion leaves nothing');
}

done_testing;
