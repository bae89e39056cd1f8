# The module as the loader and stock nginx see it.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Test::More;

my ($module) = Kanda::Nginx::modules();

ok(-s $module, 'there is a module') or do { done_testing; exit };

my %table = map { $_ => 1 } qw(ngx_modules ngx_module_names ngx_module_order);

# the table's one entry is a symbol of ours, and nginx finds it there
my @exported = map { (split ' ')[-1] } grep { / [A-Za-z] / }
               `nm -D --defined-only $module`;
my @others = grep { !$table{$_} && !/^(?:__)?(?:asan|odr_asan|ubsan|lsan)_/
                    && !/^__odr_asan/ } @exported;

is("@others", '', 'it exports the module table and nothing else');

for my $name (sort keys %table) {
    ok(scalar(grep { $_ eq $name } @exported), "it exports $name");
}

my $dynamic = `readelf -d $module`;

like($dynamic, qr/NEEDED.*libcrypto\.so/, 'it brings libcrypto itself');
unlike($dynamic, qr/NEEDED.*libhiredis/, 'and has its own hiredis inside');
unlike($dynamic, qr/R(?:UN)?PATH/, 'no path of the build machine');

like(`readelf -lW $module`, qr/GNU_RELRO/, 'relocations become read-only');

my ($status, $text) = Kanda::Nginx->new->check;
is($status, 0, 'nginx -t loads it') or diag $text;

($status, $text) = Kanda->new->nginx->check;
is($status, 0, 'and takes a small configuration') or diag $text;

done_testing;
