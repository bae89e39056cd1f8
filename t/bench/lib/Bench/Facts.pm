package Bench::Facts;

# What is measured once and not by load.

use strict;
use warnings;

use Bench::Clients;
use Bench::Meter;
use Bench::Table;

use constant {
    URL      => 112,            # bytes of an otpauth URL
    PNG      => 540,
    MEMORY   => 14,             # MB
    START    => 50,             # ms
    CLIENT   => 700,            # bytes in Redis
    CLIENTS  => 4000,
    TEXTS    => 64,             # bytes of a label and an issuer
};


# How many bytes an answer of validate has, so that a round can tell whether
# all were of its kind.

sub answer_sizes {
    my ($service, $clients) = @_;
    my ($lines, $spent) = $clients->right(1, 5);
    my ($body) = $lines->[0] =~ /([^\t]*)\z/;
    my %size;

    for my $kind (qw(right replayed wrong)) {
        $body =~ s/"\d+"\}/"123456"}/ if $kind eq 'wrong';
        my $r = $service->k->post('/totp/validate', $service->owner, $body);
        my $valid = $kind eq 'right' ? 'true' : 'false';
        $r->{body} eq qq({"valid":$valid}) or die "$kind: $r->{body}\n";
        $size{$kind} = length($r->{raw}) + 2 + length $r->{body};
    }

    $clients->spend($spent, 1);
    return \%size;
}


sub print_all {
    my ($service) = @_;

    print "\n";
    png($service);
    client_memory($service);
    worker_memory($service);
    start_time($service);
}


# Twenty pictures of URLs of that length: how small deflate gets one depends
# on the picture.

sub png {
    my ($service) = @_;
    my ($k, $who) = ($service->k, $service->owner);
    my @sizes;

    for my $i (1 .. 20) {
        my $label = 'x';

        for (1 .. 2) {
            my $client = $k->client($who, clientId => "png$i", label => $label,
                                    issuer => 'Kanda');
            $k->delete("/totp/png$i", $who);
            $label .= 'x' x (URL - length $client->{otpauthUrl});
        }

        $k->client($who, clientId => "png$i", label => $label,
                   issuer => 'Kanda');
        push @sizes, length $k->get("/totp/qrcode/png$i", $who, undef,
                                    Accept => 'image/png')->{body};
    }

    my ($least, $most) = (sort { $a <=> $b } @sizes)[0, -1];
    Bench::Table::fact('PNG of a ' . URL . '-byte URL, median of 20',
        sprintf('%d bytes', median(@sizes)),
        Bench::Table::verdict(median(@sizes), '<=', PNG, '')
        . " ($least-$most)");
}


# A client's own key once a code was accepted, and what Redis grew by for each
# of some thousand more (log entries do not count: their number is bounded).

sub client_memory {
    my ($service) = @_;
    my ($redis, $k, $who) = ($service->redis, $service->k, $service->owner);
    my $text = TEXTS / 2;
    my @more = (label => 'l' x $text, issuer => 'i' x $text);

    my $more = Bench::Clients->new($service, 'memory', 10, @more);
    my $before = used($redis);
    Bench::Clients->new($service, 'grow', CLIENTS, @more);
    my $grown = (used($redis) - $before) / CLIENTS;

    my ($lines) = $more->right(1, 5);
    my ($body) = $lines->[0] =~ /([^\t]*)\z/;
    my $key = 'kanda:{' . $service->account . '}:client:memory000001';
    my $fresh = $redis->command('MEMORY', 'USAGE', $key);
    $k->post('/totp/validate', $who, $body);
    my $own = $redis->command('MEMORY', 'USAGE', $key);

    Bench::Table::fact("Redis memory a client, key alone ($fresh when new)",
                       "$own bytes");
    Bench::Table::fact('Redis memory a client, with all that grows',
        sprintf('%.0f bytes', $grown + $own - $fresh),
        Bench::Table::verdict($grown + $own - $fresh, '<=', CLIENT, ''));
}


sub used {
    my ($redis) = @_;
    my ($n) = $redis->command('INFO', 'memory') =~ /^used_memory:(\d+)/m;
    return $n;
}


sub worker_memory {
    my ($service) = @_;
    my @mb = sort { $a <=> $b }
             map { (pss_bytes($_) // return) / 1e6 } $service->workers;

    Bench::Table::fact('memory of a worker after load (PSS)',
        sprintf('%.1f MB', $mb[-1]),
        Bench::Table::verdict($mb[-1], '<=', MEMORY, ' MB'));
}


sub start_time {
    my ($service) = @_;
    my $ms = median(map { $service->start_time } 1 .. 7);

    Bench::Table::fact('start to first answer, median of 7',
        sprintf('%.0f ms', $ms),
        Bench::Table::verdict($ms, '<=', START, ' ms'));
}

1;
