package Kanda::Admin;

# Whoever runs the server, with the accounts of a realm, by a Unix socket.
#
#   my $k = Kanda->new(http => Kanda::Admin::server())->start;
#   my $admin = Kanda::Admin->new;
#   my $made = $admin->post('accounts', { email => 'a@example.com' })->json;
#   $admin->post("accounts/$made->{userId}/disable");
#
# Answers are those of Kanda::HTTP.

use strict;
use warnings;

use Kanda ();
use Kanda::Home;
use Kanda::HTTP;


# The default socket of a test.

sub path { Kanda::Home::root() . '/admin' . ($_[0] // '') }


# A server of its own, with a location at /admin/; lines go into it.

sub server {
    my ($lines, $socket) = @_;
    return 'server { listen unix:' . ($socket // path()) . '; '
           . 'location /admin/ { kanda_serve admin; ' . ($lines // '')
           . " } }\n";
}


sub new {
    my ($class, %o) = @_;
    my $self = bless { mount => '/admin', address => path(), %o }, $class;
    $self->{http} = Kanda::HTTP->new($self->{address});
    return $self;
}


sub text {
    my ($self, $method, $path, $body, @headers) = @_;

    if (defined $body) {
        push @headers, 'Content-Type' => 'application/json'
            if !grep { lc eq 'content-type' } @headers;
        $body = Kanda::json($body) if ref $body;
    }

    return Kanda::HTTP::format_request($method, "$self->{mount}/$path",
                                       body => $body, headers => \@headers);
}


sub call {
    my ($self, $method, @rest) = @_;
    return $self->{http}->send($self->text($method, @rest))
                        ->receive(head => $method eq 'HEAD');
}

sub get    { my $self = shift; $self->call('GET', @_) }
sub post   { my $self = shift; $self->call('POST', @_) }
sub delete { my $self = shift; $self->call('DELETE', @_) }


# An account that is invited: what the answer says.

sub invite {
    my ($self, $email) = @_;
    my $r = $self->post('accounts', { email => $email });
    $r->status == 201 or die "accounts: $r->{status} $r->{body}\n";
    return $r->json;
}


sub row {
    my ($self, $id) = @_;
    return $self->get("accounts/$id")->json;
}


# Everybody, page by page.

sub everybody {
    my ($self, $limit) = @_;
    my ($offset, @all) = (0);

    $limit //= 100;

    while (1) {
        my $page = $self->get("accounts?limit=$limit&offset=$offset")->json;
        push @all, @{ $page->{accounts} };
        $offset += $limit;
        return @all if $offset >= $page->{total};
    }
}

1;
