# D20: reloads under load, every tenth of a configuration that is broken.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Time::HiRes qw(sleep);

Kanda::Home::allow(qr/\[emerg\].*nonsense/);

my $drill = Kanda::Drill->new('D20', 'reload', full => 100,
                              renewed => 1)->start;
my $nginx = $drill->k->nginx;

for my $round ($drill->rounds) {
    if ($round % 10 == 1) {
        my $http = $nginx->{http};
        $nginx->{http} .= "\nnonsense;\n";
        $nginx->write_conf;
        $nginx->mark;
        $nginx->signal('HUP');
        Kanda::Home::wait_for('a complaint', 5,
                              sub { $nginx->log_text =~ /emerg/ });
        $nginx->{http} = $http;
    }

    $drill->round(sub { $drill->k->reload }, undef, calm => 0.3);
}

Kanda::Home::wait_for('old workers to leave', 10,
                      sub { $nginx->worker_pids('any') == 2 });
$drill->finish(failed => 0);
