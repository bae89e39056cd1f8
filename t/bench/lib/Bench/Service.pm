package Bench::Service;

# The service that is measured: two workers and a Redis of its own, one
# account with an API key, and beside it a location that only returns 200.

use strict;
use warnings;

use Bench::Meter;
use Kanda;
use Time::HiRes qw(sleep time);


sub new {
    my ($class) = @_;

    my $k = Kanda->new(
        workers   => 2,

        # both workers get their share of the connections; without it one may
        # get all, and a worker that never waits costs less a request
        listen    => ' reuseport',
        log_level => 'notice',
        location  => 'kanda_lockout row=1000 total=100000;',
        server    => <<'END',
access_log off;
keepalive_requests 100000000;
location /200/ {
    default_type application/json;
    return 200 '{"valid":true}';
}
END
    )->start;

    my $owner = $k->account;
    my $key = $k->post('/apikeys', $owner, { name => 'bench' })->json;
    my $token = $k->post('/auth/token', undef, { apiKey => $key->{apiKey} })
                  ->json->{token};

    # what a login server would send
    $owner->{token} = $token;

    return bless { k => $k, owner => $owner, key => $key->{apiKey} }, $class;
}


sub k       { $_[0]{k} }
sub owner   { $_[0]{owner} }
sub redis   { $_[0]{k}->redis }
sub account { $_[0]{owner}{userId} }
sub workers { $_[0]{k}->nginx->worker_pids }
sub port    { $_[0]{k}->port }

sub headers {
    my ($self) = @_;
    return ("Authorization: Bearer $self->{owner}{token}",
            'Content-Type: application/json');
}


# CPU seconds so far: workers, Redis.

sub cpu {
    my ($self) = @_;
    return (cpu_seconds($self->workers), cpu_seconds($self->redis->pid));
}


# From the start of nginx to an answer that needed Redis, in ms.

sub start_time {
    my ($self) = @_;
    my $k = $self->k;
    my $text = $k->request_text('GET', '/auth/me', $self->owner);

    $k->nginx->stop;

    my $begin = time;
    $k->nginx->{pid} = Kanda::Home::spawn(
        command => [ $k->nginx->binary, '-p', $k->nginx->dir,
                     '-e', $k->nginx->{log},
                     '-c', $k->nginx->dir . '/nginx.conf' ],
        output  => $k->nginx->dir . '/logs/output',
    );

    while (time - $begin < 10) {
        my $link = Kanda::HTTP->new($k->port);
        my $r = $link->send($text)->receive;
        return 1000 * (time - $begin) if $r->status == 200;
        sleep 0.0005;
    }

    die "nginx did not come back\n";
}


# From now on every write is on disk before it is answered.

sub append_only {
    my ($self) = @_;
    my $redis = $self->redis;

    $redis->command(qw(CONFIG SET appendfsync always));
    $redis->command(qw(CONFIG SET appendonly yes));

    Kanda::Home::wait_for('the append-only file', 60, sub {
        my $info = $redis->command('INFO', 'persistence');
        return $info =~ /aof_rewrite_in_progress:0/
               && $info =~ /aof_rewrite_scheduled:0/;
    });
}

1;
