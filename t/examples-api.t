# conf/api-tls.conf: the managed API by TLS and HTTP/2, where a tenant's flood
# is that tenant's own affair (S21).

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Example;
use Kanda::TLS;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'this nginx has no TLS'
    if `@{[ Kanda::Nginx::binary() ]} -V 2>&1` !~ /http_ssl_module/;

my $k = Kanda->new(location => 'kanda_issuer Kanda;')->start;
my $e = Kanda::Example->new('api-tls.conf', $k);

{
    my ($status, @lines) = $e->check;
    is($status, 0, 'nginx takes it as it is') or diag @lines;
    is_deeply([ grep { !/"listen ... http2" directive is deprecated/ } @lines ],
              [], 'and has nothing to say, but for where HTTP/2 stands');
}

$e->start;

my $url = 'https://127.0.0.1:' . $e->tls;
my $http = Kanda::TLS->new($e->tls);
my ($one, $two) = map { $k->account } 1, 2;
my $dir = Kanda::Home::root();

sub ask {
    my ($method, $path, $who, $body, @headers) = @_;
    return $http->send($k->request_text($method, $path, $who, $body, @headers))
                ->receive;
}


# The API, and what nginx says by itself

{
    my $r = ask('GET', '/auth/me', $one);
    is($r->json->{userId}, $one->{userId}, 'the API answers');
    is($r->header('Strict-Transport-Security'), 'max-age=63072000',
       'and wants TLS for good');
    is(`curl -sk --http2 -o /dev/null -w '%{http_version}' $url/api/auth/me`,
       2, 'by HTTP/2');
    is(ask('POST', '/auth/register', undef,
           { map { $_ => $one->{$_} } qw(email password) })->status, 403,
       'nobody opens an account');

    my $long = 'a' x 9000;

    for my $case ([ 404, "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n" ],
                  [ 405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n" ],
                  [ 414, "GET /$long HTTP/1.1\r\nHost: a\r\n\r\n" ],
                  [ 431, "GET / HTTP/1.1\r\nHost: a\r\nX: $long\r\n\r\n" ])
    {
        my ($status, $bytes) = @$case;
        my $r = $http->send($bytes)->receive;
        is($r->status, $status, "nginx says $status");
        is($r->header('Content-Type'), 'application/problem+json', 'as we do');
        is($r->json->{status}, $status, 'in the body as well');
        is($r->header('Strict-Transport-Security'), 'max-age=63072000', 'TLS');
        is($r->header('Retry-After'), undef, 'there is nothing to wait for');
    }

    my $plain = Kanda::HTTP->new($e->tls)->request('GET', '/api/auth/me');
    is($plain->status, 400, 'without TLS');
    is($plain->json->{title}, 'Bad Request', 'there is no answer');
}


# One floods, the other does not notice

my %keys = map { $_->{userId} => $k->post('/apikeys', $_, {})->json->{apiKey} }
               $one, $two;

for my $kind ([ 'tokens', sub { (Authorization => "Bearer $_[0]{token}") } ],
              [ 'API keys', sub { ('x-api-key' => $keys{$_[0]{userId}}) } ])
{
    my ($what, $says) = @$kind;
    my ($seconds, $flood) = (long_test(3, 60), "$dir/flood");
    my $header = join ': ', $says->($one);
    my ($good, $bad, @times) = (0, 0);

    unlink $flood;
    my $pid = Kanda::Home::spawn(output => $flood, command => [ 'bash', '-c',
        'while true; do curl -sk --http2 -Z --parallel-max 20 -o /dev/null '
        . "-w '%{http_code}\\n' -H '$header' '$url/api/auth/me?[1-400]' 2> $dir/errors;"
        . ' done' ]);

    Kanda::Home::wait_for('the flood', 20, sub {
        Kanda::Home::slurp($flood) =~ /429/ });
    my $end = time + $seconds;

    while ((my $began = time) < $end) {
        my $r = ask('GET', '/auth/me', undef, undef, $says->($two));
        $r->status == 200 && $r->json->{userId} eq $two->{userId} ? $good++
                                                                : $bad++;
        push @times, time - $began;
        sleep 0.03;
    }

    my @said = split /\n/, Kanda::Home::slurp($flood) =~ s/.*\z//r;
    my %said;
    $said{$_}++ for @said;
    Kanda::Home::reap($pid, 'TERM');

    cmp_ok(@said / $seconds, '>', 100, "$what: a flood, twice its share");
    cmp_ok($said{429}, '>', @said / 2, 'is refused for the most part');
    cmp_ok($said{200} // 0, '<', 200 + 50 * ($seconds + 5),
           'but for its share');
    is(join(' ', sort keys %said), '200 429', 'and nothing else');
    cmp_ok($good, '>', 10 * $seconds, 'somebody else goes on');
    is($bad, 0, 'without an error');

    @times = sort { $a <=> $b } @times;
    diag(sprintf '%s: %d requests of the flood, 99 of 100 others in %.0f ms',
         $what, scalar @said, 1000 * $times[@times * 0.99]);
}

{
    my @r = map { ask('GET', '/auth/me', $one) } 1 .. 300;
    my ($slow) = grep { $_->status == 429 } @r;
    my $problem = $slow->json;

    is($slow->header('Content-Type'), 'application/problem+json',
       'who floods is told in our form');
    is_deeply($problem, { type => 'about:blank', status => 429,
                          title => 'Too Many Requests' }, 'what it is');
    is($slow->header('Retry-After'), 2, 'and when to come back');
    is($slow->header('Cache-Control'), 'no-store', 'which nobody keeps');

    @r = map { ask('POST', '/totp/validate', $one, { clientId => 'x',
                   token => '123456' }) } 1 .. 300;
    ($slow) = grep { $_->status == 429 } @r;
    is($slow->json->{valid}, JSON::PP::false, 'and that a code was not right');
}


# Nobody in particular is counted by address, and so is who guesses

{
    my @r = map { ask('GET', '/auth/me', "x$_") } 1 .. 60;
    cmp_ok(scalar(grep { $_->status == 429 } @r), '>', 20,
           'forged tokens have one share');
    is(ask('GET', '/auth/me', $two)->status, 200, 'which is not that of tenants');

    @r = map { ask('POST', '/auth/login', $two, { email => "$_\@example.com",
                   password => 'no' x 8 }) } 1 .. 40;
    cmp_ok(scalar(grep { $_->status == 429 } @r), '>', 10,
           'guesses are few, whatever token comes along');
    is(ask('GET', '/auth/me', $two)->status, 200, 'and leave its owner alone');
}


# The log

{
    my $log = $e->log;
    like($log, qr{ "GET /api/auth/me" 200 .* tenant=$two->{userId} event=}m,
         'the log names the tenant');
    like($log, qr{ "POST /api/totp/validate" 429 .* tenant=$one->{userId} }m,
         'and what was refused');
    like($log, qr{ "POST /api/auth/login" 429 .* tenant=$two->{userId} }m,
         'wherever that was');
    like($log, qr{login" 401 .* event=auth.login reason=invalid_credentials$}m,
         'what happened, and why not');
    unlike($log, qr/\?/, 'and no query');
}

# Keys that somebody makes up are no way round the limits

{
    my %said;
    my $end = time + 20;

    for my $n (1 .. 1500) {
        my $key = sprintf 'kan_%010d%s_%s', $n, 'a' x 26, 'A' x 43;
        $said{ ask('GET', '/auth/me', $key)->status }++;
        last if $said{429} || time > $end;
    }

    cmp_ok($said{429} // 0, '>', 0, 'many keys from one address');
    is(join(' ', sort keys %said), '401 429', 'are strangers, and then too many');
}

done_testing;
