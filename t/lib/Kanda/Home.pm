package Kanda::Home;

# What one test file has to itself: a folder, a range of ports, processes.
# All of it goes when the test goes, however it goes. An alert or a sanitizer
# report in a log that nobody expected makes the test fail.

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Test::Builder;
use Time::HiRes qw(sleep time);

my $owner = $$;
my $root;               # folder
my $guard;              # a listening socket that holds our range of ports
my $port;
my %children;           # pid => signal that ends it
my @logs;
my @allow;

my $bad = qr/\[(?:alert|emerg|crit)\]|Sanitizer|runtime error:/;


sub root {
    if (!defined $root) {
        $root = tempdir('kanda-XXXXXX', TMPDIR => 1);
        chmod 0755, $root;      # workers may run as another user
    }

    return $root;
}


# Ranges of twenty below the ephemeral ports, so that neither another test
# file nor somebody's outgoing connection has ours.

sub port {
    until ($guard) {
        $port = 10000 + 20 * int rand 1000;
        $guard = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       LocalPort => $port, Listen => 1);
    }

    while (++$port % 20) {
        my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                          LocalPort => $port, Listen => 1,
                                          ReuseAddr => 1);
        return $port if $probe;
    }

    die "no free port left for this test file\n";
}


# Starts a program that dies with us, even if we are killed.

sub spawn {
    my (%o) = @_;
    my $signal = $o{signal} // 'TERM';
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        @SIG{qw(INT TERM HUP PIPE)} = ('DEFAULT') x 4;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $o{output} or die "$o{output}: $!\n";
        open STDERR, '>&', \*STDOUT;

        # by "env", so that a preloaded library meets the program only
        my %env = %{ $o{env} // {} };

        exec 'setpriv', '--pdeathsig', $signal, '--',
             'env', (map { "$_=$env{$_}" } keys %env), @{ $o{command} }
            or POSIX::_exit(127);
    }

    $children{$pid} = $signal;
    return $pid;
}


# Ends a child and waits for it: politely for a while, then not.

sub reap {
    my ($pid, $signal, $patience) = @_;

    return if !delete $children{$pid};

    kill $signal, $pid;
    kill 'CONT', $pid;

    my $end = time + ($patience // 20);

    while (waitpid($pid, 1) == 0) {
        if (time > $end) {
            Test::Builder->new->diag("process $pid had to be killed");
            kill 'KILL', $pid;
            waitpid $pid, 0;
            return 0;
        }

        sleep 0.005;
    }

    return 1;
}


# Is the child still there? One that went by itself is forgotten.

sub alive {
    my ($pid) = @_;

    return 0 if !defined $pid || !$children{$pid};
    return 1 if waitpid($pid, 1) == 0;

    delete $children{$pid};
    return 0;
}


sub wait_for {
    my ($what, $seconds, $done) = @_;
    my $end = time + $seconds;

    while (!$done->()) {
        die "waited $seconds s for $what\n" if time > $end;
        sleep 0.01;
    }
}


sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or return '';
    local $/;
    return scalar(<$fh>) // '';
}


sub watch_log { push @logs, @_ }
sub allow     { push @allow, @_ }


# Lines that must not be in a log, unless allowed.

sub complaints {
    my @found;

    for my $log (@logs, glob root() . '/sanitizer.*') {
        LINE: for my $line (split /\n/, slurp($log)) {
            next if $line !~ $bad;

            for my $pattern (@allow) {
                next LINE if $line =~ $pattern;
            }

            push @found, $line;
        }
    }

    return @found;
}


sub report {
    my $builder = Test::Builder->new;
    my @found = complaints();

    for my $line (@found > 10 ? @found[0 .. 9] : @found) {
        $builder->diag("in the logs: $line");
    }

    $builder->diag('and ' . (@found - 10) . ' lines like these')
        if @found > 10;

    return 0 if !@found && $builder->is_passing;

    for my $report (glob root() . '/sanitizer.*') {
        $builder->diag(substr slurp($report), 0, 4000);
    }

    for my $log (@logs) {
        my @lines = split /\n/, slurp($log);
        @lines = @lines[-20 .. -1] if @lines > 20;
        $builder->diag("end of $log:", map { "\n  $_" } @lines);
    }

    return scalar @found;
}


$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

END {
    if ($$ == $owner) {
        my $status = $?;

        for my $pid (keys %children) {
            reap($pid, $children{$pid});
        }

        if ($root) {
            my $found = report();
            $status ||= 1 if $found;
            chdir '/';
            remove_tree($root) if !$ENV{KANDA_KEEP};
        }

        $? = $status;
    }
}

1;
