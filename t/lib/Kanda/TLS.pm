package Kanda::TLS;

# Kanda::HTTP over TLS, by "openssl s_client": what goes out is still ours to
# the last byte. Certificates are not looked at.
#
#   my $http = Kanda::TLS->new($port);

use strict;
use warnings;

use parent 'Kanda::HTTP';

use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);


# Makes a key and a certificate for these hosts; returns their files.

sub certificate {
    my ($dir, @hosts) = @_;
    my $names = join ',', map { /^[\d.]+$/ ? "IP:$_" : "DNS:$_" } @hosts;

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x"
           . " -addext subjectAltName=$names -keyout $dir/tls.key"
           . " -out $dir/tls.cert > $dir/openssl 2>&1") == 0
        or die "no certificate\n";

    return ("$dir/tls.key", "$dir/tls.cert");
}


sub connect {
    my ($self) = @_;

    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        @SIG{qw(INT TERM HUP PIPE)} = ('DEFAULT') x 4;
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>', '/dev/null';
        exec qw(setpriv --pdeathsig KILL -- openssl s_client -quiet -connect),
             "127.0.0.1:$self->{address}" or POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    return $ours;
}


sub close {
    my ($self) = @_;
    my $pid = delete $self->{pid};

    if ($pid) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }

    $self->SUPER::close;
}


sub DESTROY {
    local ($?, $!, $@);
    $_[0]->close;
}

1;
