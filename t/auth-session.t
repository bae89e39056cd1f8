# Sessions of the login router: cookies and bearers, refreshing, listing, ending.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Test::More;

my $k = Kanda->new(workers => 2, server => Kanda::Auth::location())->start;
my $redis = $k->redis;

my $REFUSED = '{"error":"Invalid or expired access token"}';
my $BAD = '{"error":"Invalid or expired refresh token",'
          . '"code":"INVALID_REFRESH_TOKEN"}';


sub person { Kanda::Auth->new($k, @_)->register->login }

sub is_answer {
    my ($r, $status, $body, $what) = @_;
    is("$r->{status} $r->{body}", "$status $body", $what);
}

sub lives { $_[0]->get('me')->status == 200 }


# What the access token says

{
    my $me = person();
    my $c = Kanda::Auth::claims($me->{jar}{accessToken});

    is_deeply([ sort keys %$c ],
              [qw(email exp iat isEmailVerified isTotpEnabled iss jti
                  loginProvider realm sid sub use)], 'the claims');
    is($c->{exp} - $c->{iat}, 900, 'for a quarter of an hour');
    is($c->{email}, $me->{email}, 'an email');
    is($c->{use}, 'access', 'to be let in');
    is($c->{loginProvider}, 'local', 'by us');

    my $odd = Kanda::Auth->new($k, email => "\"a\\b\"$$\@example.org")
                         ->register->login;
    is(Kanda::Auth::claims($odd->{jar}{accessToken})->{email}, $odd->{email},
       'an email with quotes and a backslash');
    ok(lives($odd), 'and a token that works');
}


# Cookies or bodies, never both; Authorization wins

{
    my $app = person(bearer => 1);
    my $r = $app->post('login', $app->credentials);

    is_deeply([ sort keys %{ $r->json } ],
              [qw(accessToken refreshToken success)], 'an app has its tokens');
    is(scalar Kanda::Auth::cookies($r), 0, 'and no cookie');
    ok(lives($app), 'which works');

    for my $strategy ('Bearer', 'BEARER', 'bearer,cookie', 'cookie', '') {
        my $web = Kanda::Auth->new($k, %$app, bearer => 0, jar => {});
        my $other = $web->post('login', $web->credentials,
                               'X-Auth-Strategy' => $strategy);
        is_answer($other, 200, '{"success":true}', "strategy '$strategy'");
        is(scalar Kanda::Auth::cookies($other), 2, 'is none: cookies');
    }

    my $web = person();
    my $as = sub { $web->get('me', undef, Authorization => $_[0]) };

    is($as->("Bearer $app->{access}")->json->{sub}, $app->{userId},
       'a bearer wins over cookies');
    is_answer($as->('Bearer x'), 403, $REFUSED, 'even if it is a bad one');
    is($as->('Basic x')->json->{sub}, $web->{userId}, 'another scheme does not');
    is_answer($as->("Bearer $app->{refresh}"), 403, $REFUSED,
              'a refresh token is no access token');
    is_answer($web->get('me', undef,
                        Cookie => "__Host-accessToken=$web->{jar}{accessToken}"),
              403, '{"error":"No access token provided"}',
              'without TLS nobody looks at its cookies');
    is_answer($web->get('me', undef,
                        Cookie => "AccessToken=$web->{jar}{accessToken}"),
              403, '{"error":"No access token provided"}',
              'nor at a name in other letters');
    is($web->get('me', undef, Cookie => 'a=b', Cookie =>
                 "x=y;accessToken=$web->{jar}{accessToken} ; z")->status, 200,
       'cookies in two headers');
}


# Refreshing

{
    my $me = person();
    my $first = $me->{jar}{refreshToken};
    my $old = $me->{jar}{accessToken};

    is_answer($me->post('refresh'), 200, '{"success":true}', 'refreshed');
    my $second = $me->{jar}{refreshToken};

    isnt($second, $first, 'with another refresh token');
    isnt($me->{jar}{accessToken}, $old, 'and another access token');
    ok(lives($me), 'which works');

    # two tabs, or an answer that was lost
    my $tab = $me->other(jar => { refreshToken => $first });
    is_answer($tab->post('refresh'), 200, '{"success":true}', 'again');
    is($tab->{jar}{refreshToken}, $second, 'gives the same successor');
    ok(lives($tab), 'and a token that works');

    $me->post('refresh');
    my $third = $me->{jar}{refreshToken};

    # somebody with a copy from before
    my $thief = $me->other(jar => { refreshToken => $first });
    is_answer($thief->post('refresh'), 401, $BAD, 'an older one is refused');
    is_answer($me->get('me'), 403, $REFUSED, 'and ends the session');
    is_answer($me->post('refresh'), 401, $BAD, 'for whoever had it');
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:sessions"), 0,
       'of which nothing is left');

    my $log = $k->get('/logs?event=auth.logout', $k->login({ %$me }))->json;
    is($log->{logs}[0]{reason}, 'refresh_reused', 'as the log says');
}

{
    my $app = person(bearer => 1);
    my $first = $app->{refresh};
    my $r = $app->post('refresh', { refreshToken => $first });

    is_deeply([ sort keys %{ $r->json } ],
              [qw(accessToken refreshToken success)], 'an app refreshes');
    is(scalar Kanda::Auth::cookies($r), 0, 'without cookies');
    ok(lives($app), 'and goes on');

    # no script of a page is shown what its cookies keep from it
    my $web = person();
    my %before = %{ $web->{jar} };
    my @bearer = ('X-Auth-Strategy' => 'bearer');
    my $none = '{"error":"No refresh token provided"}';

    is_answer($web->post('refresh', undef, @bearer), 401, $none,
              'a cookie is not made a body');
    is_answer($web->post('refresh', {}, @bearer), 401, $none, 'in any way');
    is_answer($web->post('refresh', { refreshToken => 'x' }, @bearer), 401,
              $BAD, 'nor where the body has another');
    is_deeply($web->{jar}, \%before, 'and is not used up');
    $r = $web->post('refresh', { refreshToken => $app->{refresh} }, @bearer);
    like($r->json->{refreshToken}, qr/\.3\./, 'the body alone counts');
    is_answer($web->post('refresh'), 200, '{"success":true}',
              'and the cookie is good for another');
    $app->{refresh} = $r->json->{refreshToken};

    my $forged = $app->{refresh} =~ s/\.3\./.4./r;
    is_answer($app->post('refresh', { refreshToken => $forged }), 401, $BAD,
              'a generation of its own making');
    my $ahead = person(bearer => 1);
    $redis->command('HSET', glob_one("kanda:{$ahead->{userId}}:session:*"),
                    'g', 0);
    is_answer($ahead->post('refresh', { refreshToken => $ahead->{refresh} }),
              401, $BAD, 'one that Redis has forgotten');
}

sub glob_one { $redis->command('KEYS', $_[0] =~ s/([{}])/\\$1/gr)->[0] }


# The predecessor's time is over after ten seconds

{
    my $me = person();
    my $first = $me->{jar}{refreshToken};
    my $key = glob_one("kanda:{$me->{userId}}:session:*");

    $me->post('refresh');
    $redis->command('HINCRBY', $key, 'r', -10_100);

    my $late = $me->other(jar => { refreshToken => $first });
    is_answer($late->post('refresh'), 401, $BAD, 'too late for a lost answer');
    ok(!lives($me), 'which ends the session');
}


# Sessions and their ends

{
    my $me = person();
    my @more = map { $me->other->login } 1 .. 3;
    my $app = $me->other(bearer => 1)->login;

    my $agent = $me->other;
    $agent->post('login', $agent->credentials,
                 'User-Agent' => 'Browser "1" \\');

    my $list = $me->get('sessions')->json->{sessions};
    is(scalar @$list, 6, 'every session is listed');
    is(scalar(grep { ($_->{userAgent} // '') eq 'Browser "1" \\' } @$list), 1,
       'with its browser');

    my $sid = Kanda::Auth::claims($more[1]{jar}{accessToken})->{sid};
    is_answer($me->delete("sessions/$sid"), 200, '{"success":true}',
              'one is ended');
    is_answer($more[1]->get('me'), 403, $REFUSED, 'its token is dead');
    is_answer($more[1]->post('refresh'), 401, $BAD, 'and cannot be refreshed');
    ok(lives($more[2]), 'another lives');
    is($me->delete("sessions/$sid")->status, 404, 'it can be ended once');

    my $stranger = person();
    my $theirs = Kanda::Auth::claims($stranger->{jar}{accessToken})->{sid};
    is($me->delete("sessions/$theirs")->status, 404, "nobody else's");
    ok(lives($stranger), 'which lives on');

    is_answer($me->post('logout'), 200, '{"success":true}', 'logged out');
    is_deeply($me->{jar}, {}, 'without a cookie left');
    ok(lives($app), 'others are not');

    $app->post('logout');
    is_answer($app->get('me'), 403, $REFUSED, "an app's token is dead, too");
    is_answer($app->post('refresh', { refreshToken => $app->{refresh} }), 401,
              $BAD, 'and so is its refresh token');

    # by the refresh token alone: the access token's time may be over
    my $gone = $more[2]->other(
        jar => { refreshToken => $more[2]{jar}{refreshToken} });
    $gone->post('logout');
    is_answer($more[2]->get('me'), 403, $REFUSED,
              'logged out by a refresh token');

    # an app may have kept nothing else
    for my $case ([ 'application/json' ], [ 'text/plain' ],
                  [ 'application/json', 'X-Auth-Strategy' => 'bearer' ])
    {
        my ($type, @headers) = @$case;
        my $leaver = $app->other->login;
        is_answer($leaver->other->post('logout',
                      { refreshToken => $leaver->{refresh}, more => [1] },
                      'Content-Type' => $type, @headers),
                  200, '{"success":true}', "logged out by a body of $type");
        is_answer($leaver->get('me'), 403, $REFUSED, 'at once');
        is_answer($leaver->post('refresh', { refreshToken => $leaver->{refresh} }),
                  401, $BAD, 'and for good');
    }

    my $stayer = $app->other->login;
    my $token = json($stayer->{refresh});
    is_answer($stayer->other->post('logout', $_), 200, '{"success":true}',
              'ignored: ' . substr $_, 0, 40)
        for '', 'x', '{', '[]', $token, "[$token]", '{"refreshToken":7}',
            '{"refreshToken":null}', '{"refreshToken":""}',
            "{\"refreshToken\":[$token]}", "{\"refreshtoken\":$token}",
            "{\"refreshToken\":$token}x", "{\"refreshToken\":\"x\"}",
            "{\"refreshToken\":$token,\"refreshToken\":$token}",
            '{"refreshToken":' . json("$stayer->{refresh}A") . '}',
            '{"refreshToken":' . json($stayer->{access}) . '}',
            "{\"refreshToken\":$token}" . ' ' x 70_000;
    ok(lives($stayer), 'by all of which nobody is meant');

    my $large = "{\"refreshToken\":$token}" . ' ' x 70_000;
    my $chunked = $stayer->other->text('POST', 'logout', sprintf(
        "%x\r\n%s\r\n0\r\n\r\n", length $large, $large),
        'Transfer-Encoding' => 'chunked',
        Authorization => "Bearer $stayer->{access}");
    is_answer($k->connect->send($chunked)->receive, 200, '{"success":true}',
              'one too large as well, however it comes');
    ok(!lives($stayer), 'while the header counts');

    # what one place says is not in the other's way
    for my $bad ('Bearer x', 'Bearer ', "Bearer $app->{refresh}", 'Basic x') {
        my $web = $me->other->login;
        my $cookie = "accessToken=$web->{jar}{accessToken}";
        $web->other->post('logout', undef, Authorization => $bad,
                          Cookie => $cookie);
        ok(!lives($web), "a cookie counts beside '" . substr($bad, 0, 9) . "'");
    }

    my @four = map { $app->other->login } 1 .. 4;
    $me->other->post('logout', { refreshToken => $four[0]{refresh} },
        Authorization => "Bearer $four[1]{access}",
        Cookie => "accessToken=$four[2]{access}; "
                  . "refreshToken=$four[3]{refresh}");
    is(scalar(grep { lives($_) } @four), 0, 'four that four places name');

    # two sessions in one browser
    my ($one, $two) = map { $me->other->login } 1, 2;
    my $mixed = $me->other(jar => {
        accessToken  => $one->{jar}{accessToken},
        refreshToken => $two->{jar}{refreshToken} });
    $mixed->post('logout');
    ok(!lives($one) && !lives($two), 'both that the cookies name');
}


# A hundred sessions, and then the oldest go

{
    my $me = person();
    my $all = "kanda:{$me->{userId}}:sessions";

    for my $i (1 .. 99) {
        $redis->command('ZADD', $all, (time + 1000 + $i) * 1000, "old$i");
        $redis->command('HSET', "kanda:{$me->{userId}}:session:old$i", 'g', 1,
                        'c', 1);
    }
    $redis->command('ZADD', $all, 1000, 'over');

    my $new = $me->other->login;
    is($redis->command('ZCARD', $all), 100, 'there are no more than a hundred');
    ok(lives($new) && lives($me), 'the newest live');
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:session:old1"), 0,
       'the one that was first to end is gone');
    is($redis->command('EXISTS', "kanda:{$me->{userId}}:session:old2"), 1,
       'the next is not');
    cmp_ok($redis->command('PTTL', $all), '>', 6.9 * 86_400_000,
           'what lists them ends with them');
}


# S52: an unknown email costs the commands of a known one.  Workers ask Redis
# for its time now and then, which may fall into one of the two: what is always
# different is not that.

{
    my @asked;

    for my $round (1 .. 5) {
        my $me = Kanda::Auth->new($k)->register;
        @asked = map { asked_for($_) } $me->{email},
                                       "nobody$round\@example.com";
        last if $asked[0] eq $asked[1];
    }

    is($asked[0], $asked[1], 'the same commands for anybody');
}

sub asked_for {
    my ($email) = @_;

    $redis->command('CONFIG', 'RESETSTAT');
    is(Kanda::Auth->new($k)->post('login', { email => $email,
           password => 'guess of it' })->status, 401, "a guess at $email");

    my $info = $redis->command('INFO', 'commandstats');
    my %n = $info =~ /^cmdstat_(\w+(?:\|\w+)?):calls=(\d+)/mg;
    delete @n{ grep { /^(?:config|info|auth|hello|select|replconf)/ }
               keys %n };
    return json(\%n);
}

done_testing;
