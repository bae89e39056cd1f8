package Kanda::Stateless;

# A caller of the two dialects that keep no secret, at /totp/ and /v1/auth/:
#
#   my $k = Kanda->new(server => Kanda::Stateless::locations())->start;
#   my $caller = Kanda::Stateless->new($k, $api_key);
#
#   my $r = $caller->otp('verifyOTP', secret => $secret, token => $code);
#   my $r = $caller->generate(issuer => 'a', account_name => 'b');
#   my $r = $caller->verify(secret => $secret, code => $code);

use strict;
use warnings;

use JSON::PP ();
use Kanda::HTTP;
use Kanda::Totp;


# The locations, each with the same lines in it.

sub locations {
    my ($lines, $prefix) = @_;
    $lines //= '';
    $prefix //= '';

    return "location $prefix/totp/ { kanda_serve otp; $lines }\n"
           . "location $prefix/v1/auth/ { kanda_serve toolkit; $lines }\n";
}


sub new {
    my ($class, $k, $key, %o) = @_;
    return bless { http => $k->connect, key => $key, prefix => '', %o }, $class;
}


# Keys of an account as such callers may have them, by name.

sub keys_of {
    my ($k, $owner) = @_;
    my $key = sub { $k->post('/apikeys', $owner, { @_ })->json };
    my $revoked = $key->();

    $k->delete("/apikeys/$revoked->{id}", $owner);

    return (
        good    => $key->(scopes => ['stateless'])->{apiKey},
        weak    => $key->(scopes => [qw(validate clients logs keys)])->{apiKey},
        europe  => $key->(regions => [qw(eu eu-2)])->{apiKey},
        asia    => $key->(regions => ['apac'])->{apiKey},
        revoked => $revoked->{apiKey},
        token   => $owner->{token},
        wrong   => 'kan_x',
        empty   => '',
    );
}


# Pairs as a form or a query has them.

sub pairs {
    my @pairs;

    while (my ($name, $value) = splice @_, 0, 2) {
        push @pairs, join '=', map {
            my $text = $_;
            utf8::encode($text) if utf8::is_utf8($text);
            $text =~ s/([^A-Za-z0-9._~ -])/sprintf '%%%02X', ord $1/ge;
            $text =~ tr/ /+/r;
        } $name, $value;
    }

    return join '&', @pairs;
}


sub otp_text {
    my ($self, $route, @fields) = @_;
    return Kanda::HTTP::format_request('POST', "$self->{prefix}/totp/$route",
        headers => [ 'x-api-key' => $self->{key}, 'Content-Type' =>
                     'application/x-www-form-urlencoded' ],
        body => pairs(@fields));
}


sub verify_text {
    my ($self, %members) = @_;
    return Kanda::HTTP::format_request('POST',
        "$self->{prefix}/v1/auth/totp-verify",
        headers => [ Authorization => "Bearer $self->{key}",
                     'Content-Type' => 'application/json' ],
        body => JSON::PP->new->utf8->canonical->encode(\%members));
}


sub generate_text {
    my ($self, @parameters) = @_;
    return Kanda::HTTP::format_request('GET',
        "$self->{prefix}/v1/auth/totp-generate?" . pairs(@parameters),
        headers => [ Authorization => "Bearer $self->{key}" ]);
}


sub otp {
    my ($self, @rest) = @_;
    return $self->{http}->send($self->otp_text(@rest))->receive;
}


sub verify {
    my ($self, %members) = @_;
    return $self->{http}->send($self->verify_text(%members))->receive;
}


sub generate {
    my ($self, @rest) = @_;
    return $self->{http}->send($self->generate_text(@rest))->receive;
}


# What verifyOTP and totp-verify say of a code: true, false, or a status.

sub otp_says {
    my ($self, @fields) = @_;
    my $r = $self->otp('verifyOTP', @fields);
    return $r->status == 200 ? ($r->json->{isValid} ? 'true' : 'false')
                             : $r->status;
}


sub toolkit_says {
    my ($self, %members) = @_;
    my $r = $self->verify(%members);
    return $r->status == 200 ? ($r->json->{valid} ? 'true' : 'false')
                             : $r->status;
}

1;
