# What must make a test fail does: an expectation that is not met, an alert
# in a log, a sanitizer's report, a process that is left behind.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

my $dir = tempdir('kanda-XXXXXX', TMPDIR => 1, CLEANUP => 1);


# Runs a test file of these lines; tells its exit status and what it said.

sub outcome {
    my ($body, @modules) = @_;

    open my $fh, '>', "$dir/one.t" or die $!;
    print $fh join "\n",
        'BEGIN { push @INC, "t/lib"; $ENV{TEST_NGINX_LOAD_MODULES} = "" }',
        'use Kanda;', @modules ? @modules : 'use Test::More;', $body;
    close $fh;

    my $said = qx{$^X $dir/one.t 2>&1};
    return ($? >> 8, $said);
}


my $nginx = 'my $n = Kanda::Nginx->new->start; ok(1);';

my ($status, $said) = outcome("$nginx done_testing;");
is($status, 0, 'nothing wrong') or diag $said;

($status, $said) = outcome("$nginx kill 'KILL', \$n->worker_pids;
    Kanda::Home::wait_for('alert', 5, sub { \$n->log_text =~ /alert/ });
    done_testing;");
isnt($status, 0, 'an alert');
like($said, qr/\[alert\].*signal 9/, 'and it is shown');

($status, $said) = outcome("Kanda::Home::allow(qr/signal 9/);
    $nginx kill 'KILL', \$n->worker_pids;
    Kanda::Home::wait_for('alert', 5, sub { \$n->log_text =~ /alert/ });
    done_testing;");
is($status, 0, 'an alert that was expected') or diag $said;

($status, $said) = outcome('open my $fh, ">",
    Kanda::Home::root() . "/sanitizer.1"; print $fh "x.c: runtime error: y";
    close $fh; ok(1); done_testing;');
isnt($status, 0, 'a sanitizer report');

($status, $said) = outcome(<<'END', 'use Test::Nginx::Socket;');
plan tests => 4; run_tests();
__DATA__

=== TEST 1: expects too much
--- config
location /a { return 200 "a"; }
--- request
GET /a
--- error_code: 201
--- response_body: b
--- response_headers
Server: x
--- error_log
nothing of this
END
is($status, 4, 'four expectations that are not met') or diag $said;

# a test that is killed outright cannot clean up, its children leave even so

($status, $said) = outcome("$nginx
    my \$r = Kanda::Redis->new->start; my \@w = \$n->worker_pids;
    print join(' ', 'PIDS', \$r->pid, \$n->pid, \@w), \"\\n\";
    print Kanda::Home::root(), \" ROOT\\n\"; \$| = 1; print '';
    kill 'KILL', \$\$;");
my ($pids) = $said =~ /PIDS (.*)/;
my ($root) = $said =~ /(\S+) ROOT/;
my @left = split ' ', $pids // '';
is(scalar @left, 3, 'three processes were started');

for (1 .. 500) {
    @left = grep { kill 0, $_ } @left;
    last if !@left;
    select undef, undef, undef, 0.01;
}

is("@left", '', 'and none outlives a test that was killed');

system 'rm', '-rf', $root if $root && $root =~ m{/kanda-\w+$};

done_testing;
