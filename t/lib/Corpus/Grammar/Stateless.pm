package Corpus::Grammar::Stateless;

# The two APIs that keep nothing, asked with a key.

use strict;
use warnings;

use Corpus::Parts;
use Corpus::Wild ();

our @RULES = (
    [ 2, \&ping ], [ 3, \&picture ], [ 4, \&onboard ], [ 4, \&get_otp ],
    [ 10, \&verify_otp ], [ 5, \&generate ], [ 10, \&totp_verify ],
);


# The form API

sub form {
    my ($who, $path, @pairs) = @_;
    my @fields;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @fields, [ $name, $value ];
    }
    return {
        method => 'POST', path => "/totp/$path", ok => 200, query => [],
        headers => [ [ 'x-api-key' => $who->{key} ],
            [ 'Content-Type' => 'application/x-www-form-urlencoded' ] ],
        fields => [ @fields ], format => 'form',
    };
}

sub ping {
    my ($self, $who) = @_;
    return made('GET', '/totp/ping', 200, [ [ 'x-api-key' => $who->{key} ] ]);
}

sub picture {
    my ($self, $who) = @_;
    my $r = form($who, 'generateQRCode', data => one('x', 'https://example.org',
                                                    'y' x 300));
    return { %$r, like => qr/^\x89PNG/ };
}

sub onboard {
    my ($self, $who) = @_;
    return form($who, 'onboardUser', userID => one('alice', 'Bob & Co'),
        applicationID => one('MyApp', "\xc3\xa9t\xc3\xa9"),
        maybe(2, tokenValidity => one(10, 300)),
        maybe(2, tokenLength => one(6, 8)));
}

# A secret with what it is used with

sub factor {
    my ($self) = @_;
    return { secret => $self->secret, digits => one(6, 8),
             period => one(30, 60, 120), algorithm => 'SHA1' };
}

sub get_otp {
    my ($self, $who) = @_;
    my $secret = factor($self);
    return form($who, 'getOTP', secret => $secret->{secret},
                tokenValidity => $secret->{period},
                tokenLength => $secret->{digits});
}

sub verify_otp {
    my ($self, $who) = @_;
    my $secret = { %{ factor($self) }, period => 30 };
    my $right = int rand 3 ? 1 : 0;
    my $code = $right ? Corpus::Wild::code($secret, 0)
                      : Corpus::Wild::wrong($secret, 3);
    my $r = form($who, 'verifyOTP', secret => $secret->{secret},
                 token => $code, maybe(3, tokenValidity => 30));
    my $word = $right ? 'true' : 'false';
    return { %$r, right => $right, like => qr/"isValid":$word\b/ };
}


# The JSON API that keeps nothing

sub generate {
    my ($self, $who) = @_;
    my $r = made('GET', '/v1/auth/totp-generate', 200, [ bearer($who->{key}) ]);
    $r->{query} = [
        [ issuer => one('MyApp', 'A%20%26%20B') ], [ account_name => 'alice' ],
        maybe(2, [ digits => one(6, 8) ]), maybe(2, [ period => one(10, 120) ]),
        maybe(2, [ algorithm => one(qw(SHA1 SHA256 SHA512)) ]) ];
    return $r;
}

sub totp_verify {
    my ($self, $who) = @_;
    my $secret = { %{ factor($self) },
                   algorithm => one(qw(SHA1 SHA256 SHA512)) };
    my $right = int rand 3 ? 1 : 0;
    my $r = made('POST', '/v1/auth/totp-verify', 200, [ bearer($who->{key}) ],
        strings(secret => $secret->{secret},
            code => $right ? Corpus::Wild::code($secret, 0)
                           : Corpus::Wild::wrong($secret, 13),
            algorithm => $secret->{algorithm}),
        map { [ $_ => $secret->{$_} ] } qw(digits period));
    my $word = $right ? 'true' : 'false';
    push @{ $r->{fields} }, maybe(2, [ window => one(2, 10) ]);
    return { %$r, right => $right, like => qr/"valid":$word\b/ };
}


1;
