# Sentinels that ask for a password, which is not Redis's.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Sentinel;
use Test::More;
use Time::HiRes qw(sleep);

my $set = Kanda::Sentinel->new(sentinel_password => 'so secret',
    sentinel_conf => 'requirepass "so secret"')->start;
my $file = Kanda::Home::root() . '/password';
my $k = Kanda->new(redis => undef, workers => 1, kanda => '');

open my $fh, '>', $file or die "$file: $!\n";
chmod 0600, $file;
print $fh "so secret\n";
close $fh;

for my $case (
    [ "'sentinel_password=so secret'", 201 ],
    [ "sentinel_password_file=$file", 201 ],
    [ "sentinel_user=default sentinel_password_file=$file", 201 ],
    [ 'sentinel_password=other', 503 ],
    [ '', 503 ],
) {
    my ($words, $status) = @$case;

    delete $k->{http_link};
    $k->nginx->{http} = 'kanda_redis ' . $set->url . " $words;\n"
                        . "kanda_keys $k->{keys_file};";
    $k->start_nginx;
    sleep 0.5;
    is($k->post('/auth/register', undef, { email => 'somebody@example.com',
                password => 'a long enough one' })->status, $status,
       $words || 'no password');
    unlike($k->nginx->log_text, qr/so secret/, 'which no log has');
    $k->stop;
    $set->say($set->master, 'FLUSHALL');
}

done_testing;
