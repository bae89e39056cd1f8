# What is sealed opens where it was put, unaltered, with the right key, or not
# at all (S43); keys are changed under way (S45), found out when they are wrong
# (S46), and kept to themselves (S47).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Load;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

my $k = Kanda->new(workers => 2)->start;
my $redis = $k->redis;
my $alert = qr/\[alert\].*kanda: a client's sealed secret does not open/;

Kanda::Home::allow($alert);

my ($ann, $bob) = map { $k->account } 1 .. 2;
my $one = $k->client($ann, clientId => 'same');
my $two = $k->client($ann, clientId => 'other');
my $foreign = $k->client($bob, clientId => 'same');

sub place { my ($who, $client) = @_;
    return "kanda:{$who->{userId}}:client:$client->{clientId}" }
sub get { return $redis->command('HGET', $_[0], $_[1]) }
sub put { my ($key, @rest) = @_; $redis->command('HSET', $key, @rest) }

my $here = place($ann, $one);
my $record = get($here, 's');
my $version = get($here, 'v');


# Nothing is judged by a record that does not open: neither a right code nor a
# wrong one, nor is either charged or used.

my $alerts = 0;

sub refused {
    my ($what, $who, $client) = @_;
    my $key = place($who, $client);
    my $before = join '|', map { $_ // '' } @{ $redis->command('HGETALL', $key) };
    my $log = length $k->nginx->log_text;

    for my $code (totp($client->{secret}), wrong_code($client->{secret})) {
        my $r = $k->post('/totp/validate', $who,
            { clientId => $client->{clientId}, token => $code });
        my $body = $r->json // {};

        if ($r->status != 500 || ($body->{code} // '') ne 'integrity'
            || !exists $body->{valid} || $body->{valid})
        {
            is($r->status . ' ' . $r->text, '500 integrity', $what);
            return 0;
        }
    }

    my @told = substr($k->nginx->log_text, $log) =~ /$alert/g;
    my $after = join '|', map { $_ // '' } @{ $redis->command('HGETALL', $key) };

    if (@told != 2 || $before ne $after) {
        is(scalar @told, 2, "$what: an alert each");
        is($after, $before, "$what: nothing changes");
        return 0;
    }

    return 1;
}

settle(6);

# each byte, one bit; the first says the format, the next how long the key id

my ($bytes, $good) = (length $record, 0);

for my $at (0 .. $bytes - 1) {
    for my $bit ($ENV{KANDA_TEST_LONG} ? 0 .. 7 : $at % 8) {
        my $altered = $record;
        substr($altered, $at, 1) ^= chr(1 << $bit);
        put($here, 's', $altered);
        refused("byte $at, bit $bit", $ann, $one) ? $good++ : last;
    }
}

is($good, $bytes * ($ENV{KANDA_TEST_LONG} ? 8 : 1),
   "each of $bytes bytes is watched over");

$good = 0;
my @lengths = (0 .. $bytes - 1);
put($here, 's', substr $record, 0, $_), $good += refused("$_ bytes", $ann, $one)
    for @lengths;
is($good, scalar @lengths, 'a record that was cut');

for my $case (
    [ 'a byte more', $record . "\0" ], [ 'twice', $record x 2 ],
    [ 'a long one', $record . 'x' x 5000 ],
    [ 'a key id beyond the end', substr($record, 0, 1) . "\xff" . 'x' x 60 ],
    [ 'the secret itself', Kanda::Totp::base32_decode($one->{secret}) ],
    [ "another client's", get(place($ann, $two), 's') ],
    [ "another account's", get(place($bob, $foreign), 's') ],
    [ 'the canary', $redis->command('GET', 'kanda:canary') ],
) {
    put($here, 's', $case->[1]);
    ok(refused($case->[0], $ann, $one), "refused: $case->[0]");
}

put($here, 's', $record);
put($here, 'v', scalar reverse $version);
ok(refused('version', $ann, $one), 'refused: with another version');

put($here, 'v', get(place($ann, $two), 'v'), 's', get(place($ann, $two), 's'));
ok(refused('swap', $ann, $one), "refused: another client's, version and all");

put($here, 'v', get(place($bob, $foreign), 'v'),
    's', get(place($bob, $foreign), 's'));
ok(refused('swap', $ann, $one), 'refused: the same client of another account');

$redis->command('HDEL', $here, 's');
my $r = $k->post('/totp/validate', $ann, { clientId => 'same',
                                           token => totp($one->{secret}) });
isnt($r->status, 200, 'without a secret there is no verdict');
ok(!$r->json->{valid}, 'and no right code');

put($here, 's', 'x' x 60, 'v', $version);
$r = $k->get('/totp/qrcode/same', $ann);
is($r->status, 500, 'nor is it drawn');
is($r->json->{code}, 'integrity', 'for the same reason');

put($here, 's', $record, 'v', $version);
is($k->validate($ann, 'same', totp($one->{secret})), 'true',
   'as it was, it opens');


# odd settings beside the secret: no crash, no verdict that they buy

for my $odd ([ d => 0 ], [ d => 1 ], [ d => 99 ], [ d => 'x' ], [ d => -6 ],
             [ d => '99999999999999999999' ], [ p => 0 ], [ p => -1 ],
             [ p => '1e3' ], [ p => '9999999999999999999' ], [ a => 'MD5' ],
             [ a => 9 ], [ a => '' ], [ a => -1 ], [ t => 'x' ],
             [ t => '-5' ], [ t => '99999999999999999999999' ])
{
    my ($field, $value) = @$odd;
    my $was = get($here, $field);
    put($here, $field, $value);
    my $r = $k->post('/totp/validate', $ann, { clientId => 'same',
        token => '0' x ($value eq '1' ? 1 : 6) });
    ok($r->status && !($r->json // {})->{valid},
       "$field = '$value' is no right code (" . $r->status . ')');
    put($here, $field, $was);
}


# S45: a key is added, records are sealed anew as they are used, the old one
# goes

sub kid {
    my ($record) = @_;
    return substr $record, 2, ord substr $record, 1, 1;
}

is(kid($record), 's1', 'a record names its key');

my $text = Kanda::Home::slurp($k->keys_file);
my ($old) = $text =~ /^(seal s1 .*\n)/m;
my $new = 'seal s2 ' . encode_base64(random_bytes(32), '') . "\n";
my @used = map { $k->client($ann) } 1 .. 4;
my $unused = $k->client($ann);

my $load = Kanda::Load->new($k->port, 4, sub {
    $k->request_text('GET', "/totp/qrcode/$used[ $_[0] ]{clientId}", $ann)
})->start;

# in two steps, as with tokens: whoever still has the old file alone could not
# open what is sealed by a key that he has not seen

for my $lines ("$old$new", "$new$old") {
    $k->write_keys($text =~ s/\Q$old\E/$lines/r);
    $k->reload;
    Kanda::Home::wait_for('old workers to leave', 20,
                          sub { $k->nginx->worker_pids('any') == 2 });
}

# a worker that leaves while it waits for a body greets Redis once more, with the
# order of yesterday
$k->write_keys($text =~ s/\Q$old\E/$old$new/r);
$k->reload;
my $slow = $k->connect;
my $half = $k->request_text('POST', '/totp/validate', $ann,
    { clientId => 'nobody', token => '123456' });
$slow->send(substr $half, 0, length($half) - 5);
$k->write_keys($text =~ s/\Q$old\E/$new$old/r);
$k->reload;
sleep 0.2;
is($slow->send(substr $half, -5)->receive->status, 404, 'answered while leaving');
is(kid($redis->command('GET', 'kanda:canary')), 's2',
   'without undoing what the new ones did');

settle(4);
is($k->validate($ann, $_->{clientId}, wrong_code($_->{secret})), 'false',
   'a wrong code') for $used[0];
is(kid(get(place($ann, $used[0]), 's')), 's2', 'is enough to seal anew');

for my $client (@used[1 .. 3]) {
    is($k->validate($ann, $client->{clientId}, totp($client->{secret})),
       'true', 'a right code opens the old seal');
    is(kid(get(place($ann, $client), 's')), 's2', 'it is sealed anew');
    is($k->validate($ann, $client->{clientId}, totp($client->{secret})),
       'false', 'used is used');
}

is(kid(get(place($ann, $unused), 's')), 's1', 'what was not used was not');
is(kid($redis->command('GET', 'kanda:canary')), 's2', 'the canary is');
is(kid(get(place($ann, $k->client($ann)), 's')), 's2', 'new ones are');

my @got = $load->stop;
is(scalar(grep { $_->{status} != 200 } @got), 0,
   'of ' . @got . ' requests none failed') or diag Kanda::Load::tally(@got);

$k->write_keys($text =~ s/\Q$old\E/$new/r);
$k->reload;
$r = $k->post('/totp/validate', $ann, { clientId => $used[0]{clientId},
                                        token => totp($used[0]{secret}) });
is($r->text, '{"valid":true}', 'without the old key it opens');
$r = $k->post('/totp/validate', $ann, { clientId => $unused->{clientId},
                                        token => totp($unused->{secret}) });
is($r->status . $r->json->{code}, '500integrity', 'what only that key opens '
   . 'does not');

$k->write_keys($text =~ s/\Q$old\E/$new$old/r);
$k->reload;
is($k->validate($ann, $unused->{clientId}, totp($unused->{secret})), 'true',
   'until it is back');


unlike($k->nginx->log_text, qr/kanda_keys file does not open what/,
       'no worker took the new keys for wrong ones');


# S46: keys of another installation

Kanda::Home::allow(qr/\[alert\].*kanda_keys file does not open what/);

my $before = $redis->dump;
my $size = $redis->command('DBSIZE');
my $right = Kanda::Home::slurp($k->keys_file);

$k->stop;
$k->write_keys(Kanda::keys_text());
$k->nginx->start;
delete $k->{http_link};
sleep 0.3;

my @status = (
    map { $k->api(@$_)->status }
    [ 'POST', '/auth/register', undef,
      { email => 'new@example.com', password => 'correct horse' } ],
    [ 'POST', '/auth/login', undef,
      { email => $ann->{email}, password => $ann->{password} } ],
    [ 'POST', '/auth/token', undef,
      { apiKey => "kan_$ann->{userId}_" . 'a' x 43 } ],
);

is($status[0], 503, 'keys of another installation: nobody registers');
is($status[1], 503, 'or logs in');
like($status[2], qr/^(?:401|503)$/, 'or has a token');
is($redis->command('DBSIZE'), $size, 'nothing is written');
is($redis->dump, $before, 'or changed');
like($k->nginx->log_text, qr/\[alert\].*kanda_keys file/, 'the log says why');

$k->write_keys($right);
$k->reload;
Kanda::Home::wait_for('service', 10, sub {
    $k->get('/auth/me', $ann)->status == 200 });
pass('the right keys and a reload cure it');


# S47: a key file is its owner's alone

for my $mode (0640, 0604, 0644, 0666, 0620, 0610, 0602, 0660) {
    chmod $mode, $k->keys_file;
    my ($status, $text) = $k->nginx->check;
    isnt($status, 0, sprintf 'mode %04o is refused', $mode);
    like($text, qr/kanda_keys.*chmod 600/, 'with the remedy');
}

for my $mode (0600, 0400) {
    chmod $mode, $k->keys_file;
    my ($status, $text) = $k->nginx->check;
    is($status, 0, sprintf 'mode %04o is right', $mode) or diag $text;
}

my $file = $k->keys_file;
my $dir = Kanda::Home::root();

for my $case ([ 'a folder' => $dir ], [ 'a device' => '/dev/null' ],
              [ 'a pipe' => do { system 'mkfifo', '-m', '600', "$dir/fifo";
                                 "$dir/fifo" } ],
              [ 'nothing' => "$dir/none" ])
{
    my ($what, $path) = @$case;
    local $k->nginx->{http} = $k->nginx->{http} =~ s/\Q$file\E/$path/r;
    my ($status, $text) = $k->nginx->check;
    isnt($status, 0, "$what is no key file");
    like($text, qr/kanda_keys/, 'and is told so');
}

chmod 0600, $file;
done_testing;
