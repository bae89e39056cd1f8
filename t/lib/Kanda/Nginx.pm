package Kanda::Nginx;

# An nginx of our own: its configuration, its processes, its log.

use strict;
use warnings;

use Kanda::Home;
use Kanda::HTTP;

my $count = 0;
my $top = $ENV{KANDA_TOP} // do { require Cwd; Cwd::getcwd() };


sub new {
    my ($class, %o) = @_;
    my $dir = Kanda::Home::root() . '/nginx' . $count++;

    mkdir $_ or die "$_: $!\n" for $dir, "$dir/logs", "$dir/html";

    my $self = bless {
        dir       => $dir,
        log       => "$dir/logs/error.log",
        workers     => 1,
        connections => 1024,
        log_level => 'info',
        port      => Kanda::Home::port(),
        %o,
    }, $class;

    Kanda::Home::watch_log($self->{log});
    Kanda::Home::allow(@{ $o{allow} }) if $o{allow};

    return $self;
}


sub binary { $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx' }

sub modules {
    my $path = $ENV{TEST_NGINX_LOAD_MODULES}
               // "$top/build/ngx_http_kanda_module.so";
    return split ' ', $path;
}

sub port { $_[0]{port} }
sub dir  { $_[0]{dir} }
sub pid  { $_[0]{pid} }


# The frame that every configuration has; main, events, http and server are
# the test's own lines, listen what follows the port. conf replaces all of it.

sub text {
    my ($self) = @_;
    my ($dir, %o) = ($self->{dir}, %$self);
    my $load = join '', map { "load_module $_;\n" } modules();
    my $user = $> == 0 ? 'user ' . ($o{user} // 'root') . ";\n" : '';
    my $temp = join '', map { "    ${_}_temp_path $dir/$_;\n" }
                        qw(client_body proxy fastcgi uwsgi scgi);
    my $env = $self->{faketime}
              ? join '', map { "env $_;\n" } sort keys %{ $self->time_env }
              : '';
    my %own = map { $_ => $o{$_} // '' } qw(main events http server listen);

    return $o{conf} // <<"END";
$load$user${env}daemon off;
worker_processes $o{workers};
pid $dir/nginx.pid;
error_log $o{log} $o{log_level};
$own{main}
events {
    worker_connections $o{connections};
    $own{events}
}

http {
    access_log $dir/logs/access.log;
    default_type text/plain;
$temp
$own{http}

    server {
        listen 127.0.0.1:$o{port}$own{listen};
        root $dir/html;
$own{server}
    }
}
END
}


sub write_conf {
    my ($self) = @_;
    open my $fh, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    print $fh $self->text;
    close $fh;
}


# libfaketime reads the time from a file; DONT_FAKE_MONOTONIC leaves timers
# alone. A sanitizer's runtime insists on being first.

sub time_env {
    my ($self) = @_;
    my ($lib) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';

    die "libfaketime is not installed\n" if !$lib;

    if ($ENV{KANDA_SAN}) {
        chomp(my $asan = `gcc -print-file-name=libasan.so`);
        $lib = "$asan:$lib";
    }

    return {
        LD_PRELOAD              => $lib,
        FAKETIME_TIMESTAMP_FILE => "$self->{dir}/time",
        FAKETIME_NO_CACHE       => 1,
        FAKETIME_DISABLE_SHM    => 1,
        DONT_FAKE_MONOTONIC     => 1,
        FAKETIME_DONT_FAKE_MONOTONIC => 1,
        TZ                      => 'UTC',
    };
}


# '+90' or '-3600': so many seconds off; a number: that moment, frozen.

sub set_time {
    my ($self, $when) = @_;

    if ($when =~ /^\d/) {
        require POSIX;
        $when = POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime $when);
    }

    open my $fh, '>', "$self->{dir}/time.new" or die "time: $!\n";
    print $fh $when, "\n";
    close $fh;
    rename "$self->{dir}/time.new", "$self->{dir}/time";
}


# Every dynamic module has a table of the same name as nginx's own: by design.
# The allocator is not to ask for the time, which libfaketime could not yet
# tell it.

sub sanitizer_env {
    my ($leaks) = @_;

    return if !$ENV{KANDA_SAN};

    my $log = 'log_path=' . Kanda::Home::root() . '/sanitizer';

    return (
        ASAN_OPTIONS  => "detect_stack_use_after_return=1:abort_on_error=1:"
                         . "strict_string_checks=1:detect_leaks=$leaks:"
                         . "detect_odr_violation=0:"
                         . "allocator_release_to_os_interval_ms=-1:$log",
        UBSAN_OPTIONS => "print_stacktrace=1:$log",
        LSAN_OPTIONS  => "suppressions=$top/t/lib/lsan.supp:"
                         . 'print_suppressions=0',
    );
}


sub start {
    my ($self) = @_;

    $self->write_conf;
    $self->mark;
    $self->set_time('+0') if $self->{faketime} && !-e "$self->{dir}/time";

    $self->{pid} = Kanda::Home::spawn(
        command => [ binary(), '-p', $self->{dir}, '-e', $self->{log},
                     '-c', "$self->{dir}/nginx.conf" ],
        output  => "$self->{dir}/logs/output",
        env     => { sanitizer_env(1), %{ $self->{env} // {} },
                     $self->{faketime} ? %{ $self->time_env } : () },
    );

    Kanda::Home::wait_for('nginx', 30, sub {
        if (!Kanda::Home::alive($self->{pid})
            || $self->log_text =~ /worker process \d+ exited on signal/)
        {
            die "nginx did not start:\n"
                . Kanda::Home::slurp("$self->{dir}/logs/output")
                . substr $self->log_text, 0, 4000;
        }

        # the port is open before there is anybody to serve it
        return Kanda::HTTP::dial($self->{port})
               && $self->worker_pids == $self->{workers};
    });

    return $self;
}


# What nginx -t says of this configuration: exit status and text.

sub check {
    my ($self) = @_;
    my $dir = $self->{dir};

    $self->write_conf;

    # nginx -t leaves its memory to the system
    my %env = sanitizer_env(0);
    local @ENV{ keys %env } = values %env;

    my $text = qx{@{[ binary() ]} -t -p $dir -c $dir/nginx.conf \\
                  -e $dir/logs/check.log 2>&1};

    return ($? >> 8, $text);
}


sub stop   { Kanda::Home::reap(delete $_[0]{pid}, 'TERM') if $_[0]{pid} }
sub quit   { Kanda::Home::reap(delete $_[0]{pid}, 'QUIT', $_[1] // 30) }
sub kill9  { Kanda::Home::reap(delete $_[0]{pid}, 'KILL') }
sub signal { kill $_[1], $_[0]{pid} }


# Process ids of the workers, without those that are shutting down.

sub worker_pids {
    my ($self, $any) = @_;
    my $pid = $self->{pid};
    my @pids = split ' ', Kanda::Home::slurp("/proc/$pid/task/$pid/children");

    return grep {
        my $title = Kanda::Home::slurp("/proc/$_/cmdline");
        $title =~ /worker process/ && ($any || $title !~ /shutting down/);
    } @pids;
}


# Takes up a new configuration; returns when new workers serve it.

sub reload {
    my ($self, %new) = @_;
    my %old = map { $_ => 1 } $self->worker_pids;

    @$self{ keys %new } = values %new;
    $self->write_conf;
    kill 'HUP', $self->{pid};

    Kanda::Home::wait_for('new workers', 30, sub {
        my @now = $self->worker_pids;
        return @now == $self->{workers} && !grep { $old{$_} } @now;
    });
}


# The error log since the last mark.

sub mark { $_[0]{mark} = -s $_[0]{log} }


sub log_text {
    my ($self) = @_;
    return substr Kanda::Home::slurp($self->{log}), $self->{mark} // 0;
}

1;
