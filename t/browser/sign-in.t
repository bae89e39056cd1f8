# Signing in, and all that belongs to it, as people do it in Chromium.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Browser;
use Test::More;

my $forced = Kanda::Home::port();       # there, nobody gets in with a password
my $closed = Kanda::Home::port();       # there, nobody opens an account

sub twin {
    my ($port, $server) = @_;
    return $server =~ s/listen \S+;/listen 127.0.0.1:$port;/r;
}

my $html = '<!doctype html><html lang="en"><meta charset="utf-8">'
    . '<link rel="icon" href="data:,">';

my $b = Kanda::Browser->new(
    files => {
        'html/dashboard.html' => "$html<title>D</title><h1>Dashboard</h1>",
        'html/inside.html'    => "$html<title>I</title><h1>Inside</h1>",
    },
    edit => sub {
        s/(kanda_csrf on;)/$1 kanda_session idle=30m absolute=12h;/ or die;

        my $types = 'types { text/html html; }';
        s|(?=\n +location / \{)|
            location /user/ {
                kanda_require user login=/sign-in;
                alias /usr/share/kanda/html/;
                $types
            }
            location /otp/ {
                kanda_require otp max_age=15m login=/sign-in;
                alias /usr/share/kanda/html/;
                $types
            }| or die;

        my ($server) = /^( {4}server \{\n.*?^ {4}\}\n)/ms or die;
        my $strict = twin($forced, $server) =~ s/optional;/required;/r;
        my $shut = twin($closed, $server)
                   =~ s/kanda_registration off;/kanda_registration  off;/gr;
        s/^( {4}server \{\n.*?^ {4}\}\n)/$1$strict$shut/ms;
    },
)->start;

$b->run("t/browser/sign-in/$_.mjs",
        redis   => $b->shipped->redis,
        admin   => $b->shipped->admin,
        origins => [ map { "http://127.0.0.1:$_" } $forced, $closed ],
        forced  => "http://127.0.0.1:$forced",
        closed  => "http://127.0.0.1:$closed")
    for qw(ways odd);

done_testing;
