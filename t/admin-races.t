# Invitations and acts of the administrator under parallel requests: an
# invitation is good once, and nothing outlives what it was made from.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Admin;
use Kanda::Auth;
use Kanda::Race;
use Test::More;

my $k = Kanda->new(workers => 2, http => Kanda::Admin::server(),
                   server => Kanda::Auth::location())->start;
my $redis = $k->redis;
my $admin = Kanda::Admin->new;
my $serial = 0;

sub email { 'race' . ++$serial . '@example.com' }

sub tally {
    my %n;
    $n{ $_->status }++ for @_;
    return \%n;
}


# One invitation, sixty-four passwords: one is the account's

for my $round (1 .. long_test(3, 50)) {
    my $made = $admin->invite(email());
    my @people = map { Kanda::Auth->new($k, email => $made->{email},
                                        password => "password number $_") }
                 1 .. 64;
    my @answers = $k->race(64)->run([ map {
        $_->text('POST', 'accept-invitation', { token => $made->{invitation},
                                                password => $_->{password} })
    } @people ]);
    my $n = tally(@answers);
    my @in = grep { $answers[$_]->status == 200 } 0 .. 63;

    is(scalar @in, 1, 'one of sixty-four') or diag explain $n;
    is(join(' ', grep { !/^(?:200|401|429|503)$/ } keys %$n), '',
       'and nothing odd');
    ok($people[ $in[0] ]->login, 'which lets in');
    is($redis->command('EXISTS', "kanda:{$made->{userId}}:invite"), 0,
       'and it is gone');
}


# A new invitation while the old one is being used: whoever was told yes has the
# password that counts

for my $round (1 .. long_test(5, 100)) {
    my $made = $admin->invite(email());
    my $me = Kanda::Auth->new($k, email => $made->{email});
    my $text = $me->text('POST', 'accept-invitation',
        { token => $made->{invitation}, password => $me->{password} });

    my $link = Kanda::HTTP->new($k->port)->send($text);
    my $next = $admin->post("accounts/$made->{userId}/invitation")->json;
    my $first = $link->receive->status;

    is($me->post('login', $me->credentials)->status, $first,
       "an invitation that is replaced: $first");
    is($me->post('accept-invitation', { token => $next->{invitation},
           password => 'walnut paper kite' })->status, 200, 'the new one is good')
        if $first == 401;
}


# Logins while the account is disabled: no session is left, whoever got one

for my $round (1 .. long_test(5, 100)) {
    my $me = Kanda::Auth->new($k)->register;
    my @logins = map { Kanda::HTTP->new($k->port)
        ->send($me->text('POST', 'login', $me->credentials)) } 1 .. 3;

    select undef, undef, undef, 0.02 * $round;
    my $row = $admin->post("accounts/$me->{userId}/disable")->json;
    my @answers = map { $_->receive } @logins;

    ok($row->{disabled}, 'disabled');
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:sessions"), 0,
       'no session is left');
    for my $r (grep { $_->status == 200 } @answers) {
        my $other = $me->other;
        $other->keep($r);
        is($other->get('me')->status, 403, 'one that was made is dead');
        is($other->post('refresh')->status, 401, 'with its refresh token');
    }
}


# Sixty-four ways to make one account: one is made

{
    my $email = email();
    my $race = Kanda::Race->new(Kanda::Admin::path(), 64);
    my @answers = $race->run([ map { $admin->text('POST', 'accounts',
        { email => $email }) } 1 .. 64 ]);

    is_deeply(tally(@answers), { 201 => 1, 409 => 63 }, 'an account is made once');
    my ($made) = map { $_->json } grep { $_->status == 201 } @answers;
    is(Kanda::Auth->new($k)->post('accept-invitation', {
           token => $made->{invitation}, password => 'walnut paper kite' })
           ->status, 200, 'and its invitation is the one that counts');
    is(scalar(grep { $_->{email} eq $email } $admin->everybody), 1,
       'it is listed once');
}


# Gone and back again at the same time: whoever is there is listed

for my $round (1 .. long_test(20, 500)) {
    my $email = email();
    my $made = $admin->invite($email);
    my $race = Kanda::Race->new(Kanda::Admin::path(), 2);

    $race->run([ $admin->text('DELETE', "accounts/$made->{userId}"),
                 $admin->text('POST', 'accounts', { email => $email }) ]);

    my $there = $admin->get("accounts/$made->{userId}")->status == 200;
    my $listed = grep { $_->{userId} eq $made->{userId} } $admin->everybody;
    is($listed, $there ? 1 : 0, 'listed if there');
}

done_testing;
