package Corpus::World;

# What the cases talk about: one account with a client and keys of every kind,
# living and dead, another account beside it, and the servers themselves.

use strict;
use warnings;

use Corpus::Macro ();
use Cwd qw(getcwd);
use Corpus::Token ();
use Digest::SHA qw(sha256);
use JSON::PP ();
use Kanda;
use Kanda::Auth;
use Kanda::Stateless;
use MIME::Base64 qw(encode_base64);

my $SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
my $COMMON = 'conf/common-passwords.txt';
my $serial = 0;


sub new {
    my ($class) = @_;

    my %raw = map { $_ => sha256("corpus $_ $$ " . time) }
        qw(seal ring ring2 digest other);
    my %text = map { $_ => encode_base64($raw{$_}, '') } keys %raw;
    my $port = Kanda::Home::port();
    my $port2 = Kanda::Home::port();
    my $k = Kanda->new(
        workers  => 2,
        keys     => "seal seal-a $text{seal}\n"
                    . "jwt ring-a $text{ring}\njwt ring-b $text{ring2}\n"
                    . "digest $text{digest}\n",
        http     => -e $COMMON
                    ? 'kanda_password_blocklist ' . getcwd() . "/$COMMON;" : '',
        location => 'kanda_issuer corpus; add_header X-Worker $pid always;',
        server   => "listen 127.0.0.1:$port reuseport;\n"
                    . "listen 127.0.0.1:$port2 http2 reuseport;\n"
                    . "keepalive_requests 100000;\n"
                    . 'location /closed/ { kanda_serve api;'
                    . ' kanda_issuer corpus; kanda_registration off;'
                    . ' kanda_qrcode off; }'
                    . Kanda::Auth::location('kanda_issuer corpus;'
                          . ' kanda_realm auth;'
                          . ' add_header X-Worker $pid always;')
                    . Kanda::Stateless::locations('kanda_region eu;'
                          . ' add_header X-Worker $pid always;'),
    )->start;

    my $self = bless { k => $k, port => $port, port2 => $port2,
                       secrets => {} }, $class;
    $self->forge(\%raw, \%text);
    $self->people;
    return $self;
}


# The keys a forger might try, by the names that recipes call them.

sub forge {
    my ($self, $raw, $text) = @_;
    my $ring = $raw->{ring};

    $self->{keys} = {
        %$raw,
        zero    => "\0" x 32,
        empty   => '',
        word    => 'secret',
        two     => "2\n",
        text    => $text->{ring},
        textnl  => "$text->{ring}\n",
        hex     => unpack('H*', $ring),
        kid     => 'ring-a',
        short   => substr($ring, 0, -1),
        flipped => substr($ring, 0, -1) . chr(ord(substr $ring, -1) ^ 1),
    };
    return;
}


sub people {
    my ($self) = @_;
    my $k = $self->{k};
    my $owner = $k->account;
    my $other = $k->account;
    my %key = map { $_ => $self->key($owner, [ lc $_ ]) }
        qw(VALIDATE CLIENTS LOGS KEYS STATELESS);
    my $key = $self->key($owner);
    my $away = $self->key($owner, undef, undef, regions => ['us']);
    my $dead = $self->key($owner);
    my $old = $self->key($owner, undef, Corpus::Macro::expand('${time:2}'));
    my $dead_key_token = $self->exchange($dead);
    my $dead_token = $k->login({ %$owner })->{token};

    $self->{expires} = time + 2;
    $self->must(200, $k->delete("/apikeys/$dead->{id}", $owner));
    $self->must(200, $k->post('/auth/logout', $dead_token));
    $self->must(201, $k->post('/totp/register', $owner,
                              { clientId => 'corpus', secret => $SECRET }));

    $self->{owner} = $owner;
    $self->{good} = $owner->{token};
    $self->{token} = Corpus::Token->new($owner->{token}, $self->{keys});

    # the same person in the login router, which has a realm of its own here
    my $app = Kanda::Auth->new($k, bearer => 1, map { $_ => $owner->{$_} }
                                                qw(email password));
    $app->register->login;
    $self->{session} = Corpus::Token->new($app->{access}, $self->{keys});
    my %header = map { @$_ } @{ $self->{token}{h} };
    my %claim = map { @$_ } @{ $self->{token}{p} };

    $self->{values} = {
        TOKEN          => $owner->{token},
        EMAIL          => $owner->{email},
        PASSWORD       => $owner->{password},
        KEY            => $key->{apiKey},
        KEYID          => $key->{id},
        DEAD_KEY       => $dead->{apiKey},
        DEAD_KEYID     => $dead->{id},
        DEAD_KEY_TOKEN => $dead_key_token,
        DEAD_TOKEN     => $dead_token,
        OLD_KEY        => sub { $self->settled; $old->{apiKey} },
        AWAY_KEY       => $away->{apiKey},
        THIRD_KEY      => $self->key($k->account)->{apiKey},
        OTHER_TOKEN    => $other->{token},
        SESSION        => $app->{access},
        REFRESH        => $app->{refresh},
        VALIDATE_TOKEN => $self->exchange($key{VALIDATE}),
        SECRET         => $SECRET,
        CLIENT         => 'corpus',
        OTP            => sub { settle(1); totp($SECRET, step => $_[0] // 0) },
        KID            => $header{kid} =~ tr/"//dr,
        KID2           => 'ring-b',
        ISS            => $claim{iss} =~ tr/"//dr,
        LIFE           => substr($claim{jti}, 1, 8),
        SUB            => $claim{sub} =~ tr/"//dr,
        (map { ("${_}_KEY" => $key{$_}{apiKey}) } keys %key),
    };

    $self->secret($self->{values}{$_})
        for qw(TOKEN SESSION REFRESH PASSWORD KEY OTHER_TOKEN VALIDATE_TOKEN SECRET), map
            { "${_}_KEY" } keys %key;
    $self->secret(@{ $self->{keys} }{qw(text hex)});
    return;
}


sub must {
    my ($self, $status, $r) = @_;
    $r->status == $status
        or die "setting up: $r->{status} $r->{body}, not $status\n";
    return $r->json;
}


sub key {
    my ($self, $who, $scopes, $expires, %more) = @_;
    return $self->must(201, $self->{k}->post('/apikeys', $who, {
        name => 'corpus',
        $scopes ? (scopes => $scopes) : (),
        $expires ? (expiresAt => $expires) : (), %more,
    }));
}


sub exchange {
    my ($self, $key) = @_;
    return $self->must(200, $self->{k}->post('/auth/token', undef,
                            { apiKey => $key->{apiKey} }))->{token};
}


# Has the key that should have expired done so?  Asked when it is needed.

sub settled {
    my ($self) = @_;
    select undef, undef, undef, $self->{expires} + 1.2 - time
        if time < $self->{expires} + 1.2;
    return;
}


# A client with a code of its own, to be thrown away.

sub client {
    my ($self) = @_;
    my $id = 'corpus-' . ++$serial;
    my $client = $self->must(201, $self->{k}->post('/totp/register',
                                  $self->{owner}, { clientId => $id }));
    $self->secret($client->{secret});
    return $client;
}


sub forget {
    my ($self, $id) = @_;
    my $path = Corpus::Macro::expand("\${pct:$id}") if $id !~ /[\$\{\}:]/;
    $path //= join '', map { sprintf '%%%02X', ord } split //, $id;
    return $self->{k}->delete("/totp/$path", $self->{owner});
}


# Values for a case: the fixed ones, and those of its client, if it has one.

sub values_for {
    my ($self, $client) = @_;
    my %v = (%{ $self->{values} },
             FRESH => 'fresh-' . ++$serial . '@example.org');

    if ($client) {
        my $code = sub { totp($client->{secret}, step => $_[0] // 0) };
        $v{CLIENT} = $client->{clientId};
        $v{CODE} = $code;
        $v{NUMBER} = sub { 0 + $code->() };
    }
    return \%v;
}


# Texts that no log may hold; a token is known by its signature, too.

sub secret {
    my ($self, @texts) = @_;
    for (grep { defined && length >= 12 && !/^(.)\1*\z/ } @texts) {
        $self->{secrets}{$_} = 1;
        $self->{secrets}{$1} = 1 if /\.([\w-]{20,})\z/;
    }
    return;
}


# What Redis holds but for the log, its numbers and its count of strangers.

sub state {
    my ($self) = @_;
    my $redis = $self->{k}->redis;
    my %state;

    for my $key (@{ $redis->command('KEYS', 'kanda:*') }) {
        next if $key =~ /:(?:log(?::.*)?|strangers)\z/;
        my $type = $redis->command('TYPE', $key);
        my $value = $type eq 'hash' ? hash($redis->command('HGETALL', $key))
            : $type eq 'zset' ? $redis->command('ZRANGE', $key, 0, -1,
                                                'WITHSCORES')
            : [ $redis->command('DUMP', $key) // next ];
        $state{$key} = join "\1", @$value;
    }
    return \%state;
}


sub hash {
    my %field = @{ $_[0] };
    delete $field{seq};
    return [ map { ($_, $field{$_}) } sort keys %field ];
}


sub changes {
    my ($old, $new) = @_;
    my %all = (%$old, %$new);
    return grep { ($old->{$_} // '') ne ($new->{$_} // '') } sort keys %all;
}


# What nginx wrote since it was asked last.  Its own words about a header line
# that is malformed or comes twice quote the line, at level info: the shipped
# configuration logs from notice on, and there is no other remedy.

sub logs {
    my ($self) = @_;
    my $dir = $self->{k}->nginx->dir;
    my ($error, $access) = map { $self->since("$dir/logs/$_.log") }
        qw(error access);
    $error =~ s/^.*\[info\].*client sent (?:duplicate|invalid) header line.*$//mg;
    return ($error, $access);
}


sub since {
    my ($self, $log) = @_;
    open my $fh, '<:raw', $log or die "$log: $!\n";
    seek $fh, $self->{read}{$log} // 0, 0;
    local $/;
    my $text = <$fh> // '';
    $self->{read}{$log} += length $text;
    return $text;
}


sub resident {
    my ($self) = @_;
    my $kb = 0;
    for my $pid ($self->{k}->nginx->worker_pids) {
        Kanda::Home::slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m
            and $kb += $1;
    }
    return $kb;
}


1;
