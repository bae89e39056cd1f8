# The page to sign in, in Chromium, in front of conf/protect-app.conf: its own
# policy lets it do its work, and it leads back to where one wanted to be, on
# this host and no other.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda;
use Kanda::Auth;
use Kanda::Echo;
use Kanda::Example;
use Test::More;

my ($chromium) = grep { -x } qw(/usr/bin/chromium /usr/bin/chromium-browser);
my $driver = getcwd() . '/build/browser';

plan skip_all => 'util/deps browser installs what this needs'
    if !$chromium || !-d "$driver/node_modules/playwright-core";
plan skip_all => 'this nginx has no TLS'
    if `@{[ Kanda::Nginx::binary() ]} -V 2>&1` !~ /http_ssl_module/;

my $dir = Kanda::Home::root();
my $k = Kanda->new(server => Kanda::Auth::location())->start;
my $app = Kanda::Echo::start();
my $e = Kanda::Example->new('protect-app.conf', $k,
    'server 127.0.0.1:3000;' => "server 127.0.0.1:$app;",
    'rate=30r/m;'            => 'rate=600r/m;')->start;

my @evil = qw(
    //evil.example https://evil.example https:evil.example javascript:alert(1)
    /\evil.example \/evil.example \\evil.example ///evil.example
    //evil.example?x /\evil.example?x %2F%2Fevil.example%3Fx
    %2F%2Fevil.example %2F%5Cevil.example %5C%5Cevil.example
    /%09/evil.example %2F%09%2Fevil.example /%0A/evil.example
    /%0D%5Cevil.example %09//evil.example %20https://evil.example
    java%0Ascript:alert(1) %00//evil.example data:text/html;x %zz app/page
    @evil.example blob:https://evil.example/x
);
push @evil, '';

my $plain = Kanda::Auth->new($k)->register;
my $strong = Kanda::Auth->new($k)->register->login->enrol;
my %asked = (
    base     => 'https://127.0.0.1:' . $e->tls,
    chromium => $chromium,
    redis    => $k->redis->{socket},
    evil     => \@evil,
    people   => { plain  => $plain->credentials,
                  strong => { %{ $strong->credentials }, map {
                              $_ => $strong->{$_} } qw(userId secret step) } },
);

my $said = do {
    delete local @ENV{ grep { /_proxy$/i } keys %ENV };
    local $ENV{DRIVER} = $driver;
    local $ENV{HOME} = $dir;
    my $json = json(\%asked) =~ s/'/'\\''/gr;
    my $text = `node t/browser/protect.mjs '$json' 2> $dir/errors`;
    is($?, 0, 'the stories come to their ends')
        or diag substr Kanda::Home::slurp("$dir/errors"), 0, 3000;
    eval { JSON::PP->new->decode($text) } // {};
};

my $there = '/app/page?a=1&b=%2F%26+c';

is($said->{sent},
   '/sign-in?next=%2Fapp%2Fpage%3Fa%3D1%26b%3D%252F%2526%2Bc',
   'a page behind the gate sends to sign in');
is($said->{focus}, 'email', 'where one can type at once');
like($said->{wrong}, qr/password is wrong/, 'a wrong password is told');
ok($said->{hidden}, 'after a right one there is a code to type');
like($said->{noCode}, qr/code is wrong/, 'a wrong one is told');
is($said->{landed}, $there, 'a right one leads back, to the last byte');
is($said->{scripts}, 'csrf-token', 'no script of the application has more');

is($said->{fresh}, '/app/admin/x', 'the code counts elsewhere, too');
is($said->{step}, '/sign-in?need=otp&next=%2Fapp%2Fadmin%2Fx%3Fy%3D1%26z',
   'when it is too old, another is asked for');
like($said->{stepWrong}, qr/code is wrong/, 'not any');
is($said->{stepped}, '/app/admin/x?y=1&z',
   'which opens, though the access token had to be refreshed');
is($said->{raw}, '/app/page?a=1&b=2', 'an address need not be escaped');

is($said->{first}, '/sign-in?next=%2Fapp%2Fadmin%2Fx', 'without a factor');
like($said->{weak}, qr/authenticator app/, 'one can be set up');

is_deeply($said->{evil}{$_}, [], "next=$_ leads to the front door") for @evil;
is_deeply($said->{console}, [], 'the console has nothing to say');

done_testing;
