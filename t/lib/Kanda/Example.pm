package Kanda::Example;

# A configuration of conf/, started as it is shipped: only paths, addresses
# and certificates are another machine's.
#
#   my $k = Kanda->new->start;                  # lends its Redis and its keys
#   my $e = Kanda::Example->new('protect-app.conf', $k,
#       'server 127.0.0.1:3000;' => "server 127.0.0.1:$app;")->start;
#   my $http = Kanda::TLS->new($e->tls);
#
# Further pairs are put in the place of text that must be there.

use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda::Home;
use Kanda::Nginx;
use Kanda::TLS;

my ($key, $cert, $html);


sub new {
    my ($class, $name, $k, @own) = @_;
    my $dir = Kanda::Home::root();
    my $self = bless { name => $name }, $class;

    ($key, $cert) = Kanda::TLS::certificate($dir, '127.0.0.1', 'localhost',
                                            'kanda.internal') if !$key;
    chmod 01777, $dir if $ENV{KANDA_SAN};      # reports are the workers'
    $html //= html($dir);
    chomp(my $cores = `nproc`);

    $self->{nginx} = Kanda::Nginx->new(port => Kanda::Home::port(),
                                       workers => $cores);
    $self->{plain} = Kanda::Home::port();
    $self->{nginx}{conf} = $self->text($k, @own);

    return $self;
}


# Where workers may read it.

sub html {
    my ($dir) = @_;
    system('cp', '-r', 'html', "$dir/html") == 0 or die "html\n";
    return "$dir/html";
}


sub cert  { $cert }
sub nginx { $_[0]{nginx} }
sub tls   { $_[0]{nginx}->port }
sub plain { $_[0]{plain} }
sub start { $_[0]{nginx}->start; $_[0] }
sub log   { Kanda::Home::slurp($_[0]{nginx}->dir . '/logs/access.log') }


# What nginx -t says: exit status and lines.

sub check {
    my ($self) = @_;
    my ($status, $text) = $self->{nginx}->check;
    return ($status, grep { !/ syntax is ok$| test is successful$/ }
                     split /\n/, $text);
}


sub text {
    my ($self, $k, @own) = @_;
    my ($nginx, $here) = ($self->{nginx}, getcwd());
    my $dir = $nginx->dir;
    my $load = join ' ', map { "load_module $_;" } Kanda::Nginx::modules();
    my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                        qw(client_body proxy fastcgi uwsgi scgi);

    $self->{text} = Kanda::Home::slurp("conf/$self->{name}");

    my $kanda = $self->{text} =~ /^load_module /m;

    $self->put(qr/^pid .*$/m, "pid $dir/nginx.pid; daemon off;");
    $self->put(qr/^http \{\n/m, "http {\n$temp");
    $self->put(qr/^user .*$/m, '') if $> != 0;
    $self->put(qr{/var/log/nginx/}, "$dir/logs/");
    $self->put(qr/listen 443 /, "listen 127.0.0.1:@{[ $nginx->port ]} ");
    $self->put(qr{/etc/\w+/tls/fullchain\.pem}, $cert);
    $self->put(qr{/etc/\w+/tls/privkey\.pem}, $key);

    $self->put(qr/listen 80;/, "listen 127.0.0.1:$self->{plain};")
        if $self->{text} =~ /listen 80;/;

    if ($kanda) {
        $self->put(qr/^load_module .*$/m, $load);
        $self->put(qr/kanda_redis unix:.*;/,
                   'kanda_redis ' . $k->redis->url . ';');
        $self->put(qr/kanda_keys .*;/, 'kanda_keys ' . $k->keys_file . ';');
        $self->put(qr{/etc/kanda/common-passwords},
                   "$here/conf/common-passwords");
        $self->put(qr{/usr/share/kanda/html}, $html)
            if $self->{text} =~ m{/usr/share/kanda/html};
        $self->put(qr{unix:/run/kanda-admin/socket}, "unix:$dir/admin")
            if $self->{text} =~ /kanda-admin/;
    } else {
        # nginx keeps TLS sessions of upstreams to its end: not our leak
        $nginx->{env} = { Kanda::Nginx::sanitizer_env(0) };
    }

    while (my ($from, $to) = splice @own, 0, 2) {
        $self->put(qr/\Q$from\E/, $to);
    }

    return $self->{text};
}


sub put {
    my ($self, $from, $to) = @_;
    $self->{text} =~ s/$from/$to/g or die "$self->{name} has no $from\n";
}

1;
