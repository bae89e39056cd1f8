# "make run" does what it says: the commands that it prints work as printed,
# the shipped nginx.conf refuses in its own words, and nothing is left behind.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Shipped;
use Test::More;

plan skip_all => 'runs the nginx that is installed' if $ENV{KANDA_SAN};

my $shipped = Kanda::Shipped->new;
my ($build, $port) = ($shipped->build, $shipped->port);


# What bash makes of commands, as somebody would type them.

sub typed {
    my (@commands) = @_;
    open my $fh, '>', "$build/typed" or die $!;
    print $fh join "\n", @commands;
    close $fh;
    return grep { length } split /\n/, `bash $build/typed 2> $build/typed.err`;
}


my $text = $shipped->start->text;
my @commands = grep { /^(?:curl|ME|TOKEN)/ } split /\n/, $text;
is(scalar @commands, 4, 'it prints what to type') or diag $text;

my $validate = pop @commands;
s/'\$\(date \+%s\)'/1/ for @commands;         # the same account again below
my ($account, $client) = typed(@commands);

like($account, qr/"userId":/, 'the first command opens an account');
like($client, qr/"otpauthUrl":/, 'the third makes a TOTP client');

my ($secret) = ($client // '') =~ /"secret":"(\w+)"/;
settle(5);
my $code = totp($secret // 'AAAA');
$validate =~ s/123456/$code/;

my @said = typed(@commands[0, 1], $validate);
is($said[-1], '{"valid":true}', 'and a code of it is right');

my ($accounts) = $text =~ /^Accounts of others: (curl .*)$/m;
like(join('', typed($accounts)), qr/^\{"accounts":\[\{"userId"/,
     'accounts are listed over a socket');
my ($folder) = $accounts =~ m{(/\S+)/socket};
is((stat $folder)[2] & 0777, 0700, 'that nobody else reaches');

my $taken = `PORT=$port util/run $build 2>&1`;
isnt($?, 0, 'a second one does not start');
like($taken, qr/^Port $port is taken.*PORT=/, 'and says why');

my $http = Kanda::HTTP->new($port);
my $told = $http->request('GET', '/openapi.json');
is($told->header('Content-Type'), 'application/json', 'routes are described');
is($told->json->{openapi} // '', '3.1.0', 'as OpenAPI');

my $long = '/' . 'a' x 9000;

for my $case (
    [ 400, "GET / HTTP/1.1\r\n\r\n" ],
    [ 400, "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n" ],
    [ 404, "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n" ],
    [ 405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n" ],
    [ 414, "GET $long HTTP/1.1\r\nHost: a\r\n\r\n" ],
    [ 431, "GET / HTTP/1.1\r\nHost: a\r\nX: $long\r\n\r\n" ],
    [ 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n" ],
) {
    my ($status, $bytes) = @$case;
    my $answer = $http->send($bytes)->receive;
    my $problem = $answer->json // {};

    is($answer->status, $status, "nginx says $status");
    is($answer->header('Content-Type'), 'application/problem+json',
       'in the form of a problem');
    is($problem->{status}, $status, 'with the same status');
    like($problem->{title} // '', qr/^[A-Z][\w ]+$/, 'and a title');
    unlike($answer->text, qr/nginx/, 'and no word of nginx');
}

my $hits = 0;

for (1 .. 60) {
    my $answer = $http->request('POST', '/api/auth/login', headers =>
        [ 'Content-Type' => 'application/json' ], body => '{}');
    $hits++ if $answer->status == 429;
}

cmp_ok($hits, '>', 25, 'an address cannot try passwords without end');

ok($shipped->stop, 'Ctrl-C stops it');

my $left = join ' ', grep { /\Q$build\E/ }
                     map { Kanda::Home::slurp($_) } glob '/proc/[0-9]*/cmdline';
is($left, '', 'with Redis and nginx');

my $log = Kanda::Home::slurp($shipped->error_log);
unlike($log, qr/\[(?:alert|emerg|crit)\]/, 'and without an alert');

is((stat "$build/run/keys")[2] & 0777, 0600, 'the keys are private');

$shipped->start;
@said = typed(@commands[0, 1], $validate);
is($said[-1], '{"valid":false}', 'the code stays used when it starts again');
$shipped->stop;

done_testing;
