package Corpus::Grammar::Auth;

# The login router, as apps and browsers ask it, and what stands beside it.

use strict;
use warnings;

use Corpus::Parts;
use Corpus::Wild ();

our @RULES = (
    [ 4, \&session ], [ 2, \&setup ], [ 2, \&verify_setup ], [ 3, \&second ],
    [ 2, \&step_up ], [ 2, \&refresh ], [ 1, \&end ], [ 1, \&session_gone ],
    [ 1, \&invited ], [ 4, \&gate ], [ 3, \&health ], [ 1, \&metrics ],
    [ 4, \&page ],
);


sub router {
    my ($who, $method, $path, $ok, @fields) = @_;
    my $jar = $who->{browser}{jar};
    my @headers = int rand 2
        ? (bearer($who->{bearer}{access}), [ 'X-Auth-Strategy' => 'bearer' ])
        : ([ Cookie => cookie($who) ],
           [ 'X-CSRF-Token' => $jar->{'csrf-token'} ]);
    return made($method, "/auth/$path", $ok, \@headers, @fields);
}

sub cookie {
    my ($who) = @_;
    my $jar = $who->{browser}{jar};
    return join '; ', map { "$_=$jar->{$_}" }
        grep { $_ ne 'refreshToken' } sort { $a cmp $b } keys %$jar;
}

sub session {
    my ($self, $who) = @_;
    return router($who, 'GET', one(qw(me sessions)), 200);
}

sub setup {
    my ($self, $who) = @_;
    return router($who, 'POST', '2fa/setup', 200);
}

sub verify_setup {
    my ($self, $who) = @_;
    my $r = router($who, 'POST', '2fa/verify-setup', 400,
        strings(token => '000000', secret => $self->secret));
    return { %$r, right => 0 };
}

sub second {
    my ($self) = @_;
    my $friend = $self->{world}{friend};
    my $r = made('POST', '/auth/2fa/verify', '401|429', [], strings(
        tempToken => $self->{world}{temp},
        totpCode => Corpus::Wild::wrong({ %$friend, digits => 6 }, 3)));
    return { %$r, right => 0 };
}

sub step_up {
    my ($self) = @_;
    my $friend = $self->{world}{friend};
    my $r = made('POST', '/auth/2fa/step-up', '401|429',
        [ bearer($friend->{access}) ], strings(
        totpCode => Corpus::Wild::wrong({ %$friend, digits => 6 }, 3)));
    return { %$r, right => 0 };
}

sub refresh {
    my ($self, $who, $name) = @_;
    return made('POST', '/auth/refresh', 401, []) if $name eq 'safe';
    return made('POST', '/auth/refresh', 200,
                [ [ 'X-Auth-Strategy' => 'bearer' ] ],
                strings(refreshToken => $who->{leaver}{refresh}));
}

sub end {
    my ($self) = @_;
    return made('POST', '/auth/logout', 200, [],
                strings(refreshToken => one('x', 'a.1.b')));
}

sub session_gone {
    my ($self, $who) = @_;
    return router($who, 'DELETE', 'sessions/' . 'x' x 22, 404);
}

sub invited {
    my ($self) = @_;
    return made('POST', '/auth/accept-invitation', 401, [],
                strings(token => 'x' x 60, password => 'quite another one'));
}


# What hashes a password

sub password {
    my ($self, $who) = @_;
    my $mount = one(qw(api/auth auth));
    my $new = int rand 2;
    my $email = $new ? $self->id . '@example.net' : $who->{email};
    return made('POST', "/$mount/" . ($new ? 'register' : 'login'),
                $new ? 201 : 200, [],
                strings(email => $email, password => $who->{password}));
}


# A gate, and what is asked by machines and by browsers

sub gate {
    my ($self, $who) = @_;
    my $r = made('GET', '/app/page', 200, [ one(
        [ Cookie => cookie($who) ], bearer($who->{bearer}{access})) ]);
    push @{ $r->{headers} }, maybe(2, [ Accept => 'text/html' ]);
    return { %$r, like => qr/^behind the gate\n\z/ };
}

sub health { return made('GET', one('/health/live', '/health/ready'), 200, []) }
sub metrics { return made('GET', '/metrics', 200, []) }

sub page {
    my $path = one('/', '/sign-in', '/js/sign-in.js', '/lang/en.json',
                   '/kanda.css');
    return made(one('GET', 'HEAD'), $path, 200, []);
}


1;
