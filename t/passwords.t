# How passwords are kept (S51), that an email tells nothing of whether it is
# known (S52), and that a flood of logins is turned away at once and leaves the
# rest alone (S55).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use Kanda;
use Kanda::Load;
use MIME::Base64 ();
use Test::More;
use Time::HiRes qw(sleep time);

my $san = $ENV{KANDA_SAN};
my $k = Kanda->new(workers => 1)->start;
my $redis = $k->redis;
my $root = Kanda::Home::root();


# Argon2 from the same library, told by a program of our own what to do.

my $program = do {
    open my $fh, '>', "$root/argon.c" or die $!;
    print $fh <<'END';
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int n, char **v)
{
    char out[256], pwd[32];
    if (n != 5 || fread(pwd, 1, 32, stdin) != 32
        || argon2id_hash_encoded(atoi(v[2]), atoi(v[1]), atoi(v[3]), pwd, 32,
                                 v[4], strlen(v[4]), 32, out, sizeof(out)))
    {
        return 1;
    }
    return puts(out) == EOF;
}
END
    close $fh;
    system 'cc', '-o', "$root/argon", "$root/argon.c", '-largon2';
    $? ? undef : "$root/argon";
};

my ($digest) = Kanda::Home::slurp($k->keys_file) =~ /^digest (.*)$/m;
my $pepper = hmac_sha256('kanda password pepper',
                         MIME::Base64::decode_base64($digest));


sub phc {
    my ($password, $memory, $passes, $lanes, $salt) = @_;
    utf8::encode($password) if utf8::is_utf8($password);
    open my $fh, '>:raw', "$root/input" or die $!;
    print $fh hmac_sha256($password, $pepper);
    close $fh;
    chomp(my $text = `$program $memory $passes $lanes '$salt' < $root/input`);
    return $text;
}

sub stored { return $redis->command('HGET', "kanda:{$_[0]{userId}}", 'phc') }

sub login {
    my ($who, $password) = @_;
    return $k->post('/auth/login', undef,
        { email => $who->{email}, password => $password // $who->{password} });
}

sub forget_attempts {
    my ($who) = @_;
    $redis->command('DEL', "kanda:{$who->{userId}}:login");
}


my $ann = $k->account;
my $bob = $k->account;
my $phc = stored($ann);

like($phc, qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+\/]{22}\$[\w+\/]{43}$/,
     'a PHC string: Argon2id as OWASP lists it, 16 bytes of salt');
isnt($phc, stored($bob), 'the same password looks different');
isnt((split /\$/, $phc)[4], (split /\$/, stored($bob))[4],
     'for its salt does');


SKIP: {
    skip 'no C compiler with libargon2', 1 if !$program;

    my $peppered = phc($ann->{password}, 19456, 2, 1, 'sixteen bytes!!!');
    like($peppered, qr/\$c2l4dGVlbiBieXRlcyEhIQ\$/, 'a hash of somebody else\'s');
    $redis->command('HSET', "kanda:{$ann->{userId}}", 'phc', $peppered);
    is(login($ann)->status, 200, 'is right: HMAC with the pepper, then Argon2id');
    is(stored($ann), $peppered, 'and left as it is');

    # older parameters work, and are replaced

    for my $old ([ 4096, 3, 1 ], [ 19456, 1, 1 ], [ 19456, 2, 2 ],
                 [ 32768, 2, 1 ], [ 65536, 1, 4 ])
    {
        my $text = phc($ann->{password}, @$old, 'sixteen bytes!!!');
        $redis->command('HSET', "kanda:{$ann->{userId}}", 'phc', $text);
        forget_attempts($ann);
        is(login($ann, 'not this one')->status, 401, "m,t,p = @$old: wrong");
        is(stored($ann), $text, 'stays as it is');
        is(login($ann)->status, 200, 'right');
        like(stored($ann), qr/\$m=19456,t=2,p=1\$/, 'is hashed anew');
        unlike(stored($ann), qr/c2l4dGVlbiBieXRlcyEhIQ/, 'with new salt');
        is(login($ann)->status, 200, 'and right again');
    }
}


# what is stored cannot ask for the machine

for my $bad ('$argon2id$v=19$m=4194304,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$' . 'A' x 43,
             '$argon2id$v=19$m=19456,t=4294967295,p=1$c2l4dGVlbiBieXRlcyEhIQ$'
             . 'A' x 43,
             '$argon2id$v=19$m=8,t=1,p=4$c2l4dGVlbiBieXRlcyEhIQ$' . 'A' x 43,
             '$argon2i$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyEhIQ$' . 'A' x 43,
             '$argon2id$v=19$m=19456,t=2,p=1$$', '$', 'x', 'x' x 5000, ' ',
             $ann->{password}, $phc . 'A', substr($phc, 0, -1))
{
    $redis->command('HSET', "kanda:{$ann->{userId}}", 'phc', $bad);
    forget_attempts($ann);
    my $start = time;
    my $status = login($ann)->status;
    like($status, qr/^(?:401|500|503)$/, 'no login by: '
         . substr $bad, 0, 40) ;
    cmp_ok(time - $start, '<', $san ? 10 : 2, 'and no long work');
    is(stored($ann), $bad, 'nothing is put in its place');
}

$redis->command('HSET', "kanda:{$ann->{userId}}", 'phc', $phc);
forget_attempts($ann);
is(login($ann)->status, 200, 'the right string again');


# S52: the same commands for an email that is known and for one that is not

sub commands {
    my ($email, $password) = @_;
    $redis->command('CONFIG', 'RESETSTAT');
    my $before = cpu();
    my $r = $k->post('/auth/login', undef, { email => $email,
                                             password => $password });
    my $cost = cpu() - $before;
    my $info = $redis->command('INFO', 'commandstats');
    my %calls = $info =~ /^cmdstat_([^:]+):calls=(\d+)/mg;
    delete @calls{ grep { /^(?:config|info)/ } keys %calls };
    return ($r, join(' ', map { "$_:$calls{$_}" } sort keys %calls), $cost);
}

# seconds of processor time of the worker, all threads

sub cpu {
    my ($pid) = $k->nginx->worker_pids;
    my $ns = 0;

    $ns += (split ' ', Kanda::Home::slurp($_))[0]
        for glob "/proc/$pid/task/*/schedstat";

    return $ns / 1e9;
}

# his log is as long as it may be, and his next entry one of those at which it
# is searched for what is too old

{
    my $his = "kanda:{$bob->{userId}}";
    $redis->command('RPUSH', "$his:log", ("1\x1f1\x1fauth.login") x 10_100);
    $redis->command('RPUSH', "$his:log:auth.login", (1) x 10_100);
}

for my $case ([ 'wrong', 5 ], [ 'locked', 2 ]) {
    my ($what, $times) = @$case;

    for my $n (1 .. $times) {
        $redis->command('HSET', "kanda:{$bob->{userId}}", 'seq', 63);
        my ($known, $unknown) = map { [ commands($_, 'not the password') ] }
                                $bob->{email}, 'nobody@example.com';

        is($unknown->[1], $known->[1], "$what $n: the same commands")
            or next;
        is($unknown->[0]->text, $known->[0]->text, 'the same body');
        is($unknown->[0]->raw_without_date, $known->[0]->raw_without_date,
           'the same head');
        like($known->[1], qr/evalsha/, 'which is a script');

        if ($what eq 'wrong') {
            is($known->[0]->status, 401, 'refused');
            cmp_ok($_->[2], '>', 0.005, 'after a hash') for $known, $unknown;
        } else {
            is($known->[0]->status, 429, 'not looked at');
        }
    }
}

sub Kanda::Answer::raw_without_date {
    my ($self) = @_;
    return $self->{raw} =~ s/^(?:Date|Retry-After):[^\r]*\r\n//mgr;
}

is($redis->command('KEYS', '*void*') ? scalar @{ $redis->command('KEYS',
   '*void*') } : 0, 0, 'and nothing is kept of a stranger but the count');


# S55: more logins than can be hashed are turned away, at once and politely

my $client = $k->client($ann);
my $validate = $k->request_text('POST', '/totp/validate', $ann,
    { clientId => $client->{clientId}, token => 'malformed' });

my $calm = Kanda::Load->new($k->port, 1, sub { $validate })->start;
sleep 0.5;
my @calm = $calm->stop;

my $load = Kanda::Load->new($k->port, 1, sub { $validate })->start;
sleep 0.1;
my (@status, @refused, $end);
my @sockets;

# every socket by itself, to tell when its answer comes
for my $round (1 .. long_test(1, 10)) {
    my %since;

    # each account takes only a few
    my @texts = map { $k->request_text('POST', '/auth/login', undef,
        { email => "flood$round.$_\@example.com",
          password => 'correct horse' }) } 1 .. 64;

    for my $text (@texts) {
        my $socket = Kanda::HTTP::dial($k->port);
        syswrite $socket, $text;
        $since{$socket} = [ $socket, time, '' ];
    }
    my $end = time + 30;
    while (%since && time < $end) {
        my $select = IO::Select->new(map { $_->[0] } values %since);
        for my $socket ($select->can_read(1)) {
            my $s = $since{$socket};
            sysread $socket, $s->[2], 65536, length $s->[2];
            my $buffer = $s->[2];
            my $answer = Kanda::Answer->take(\$buffer) or next;
            push @status, $answer->status;
            push @refused, [ time - $s->[1], $answer ]
                if $answer->status == 503;
            delete $since{$socket};
        }
    }
    is(scalar keys %since, 0, 'all are answered');
}

my @during = $load->stop;
my %count;
$count{$_}++ for @status;

cmp_ok($count{503} // 0, '>', 20, 'a flood of logins: most are turned away')
    or diag json(\%count);
cmp_ok($count{401} // 0, '>=', 8, 'some are looked at');
is(join(' ', sort keys %count), '401 503', 'and nothing else');
is($refused[0][1]->json->{code}, 'unavailable', 'with a problem');
like($refused[0][1]->header('Retry-After'), qr/^\d+$/, 'and a time');
is(scalar(grep { $_->{status} != 200 } @during), 0,
   'validate goes on: ' . Kanda::Load::tally(@during));

SKIP: {
    skip 'no timing under a sanitizer', 2 if $san;
    my $took = Kanda::Load::percentile(50, map { $_->[0] } @refused);
    cmp_ok($took, '<', 0.300, sprintf 'at once (%.1f ms)', $took * 1000);

    # less than behind a hash or two: the machine has other work, too
    my ($was, $is) = map { Kanda::Load::percentile(90, @$_) } \@calm, \@during;
    cmp_ok($is, '<', 4 * $was + 0.060,
           sprintf 'and quickly (%.1f, was %.1f ms)', $is * 1000, $was * 1000);
}

forget_attempts($ann);
my $start = time;
is(login($ann)->status, 200, 'after the flood one logs in');
cmp_ok(time - $start, '<', $san ? 20 : 3, 'in no time');


done_testing;
