package Bench::Gate;

# A file, bare and behind a gate, and what else one could put in front of it.

use strict;
use warnings;

use Bench::Meter;
use Bench::Table;
use Bench::Wrk;
use Kanda;
use Kanda::Auth;
use Kanda::Home;

use constant { SIZE => 1024, CONNECTIONS => 64 };

my @ways = (
    [ bare    => 'a file' ],
    [ gate    => 'behind kanda_require user' ],
    [ asked   => 'auth_request, check in here' ],
    [ proxied => 'auth_request, check by HTTP' ],
);


sub new {
    my ($class, $home) = @_;
    my $check = Kanda::Home::port();

    my $k = Kanda->new(
        workers   => 2,
        listen    => ' reuseport',
        log_level => 'notice',
        allow     => [ qr/lets in whoever registers/ ],
        http      => <<"END",
access_log off;
keepalive_requests 100000000;
upstream check { server 127.0.0.1:$check; keepalive 64; }
server {
    listen 127.0.0.1:$check reuseport;
    location = /check { kanda_require user; kanda_serve check; }
}
END
        server    => Kanda::Auth::location('kanda_session idle=30m;') . <<'END',
location /bare/ { }
location /gate/ { kanda_require user; }
location /asked/ { auth_request /check; }
location = /check { internal; kanda_require user; kanda_serve check; }
location /proxied/ { auth_request /check-by-http; }
location = /check-by-http {
    internal;
    proxy_pass http://check/check;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
}
END
    )->start;

    my $me = Kanda::Auth->new($k)->register->login;

    for my $way (@ways) {
        my $dir = $k->nginx->dir . "/html/$way->[0]";
        mkdir $dir or die "$dir: $!\n";
        open my $fh, '>', "$dir/file" or die "$dir: $!\n";
        print $fh 'x' x SIZE;
        close $fh;
    }

    return bless { k => $k, home => $home, rounds => {},
                   cookie => "kanda_default=$me->{jar}{kanda_default}" },
                 $class;
}


sub port    { $_[0]{k}->port }
sub headers { "Cookie: $_[0]{cookie}" }

sub cpu {
    my ($self) = @_;
    my $k = $self->{k};
    return (cpu_seconds($k->nginx->worker_pids),
            cpu_seconds($k->redis->pid));
}


# One round: all ways, one after the other.

sub measure {
    my ($self, $seconds) = @_;

    for my $way (@ways) {
        my ($name, $text) = @$way;
        my $r = Bench::Wrk::round($self, home => $self->{home},
            seconds => $seconds, connections => CONNECTIONS,
            lines => [ ("GET\t/file\t") x 2 ], prefix => "/$name");

        warn "bench: $text: $r->{errors} errors\n" if $r->{errors};
        push @{ $self->{rounds}{$name} }, $r;
    }
}


sub report {
    my ($self) = @_;
    my $rounds = $self->{rounds};

    for my $way (@ways) {
        my ($name, $text) = @$way;
        my $rate = Bench::Table::ratio('rate', @$rounds{$name, 'bare'});
        my $times = Bench::Table::ratio('rate', @$rounds{'gate', $name});
        my $target = $name eq 'bare' ? '' : $name eq 'gate'
            ? Bench::Table::verdict(100 * $rate, '>=', 60, ' % of a bare file')
            : 'kanda_require '
              . Bench::Table::verdict($times, '>=', 1.7, ' times this', 1)
              . sprintf(' (%.2f)', $times);

        Bench::Table::line($text, CONNECTIONS,
            Bench::Table::medians(@{ $rounds->{$name} }),
            $name eq 'bare' ? undef : $rate,
            $name eq 'bare' ? undef : Bench::Table::ratio('workers',
                @$rounds{$name, 'bare'}), undef, $target);
    }
}

1;
