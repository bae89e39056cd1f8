# Tokens that die, on both workers at once, and keys that change under load.
# What a forged token gets is in t/corpus/20-jwt.case.

use strict;
use warnings;

BEGIN { push @INC, 't/lib' }
use Test::More;

use Corpus::Run;
use Corpus::Token;
use Kanda;
use Kanda::Home;
use Kanda::Load;
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time sleep);

my $rounds = long_test(20, 500);
my $reuse = Kanda::Home::port();
my %line = map { $_ => encode_base64(random_bytes(32), '') }
    qw(seal j1 j2 j3 digest);


# A key file: the jwt keys of these names, the first of which signs.

sub key_text {
    return join '', "seal s1 $line{seal}\n", "digest $line{digest}\n",
        map { "jwt $_ $line{$_}\n" } @_;
}


my $k = Kanda->new(
    workers  => 2,
    keys     => key_text('j1'),
    location => 'add_header X-Worker $pid always;',
    server   => "listen 127.0.0.1:$reuse reuseport;\n"
                . 'location /other/ { kanda_serve api; kanda_realm other;'
                . ' kanda_registration on; }',
)->start;
my $owner = $k->account;


# Four connections, two to each worker.

sub connections {
    return map { my $pid = $_;
                 map { Corpus::Run::to_worker($reuse, $pid) } 1 .. 2 }
           $k->nginx->worker_pids;
}


sub me {
    my ($http, @headers) = @_;
    return $http->request('GET', '/api/auth/me', headers => [ @headers ]);
}


sub bearer { return Authorization => "Bearer $_[0]" }


# Statuses of one request on every connection, as a text.

sub everywhere {
    my ($http, @headers) = @_;
    return join ' ', map { me($_, @headers)->status } @$http;
}


my $alive = '200 200 200 200';
my $dead = '401 401 401 401';
my @http = connections();


subtest 'a logout ends a token everywhere' => sub {
    my (@late, @early);

    for my $round (1 .. $rounds) {
        my $token = $k->login({ %$owner })->{token};
        my $before = everywhere(\@http, bearer($token));
        my $out = $http[ $round % 4 ]->request('POST', '/api/auth/logout',
                                               headers => [ bearer($token) ]);
        my $after = everywhere(\@http, bearer($token));
        push @early, "$before, logout $out->{status}"
            if $before ne $alive || $out->status != 200;
        push @late, $after if $after ne $dead;
    }

    is("@early", '', 'alive before');
    is("@late", '', 'dead after');
    is(everywhere(\@http, bearer($owner->{token})), $alive,
       'the account\'s other token lives');
};


subtest 'a logout while the token is in use' => sub {
    my (@late, $told);

    for my $round (1 .. $rounds) {
        my $token = $k->login({ %$owner })->{token};
        my $use = $k->request_text('GET', '/auth/me', $token);
        my $out = $k->request_text('POST', '/auth/logout', $token);
        my $race = $k->race(24);
        my @answers = $race->run([ ($use) x 11, $out, ($use) x 12 ]);
        my %statuses = map { $_->status => 1 } @answers;
        push @late, everywhere(\@http, bearer($token));
        $told->{$_}++ for keys %statuses;
    }

    is(join(' ', grep { $_ !~ /^(?:200|401)\z/ } keys %$told), '',
       '200 or 401, nothing else');
    is(scalar(grep { $_ ne $dead } @late), 0, 'dead afterwards');
};


subtest 'a revoked key takes its tokens with it' => sub {
    my (@early, @late);

    for my $round (1 .. $rounds) {
        my $key = $k->post('/apikeys', $owner, {})->json;
        my @tokens = map { $k->post('/auth/token', undef,
                                    { apiKey => $key->{apiKey} })->json->{token}
                         } 1 .. 2;
        my @all = ([ 'x-api-key' => $key->{apiKey} ],
                   [ bearer($key->{apiKey}) ], map { [ bearer($_) ] } @tokens);

        push @early, grep { $_ ne $alive }
            map { everywhere(\@http, @$_) } @all;
        my $gone = $http[ $round % 4 ]->request('DELETE',
            "/api/apikeys/$key->{id}", headers => [ bearer($owner->{token}) ]);
        push @early, "revoke $gone->{status}" if $gone->status != 200;
        push @late, grep { $_ ne $dead } map { everywhere(\@http, @$_) } @all;
        my $again = $k->post('/auth/token', undef,
                             { apiKey => $key->{apiKey} });
        push @late, "token $again->{status}" if $again->status != 401;
    }

    is("@early", '', 'alive before');
    is("@late", '', 'dead after');
};


subtest 'a token ends with its key' => sub {
    my @t = gmtime(time + 3);
    my $at = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ',
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0];
    my $key = $k->post('/apikeys', $owner, { expiresAt => $at })->json;
    my $token = $k->post('/auth/token', undef,
                         { apiKey => $key->{apiKey} })->json->{token};
    my %claim = map { @$_ } @{ Corpus::Token->new($token, {})->{p} };

    cmp_ok($claim{exp}, '<=', time + 3, 'exp is not past the key\'s');
    is(everywhere(\@http, bearer($token)), $alive, 'alive');
    sleep 3.2;
    is(everywhere(\@http, bearer($token)), $dead, 'the token is dead');
    is(everywhere(\@http, 'x-api-key' => $key->{apiKey}), $dead,
       'and so is the key');
};


subtest 'a realm does not know another\'s tokens and keys' => sub {
    my $key = $k->post('/apikeys', $owner, {})->json->{apiKey};
    my $http = $k->connect;
    my %ask = (token => [ bearer($owner->{token}) ],
               'API key' => [ 'x-api-key' => $key ]);

    for my $what (sort keys %ask) {
        my $r = $http->request('GET', '/other/auth/me', headers => $ask{$what});
        is($r->status, 401, "at another realm's mount: $what");
    }

    my $r = $http->request('POST', '/other/auth/token',
                           body => json({ apiKey => $key }));
    is($r->status, 401, 'an exchange there');
    like($r->{body}, qr/"invalid_api_key"/, 'like that of an unknown key');

    $r = $http->request('POST', '/other/auth/login', body => json({
        map { $_ => $owner->{$_} } qw(email password) }));
    is($r->status, 401, 'a login there');

    $r = $http->request('POST', '/other/auth/register', body => json({
        map { $_ => $owner->{$_} } qw(email password) }));
    is($r->status, 201, 'the same email there');
    isnt($r->json->{userId}, $owner->{userId}, 'is somebody else');
};


subtest 'signing keys change without a 401' => sub {
    my %token = (j1 => $owner->{token});
    my $text = $k->request_text('GET', '/auth/me', $owner->{token});
    my $load = Kanda::Load->new($k->port, 4, sub { $text })->start;

    for my $keys ([qw(j1 j2)], [qw(j2 j1)], [qw(j3 j2 j1)]) {
        sleep 0.2;
        $k->write_keys(key_text(@$keys));
        $k->reload;
        $token{ $keys->[0] } = $k->login({ %$owner })->{token};
    }

    for my $name (sort keys %token) {
        my %header = map { @$_ } @{ Corpus::Token->new($token{$name}, {})->{h} };
        is($header{kid}, qq{"$name"}, "the first key signs: $name");
    }

    my @got = $load->stop;
    my @bad = grep { $_->{status} != 200 } @got;
    cmp_ok(scalar @got, '>', 300, 'under load');
    is(join(', ', map { "$_->{status} $_->{error}" } @bad), '',
       'none of ' . @got . ' requests failed');

    @http = connections();
    is(everywhere(\@http, bearer($token{$_})), $alive, "$_ is still good")
        for sort keys %token;

    $k->write_keys(key_text('j3'));
    $k->reload;
    @http = connections();
    is(everywhere(\@http, bearer($token{j1})), $dead, 'a dropped key\'s token');
    is(everywhere(\@http, bearer($token{j2})), $dead, 'another\'s');
    is(everywhere(\@http, bearer($token{j3})), $alive, 'the kept key\'s');
};


subtest 'keys too short to sign with' => sub {
    for my $bytes (16, 31) {
        my $short = encode_base64('x' x $bytes, '');
        my $other = Kanda->new(redis => undef, keys => "seal s1 $line{seal}\n"
                               . "jwt j1 $short\ndigest $line{digest}\n",
                               http => 'kanda_redis ' . $k->redis->url . ';');
        my ($status, $text) = $other->nginx->check;
        isnt($status, 0, "nginx -t refuses $bytes bytes");
        unlike($text, qr/\Q$short\E/, 'without telling them');
    }
};


my $log = $k->nginx->log_text . Kanda::Home::slurp($k->nginx->dir
                                                   . '/logs/access.log');
unlike($log, qr/eyJ|kan_[a-z2-7]{36}_/, 'no token and no key in the logs');

done_testing;
