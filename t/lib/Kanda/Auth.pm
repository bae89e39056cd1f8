package Kanda::Auth;

# A client of the login router: a browser with its cookies, or, with bearer set,
# an app that keeps its tokens itself.
#
#   my $k = Kanda->new(server => Kanda::Auth::location())->start;
#   my $me = Kanda::Auth->new($k)->register->login;
#   $me->enrol;                                 # 2FA on; $me->{secret}
#   is($me->get('me')->json->{isTotpEnabled}, JSON::PP::true);
#
# Answers are those of Kanda::HTTP.

use strict;
use warnings;

use JSON::PP ();
use Kanda ();
use Kanda::HTTP;
use Kanda::Totp ();
use MIME::Base64 ();

my $serial = 0;


# A location of the dialect; lines go into it.

sub location {
    my ($lines, $path) = @_;
    return 'location ' . ($path // '/auth/') . ' { kanda_serve auth; '
           . 'kanda_registration on; ' . ($lines // '') . " }\n";
}


sub new {
    my ($class, $k, %o) = @_;
    return bless {
        http     => Kanda::HTTP->new($o{port} // $k->port),
        mount    => '/auth',
        email    => "auth$$." . ++$serial . '@example.com',
        password => 'correct horse battery staple',
        jar      => {},
        %o,
    }, $class;
}


# Another device of the same person.

sub other {
    my ($self, %o) = @_;
    my $class = ref $self->{http};
    return bless { %$self, http => $class->new($self->{http}{address}),
                   jar => {}, access => undef, refresh => undef, %o },
                 ref $self;
}


sub text {
    my ($self, $method, $path, $body, @headers) = @_;
    my %given = map { lc $_ => 1 } @headers[ grep { !($_ % 2) } 0 .. $#headers ];

    if ($self->{bearer}) {
        unshift @headers, 'X-Auth-Strategy' => 'bearer';
        unshift @headers, Authorization => "Bearer $self->{access}"
            if defined $self->{access} && !$given{authorization};

    } elsif (%{ $self->{jar} } && !$given{cookie}) {
        unshift @headers, Cookie => join '; ',
            map { "$_=$self->{jar}{$_}" } sort keys %{ $self->{jar} };
    }

    if (defined $body) {
        push @headers, 'Content-Type' => 'application/json'
            if !$given{'content-type'};
        $body = Kanda::json($body) if ref $body;
    }

    return Kanda::HTTP::format_request($method, "$self->{mount}/$path",
                                       body => $body, headers => \@headers);
}


sub call {
    my ($self, $method, @rest) = @_;
    my $r = $self->{http}->send($self->text($method, @rest))
                         ->receive(head => $method eq 'HEAD');
    return $self->keep($r);
}


# Takes what an answer gives.

sub keep {
    my ($self, $r) = @_;

    for my $c (cookies($r)) {
        if ($c->{value} eq '' || $c->{'max-age'} eq '0') {
            delete $self->{jar}{ $c->{name} };
        } else {
            $self->{jar}{ $c->{name} } = $c->{value};
        }
    }

    my $said = $self->{bearer} && $r->status == 200 && $r->json;

    @$self{qw(access refresh)} = @$said{qw(accessToken refreshToken)}
        if ref $said && $said->{accessToken};

    return $r;
}


# What a token says.

sub claims {
    my ($token) = @_;
    my (undef, $payload) = split /\./, $token;
    $payload =~ tr{-_}{+/};
    return JSON::PP->new->utf8->decode(MIME::Base64::decode_base64($payload));
}


# The Set-Cookie lines of an answer, taken apart: name, value, and attributes in
# lower case.

sub cookies {
    my ($r) = @_;
    my @cookies;

    for my $line ($r->{raw} =~ /^Set-Cookie: ([^\r]*)/mgi) {
        my ($pair, @attributes) = split /; */, $line;
        my ($name, $value) = split /=/, $pair, 2;
        push @cookies, { name => $name, value => $value, line => $line,
            map { /^([^=]+)(?:=(.*))?$/ ? (lc $1 => $2 // 1) : () }
                @attributes };
    }

    return @cookies;
}


sub get    { my $self = shift; $self->call('GET', @_) }
sub post   { my $self = shift; $self->call('POST', @_) }
sub delete { my $self = shift; $self->call('DELETE', @_) }

sub credentials {
    my ($self) = @_;
    return { map { $_ => $self->{$_} } qw(email password) };
}


sub must {
    my ($self, $status, $path, @rest) = @_;
    my $r = $self->post($path, @rest);
    $r->status == $status or die "$path: $r->{status} $r->{body}\n";
    return $r;
}


sub register {
    my ($self) = @_;
    $self->{userId} = $self->must(201, 'register', $self->credentials)
                           ->json->{userId};
    return $self;
}


# With 2FA on, this is a challenge and then a code that was not used before.

sub login {
    my ($self) = @_;
    my $r = $self->must(200, 'login', $self->credentials)->json;

    $self->must(200, '2fa/verify', { tempToken => $r->{tempToken},
                                     totpCode => $self->code })
        if $r->{requiresTwoFactor};
    return $self;
}


sub temp {
    my ($self) = @_;
    return $self->must(200, 'login', $self->credentials)->json->{tempToken};
}


# Turns 2FA on. The code of the step before is spent on it, so that this step's
# and the next one's are left.

sub enrol {
    my ($self) = @_;

    Kanda::Totp::settle(8);
    $self->{secret} = $self->must(200, '2fa/setup')->json->{secret};
    $self->must(200, '2fa/verify-setup', { secret => $self->{secret},
        token => Kanda::Totp::totp($self->{secret}, step => -1) });
    $self->{step} = int(time / 30) - 1;
    return $self;
}


# A right code that was not used yet: the next step's, if it has to be.

sub code {
    my ($self) = @_;
    my $now = int(time / 30);
    my $step = $self->{step} < $now ? $now : $self->{step} + 1;

    if ($step > $now + 1) {
        Kanda::Totp::settle(30);
        return $self->code;
    }

    $self->{step} = $step;
    return Kanda::Totp::totp($self->{secret}, time => $step * 30);
}

sub wrong { Kanda::Totp::wrong($_[0]{secret}) }

1;
