# D22: the binary is replaced under load (USR2, WINCH, QUIT), and half of the
# time it is not: the new one goes and the old one goes on.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Drill;
use Test::More;
use Time::HiRes qw(sleep);

my $drill = Kanda::Drill->new('D22', 'binary upgrade, and back', full => 20,
                              renewed => 1)->servers;
my $nginx = $drill->k->nginx;
my ($old, $new);

sub in_file { my ($pid) = Kanda::Home::slurp($_[0]) =~ /(\d+)/; $pid // 0 }
sub workers_of {
    my ($pid) = @_;
    return split ' ', Kanda::Home::slurp("/proc/$pid/task/$pid/children");
}

END { kill 'TERM', grep { $_ } $old, $new }

# one in the foreground takes neither USR2 nor WINCH
my $conf = $nginx->dir . '/nginx.conf';
$nginx->stop;
system 'sed', '-i', 's/^daemon off;/daemon on;/', $conf;
system $nginx->binary, '-p', $nginx->dir, '-e', $nginx->{log}, '-c', $conf;
Kanda::Home::wait_for('a master', 10, sub {
    $old = in_file($nginx->dir . '/nginx.pid');
    $old && -e "/proc/$old" && workers_of($old) == 2 });
$nginx->{pid} = $old;
delete $drill->k->{http_link};
$drill->start;

for my $round ($drill->rounds) {
    my $file = $nginx->dir . '/nginx.pid';

    $drill->round(sub {
        kill 'USR2', $old;
        Kanda::Home::wait_for('a new master', 10, sub {
            $new = in_file($file);
            $new && $new != $old && workers_of($new) >= 2 });
        kill 'WINCH', $old;
        sleep 0.5;

        if ($round < $drill->rounds) {      # back
            kill 'HUP', $old;
            Kanda::Home::wait_for('old workers', 10,
                sub { $nginx->worker_pids == 2 });
            kill 'QUIT', $new;
            Kanda::Home::wait_for('the new master to leave', 10,
                                  sub { !-e "$file.oldbin" });
        }
    }, undef, calm => 0.5);
}

# the old one goes at last
kill 'QUIT', $old;
Kanda::Home::wait_for('the old master to leave', 10,
                      sub { !-e "/proc/$old" });
$old = 0;
$nginx->{pid} = $new;
is(scalar($nginx->worker_pids), 2, 'the new master has workers');
$drill->finish(failed => 0);
kill 'QUIT', $new;
Kanda::Home::wait_for('the end', 10, sub { !-e "/proc/$new" });
$new = 0;
