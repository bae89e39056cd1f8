package Kanda::Shipped;

# The shipped nginx.conf, running as "make run" has it, with registration on.
# A test can have it changed before, and files put beside the shipped ones:
#
#   my $s = Kanda::Shipped->new->start;         # util/run, as it is
#   my $s = Kanda::Shipped->new(
#       edit  => sub { s/optional/required/ },  # $_ is conf/nginx.conf
#       files => { 'html/a.html' => '<p>' },    # in a copy of html/ and conf/
#   )->start;
#   $s->port; $s->text; $s->error_log; $s->stop;
#   $s->redis; $s->admin;                       # their sockets

use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda::Home;
use Kanda::Nginx;


sub new {
    my ($class, %o) = @_;
    my $build = Kanda::Home::root() . '/build';
    my ($module) = Kanda::Nginx::modules();

    mkdir $build;
    symlink $module, "$build/ngx_http_kanda_module.so";
    Kanda::Home::watch_log("$build/run/logs/error.log");

    my $self = bless { build => $build, port => Kanda::Home::port(), %o },
                     $class;
    $self->{tree} = $self->tree;
    return $self;
}


# Where util/run finds the rest of the project: here, or a copy that differs.

sub tree {
    my ($self) = @_;
    my $here = getcwd();

    return $here if !$self->{edit} && !$self->{files};

    my $tree = Kanda::Home::root() . '/tree';

    mkdir $tree;
    symlink "$here/util", "$tree/util";
    system('cp', '-r', "$here/html", "$here/conf", $tree) == 0 or die;

    local $_ = Kanda::Home::slurp("$tree/conf/nginx.conf");
    $self->{edit}->() if $self->{edit};

    my %files = ('conf/nginx.conf' => $_, %{ $self->{files} // {} });

    for my $name (keys %files) {
        open my $fh, '>:raw', "$tree/$name" or die "$tree/$name: $!\n";
        print $fh $files{$name};
        close $fh or die;
    }

    return $tree;
}


sub start {
    my ($self) = @_;
    my $output = "$self->{build}/output";

    unlink $output;
    $self->{pid} = Kanda::Home::spawn(
        command => [ "$self->{tree}/util/run", $self->{build} ],
        output => $output, env => { PORT => $self->{port} }, signal => 'INT');

    Kanda::Home::wait_for('util/run', 20, sub {
        $self->{text} = Kanda::Home::slurp($output);
        die $self->{text} if !Kanda::Home::alive($self->{pid});
        return $self->{text} =~ /Ctrl-C/;
    });

    return $self;
}


sub stop { Kanda::Home::reap(delete $_[0]{pid}, 'INT') }

sub port      { $_[0]{port} }
sub text      { $_[0]{text} }
sub build     { $_[0]{build} }

sub redis { $_[0]->socket('kanda_redis') }
sub admin { $_[0]->socket('listen') }

sub socket {
    my ($self, $directive) = @_;
    my $conf = Kanda::Home::slurp("$self->{build}/run/nginx.conf");
    my ($socket) = $conf =~ /$directive unix:(\S+);/ or die;
    return $socket;
}

sub error_log { "$_[0]{build}/run/logs/error.log" }

1;
