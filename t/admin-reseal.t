# A seal key is retired: every secret is sealed anew, account by account, while
# all goes on; then the old key can go.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Admin;
use Kanda::Auth;
use Kanda::Load;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $k = Kanda->new(workers => 2,
    http   => Kanda::Admin::server()
              . Kanda::Admin::server('kanda_realm staff;',
                                     Kanda::Admin::path('staff')),
    server => 'location /auth/ { kanda_serve auth; kanda_registration on; }
               location /staff/ { kanda_serve auth; kanda_realm staff;
                                  kanda_registration on; }',
)->start;
my $redis = $k->redis;
my $admin = Kanda::Admin->new;
my $staff = Kanda::Admin->new(address => Kanda::Admin::path('staff'));

Kanda::Home::allow(qr/\[alert\].*a client's sealed secret does not open/);

sub kid {
    my ($key) = @_;
    my $record = $redis->command('HGET', $key, 's');
    return substr $record, 2, ord substr $record, 1, 1;
}

sub keys_are {
    $k->write_keys($_[0]);
    $k->reload;
    Kanda::Home::wait_for('old workers to leave', 20,
                          sub { $k->nginx->worker_pids('any') == 2 });
    $_->{http}->close for $admin, $staff;
}


# All of an account's pages, summed up, and how many there were.

sub reseal {
    my ($who, $by) = @_;
    my ($cursor, %sum) = (0);

    while (defined $cursor) {
        my $r = ($by // $admin)->post("accounts/$who/reseal?cursor=$cursor");
        is($r->status, 200, 'a page') or return {};
        my $page = $r->json;
        is(delete $page->{userId}, $who, 'of that account');
        $cursor = delete $page->{cursor};
        $sum{$_} += $page->{$_} for keys %$page;
        $sum{pages}++;
    }

    return \%sum;
}


my $many = $k->account;
my $few = $k->account;
my @clients = map { $k->client($many) } 1 .. 300;
my ($last, $broken) = map { $k->client($few) } 1 .. 2;
my $person = Kanda::Auth->new($k)->register->login->enrol;
my $member = Kanda::Auth->new($k, mount => '/staff')->register->login->enrol;

my $text = Kanda::Home::slurp($k->keys_file);
my ($old) = $text =~ /^(seal s1 .*\n)/m;
my $new = 'seal s2 ' . encode_base64(random_bytes(32), '') . "\n";

is_deeply(reseal($few->{userId}), { secrets => 2, resealed => 0,
          unreadable => 0, pages => 1 }, 'there is nothing to do');

keys_are($text =~ s/\Q$old\E/$old$new/r);
keys_are($text =~ s/\Q$old\E/$new$old/r);


# Secrets that change meanwhile stay what they became

my %secret = map { $_->{clientId} => $_->{secret} } @clients;
my $load = Kanda::Load->new($k->port, 2, sub {
    my ($who, $n) = @_;
    my $client = $clients[ $who * 150 + $n % 150 ];
    return $k->request_text('POST', "/totp/rotate/$client->{clientId}", $many);
})->start;

my $sum = reseal($many->{userId});
my @rotated = $load->stop;
my $again = reseal($many->{userId});

for my $answer (@rotated) {
    my $made = JSON::PP->new->decode($answer->{body} =~ s/.*\r\n\r\n//sr);
    $secret{ $made->{clientId} } = $made->{secret};
}

cmp_ok(scalar @rotated, '>', 3, 'some were rotated');
cmp_ok($sum->{pages}, '>', 1, 'a long list has pages');
cmp_ok($sum->{secrets}, '>=', 300, 'that have them all');
cmp_ok($sum->{resealed}, '>', 0, 'old seals became new ones');
is($again->{resealed}, 0, 'once');
is(scalar(grep { kid("kanda:{$many->{userId}}:client:$_->{clientId}") ne 's2' }
          @clients), 0, 'and none is left');


# One that nobody can open is told of, and the rest goes on

my $place = "kanda:{$few->{userId}}:client:$broken->{clientId}";
my $record = $redis->command('HGET', $place, 's');
$redis->command('HSET', $place, 's', substr($record, 0, -1)
                . chr(255 ^ ord substr $record, -1));
$sum = reseal($few->{userId});
is_deeply($sum, { secrets => 2, resealed => 1, unreadable => 1, pages => 1 },
          'one does not open');
my $which = "account $few->{userId}, $broken->{clientId}";
like($k->nginx->log_text, qr/does not open: .* \Q$which\E\b/,
     'and the log says which');


# An account's own factor; realms

$sum = { secrets => 1, resealed => 1, unreadable => 0, pages => 1 };
is_deeply(reseal($person->{userId}), $sum, 'an own factor');
is(kid("kanda:{$person->{userId}}:factor"), 's2', 'has a new seal');
is($admin->post("accounts/$_/reseal")->json->{code}, 'account_not_found',
   'an account of nobody or of another realm') for 'c' x 26, $member->{userId};
is(kid("kanda:{$member->{userId}}:factor"), 's1', 'is left alone');
is_deeply(reseal($member->{userId}, $staff), $sum, 'by its own administrator');


# Whose turn it is, while others come and go

{
    my @all = map { $_->{userId} } $staff->everybody;
    my @mayflies = map { $staff->invite("m$_\@example.com")->{userId} }
                   1 .. 300;
    my ($cursor, %seen) = (0);

    while (defined $cursor) {
        my $r = $staff->get("user-ids?cursor=$cursor");
        is($r->status, 200, 'some ids') or last;
        $seen{$_}++ for @{ $r->json->{userIds} };
        $cursor = $r->json->{cursor};
        $staff->delete("accounts/$_") for splice @mayflies, 0, 100;
    }

    is(scalar(grep { !$seen{$_} } @all), 0, 'nobody is left out');
    is($staff->get("user-ids?cursor=$_")->status, 400, "cursor=$_")
        for 'x', -1;
}

my @log = @{ $admin->get('logs?event=admin.reseal')->json->{logs} };
is(join(' ', map { "$_->{success} $_->{userId}" } @log[0, 1]),
   "1 $person->{userId} 1 $few->{userId}", 'each is logged');
is(scalar(grep { $_->{userId} eq $many->{userId} } @log) <= 3, 1,
   'where there was something to do');

@log = @{ $k->get('/logs?event=admin.reseal', $few)->json->{logs} };
is(join(' ', map { $_->{success} } @log), '1', 'its owner can see it, too');

is($admin->post("accounts/$few->{userId}/reseal?cursor=$_")->status, 400,
   "cursor=$_") for '', '-1', 'x', '1e3', '9' x 30, '0&cursor=0';


# The old key goes, and nothing is missed

keys_are($text =~ s/\Q$old\E/$new/r);

my @wrong = grep { $k->validate($many, $_, totp($secret{$_})) ne 'true' }
            (sort keys %secret)[0 .. 59];
is("@wrong", '', 'codes of all that was sealed anew are right');
is($k->validate($few, $last->{clientId}, totp($last->{secret})), 'true',
   'so is the last one');
is($_->other->login($_->code)->get('me')->status, 200, 'people log in')
    for $person, $member;
is(reseal($few->{userId})->{unreadable}, 1, 'what did not open still does not');

done_testing;
