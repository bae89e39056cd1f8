# The two dialects that keep no secret: right codes as others compute them, what
# a camera reads, what the log tells, and that nothing stays behind.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;
use utf8;

use Kanda;
use Kanda::Stateless;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(time);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $k = Kanda->new(
    workers => 2,
    allow   => [ qr/\[crit\].*connect\(\) to unix/ ],
    server  => Kanda::Stateless::locations()
               . Kanda::Stateless::locations('kanda_window 0;', '/w0')
               . Kanda::Stateless::locations('kanda_window 2;', '/w2')
               . Kanda::Stateless::locations('kanda_realm other;', '/other')
               . Kanda::Stateless::locations('kanda_region eu;', '/eu'),
)->start;
my $redis = $k->redis;
my $owner = $k->account;
my $dir = Kanda::Home::root();


sub key {
    my (%o) = @_;
    return $k->post('/apikeys', $owner, { %o })->json->{apiKey};
}

my $key = key(scopes => ['stateless']);
my $caller = Kanda::Stateless->new($k, $key);

sub below { Kanda::Stateless->new($k, $_[1] // $key, prefix => $_[0]) }

sub secret { Kanda::Totp::base32_encode(random_bytes($_[0] // 20)) }

sub camera {
    my ($png) = @_;
    open my $fh, '>:raw', "$dir/qr.png" or die $!;
    print $fh $png;
    close $fh;
    my $read = `zbarimg --quiet --nodbus --raw --oneshot -Sdisable -Sqrcode.enable -Sqrcode.binary $dir/qr.png`;
    return $read;
}

sub png { decode_base64($_[0] =~ s/^data:image\/png;base64,//r) }


# getOTP, judged by oathtool: codes and the time that is left of them

for my $case ([ {}, 6, 30 ], [ { tokenLength => 7 }, 7, 30 ],
              [ { tokenLength => 8, tokenValidity => 10 }, 8, 10 ],
              [ { tokenValidity => 300 }, 6, 300 ],
              [ { tokenLength => 6, tokenValidity => 59 }, 6, 59 ])
{
    my ($fields, $digits, $period) = @$case;
    my $name = "$digits digits of $period s";

    for my $bytes (10, 20, 32, 128) {
        my $secret = secret($bytes);

        settle(1, $period);
        my $before = time;
        my $got = $caller->otp('getOTP', secret => $secret, %$fields)->json;
        my $after = time;
        my @due = map { oathtool($secret, digits => $digits, period => $period,
                                 time => $before + $_ * $period) } -1 .. 1;

        is("@$got{qw(previousToken currentToken nextToken)}", "@due",
           "$name, $bytes bytes: what oathtool says");
        is($got->{timeUsed} + $got->{timeRemaining}, $period, 'all of the time');
        ok($got->{timeUsed} >= $before % $period
           && $got->{timeUsed} <= $after % $period, 'and how much of it')
            or diag "$before $got->{timeUsed} $after";
    }
}


# A secret is the same however it is written

{
    my $secret = 'JBSWY3DPEHPK3PXPJA';
    settle(3);
    my $code = $caller->otp('getOTP', secret => $secret)->json->{currentToken};

    for my $spelt (lc $secret, "$secret======", 'jbsw y3dp ehpk 3pxp ja',
                   'JBSW-Y3DP-EHPK-3PXP-JA======', "  $secret ")
    {
        is($caller->otp('getOTP', secret => $spelt)->json->{currentToken},
           $code, "'$spelt'");
        is($caller->otp_says(secret => $spelt, token => $code), 'true', 'verified');
        is($caller->toolkit_says(secret => $spelt, code => $code), 'true',
           'by both');
    }
}


# verifyOTP: the window is the location's, the length of the code its digits

for my $case ([ $caller, 1 ], [ below('/w0'), 0 ], [ below('/w2'), 2 ]) {
    my ($who, $window) = @$case;

    for my $digits (6 .. 8) {
        for my $period (30, 300) {
            my $secret = secret();
            settle(2, $period);
            my @said = map { $who->otp_says(secret => $secret,
                                 tokenValidity => $period,
                                 token => oathtool($secret, digits => $digits,
                                     period => $period,
                                     time => time + $_ * $period)) } -3 .. 3;
            my @due = map { abs $_ <= $window ? 'true' : 'false' } -3 .. 3;
            is("@said", "@due",
               "window $window, $digits digits of $period s");
        }
    }
}

{
    my $secret = secret();
    settle(3);
    my $code = totp($secret);
    my $spaced = $code =~ s/(...)(...)/$1 $2/r;
    my $r = $caller->otp('verifyOTP', secret => $secret, token => $spaced);
    is($r->json->{token}, $spaced, 'a code in two groups, told back so');
    ok($r->json->{isValid}, 'is right');
    is($caller->otp_says(secret => $secret, token => $code), 'true',
       'nothing is remembered by default: right again');
    is($caller->toolkit_says(secret => $secret, code => $code), 'true',
       'in the other dialect, too');
}


# S35: the right code is never told

{
    my $secret = secret();
    my ($told, $right, $n) = (0, 0, long_test(1000, 10_000));

    for (1 .. $n) {
        my $token = wrong_code($secret);
        my $r = $caller->otp('verifyOTP', secret => $secret, token => $token);
        my $body = $r->json;

        $told++ if $r->status == 200 && $body->{token} eq $token
            && !$body->{isValid}
            && "@{[ sort keys %$body ]}" eq 'isValid timeRemaining timeUsed token';
        for my $step (-1 .. 1) {
            my $code = totp($secret, step => $step);
            $right++ if $code ne $token && index($r->{raw} . $r->text, $code) >= 0;
        }
    }

    is($told, $n, "$n wrong codes: each is told back");
    is($right, 0, 'and the right one never');
}


# What is made is right at once, and what the camera reads is the URI

for my $label ('jafferali', 'a@b.example', 'Zoë & Ms. +?#/%', '東京', 'x' x 128) {
    my $issuer = reverse $label;
    my $r = $caller->otp('onboardUser', userID => $label,
                         applicationID => $issuer, tokenLength => 8)->json;
    is(camera(png($r->{QRCode})), $r->{otpURL}, "onboardUser: $label");
    like($r->{otpURL}, qr/\Q$r->{secretKey}\E/, 'with its secret');
    is($caller->otp_says(secret => $r->{secretKey}, token => $r->{token}),
       'true', 'whose code is right');

    $r = $caller->generate(issuer => $issuer, account_name => $label,
                           digits => 8, algorithm => 'SHA256')->json;
    is(camera(png($r->{qr_code})), $r->{uri}, "totp-generate: $label");
    is($caller->toolkit_says(secret => $r->{secret}, digits => 8,
                             algorithm => 'SHA256',
                             code => $r->{current_code}),
       'true', 'whose code is right');
}

{
    my %secrets = map { $caller->generate(issuer => 'a', account_name => 'b')
                               ->json->{secret} => 1 } 1 .. 50;
    is(scalar keys %secrets, 50, 'each time another secret');
}


# generateQRCode: any bytes, as many as fit

for my $data ('x', 'https://example.com/?a=b&c=%20', 'Grüße aus 東京',
              join('', map { chr } 0 .. 255), "\0", "a\0b", "\xff\xfe" x 40,
              '0123456789' x 50, 'x' x 2331)
{
    my $bytes = $data;
    utf8::encode($bytes) if utf8::is_utf8($bytes) && $data =~ /[^\x00-\xff]/;
    utf8::downgrade($bytes);
    my $r = $caller->otp('generateQRCode', data => $bytes);

    is($r->header('Content-Type'), 'image/png', length($bytes) . ' bytes: a picture');
    ok(camera($r->text) eq $bytes, 'a camera reads them');
}

is($caller->otp('generateQRCode', data => 'x' x 2332)->status, 400,
   'one more does not fit');


# totp-verify: drift, for all that a window may hold

for my $algorithm (qw(SHA1 SHA256 SHA512)) {
    for my $case ([ 6, 30, 10 ], [ 8, 120, 3 ], [ 6, 10, 0 ], [ 8, 30, 1 ]) {
        my ($digits, $period, $window) = @$case;
        my $secret = secret(32);
        my %how = (digits => $digits, period => $period, algorithm => $algorithm);
        my (@got, @due);

        settle(4, $period);
        my $now = time;

        for my $step (-$window - 1 .. $window + 1) {
            my $code = oathtool($secret, %how, time => $now + $step * $period);
            push @got, $caller->verify(secret => $secret, code => $code, %how,
                                       window => $window)->text;
            push @due, abs $step > $window ? '{"valid":false,"drift":0}'
                : sprintf '{"valid":true,"drift":%d}', $step * $period;
        }

        is_deeply(\@got, \@due,
                  "$algorithm, $digits digits of $period s: window $window");
    }
}

{
    my $secret = secret();
    settle(3);
    is($caller->verify(secret => $secret, code => totp($secret, step => -1))->text,
       '{"valid":true,"drift":-30}', 'the window is one step');
    is($caller->toolkit_says(secret => $secret, code => totp($secret, step => 2)),
       'false', 'and no more');
    is($caller->toolkit_says(secret => $secret, code => totp($secret, digits => 8)),
       'false', 'six digits unless another number is said');
}


# Keys of another realm are worth nothing, nor are those of other regions

is(below('/other')->otp('getOTP', secret => secret())->status, 403,
   'a key of another realm: 403');
is(below('/other')->generate(issuer => 'a', account_name => 'b')->status, 401,
   'or 401, as the dialect has it');

for my $case ([ [qw(eu us)], 200, 200 ], [ ['us'], 403, 403 ]) {
    my ($regions, @due) = @$case;
    my $there = below('/eu', key(regions => $regions));
    my @got = map { $_->status } $there->otp('getOTP', secret => secret()),
              $there->generate(issuer => 'a', account_name => 'b');
    is("@got", "@due", "a key of @$regions in eu");
}


# The log: one entry each, in the words of the contract, and nothing to hide

sub newest {
    my ($n) = @_;
    my $page = $k->get("/logs?limit=$n", $owner)->json;
    return map { join ' ', $_->{event}, $_->{success} ? 'ok' : 'no',
                 $_->{reason} // '-', $_->{clientId} // '-',
                 substr($key, 4, 10) eq ($_->{apiKeyId} // '') ? 'key' : '-' }
           reverse @{ $page->{logs} };
}

my $secret = secret();
my $other = secret();
my $weak = Kanda::Stateless->new($k, key(scopes => ['validate']));

settle(4);
my ($right, $wrong) = (totp($secret), wrong_code($secret));
my $user = 'user-' . secret(5);

$caller->otp('onboardUser', userID => $user, applicationID => 'app');
$caller->otp('getOTP', secret => $secret);
$caller->otp('verifyOTP', secret => $secret, token => $right);
$caller->otp('verifyOTP', secret => $secret, token => $wrong);
$caller->otp('verifyOTP', secret => $secret, token => 'abcdef');
$caller->generate(issuer => 'a', account_name => $user);
$caller->verify(secret => $other, code => totp($other));
$caller->verify(secret => $other, code => wrong_code($other));
$caller->verify(secret => $other, code => '1');
$caller->otp('generateQRCode', data => $user);      # these three: no entry
$caller->otp('getOTP', secret => '');
$caller->generate(issuer => 'a');
$weak->otp('getOTP', secret => $secret);
$weak->generate(issuer => 'a', account_name => $user);

is_deeply([ newest(11) ], [
    'otp.onboard ok - - key', 'otp.get ok - - key',
    'otp.verify ok - - key', 'otp.verify no wrong_code - key',
    'otp.verify no malformed - key', 'toolkit.generate ok - - key',
    'toolkit.verify ok - - key', 'toolkit.verify no wrong_code - key',
    'toolkit.verify no malformed - key', 'otp.get no insufficient_scope - -',
    'toolkit.generate no insufficient_scope - -',
], 'what the log tells');

below('/eu', key(regions => ['us']))->otp('getOTP', secret => $secret);
is((newest(1))[0], 'otp.get no wrong_region - -', 'a key of another region');

my $page = $k->get('/logs?event=toolkit.verify&limit=1', $owner)->json;
is($page->{logs}[0]{event}, 'toolkit.verify', 'events can be asked for');


# Nothing of a secret, a code or a key stays behind

my $kept = $redis->dump;
my $log = $k->nginx->log_text . Kanda::Home::slurp($k->nginx->dir . '/logs/access.log');

for my $text ($secret, $other, $right, $wrong, $key, $user) {
    for my $form ($text, lc $text, Kanda::Totp::base32_decode($text)) {
        next if length $form < 6;
        is(index($kept, $form), -1, 'not in Redis');
        is(index($log, $form), -1, 'nor in a log') if $text ne $user;
    }
}

is(scalar(grep { /replay/ } @{ $redis->command('KEYS', '*') }), 0,
   'no step is remembered');


# Redis is away: 503 in each dialect's own shape, and no verdict

$redis->stop;

for my $r ($caller->otp('verifyOTP', secret => $secret, token => $right),
           $caller->otp('onboardUser', userID => 'a', applicationID => 'b'),
           $caller->otp('generateQRCode', data => 'x'))
{
    is($r->status, 503, 'otp: 503');
    like($r->header('Retry-After') // '', qr/^\d+$/, 'try again');
    like($r->text, qr/^\{"message":"[^"]+"\}$/, 'in its shape');
}

for my $r ($caller->verify(secret => $secret, code => $right),
           $caller->generate(issuer => 'a', account_name => 'b'))
{
    is($r->status, 503, 'toolkit: 503');
    is($r->json->{code}, 'unavailable', 'in its shape');
    ok(!exists $r->json->{valid} && !exists $r->json->{secret}, 'and nothing else');
}

done_testing;
