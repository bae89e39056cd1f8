package Bench::Judge;

# The script that judges codes, one at a time, run by redis-benchmark with the
# arguments that a worker sends: they are read off MONITOR while one code is validated, and
# the clients are copies of that one, named as redis-benchmark counts.

use strict;
use warnings;

use Bench::Clients;
use Bench::Meter;

use constant {
    COPIES  => 20_000,
    VERSION => 'bench-it',      # text of its own, as long as the real one
    FIRST   => 3,               # where ARGV[0] would be in EVALSHA's words
};

# see scripts/judge.lua
my %arg = (client => 12, version => 14, match => 15, digest => 17);


sub new {
    my ($class, $service, $clients) = @_;
    my $self = bless { service => $service }, $class;

    $self->{words} = $self->overhear($clients);
    $self->copy($clients->{clients}[0]{id});
    $self->{words}[FIRST + $arg{client}] = '__rand_int__';
    $self->{words}[FIRST + $arg{version}] = VERSION;

    return $self;
}


sub overhear {
    my ($self, $clients) = @_;
    my $redis = $self->{service}->redis;
    my $link = $redis->connect;
    my ($lines, $spent) = $clients->right(1, 5);
    my ($body) = $lines->[0] =~ /([^\t]*)\z/;

    $redis->send_command($link, 'MONITOR');
    $redis->read_reply($link);

    my $k = $self->{service}->k;
    my $r = $k->post('/totp/validate', $self->{service}->owner, $body);

    $r->{body} eq '{"valid":true}' or die "validate: $r->{status} $r->{body}\n";
    $clients->spend($spent, 1);

    while (1) {
        my $line = $redis->read_reply($link);
        next if $line !~ /"EVALSHA"/ || $line !~ /\Q$spent->[0][0]{id}\E/;
        return [ map { unquote($_) } $line =~ /"((?:[^"\\]|\\.)*)"/g ];
    }
}


sub unquote {
    my ($text) = @_;
    my %short = (n => "\n", r => "\r", t => "\t", a => "\a", b => "\b");

    $text =~ s/\\(?:x(..)|(.))/defined $1 ? chr hex $1 : $short{$2} \/\/ $2/ge;
    return $text;
}


sub copy {
    my ($self, $id) = @_;
    my $redis = $self->{service}->redis;
    my $account = $self->{words}[FIRST];

    my $n = $redis->command('EVAL', <<'END', 1, $account, $id, COPIES, VERSION);
local from = KEYS[1] .. ':client:' .. ARGV[1]
for i = 0, ARGV[2] - 1 do
    local to = string.format('%s:client:%012d', KEYS[1], i)
    redis.call('COPY', from, to)
    redis.call('HSET', to, 'v', ARGV[3])
end
return redis.call('HGET', from, 'v')
END
    length $n == length VERSION or die "a version has another length\n";
}


# One round. A right code's step is "nan", which is never at or before another.

sub round {
    my ($self, $verdict, $pipeline, $n) = @_;
    my $service = $self->{service};
    my @words = @{ $self->{words} };

    $words[FIRST + $arg{match}] = $verdict eq 'valid' ? 'nan' : '';
    $words[FIRST + $arg{digest}] = 'd__rand_int__';

    my @try = map { s/__rand_int__/000000000000/r } @words;
    my $reply = $service->redis->command(@try);
    ref $reply && ref $reply->[1] && $reply->[1][0] eq $verdict
        or die 'judge: ' . join(' ', ref $reply ? @$reply : $reply) . "\n";

    my (undef, $before) = $service->cpu;
    open my $fh, '-|', 'redis-benchmark', '-s', $service->redis->{socket},
                       '-c', 64 / $pipeline, '-P', $pipeline, '-n', $n,
                       '-r', COPIES, '--csv', @words
        or die "redis-benchmark: $!\n";
    my $text = join '', <$fh>;
    close $fh or die "redis-benchmark: $text\n";
    my (undef, $after) = $service->cpu;

    # requests a second, then latencies: average, least, 50, 95, 99 %, most
    my @number = $text =~ /"([\d.]+)"(?=,|\n*\z)/g;

    return { rate  => $number[-7],
             p50   => $number[-4],
             p99   => $number[-2],
             redis => 1e6 * ($after - $before) / $n };
}

1;
