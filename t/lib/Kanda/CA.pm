package Kanda::CA;

# A certificate authority of a test's own.
#
#   my $ca = Kanda::CA->new;
#   my ($key, $cert) = $ca->issue('DNS:redis.example', 'IP:127.0.0.1');
#   my ($old_key, $old) = $ca->issue({ expired => 1 }, 'DNS:redis.example');

use strict;
use warnings;

use Kanda::Home;

my $count = 0;


sub new {
    my ($class) = @_;
    my $dir = Kanda::Home::root() . '/ca' . $count++;

    mkdir $dir or die "$dir: $!\n";
    my $self = bless { dir => $dir, file => "$dir/ca.cert", n => 0,
                       env => '' }, $class;

    $self->openssl(qw(req -x509 -newkey rsa:2048 -nodes -days 2 -subj),
                   "/CN=authority $count", '-keyout', "$dir/ca.key",
                   '-out', $self->{file});
    return $self;
}


sub file { $_[0]{file} }


sub openssl {
    my ($self, @words) = @_;
    my $text = join ' ', map { "'$_'" } @words;

    system("$self->{env} openssl $text >> $self->{dir}/log 2>&1") == 0
        or die "openssl $text: " . Kanda::Home::slurp("$self->{dir}/log");
}


# Options come first: expired, which is by a clock of three days ago.

sub issue {
    my ($self, @names) = @_;
    my $o = ref $names[0] ? shift @names : {};
    my $name = "$self->{dir}/" . $self->{n}++;
    my ($lib) = glob '/usr/lib/*/faketime/libfaketime.so.1';

    open my $fh, '>', "$name.ext" or die "$name: $!\n";
    print $fh 'subjectAltName=' . join(',', @names) . "\n" if @names;
    close $fh;

    local $self->{env} = $o->{expired}
        ? "env LD_PRELOAD=$lib FAKETIME=-3d" : '';

    $self->openssl(qw(req -newkey rsa:2048 -nodes -subj /CN=kanda),
                   '-keyout', "$name.key", '-out', "$name.csr");
    $self->openssl(qw(x509 -req -days 1), '-in', "$name.csr",
                   '-CA', $self->{file}, '-CAkey', "$self->{dir}/ca.key",
                   '-CAcreateserial', '-extfile', "$name.ext",
                   '-out', "$name.cert");

    return ("$name.key", "$name.cert");
}

1;
