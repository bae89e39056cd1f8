package Corpus::Grammar::Api;

# The managed API, asked with a token or a key.

use strict;
use warnings;

use Corpus::Parts;
use Corpus::Wild ();

our @RULES = (
    [ 12, \&validate ], [ 8, \&guess ], [ 8, \&register ], [ 3, \&imported ],
    [ 3, \&client ], [ 4, \&clients ], [ 4, \&qrcode ], [ 6, \&verb ],
    [ 2, \&delete_client ], [ 2, \&me ], [ 3, \&token ], [ 4, \&logs ],
    [ 1, \&apikeys ], [ 1, \&key ], [ 1, \&revoke ], [ 1, \&logout ],
    [ 1, \&verify_junk ],
);


sub api {
    my ($who, $method, $path, $ok, @fields) = @_;
    my $auth = one(bearer($who->{token}), bearer($who->{key}),
                   [ 'x-api-key' => $who->{key} ]);
    return made($method, "/api/$path", $ok, [ $auth ], @fields);
}

sub validate {
    my ($self, $who, $name) = @_;
    my $client = $self->{world}->fresh($name);
    my $code = Corpus::Wild::code($client, 0);
    my $r = api($who, 'POST', 'totp/validate', 200,
                strings(clientId => $client->{clientId}, token => $code));
    return { %$r, right => 1, like => qr/^\{"valid":true\}\z/ };
}

sub guess {
    my ($self, $who, $name) = @_;
    my $client = $self->{guessed}{$name} //= $self->{world}->fresh($name);
    my $code = Corpus::Wild::wrong($client, 3);
    my $r = api($who, 'POST', 'totp/validate', 200,
                strings(clientId => $client->{clientId}, token => $code));
    return { %$r, right => 0, like => qr/^\{"valid":false\}\z/ };
}

sub register {
    my ($self, $who) = @_;
    my $r = api($who, 'POST', 'totp/register', 201,
        strings(clientId => $self->id,
            maybe(2, label => one('alice@example.org', 'Bob', 'x' x 128)),
            maybe(2, issuer => one('MyApp', 'A & B', 'i' x 128)),
            maybe(2, algorithm => one(qw(SHA1 SHA256 SHA512)))),
        maybe(2, [ digits => one(6 .. 8) ]),
        maybe(2, [ period => one(10, 30, 300) ]));
    return { %$r, like => qr/"otpauthUrl":"otpauth:/ };
}

sub imported {
    my ($self, $who) = @_;
    my $r = api($who, 'POST', 'totp/register', 201,
        strings(clientId => $self->id, secret => $self->secret));
    return { %$r, like => qr/"secret":"[A-Z2-7]{32}"/ };
}

sub client {
    my ($self, $who, $name) = @_;
    my $client = $self->{shown}{$name} //= $self->{world}->fresh($name);
    return api($who, 'GET', "totp/$client->{clientId}", 200);
}

sub clients {
    my ($self, $who) = @_;
    my $r = api($who, 'GET', 'totp', 200);
    $r->{query} = [ maybe(2, [ limit => one(1, 10, 50) ]),
                    maybe(2, [ offset => one(0, 1, 1000000) ]) ];
    return $r;
}

sub qrcode {
    my ($self, $who, $name) = @_;
    my $client = $self->{shown}{$name} //= $self->{world}->fresh($name);
    my $r = api($who, 'GET', "totp/qrcode/$client->{clientId}", 200);
    push @{ $r->{headers} }, maybe(2, [ Accept => one('image/png',
        'image/svg+xml', 'application/json', '*/*') ]);
    return $r;
}

sub verb {
    my ($self, $who, $name) = @_;
    my $client = $self->{turned}{$name} //= $self->{world}->fresh($name);
    my $verb = one(qw(rotate unlock recovery));
    delete $self->{world}{client}{ $client->{clientId} };
    return api($who, 'POST', "totp/$verb/$client->{clientId}",
               $verb eq 'recovery' ? 201 : 200);
}

sub delete_client {
    my ($self, $who, $name) = @_;
    my $client = $self->{world}->fresh($name);
    delete $self->{world}{client}{ $client->{clientId} };
    return api($who, 'DELETE', "totp/$client->{clientId}", 200);
}

sub me { my ($self, $who) = @_; return api($who, 'GET', 'auth/me', 200) }

sub token {
    my ($self, $who) = @_;
    return made('POST', '/api/auth/token', 200, [],
                strings(apiKey => $who->{key}));
}

sub logs {
    my ($self, $who) = @_;
    my $r = api($who, 'GET', 'logs', 200);
    $r->{query} = [ maybe(2, [ limit => one(1, 5, 20) ]),
                    maybe(2, [ offset => one(0, 7) ]),
                    maybe(2, [ event => one('totp.validate', 'otp.verify') ]) ];
    return $r;
}

sub apikeys { my ($self, $who) = @_; return api($who, 'GET', 'apikeys', 200) }

sub key {
    my ($self, $who) = @_;
    return api($who, 'POST', 'apikeys', 201, strings(name => 'a key'),
        maybe(2, [ scopes => one('["validate"]', '["logs","keys"]') ]),
        maybe(2, [ regions => '["eu"]' ]),
        maybe(2, [ expiresAt => '"2099-01-01T00:00:00Z"' ]));
}

sub revoke {
    my ($self, $who) = @_;
    return api($who, 'DELETE', 'apikeys/' . 'x' x 16, 404);
}

# Tokens for once, and then one that is dead

sub logout {
    my ($self, $who) = @_;
    my $token = @{ $who->{spare} } > 1 ? shift @{ $who->{spare} } : undef;
    return made('POST', '/api/auth/logout', $token ? 200 : 401,
                [ bearer($token // 'x') ]);
}

sub verify_junk {
    my ($self) = @_;
    my $r = made('POST', '/api/auth/2fa/verify', '401|429', [],
        strings(tempToken => $self->{world}{temp}, totpCode => '12345'));
    return { %$r, right => 0 };
}


1;
