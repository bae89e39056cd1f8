package Kanda;

# The service under test with everything around it, in two lines:
#
#   BEGIN { push @INC, 't/lib' }
#   use Kanda;
#
#   my $k = Kanda->new(workers => 2)->start;     # Redis and nginx
#   my $owner = $k->account;                     # registered and logged in
#   my $client = $k->client($owner);             # a TOTP client of theirs
#   my $r = $k->post('/totp/validate', $owner,
#                    { clientId => $client->{clientId},
#                      token    => totp($client->{secret}) });
#   is($r->status, 200);
#   ok($r->json->{valid});
#
# Options of new, all optional:
#   workers, connections, user, log_level, faketime   see Kanda::Nginx
#   main, events, http, server           lines for that part of nginx.conf
#   kanda      lines for http {}, instead of kanda_redis and kanda_keys
#   location   lines for location /api/, after kanda_serve
#   keys       text of the key file
#   redis      { port => 1, password => ..., conf => [...] } or undef: none
#   allow      [ qr/.../ ]: alerts in the error log that are expected
#
# With Test::Nginx the same object lends its Redis and its keys:
#
#   use Kanda;                  # before Test::Nginx::Socket: ports and module
#   use Test::Nginx::Socket;
#   our $k = Kanda->new->start_redis;
#   our $HttpConfig = $k->http_config;
#   our $Config = $k->location_config;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Kanda::Home;
use Kanda::HTTP;
use Kanda::Nginx;
use Kanda::Race;
use Kanda::Redis;
use Kanda::Totp;
use MIME::Base64 ();

our @EXPORT = qw(totp wrong_code settle oathtool json long_test random_bytes);

# What a real Test::Nginx::Socket reads from its environment.

$ENV{TEST_NGINX_BINARY}       ||= '/usr/sbin/nginx';
$ENV{TEST_NGINX_LOAD_MODULES} //= join ' ', Kanda::Nginx::modules();
$ENV{TEST_NGINX_SERVROOT}     //= Kanda::Home::root() . '/servroot';
$ENV{TEST_NGINX_PORT}         //= Kanda::Home::port();

my $serial = 0;


sub totp       { Kanda::Totp::totp(@_) }
sub wrong_code { Kanda::Totp::wrong(@_) }
sub settle     { Kanda::Totp::settle(@_) }
sub oathtool   { Kanda::Totp::oathtool(@_) }
sub json       { JSON::PP->new->utf8->canonical->allow_nonref->encode($_[0]) }


# So many rounds: few in CI, all in "make test-long".

sub long_test {
    my ($short, $long) = @_;
    return $ENV{KANDA_TEST_LONG} ? $long : $short;
}


sub random_bytes {
    my ($n) = @_;
    open my $fh, '<:raw', '/dev/urandom' or die "urandom: $!\n";
    read $fh, my ($bytes), $n;
    return $bytes;
}


sub new {
    my ($class, %o) = @_;
    my $redis = exists $o{redis} ? delete $o{redis} : {};
    my $self = bless { %o }, $class;

    # the same test on a cluster: see t/faults/cluster-suites.t
    if ($redis && $ENV{KANDA_CLUSTER}) {
        require Kanda::Cluster;
        $self->{redis} = Kanda::Cluster->new(
            conf => $redis->{conf} // []);

    } elsif ($redis) {
        $self->{redis} = Kanda::Redis->new(%$redis);
    }

    $self->write_keys($o{keys} // keys_text());

    return $self;
}


sub keys_text {
    my ($seal, $jwt, $digest)
        = map { MIME::Base64::encode_base64(random_bytes(32), '') } 1 .. 3;

    return "seal s1 $seal\njwt j1 $jwt\ndigest $digest\n";
}


sub write_keys {
    my ($self, $text) = @_;

    $self->{keys_file} //= Kanda::Home::root() . '/keys' . $serial++;

    open my $fh, '>', $self->{keys_file} or die "keys: $!\n";
    chmod 0600, $self->{keys_file};
    print $fh $text;
    close $fh;
}


sub http_config {
    my ($self) = @_;
    my $redis = $self->{redis} ? 'kanda_redis ' . $self->{redis}->url . ';'
                               : '';

    return ($self->{kanda} // "$redis\nkanda_keys $self->{keys_file};")
           . "\n" . ($self->{http} // '');
}


sub location_config {
    my ($self) = @_;
    my $own = $self->{location} // '';
    my $open = $own =~ /kanda_registration/ ? '' : 'kanda_registration on;';

    return "location /api/ { kanda_serve api; $open $own }\n";
}


sub start_redis {
    my ($self) = @_;
    $self->{redis}->start if $self->{redis} && !$self->{redis}->pid;
    return $self;
}


sub start_nginx {
    my ($self) = @_;
    $self->nginx->start;
    return $self;
}


sub start {
    my ($self) = @_;
    return $self->start_redis->start_nginx;
}


sub nginx {
    my ($self) = @_;

    return $self->{nginx} //= Kanda::Nginx->new(
        (map { exists $self->{$_} ? ($_ => $self->{$_}) : () }
             qw(workers connections user log_level faketime main events listen
                allow env conf)),
        http   => $self->http_config,
        server => $self->location_config . ($self->{server} // ''),
    );
}


sub redis     { $_[0]{redis} }
sub port      { $_[0]->nginx->port }
sub keys_file { $_[0]{keys_file} }

# A connection that was kept is one of a worker that leaves.

sub reload {
    my $self = shift;
    $self->nginx->reload(@_);
    delete $self->{http_link};
}

sub stop      { $_[0]->nginx->stop }
sub connect   { Kanda::HTTP->new($_[0]->port, @_[1 .. $#_]) }
sub race      { Kanda::Race->new($_[0]->port, $_[1], @_[2 .. $#_]) }


# Text of an API request, as one writes it to a socket. Who asks is a token,
# or an account of ours, or nobody; the body is data, or text as it is.

sub request_text {
    my ($self, $method, $path, $who, $body, @headers) = @_;
    my $token = ref $who ? $who->{token} : $who;

    unshift @headers, Authorization => "Bearer $token" if defined $token;

    if (defined $body) {
        push @headers, 'Content-Type' => 'application/json';
        $body = json($body) if ref $body;
    }

    return Kanda::HTTP::format_request($method, "/api$path", body => $body,
                                       headers => \@headers);
}


sub api {
    my ($self, $method, @rest) = @_;

    $self->{http_link} //= $self->connect;

    return $self->{http_link}->send($self->request_text($method, @rest))
                             ->receive(head => $method eq 'HEAD');
}


sub get    { my $self = shift; $self->api('GET', @_) }
sub post   { my $self = shift; $self->api('POST', @_) }
sub delete { my $self = shift; $self->api('DELETE', @_) }


# An account that is registered and logged in.

sub account {
    my ($self, %o) = @_;
    my $who = { email    => "user$$." . ++$serial . '@example.com',
                password => 'correct horse battery staple', %o };
    my $r = $self->post('/auth/register', undef,
                        { map { $_ => $who->{$_} } qw(email password) });

    $r->status == 201 or die "register: $r->{status} $r->{body}\n";
    $who->{userId} = $r->json->{userId};

    return $self->login($who);
}


sub login {
    my ($self, $who) = @_;
    my $r = $self->post('/auth/login', undef,
                        { map { $_ => $who->{$_} } qw(email password) });

    $r->status == 200 or die "login: $r->{status} $r->{body}\n";
    $who->{token} = $r->json->{token};

    return $who;
}


# A TOTP client: clientId, secret, otpauthUrl, qrDataUrl.

sub client {
    my ($self, $who, %o) = @_;
    my $r = $self->post('/totp/register', $who,
                        { clientId => 'client' . ++$serial, %o });

    $r->status == 201 or die "totp/register: $r->{status} $r->{body}\n";
    return $r->json;
}


# What validate says of a code: true, false, or a status.

sub validate {
    my ($self, $who, $id, $code) = @_;
    my $r = $self->post('/totp/validate', $who,
                        { clientId => $id, token => $code });

    return $r->status == 200 ? ($r->json->{valid} ? 'true' : 'false')
                             : $r->status;
}

1;
