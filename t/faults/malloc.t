# An allocation fails (S80): whichever it is, the worker lives, says 500 or 503
# or hangs up, and nothing is half done.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Auth;
use Kanda::Stateless;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'a sanitizer has its own malloc' if $ENV{KANDA_SAN};

my $root = Kanda::Home::root();
my $control = "$root/control";

system 'cc', '-O1', '-shared', '-fPIC', '-o', "$root/failmalloc.so",
       't/faults/failmalloc.c', '-ldl';
plan skip_all => 'no C compiler' if $?;

open my $fh, '+>:raw', $control or die $!;
$fh->autoflush;

sub arm {
    my ($pid, $n, $all) = @_;
    seek $fh, 0, 0;
    print $fh pack 'llll', $pid, $n, $all // 0, 0;
}

sub disarm {
    seek $fh, 0, 0;
    read $fh, my ($bytes), 16;
    arm(0, 0);
    return (unpack 'llll', $bytes)[3];
}

arm(0, 0);

# nginx tells of its own failures in these words
Kanda::Home::allow(qr/lets in whoever registers/,
                   qr/\[(?:emerg|alert)\].*\((?:12|ENOMEM): Cannot allocate/,
                   qr/\[(?:emerg|alert)\].*(?:malloc|memalign|calloc)\(/,
                   qr/\[alert\].*sealed secret does not open/);

my $k = Kanda->new(workers => 1,
    server => Kanda::Stateless::locations('kanda_stateless_replay on;')
              . Kanda::Auth::location('kanda_csrf on; kanda_session idle=9m;')
              . 'location /gate/ { kanda_require user login=/in; alias html/;
                                   add_header X-User $kanda_user; }
                 location /gate-2/ { kanda_require otp; alias html/; }
                 location /parts/ { ssi on; ssi_types text/plain;
                                    alias html/; }', env => {
    LD_PRELOAD => "$root/failmalloc.so", FAILMALLOC => $control })->start;

my $who = $k->account;
my $client = $k->client($who);
my $id = $client->{clientId};
my $key = $k->post('/apikeys', $who, { name => 'k' })->json;
my ($pid) = $k->nginx->worker_pids;
my $serial = 0;
my $caller = Kanda::Stateless->new($k, $key->{apiKey});

my $one = Kanda::Auth->new($k, bearer => 1)->register->login;
my $two = enrolled();

# with 2FA on, its factor rested: no code spent, no guess charged
sub rested {
    my $name = "kanda:{$two->{userId}}:factor";
    $k->redis->command('HDEL', $name, qw(t k r x y));
    $k->redis->command('DEL', "kanda:{$_->{userId}}:login") for $one, $two;
    return $two;
}

# the server would know a code that was used before
sub enrolled { Kanda::Auth->new($k, bearer => 1)->register->login->enrol }

sub secret { Kanda::Totp::base32_encode(random_bytes(20)) }

my $web = $one->other(bearer => 0)->login;
my $html = $k->nginx->dir . '/html';

for ([ page => 'the page' ],
     [ parts => '<!--# include virtual="/gate/page" -->' ])
{
    open my $out, '>', "$html/$_->[0]" or die "$html: $!\n";
    print $out $_->[1];
}

sub page {
    my ($path) = @_;
    return $web->other(mount => '', jar => $web->{jar})->text('GET', $path);
}

# a request as data, or as text
my %request = (
    'me'       => sub { [ 'GET', '/auth/me', $who ] },
    'login'    => sub { $k->redis->command('DEL',
                            "kanda:{$who->{userId}}:login");
                        [ 'POST', '/auth/login', undef, { map { $_ =>
                          $who->{$_} } qw(email password) } ] },
    'token'    => sub { [ 'POST', '/auth/token', undef,
                          { apiKey => $key->{apiKey} } ] },
    'register' => sub { [ 'POST', '/totp/register', $who,
                          { clientId => 'new' . ++$serial } ] },
    'validate' => sub { [ 'POST', '/totp/validate', $who,
                          { clientId => $id, token => 'malformed' } ] },
    'wrong'    => sub { $k->redis->command('HDEL',
                            "kanda:{$who->{userId}}:client:$id", 'k', 'r');
                        [ 'POST', '/totp/validate', $who, { clientId => $id,
                          token => wrong_code($client->{secret}) } ] },
    'qrcode'   => sub { [ 'GET', "/totp/qrcode/$id", $who ] },
    'svg'      => sub { [ 'GET', "/totp/qrcode/$id", $who, undef,
                          Accept => 'image/svg+xml' ] },
    'png'      => sub { [ 'GET', "/totp/qrcode/$id", $who, undef,
                          Accept => 'image/png' ] },
    'rotate'   => sub { [ 'POST', "/totp/rotate/$id", $who ] },
    'recovery' => sub { [ 'POST', "/totp/recovery/$id", $who ] },
    'list'     => sub { [ 'GET', '/totp', $who ] },
    'logs'     => sub { [ 'GET', '/logs?limit=200', $who ] },
    'keys'     => sub { [ 'GET', '/apikeys', $who ] },
    'new key'  => sub { [ 'POST', '/apikeys', $key->{apiKey},
                          { name => 'x', scopes => ['validate'] } ] },
    'nothing'  => sub { [ 'GET', '/nothing' ] },
    'bad json' => sub { [ 'POST', '/totp/validate', $who, '{"a":' ] },
    'otp qrcode' => sub { $caller->otp_text('generateQRCode', data => 'x' x 99) },
    'otp onboard' => sub { $caller->otp_text('onboardUser', userID => 'a',
                                             applicationID => 'b') },
    'otp get'  => sub { $caller->otp_text('getOTP', secret => secret()) },
    'otp once' => sub { my $secret = secret();
                        $caller->otp_text('verifyOTP', secret => $secret,
                                          token => totp($secret)) },
    'otp twice' => sub { $caller->otp_text('getOTP', (secret => 'a') x 2) },
    'otp empty' => sub { $caller->otp_text('verifyOTP') },
    'otp nothing' => sub { $caller->otp_text('nothing') },
    'generate' => sub { $caller->generate_text(issuer => 'a',
                                               account_name => 'b') },
    'toolkit'  => sub { $caller->verify_text(secret => secret(),
                                             code => 'wrong') },
    'auth login' => sub { rested();
        $one->other(bearer => 0)->text('POST', 'login', $one->credentials) },
    'auth challenge' => sub { rested()->text('POST', 'login',
                                             $two->credentials) },
    'auth refresh' => sub { $one->post('login', $one->credentials);
        $one->text('POST', 'refresh', { refreshToken => $one->{refresh} }) },
    'auth me' => sub { $one->text('GET', 'me') },
    'auth sessions' => sub { $one->text('GET', 'sessions') },
    'auth setup' => sub { $one->text('POST', '2fa/setup') },
    'auth confirm 400' => sub { $one->text('POST', '2fa/verify-setup',
        { token => '123456', secret => $two->{secret} }) },
    'auth verify' => sub { my $new = enrolled();
        $new->text('POST', '2fa/verify', { tempToken => $new->temp,
            totpCode => totp($new->{secret}) }) },
    'auth wrong 401' => sub { my $temp = rested()->temp;
        $two->text('POST', '2fa/verify', { tempToken => $temp,
            totpCode => $two->wrong }) },
    'auth codes' => sub { my $new = enrolled();
        $new->text('POST', '2fa/recovery-codes',
            { token => totp($new->{secret}) }) },
    'auth password 401' => sub { rested(); $one->text('POST', 'change-password',
        { currentPassword => 'not the right one',
          newPassword => 'walnut paper kite' }) },
    'auth logout' => sub { my $gone = $one->other(bearer => 0)->login;
                           $gone->text('POST', 'logout') },
    'auth forged 403' => sub { my $web = $one->other(bearer => 0)->login;
                               $web->text('POST', '2fa/setup') },
    'auth nothing 404' => sub { $one->text('GET', 'nothing') },
    'gate' => sub { page('gate/page') },
    'gate touch' => sub {
        $k->redis->command('HSET', $_, 'l', 1000 * (time - 99))
            for @{ $k->redis->command('KEYS', '*:session:*') };
        page('gate/page') },
    'gate token' => sub { $one->other(mount => '', access => $one->{access})
                              ->text('GET', 'gate/page') },
    'gate 401' => sub { $one->other(bearer => 0, mount => '')
                            ->text('GET', 'gate/page') },
    'gate login 302' => sub { $one->other(bearer => 0, mount => '')
        ->text('GET', 'gate/page', undef, Accept => 'text/html') },
    'gate factor 401' => sub { page('gate-2/page') },
    'gate parts' => sub { page('parts/parts') },
    'a big one' => sub { [ 'POST', '/totp/validate', $who,
                          { clientId => $id, token => 'x',
                            pad => [ map { { a => 'b' x 100 } } 1 .. 50 ] } ] },
);

sub alive {
    Kanda::Home::wait_for('service', 10, sub {
        my $r = Kanda::HTTP->new($k->port, timeout => 5)->send(
            $k->request_text('GET', '/auth/me', $who))->receive;
        $r->status == 200 });
    my ($now) = $k->nginx->worker_pids;
    my $same = $now == $pid;
    $pid = $now;
    return $same;
}


# The first N beyond which nothing fails any more is the end.

sub sweep {
    my ($name, $all) = @_;
    my ($n, $bad, %seen) = (1, '');
    my $usual = $name =~ /(\d{3})$/ ? $1 : $name =~ /^(?:reg|recov|new)/ ? 201 : $name eq 'nothing' ? 404
                : $name =~ /^bad json|otp (?:twice|empty)/ ? 400
                : $name eq 'otp nothing' ? 403 : 200;

    while (1) {
        my $text = $request{$name}->();
        $text = $k->request_text(@$text) if ref $text;
        my $http = $k->connect(timeout => 15);

        arm($pid, $n, $all);
        my $r = $http->send($text)->receive;
        my $failed = disarm();
        my $body = $r->json // {};
        my $status = $r->status;

        $seen{ $status || $r->{error} }++;

        # what it says without a failure, 500, 503, or no more to say: nobody
        # is to throw a good token away for want of memory
        if (($status || $r->{error}) !~ /^(?:$usual|50[03]|closed)$/) {
            $bad .= " $n: " . ($status || $r->{error});
        }

        $bad .= " $n: valid" if ref $body eq 'HASH' && $body->{valid};
        $bad .= " $n: died" if !alive();

        last if !$failed;
        $n += $ENV{KANDA_TEST_LONG} ? 1 : $n < 12 ? 1 : int rand $n;
    }

    is($bad, '', "$name, " . ($all ? 'all fail from' : 'a failure at')
       . " 1 to $n: " . join ', ', map { "$_ x $seen{$_}" } sort keys %seen);
}

for my $name (sort keys %request) {
    sweep($name, 0);
    sweep($name, 1) if $ENV{KANDA_TEST_LONG} || $name =~ /^(?:reg|val|log|otp o)/;
}


# a client that was answered with a failure is there whole or not at all

my $page = $k->get('/totp?limit=1000', $who)->json;
my $whole = grep { $k->get("/totp/qrcode/$_->{clientId}", $who)->status == 200 }
            @{ $page->{clients} };
is($whole, $page->{total}, 'every client that is listed can be drawn');

done_testing;
