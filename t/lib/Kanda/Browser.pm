package Kanda::Browser;

# The pages in Chromium, served by the shipped nginx.conf.
#
#   BEGIN { push @INC, 't/lib' }
#   use Kanda::Browser;
#
#   my $b = Kanda::Browser->new(            # skips the test where it cannot run
#       edit  => sub { s/optional/required/ },    # both as Kanda::Shipped has
#       files => { 'html/dashboard.html' => '…' } # them, both optional
#   )->start;
#   $b->run('t/browser/sign-in.mjs', some => 'values');
#   done_testing;
#
# The scenario is a module whose default export has steps, which run in their
# order; each is a test. t/browser/pages.mjs says what they are given.
#
#   export default {
#     'says hello': async k => {
#       const page = await k.open('/');
#       await page.getByRole('heading', { name: 'Kanda' }).waitFor();
#       await k.looks(page, 'landing');       # axe in all forms, and a picture
#     },
#   };
#
# The limit on tries from one address is raised: all steps share one. With
# KANDA_SHOTS=folder ("make shots": build/shots) pictures go there, also one of
# every page in a step that fails; with KANDA_STEPS=regex only the steps run
# that match.

use strict;
use warnings;

use Cwd qw(getcwd);
use Kanda;
use Kanda::Shipped;
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output);

my $driver = getcwd() . '/build/browser';


sub chromium {
    my ($found) = grep { -x } qw(/usr/bin/chromium /usr/bin/chromium-browser);
    return $found;
}


sub new {
    my ($class, %o) = @_;
    my $edit = $o{edit} // sub { };

    plan skip_all => 'util/deps browser installs what this needs'
        if !chromium() || grep { !-d "$driver/node_modules/$_" }
                               qw(playwright-core axe-core);
    plan skip_all => 'runs the nginx that is installed' if $ENV{KANDA_SAN};

    my $shipped = Kanda::Shipped->new(%o, edit => sub {
        s/rate=30r\/m/rate=100r\/s/;
        # a disk that is busy is not what is tried here
        s/kanda_redis_timeout 500ms;/kanda_redis_timeout 5s;/ or die;
        $edit->();
    });

    return bless { shipped => $shipped }, $class;
}


sub start   { $_[0]{shipped}->start; $_[0] }
sub stop    { $_[0]{shipped}->stop }
sub port    { $_[0]{shipped}->port }
sub base    { 'http://127.0.0.1:' . $_[0]->port }
sub shipped { $_[0]{shipped} }


# Runs a scenario; its steps are tests. What is given reaches them as k.given.

sub run {
    my ($self, $scenario, %given) = @_;
    my $dir = Kanda::Home::root();
    my %asked = (
        base     => $self->base,
        chromium => chromium(),
        scenario => getcwd() . "/$scenario",
        shots    => $ENV{KANDA_SHOTS},
        only     => $ENV{KANDA_STEPS},
        given    => \%given,
    );

    open my $fh, '>', "$dir/asked" or die $!;
    print $fh json(\%asked);
    close $fh;

    # what the browser wants of its environment, and no proxy
    delete local @ENV{ grep { /_proxy$/i } keys %ENV };
    local $ENV{DRIVER} = $driver;
    local $ENV{HOME} = $dir;

    my $text = `node t/browser/pages.mjs $dir/asked 2> $dir/errors`;
    is($?, 0, "$scenario comes to its end")
        or diag substr Kanda::Home::slurp("$dir/errors"), 0, 3000;

    my $steps = eval { JSON::PP->new->utf8->decode($text) } // [];
    ok(scalar @$steps, 'with steps') or diag substr $text, 0, 1000;

    for my $step (@$steps) {
        my @faults = @{ $step->{faults} };
        ok(!@faults, "$step->{name} ($step->{seconds} s)")
            or diag join "\n", @faults;
    }
}

1;
