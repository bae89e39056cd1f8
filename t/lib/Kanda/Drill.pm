package Kanda::Drill;

# The frame of a drill: servers, a load, trouble, an end to it, and what all of
# them have to show then.
#
#   my $drill = Kanda::Drill->new('D2', 'Redis is killed', full => 20,
#                                 redis => { conf => [...] })->start;
#
#   $drill->round(sub { ... trouble }, sub { ... its end }) for $drill->rounds;
#   $drill->finish;
#
# Options: full (rounds by "make drills"), rate, and what Kanda->new takes;
# proxy => 1 puts a Kanda::Proxy before Redis; url names another (and then what
# kanda_redis takes besides); two => 1 has a second nginx;
# mortal => 1 lets workers die; renewed => 1 has others in their place; lossy => 1 only counts what Redis has lost;
# mix => { ... } goes to Kanda::Mix; also => a function that checks the lines
# of the history, too.
#
# The last line of output is for t/drills/run.

use strict;
use warnings;

use JSON::PP ();
use Kanda;
use Kanda::History;
use Kanda::Home;
use Kanda::Load;
use Kanda::Mix;
use Kanda::Proxy;
use Test::More;
use Time::HiRes qw(sleep time);


sub new {
    my ($class, $id, $name, %o) = @_;
    my %k = map { exists $o{$_} ? ($_ => delete $o{$_}) : () }
            qw(workers connections main events http server location redis listen env
               faketime user);

    $k{workers} //= 2;
    $k{http} = Kanda::Mix::http() . ($k{http} // '');
    $k{location} = Kanda::Mix::location() . ($k{location} // '');
    $k{server} .= 'location = /status { stub_status; }';
    $k{env}{MALLOC_TRIM_THRESHOLD_} = 65536;

    Kanda::Home::allow(qr/\[crit\].*connect\(\) to unix/);
    Kanda::Home::allow(qr/\[alert\].*so it has lost data/) if $o{lossy};
    Kanda::Home::allow(qr/\[alert\].*exited on signal (?:9|11)/)
        if $o{mortal};

    return bless { id => $id, name => $name, rate => 400, full => 20,
                   k => Kanda->new(%k), troubles => [], notes => [],
                   timeout => '500ms', %o }, $class;
}


sub k     { $_[0]{k} }
sub redis { $_[0]{k}->redis }
sub proxy { $_[0]{proxy} }
sub mix   { $_[0]{mix} }

# ROUNDS chooses; a full round is what make drills does.
sub rounds {
    my ($self) = @_;
    my @rounds = (1 .. $ENV{ROUNDS} || $self->{full});
    return @rounds;
}

sub quick { ($ENV{ROUNDS} // 99) < 3 }
sub note_that { my $self = shift; push @{ $self->{notes} }, @_ }


sub impossible {
    my ($class, $id, $name, $why) = @_;
    report({ id => $id, name => $name, result => "skipped: $why" });
    plan(skip_all => $why);
}


sub servers {
    my ($self) = @_;
    my $k = $self->{k};

    return $self if $self->{ports};

    $k->start_redis;

    if ($self->{proxy}) {
        $self->{proxy} = Kanda::Proxy->new($k->redis->{socket})->start;
        $self->{url} = $self->{proxy}->url;
    }

    if ($self->{url}) {
        $k->{kanda} = "kanda_redis $self->{url}"
                      . ";\nkanda_redis_timeout $self->{timeout};\n"
                      . "kanda_keys $k->{keys_file};";
    }

    $k->start_nginx;

    if ($self->{two}) {
        $self->{twin} = bless { %$k }, 'Kanda';
        delete @{ $self->{twin} }{qw(nginx http_link)};
        $self->{twin}->start_nginx;
    }

    $self->{ports} = [ map { $_->port } $k, $self->{twin} // () ];
    Kanda::Home::wait_for('service', 10, sub { eval { $k->account } });

    # until all workers have all their connections
    sleep 1;
    return $self;
}


sub start {
    my ($self) = @_;

    $self->servers;
    my $fds = $self->idle->{fds};
    $self->{mix} = Kanda::Mix->new($self->{k}, rate => $self->{rate},
        ports => $self->{ports}, once => $self->{mortal},
        %{ $self->{mix} // {} })->start;

    # what the first requests leave behind is not of the drill
    sleep(quick() ? 1.5 : 3);
    $self->{pids} = $self->workers;
    $self->{before} = { %{ $self->size }, fds => $fds };
    return $self;
}


sub workers {
    my ($self) = @_;
    return join ' ', map { sort { $a <=> $b } $_->nginx->worker_pids }
                     $self->{k}, $self->{twin} // ();
}


# KB and descriptors of all workers.

sub size {
    my ($self) = @_;
    my %size = (rss => 0, fds => 0);

    for my $pid (split ' ', $self->workers) {
        my ($kb) = Kanda::Home::slurp("/proc/$pid/status")
                   =~ /^VmRSS:\s+(\d+)/m;
        $size{rss} += $kb // 0;
        $size{fds} += () = glob "/proc/$pid/fd/*";
    }

    return \%size;
}


# Trouble and its end, each done when its function returns; then a while in
# which all should be well again.

sub round {
    my ($self, $begin, $end, %o) = @_;
    my %trouble = (began => time);

    $begin->();
    $trouble{there} = time;
    $end->() if $end;
    $trouble{over} = time;
    push @{ $self->{troubles} }, \%trouble;
    sleep($o{calm} // (quick() ? 1.5 : 2));
    $trouble{calm} = time;
}


# Options: first, all: seconds after which there is the first 2xx, and nothing
# else but 2xx; refused: seconds in which nine of ten and 99 of 100 503s are
# told; errors: so many requests may have no answer; failed => 0: none may be
# refused either.

sub finish {
    my ($self, %o) = @_;
    my $nginx = $self->{k}->nginx;

    $self->serves;
    my $history = $self->{mix}->stop->history(skew => $self->{skew} // 0);
    my @lines = $history->lines;
    my @broken = $history->broken;
    my @loss = grep { $Kanda::History::LOSS{ $_->[0] } } @broken;
    my @replays = grep { $_->[0] eq 'twice' } @broken;
    my @bad = $self->{lossy}
              ? grep { !$Kanda::History::LOSS{ $_->[0] } } @broken : @broken;
    my @refused = grep { $_->{status} == 503 } @lines;
    my @errors = grep { $_->{status} == 0
                        || $_->{status} >= 500 && $_->{status} != 503 } @lines;
    my $late = 0;

    is(scalar(grep { $_->{kind} eq 'logged' } @lines), $self->{mix}{size},
       'the load came to its end');
    is(scalar @bad, 0, 'the history is clean')
        or diag map { "$_->[1]\n" } @bad > 10 ? @bad[0 .. 9] : @bad;
    cmp_ok(scalar @errors, '<=', $o{errors} // 0, 'everybody has an answer')
        or diag Kanda::Load::tally(map { { %$_, error => $_->{verdict} } }
                                   @errors);
    is(scalar(grep { ($_->{verdict} // '') eq 'timeout' } @errors), 0,
       'and soon');
    is(scalar @refused, 0, 'no request is refused') if defined $o{failed};
    is($self->workers, $self->{pids}, 'the same workers')
        if !$self->{mortal} && !$self->{renewed};

    $self->{also}->(@lines) if $self->{also};

    my ($first, $all) = $self->recovery(@lines);
    $self->in_time('back after', $o{first} // 1, $first);
    $self->in_time('all is well after', $o{all} // 2, $all);

    my $slow = Kanda::Load::percentile(99, grep { $_->{kind} ne 'logged' }
                                                @refused);
    $self->in_time('a refusal takes', $o{refused}, $slow)
        if $o{refused} && @refused;

    $self->sizes($o{rss} // 2048);

    report({
        id => $self->{id}, name => $self->{name},
        rounds => scalar(@{ $self->{troubles} }), requests => scalar @lines,
        first => $first, all => $all, refused => scalar @refused,
        p99 => @refused ? $slow : undef, errors => scalar @errors,
        losses => scalar @loss, replays => scalar @replays,
        notes => $self->{notes}, over => $self->{over},
    });
    done_testing();
}


sub serves {
    my ($self) = @_;
    my $k = $self->{k};

    Kanda::Home::wait_for('service', 20, sub {
        delete $k->{http_link};
        eval { $k->account };
    });
}


# A promise in seconds. What is late is told; what is very late has failed.

sub in_time {
    my ($self, $what, $limit, $took) = @_;

    return if !defined $took;
    if ($took > $limit) {
        $self->{over}++;
        $self->note_that(sprintf '%s %.3f s (promised: %.3g s)', $what, $took,
                         $limit);
    }

    SKIP: {
        skip 'no timing under a sanitizer', 1 if $ENV{KANDA_SAN};
        cmp_ok($took, '<=', 3 * $limit + 1, "$what at most $limit s, or so");
    }
}


# Seconds alone and in trouble, of which half as many again are promised. On a
# machine that the load shares, only much more has failed.

sub half_more {
    my ($self, $what, $alone, $among) = @_;

    $self->note_that(sprintf '%s %.1f ms alone, %.1f ms then: %.1f times '
                     . '(promised: 1.5)', $what, 1000 * $alone, 1000 * $among,
                     $among / ($alone || 1e-6));
    $self->{over}++ if $among > 1.5 * $alone;
    cmp_ok($among, '<=', 3 * $alone + 0.050, "$what: hardly more than alone");
}


# After the end of a trouble: the first 2xx, and the last that was none.

sub recovery {
    my ($self, @lines) = @_;
    my ($first, $all) = (0, 0);
    my @sorted = sort { $a->{end} <=> $b->{end} }
                 grep { $_->{kind} !~ /^(?:present|logged)$/ } @lines;

    for my $t (@{ $self->{troubles} }) {
        my $ok;
        my $last = 0;

        for my $l (@sorted) {
            next if $l->{end} < $t->{over};
            last if $l->{end} > $t->{calm};
            $ok //= $l->{end} - $t->{over} if $l->{status} =~ /^2/;
            $last = $l->{end} - $t->{over}
                if $l->{status} == 503 || $l->{status} == 0;
        }

        $ok //= $t->{calm} - $t->{over};
        $first = $ok if $ok > $first;
        $all = $last if $last > $all;
    }

    return @{ $self->{troubles} } ? ($first, $all) : ();
}


# The same when we have let go of it.

sub idle {
    my ($self) = @_;
    my $size;

    delete $_->{http_link} for grep { $_ } @$self{qw(k twin)};

    for (1 .. 20) {
        sleep 0.05;
        $size = $self->size;
        last if $self->{before} && $size->{fds} <= $self->{before}{fds};
    }

    return $size;
}


# Memory and descriptors are what they were.

sub sizes {
    my ($self, $kb) = @_;
    my $size = $self->idle;

    cmp_ok($size->{fds}, '<=', $self->{before}{fds},
           'descriptors as at the beginning');

    my $more = $size->{rss} - $self->{before}{rss};
    my $workers = split ' ', $self->workers;

    $self->note_that(sprintf 'memory of %d workers grew by %d KB', $workers,
                     $more) if $more > $kb * $workers;
    SKIP: {
        skip 'a sanitizer keeps what is freed', 1 if $ENV{KANDA_SAN};
        cmp_ok($more, '<=', 2 * $kb * $workers,
               "memory: $self->{before}{rss} KB before, $size->{rss} after");
    }
}


sub report {
    my ($row) = @_;
    my @failed = map { $_->{name} }
                 grep { !$_->{ok} } Test::More->builder->details;

    my $over = delete $row->{over};

    $row->{result} //= @failed ? 'failed: ' . join('; ', @failed)
                     : $over ? 'over the promise' : 'ok';
    print '# drill: ', JSON::PP->new->canonical->encode($row), "\n";
}

1;
