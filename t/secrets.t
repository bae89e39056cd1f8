# Nothing secret is kept where somebody else may read it: not in what Redis
# writes to disk, not on its wires, not in nginx's logs (S31, S42, S49). Only
# the passing code, which is worth nothing once it is used, is not looked for
# among digits.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Proxy;
use Kanda::Stateless;
use MIME::Base64 ();
use Test::More;
use Time::HiRes qw(sleep);

my $k = Kanda->new(workers => 2,
    server => Kanda::Stateless::locations('kanda_stateless_replay on;')
              . Kanda::Auth::location(),
    redis  => { port => 1, conf => [ appendonly => 'yes',
                                     'aof-use-rdb-preamble' => 'no' ] },
)->start_redis;
my $redis = $k->redis;
my $root = Kanda::Home::root();


# Everything that Redis is told and everything that it hands on.

sub listen_in {
    my ($name, @command) = @_;
    my $pid = Kanda::Home::spawn(
        # line by line: what redis-cli still holds back when it ends is lost
        command => [ 'stdbuf', '-oL', 'redis-cli', '-s', $redis->{socket},
                     @command ],
        output => "$root/$name");
    return $pid;
}

my @listeners = (listen_in('monitor', 'MONITOR'),
                 listen_in('replica', '--replica'));
Kanda::Home::wait_for('MONITOR', 10, sub { -s "$root/monitor" });

# Redis counts a replica as online before it sends it commands
Kanda::Home::wait_for('replication', 10, sub {
    Kanda::Home::slurp("$root/replica") =~ /REPLCONF ACK/ });

$k->start_nginx;
Kanda::Home::wait_for('service', 10, sub {
    $k->post('/auth/login', undef, { email => 'a@b.c', password => 'x' })
      ->status != 503 });


# name => bytes that nobody may find, in no form

my %secret;

for my $line (split /\n/, Kanda::Home::slurp($k->keys_file)) {
    my ($kind, $value) = $line =~ /^(\w+) .*?(\S+)$/;
    $secret{"the $kind key"} = MIME::Base64::decode_base64($value);
}

my (@owners, @names);

for my $n (1 .. long_test(4, 100)) {
    my $who = $k->account(password => "Very Secret Pass Phrase $n \x{263a}");
    $secret{"password $n"} = $who->{password};
    utf8::encode($secret{"password $n"});
    $secret{"token $n"} = $who->{token};
    $secret{"signature $n"} = (split /\./, $who->{token})[2];
    push @owners, $who;
}

for my $n (1 .. long_test(12, 1000)) {
    my $who = $owners[ $n % @owners ];
    my $algorithm = (qw(SHA1 SHA256 SHA512))[ $n % 3 ];
    my %import = $n % 2
        ? (secret => Kanda::Totp::base32_encode(random_bytes(20 + $n % 40)))
        : ();
    my $client = $k->client($who, algorithm => $algorithm, %import);

    $secret{"TOTP secret $n"} = Kanda::Totp::base32_decode($client->{secret});

    settle(3);
    my $code = totp($client->{secret}, algorithm => $algorithm);
    is($k->validate($who, $client->{clientId}, $code), 'true', 'a right code')
        if $n < 4;
    $k->validate($who, $client->{clientId}, $code);
    $k->validate($who, $client->{clientId}, wrong_code($client->{secret}));
    $k->get("/totp/qrcode/$client->{clientId}", $who);
    $k->get("/totp/$client->{clientId}", $who);

    if ($n % 3 == 0) {
        my $new = $k->post("/totp/rotate/$client->{clientId}", $who)->json;
        $secret{"rotated $n"} = Kanda::Totp::base32_decode($new->{secret});
    }

    if ($n % 2 == 0) {
        my $codes = $k->post("/totp/recovery/$client->{clientId}", $who)
                      ->json->{recoveryCodes};
        for my $i (0 .. $#$codes) {
            $secret{"recovery $n/$i"} = $codes->[$i];
            ($secret{"recovery $n/$i, bare"} = $codes->[$i]) =~ tr/-//d;
        }
        $k->validate($who, $client->{clientId}, $codes->[0]);
        $k->validate($who, $client->{clientId}, $codes->[0]);
    }
}

# accounts with sessions and a second factor

for my $n (1 .. long_test(3, 50)) {
    my $app = Kanda::Auth->new($k, bearer => 1, password =>
                               "Another Secret Phrase $n!")->register->login;
    my %first = map { $_ => $app->{$_} } qw(access refresh);

    $app->enrol;
    my $temp = $app->temp;
    my $code = $app->code;
    my $codes = $app->post('2fa/recovery-codes')->json->{recoveryCodes};
    $app->post('2fa/verify', { tempToken => $temp, totpCode => $_ })
        for $app->wrong, $code, $code, $codes->[0];
    my $pending = $app->post('2fa/setup')->json->{secret};
    $app->post('2fa/verify-setup', { token => '000000', secret => $pending });
    $app->post('refresh', { refreshToken => $app->{refresh} });
    $app->post('refresh', { refreshToken => $_ })
        for $first{refresh}, $app->{refresh} . 'x';
    my $web = $app->other(bearer => 0);
    $web->post('login', $web->credentials);
    $app->post('change-password', { currentPassword => $app->{password},
                                    newPassword => "Yet Another Phrase $n!" });

    my %own = (
        password => $app->{password}, 'new password' => "Yet Another Phrase $n!",
        access   => $app->{access}, refresh => $app->{refresh}, temp => $temp,
        factor   => Kanda::Totp::base32_decode($app->{secret}),
        pending  => Kanda::Totp::base32_decode($pending),
        (map { ("first $_" => $first{$_}) } keys %first),
        (map { ("code $_" => $codes->[$_], "code $_, bare" =>
                $codes->[$_] =~ tr/-//dr) } 0 .. $#$codes),
    );
    $secret{"own $_ $n"} = $own{$_} for keys %own;
    $secret{"mac of $_ $n"} = $own{$_} =~ s/.*\.//r for qw(access refresh temp);
}

for my $n (1 .. long_test(6, 100)) {
    my $who = $owners[ $n % @owners ];
    my $key = $k->post('/apikeys', $who, { name => "key $n" })->json;
    my ($tail) = $key->{apiKey} =~ /^kan_[^_]+_(.+)$/;

    cmp_ok(length $tail, '>=', 43, 'a key of 256 bits') if $n == 1;
    $secret{"API key $n"} = $key->{apiKey};
    $secret{"its random part $n"} = $tail;
    my $token = $k->post('/auth/token', undef, { apiKey => $key->{apiKey} })
                  ->json->{token};
    $secret{"its token $n"} = $token;
    is($k->get('/totp', $key->{apiKey})->status, 200, 'a key of ours')
        if $n == 1;
    $k->connect->request('GET', '/api/totp', headers =>
                         [ 'x-api-key' => $key->{apiKey} ]);

    my $list = $k->get('/apikeys', $who)->text;
    unlike($list, qr/\Q$tail\E/, 'no list shows it') if $n == 1;
    my ($entry) = grep { $_->{id} eq $key->{id} } @{ $k->get('/apikeys', $who)
                                                     ->json->{apiKeys} };
    my ($shared) = ($key->{apiKey} ^ $entry->{prefix}) =~ /^(\0*)/;
    unlike($entry->{prefix}, qr/\Q@{[ substr $tail, 0, 8 ]}\E./,
           'of its random part, eight characters at most') if $n == 1;

    $k->post('/auth/logout', $token);
    $k->delete("/apikeys/$key->{id}", $who) if $n % 2;
}


# Secrets that are not kept: neither those that are made nor those that are
# brought, right or wrong, and to right codes belongs a memory of them.

for my $n (1 .. long_test(6, 200)) {
    my $who = $owners[ $n % @owners ];
    my $key = $k->post('/apikeys', $who, { scopes => ['stateless'] })->json;
    my $caller = Kanda::Stateless->new($k, $secret{"stateless key $n"}
                                           = $key->{apiKey});
    my $made = $caller->otp('onboardUser', userID => "user $n",
                            applicationID => 'app')->json->{secretKey};
    my $more = $caller->generate(issuer => 'app', algorithm => 'SHA512',
                                 account_name => "user $n")->json->{secret};
    my $brought = Kanda::Totp::base32_encode(random_bytes(20));

    $secret{"made $n"} = Kanda::Totp::base32_decode($made);
    $secret{"made for JSON $n"} = Kanda::Totp::base32_decode($more);
    $secret{"brought $n"} = Kanda::Totp::base32_decode($brought);

    settle(3);
    $caller->otp('getOTP', secret => $brought);

    for my $text ($made, $brought) {
        is($caller->otp_says(secret => $text, token => totp($text)), 'true',
           'a right code') if $n < 3;
        $caller->otp_says(secret => $text, token => wrong_code($text));
        $caller->toolkit_says(secret => $text, code => totp($text));
        $caller->otp('verifyOTP', secret => $text, token => '');
        $caller->otp('getOTP', secret => $text, secret => $text);
        $caller->otp('nothing', secret => $text);
        $caller->verify(secret => "${text}1", code => 'x');
    }

    my $link = $k->connect;
    my $text = $caller->otp_text('getOTP', secret => $brought);
    $link->send($text =~ s/\r\n\r\n/\r\nBad Header\r\n\r\n/r)->receive;
}

cmp_ok(scalar(grep { /:replay:/ } @{ $redis->command('KEYS', '*') }), '>', 0,
       'some of it is remembered, in a way');


# Failures tell no more than success: wrong passwords, broken requests.

for my $n (1 .. 3) {
    my $who = $owners[ $n % @owners ];
    my $guess = "Not Quite The Pass Phrase $n";
    $secret{"guess $n"} = $guess;
    $k->post('/auth/login', undef, { email => $who->{email},
                                     password => $guess });
    $k->post('/auth/register', undef, { email => $who->{email},
                                        password => $guess });
    $k->post('/auth/register', undef, { email => 'broken', password => $guess });
    $k->post('/auth/login', undef, "{\"password\":\"$guess\",");
    $k->post('/totp/register', $who, { clientId => 'x', issuer => 'a:b',
        secret => Kanda::Totp::base32_encode(
            $secret{"bad import $n"} = random_bytes(20)) });
    $k->get('/totp', $who->{token} . 'x');
    $k->get('/totp', "kan_$guess" =~ tr/ /_/r);
    my $link = $k->connect;
    my $text = $k->request_text('GET', '/totp', $who);
    $link->send($text =~ s/\r\n\r\n/\r\nBad Header\r\n\r\n/r)->receive;
}


# in what there is to find

$_->stop for grep { $_ } $k->nginx;
$redis->command('SAVE');
sleep 0.3;
Kanda::Home::reap($_, 'TERM') for @listeners;

my %place = (
    'RDB'         => [ "$redis->{dir}/dump.rdb" ],
    'AOF'         => [ glob "$redis->{dir}/appendonlydir/*" ],
    'MONITOR'     => [ "$root/monitor" ],
    'replication' => [ "$root/replica" ],
    'error log'   => [ $k->nginx->{log} ],
    'access log'  => [ $k->nginx->dir . '/logs/access.log' ],
    'Redis log'   => [ "$redis->{dir}/log" ],
);


# A secret in all its forms; Base64 as it looks at each of three offsets, so
# that a secret within something encoded is found as well.

sub forms {
    my ($bytes) = @_;
    my %form = (
        raw  => $bytes,
        hex  => unpack('H*', $bytes),
        HEX  => uc unpack('H*', $bytes),
        base32 => Kanda::Totp::base32_encode($bytes),
        'lower base32' => lc Kanda::Totp::base32_encode($bytes),
        reversed => scalar reverse($bytes),
    );

    for my $offset (0 .. 2) {
        my $text = MIME::Base64::encode_base64("\0" x $offset . $bytes, '');
        $text = substr $text, $offset ? 4 : 0;
        $text =~ s/.{0,4}$//s;
        $form{"base64 at $offset"} = $text;
        ($form{"base64url at $offset"} = $text) =~ tr{+/}{-_};
    }

    # as MONITOR and logs write what cannot be printed
    $form{escaped} = join '', map { /[ -~]/ && !/["\\]/ ? $_
        : sprintf '\x%02x', ord } split //, $bytes;
    ($form{percent} = $bytes) =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ge;

    return map { [ $_, $form{$_} ] } grep { length $form{$_} >= 8 } keys %form;
}

my (@found, %patterns);

for my $name (sort keys %secret) {
    for my $form (forms($secret{$name})) {
        push @{ $patterns{ $form->[1] } }, "$name ($form->[0])";
    }
}

# Their first eight bytes tell where to look closer: as fast with a hundred
# thousand forms as with a hundred, which no alternation is.

my %starts;
push @{ $starts{ substr $_, 0, 8 } }, $_ for keys %patterns;

sub search {
    my ($text) = @_;
    my %hit;

    for my $at (0 .. length($text) - 8) {
        my $forms = $starts{ substr $text, $at, 8 } or next;

        for my $form (grep { substr($text, $at, length) eq $_ } @$forms) {
            $hit{ $patterns{$form}[0] }++;
        }
    }

    return sort keys %hit;
}

for my $place (sort keys %place) {
    my $text = join "\n", map { Kanda::Home::slurp($_) } @{ $place{$place} };

    cmp_ok(length $text, '>', $place eq 'Redis log' ? 100 : 500,
           "the $place has something to say");
    my @hits = search($text);
    is(join(', ', splice @hits, 0, 5), '', "and nothing of " . keys(%secret) . ' secrets');
}

# the search finds what is there: one email, in all but the access log
my ($email) = map { $_->{email} } @owners;
like(join('', map { Kanda::Home::slurp($_) } @{ $place{$_} }), qr/\Q$email\E/,
     "what is no secret is found in the $_") for qw(AOF MONITOR replication);
like(join(', ', search('x' . MIME::Base64::encode_base64(
    "ab$secret{'password 1'}", ''))), qr/^password 1 \(base64/,
    'and a secret where it is');

done_testing;
