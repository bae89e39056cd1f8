package Corpus::Wild;

# Where generated requests go: all dialects, a gate and the pages, with three
# people.  "safe" asks what is right, "wild" what was bent, and "other" nothing:
# what is theirs must be neither seen nor changed.

use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda;
use Kanda::Auth;
use Kanda::Metrics;
use Kanda::Stateless;

my $STOCK = 100;


sub new {
    my ($class) = @_;
    my $port2 = Kanda::Home::port();
    my $pages = getcwd() . '/html';
    my $lockout = 'kanda_lockout row=1000 total=100000;';

    my $k = Kanda->new(
        workers  => 2,
        allow    => [ qr/lets in whoever registers/ ],
        http     => 'kanda_issuer Wild;',
        location => $lockout,
        server   => "listen 127.0.0.1:$port2 http2;\n"
            . "keepalive_requests 1000000;\n"
            . Kanda::Auth::location("$lockout kanda_csrf on;"
                                    . ' kanda_session idle=1h;')
            . Kanda::Stateless::locations('kanda_region eu;')
            . Kanda::Metrics::location() . "
            location /health/ { kanda_serve health; }
            location /app/ { kanda_require user login=/sign-in; }
            location / {
                root $pages;
                try_files \$uri \$uri.html \$uri/index.html =404;
            }\n",
    )->start;

    my $app = $k->nginx->dir . '/html/app';
    mkdir $app;
    open my $fh, '>', "$app/page" or die "$app/page: $!\n";
    print $fh "behind the gate\n";
    close $fh;

    my $self = bless { k => $k, port => $k->port, port2 => $port2, serial => 0,
                       client => {}, stock => {}, never => [] }, $class;
    $self->{$_} = $self->person for qw(safe wild other);
    $self->factor;
    $self->hide;
    return $self;
}


# An account with keys, spare tokens, sessions and clients of its own.

sub person {
    my ($self) = @_;
    my $k = $self->{k};
    my $who = $k->account;
    my %given = map { $_ => $who->{$_} } qw(email password);

    $who->{key} = $k->post('/apikeys', $who, {})->json->{apiKey};
    $who->{spare} = [ map {
        $k->post('/auth/token', undef, { apiKey => $who->{key} })
          ->json->{token} } 1 .. 20 ];
    $who->{bearer} = Kanda::Auth->new($k, %given, bearer => 1)->login;
    $who->{leaver} = Kanda::Auth->new($k, %given, bearer => 1)->login;
    $who->{browser} = Kanda::Auth->new($k, %given)->login;
    $who->{browser}->get('me');
    return $who;
}


# Wild's friend, with a second factor, in the middle of a login.

sub factor {
    my ($self) = @_;
    my $friend = Kanda::Auth->new($self->{k}, bearer => 1)->register->login;

    $friend->{secret} = $friend->must(200, '2fa/setup')->json->{secret};
    $friend->must(200, '2fa/verify-setup', {
        secret => $friend->{secret}, token => totp($friend->{secret}) });
    $self->{temp} = $friend->temp;
    $self->{friend} = $friend;
    return;
}


# What no answer at all may hold, and what no refusal may.

sub hide {
    my ($self) = @_;
    my ($safe, $wild, $other, $friend) = @$self{qw(safe wild other friend)};
    my @others = map { $self->fresh('other')->{secret} } 1 .. 3;
    my $never = join '|', map { quotemeta }
        @others, $friend->{secret}, @$other{qw(token key)},
        map { ($_->{password}, $_->{bearer}{refresh} // ()) } $other;
    my $told = join '|', map { quotemeta }
        $self->{temp}, map { @$_{qw(token key)}, $_->{bearer}{access} }
        $safe, $wild;

    @$self{qw(never told)} = (qr/$never/, qr/$told/);
    return;
}


# A client that nobody has asked for yet.

sub fresh {
    my ($self, $name) = @_;
    my $stock = $self->{stock}{$name} //= [];

    $self->restock($name) if !@$stock;
    return shift @$stock;
}


sub restock {
    my ($self, $name) = @_;
    my ($k, $http) = ($self->{k}, $self->{http} //= $self->{k}->connect);
    my @made = map { {
        clientId  => substr($name, 0, 1) . ++$self->{serial},
        digits    => 6 + int rand 3,
        period    => (30, 60, 300)[rand 3],
        algorithm => (qw(SHA1 SHA256 SHA512))[rand 3],
    } } 1 .. $STOCK;

    $http->send(join '', map {
        $k->request_text('POST', '/totp/register', $self->{$name}, $_) } @made);

    for my $client (@made) {
        my $r = $http->receive;
        $r->status == 201 or die "register: $r->{status} $r->{body}\n";
        $client->{secret} = $r->json->{secret};
        $self->{client}{ $client->{clientId} } = $client;
    }

    push @{ $self->{stock}{$name} }, @made;
    return;
}


# The code of a client, or of a secret with the same members, some steps from
# now; and one that is none of those around, mostly for one digit.

sub code {
    my ($client, $step) = @_;
    return totp($client->{secret}, step => $step,
                map { $_ => $client->{$_} } qw(digits period algorithm));
}


sub wrong {
    my ($client, $about) = @_;
    my %right = map { code($client, $_) => 1 } -$about .. $about;
    my $code;

    do {
        $code = code($client, 0);
        my $at = int rand 2 * length $code;

        if ($at < length $code) {
            my $digit = substr $code, $at, 1;
            substr($code, $at, 1) = ($digit + 1 + int rand 9) % 10;
        } else {
            $code =~ s/\d/int rand 10/ge;
        }
    } while $right{$code};

    return $code;
}


1;
