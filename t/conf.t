# What nginx -t says of a configuration that cannot work: it names the
# directive, and what would be right.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $k = Kanda->new(redis => undef);
my $keys = $k->keys_file;
my $dir = Kanda::Home::root();
my $redis = "kanda_redis unix:$dir/nowhere;";
my $serve = 'location /api/ { kanda_serve api; }';
my $nginx = Kanda::Nginx->new;


sub check {
    my (%o) = @_;

    @$nginx{qw(http server)} = ($o{http} // "$redis kanda_keys $keys;",
                                $o{server} // $serve);
    return $nginx->check;
}


sub good {
    my ($name, %o) = @_;
    my ($status, $text) = check(%o);
    is($status, 0, $name) or diag $text;
}


# Refused with one line of [emerg] that has all of these words.

sub bad {
    my ($name, $said, %o) = @_;
    my ($status, $text) = check(%o);
    my @lines = grep { /\[emerg\]/ } split /\n/, $text;

    isnt($status, 0, "$name: refused");
    like($lines[0] // $text, $said, "$name: says why");
    is(scalar @lines, 1, "$name: in one line");
    like($lines[0] // '', qr/ in \S+nginx\.conf:\d+$/, "$name: and where")
        if $o{line};
}


sub in_api { (server => "location /api/ { kanda_serve api; $_[0] }") }
sub file   { my ($name, $text, $mode) = @_;
             open my $fh, '>:raw', "$dir/$name" or die $!;
             print $fh $text;
             close $fh;
             chmod $mode // 0600, "$dir/$name";
             return "$dir/$name" }
sub keys_are {
    my ($text, $mode) = @_;
    return (http => "$redis kanda_keys " . file('bad', $text, $mode) . ';');
}


good('a small configuration');
good('nothing of ours', http => '', server => 'location / { return 204; }');
good('settings without a service', server => '');

bad('no Redis', qr/kanda_redis.*kanda_redis unix:/, http => "kanda_keys $keys;");
bad('no keys', qr/kanda_keys/, http => $redis);


# The key file

my ($s, $j, $d) = map { encode_base64(random_bytes(32), '') } 1 .. 3;
my $whole = "seal s1 $s\njwt j1 $j\ndigest $d\n";

good('keys', keys_are($whole));
good('keys with remarks', keys_are("# ours\n\n$whole\n  # end\n"));
good('keys with Windows line ends', keys_are($whole =~ s/\n/\r\n/gr));
good('two of each', keys_are("$whole\nseal s2 $s\njwt j2 " .
                             encode_base64(random_bytes(64), '') . "\n"));
good('a mode stricter than ours', keys_are($whole, 0400));

my @modes = (0640, 0604, 0620, 0602, 0644, 0610, 0601, 0666, 0777);

for my $mode (@modes) {
    bad(sprintf('keys of mode %04o', $mode), qr/kanda_keys "\S+\/bad".*chmod 600/,
        keys_are($whole, $mode), line => 1);
}

bad('keys that are not there', qr/kanda_keys .*"\S+none".*No such file/,
    http => "$redis kanda_keys none;");
bad('keys that are a folder', qr/kanda_keys "\S+" must be a regular file/,
    http => "$redis kanda_keys $dir;");

system 'mkfifo', '-m', '600', "$dir/pipe";
bad('keys that are a pipe', qr/kanda_keys "\S+" must be a regular file/,
    http => "$redis kanda_keys $dir/pipe;");

my $short = encode_base64(random_bytes(31), '');

for my $case (
    [ 'empty' => '' => qr/seal/ ],
    [ 'no seal' => "jwt j1 $j\ndigest $d\n" => qr/no "seal" key/ ],
    [ 'no jwt' => "seal s1 $s\ndigest $d\n" => qr/no "jwt" key/ ],
    [ 'no digest' => "seal s1 $s\njwt j1 $j\n" => qr/no "digest" key/ ],
    [ 'a short seal' => "seal s1 $short\n$whole" => qr/line 1: .*32 bytes/ ],
    [ 'a short jwt' => "${whole}jwt j2 $short\n" => qr/line 4: .*32 bytes/ ],
    [ 'a short digest' => "seal s1 $s\njwt j1 $j\ndigest $short"
      => qr/line 3: .*32 bytes/ ],
    [ 'two digests' => "${whole}digest $d\n" => qr/line 4: .*digest/ ],
    [ 'one id twice' => "${whole}jwt j1 $j\n" => qr/line 4: .*id/ ],
    [ 'a word too few' => "seal $s\n$whole" => qr/line 1: .*seal <id> <base64>/ ],
    [ 'a word too many' => "seal s2 $s x\n$whole" => qr/line 1: / ],
    [ 'no base64' => "seal s2 !!!!\n$whole" => qr/line 1: .*base64/ ],
    [ 'something else' => "key s2 $s\n$whole"
      => qr/line 1: .*seal, jwt, digest/ ],
    [ 'too much' => $whole . "#\n" x 9000 => qr/16383 bytes/ ],
) {
    my ($name, $text, $said) = @$case;
    bad("keys, $name", qr/kanda_keys .*"\S+\/bad".*$said|$said/, keys_are($text));
    my ($status, $told) = check(keys_are($text));
    unlike($told, qr/\Q$s\E|\Q$j\E|\Q$d\E/, 'and no key is shown');
}


# Values

for my $case (
    [ 'kanda_token_ttl 0' => qr/1s to 30d/ ],
    [ 'kanda_token_ttl 31d' => qr/1s to 30d/ ],
    [ 'kanda_token_ttl soon' => qr/1s to 30d/ ],
    [ 'kanda_realm ""' => qr/1 to 32 characters/ ],
    [ 'kanda_realm Upper' => qr/a-z, 0-9/ ],
    [ 'kanda_realm ' . 'x' x 33 => qr/1 to 32 characters/ ],
    [ 'kanda_window 3' => qr/kanda_window.* must be 0, 1 or 2/ ],
    [ 'kanda_window -1' => qr/kanda_window.* must be 0, 1 or 2/ ],
    [ 'kanda_registration maybe' => qr/must be "on" or "off"/ ],
    [ 'kanda_qrcode sometimes' => qr/on, until_confirmed or off/ ],
    [ 'kanda_issuer ""' => qr/1 to 128/ ],
    [ 'kanda_service_name ""' => qr/1 to 64 bytes/ ],
    [ 'kanda_service_name ' . 'x' x 65 => qr/1 to 64 bytes/ ],
    [ "kanda_service_name 'a\tb'" => qr/without control characters/ ],
    [ "kanda_service_name \xff" => qr/UTF-8/ ],
    [ 'kanda_service_name a; kanda_service_name b' => qr/duplicate/ ],
    [ 'kanda_region ""' => qr/1 to 32 characters/ ],
    [ 'kanda_region EU' => qr/a-z, 0-9/ ],
    [ 'kanda_region eu,us' => qr/that API keys name/ ],
    [ 'kanda_region ' . 'x' x 33 => qr/1 to 32 characters/ ],
    [ 'kanda_region a; kanda_region b' => qr/duplicate/ ],
    [ 'kanda_stateless_replay once' => qr/must be "on" or "off"/ ],
    [ 'kanda_csrf yes' => qr/must be "on" or "off"/ ],
    [ 'kanda_csrf on; kanda_csrf on' => qr/duplicate/ ],
    [ 'kanda_two_factor always' => qr/must be optional or required/ ],
    [ 'kanda_two_factor' => qr/number of arguments/ ],
    [ 'kanda_two_factor optional; kanda_two_factor required'
      => qr/duplicate/ ],
    [ 'kanda_require' => qr/number of arguments/ ],
    [ 'kanda_require everybody' => qr/knows user, otp and off/ ],
    [ 'kanda_require off login=/x' => qr/off stands alone/ ],
    [ 'kanda_require user age=1m' => qr/knows max_age= and login=/ ],
    [ 'kanda_require user max_age=1m' => qr/max_age= goes with otp/ ],
    [ 'kanda_require otp max_age=soon' => qr/time that is none/ ],
    [ 'kanda_require otp max_age=1m max_age=2m' => qr/has max_age= twice/ ],
    [ 'kanda_require otp login=/a login=/b' => qr/has login= twice/ ],
    (map { [ "kanda_require user 'login=$_'" => qr/path of this host/ ] }
         '', 'sign-in', '//evil.example/', '/\\evil.example',
         'https://evil.example/', '/a?b', '/a#b', '/a b', "/a\xff", "/a\tb"),
    [ 'kanda_require user; kanda_require otp' => qr/duplicate/ ],
    [ 'kanda_session' => qr/number of arguments/ ],
    [ 'kanda_session off idle=1m' => qr/off stands alone/ ],
    [ 'kanda_session forever' => qr/knows idle= and absolute=, or off/ ],
    [ 'kanda_session idle=soon' => qr/time that is none/ ],
    [ 'kanda_session absolute=8d' => qr/up to 7d/ ],
    [ 'kanda_session idle=2h absolute=1h' => qr/not below that/ ],
    [ 'kanda_session off; kanda_session idle=1m' => qr/duplicate/ ],
    [ 'kanda_invitation' => qr/number of arguments/ ],
    [ 'kanda_invitation never' => qr/knows link= and ttl=/ ],
    (map { [ "kanda_invitation $_" => qr/has a link= that is no URL/ ] }
         qw(link= link=x link=ftp://x link=/welcome link=https://
            link=http:// link=javascript:x), "'link=https://a b'",
         "'link=https://a#b'", "link=https://\xc3\xa9",
         'link=https://' . 'x' x 505),
    (map { [ "kanda_invitation ttl=$_" => qr/has a ttl= that is not from 1s/ ] }
         qw(0 soon 31d -1), ''),
    [ 'kanda_invitation ttl=1h; kanda_invitation link=https://a' => qr/duplicate/ ],
    [ 'kanda_lockout' => qr/number of arguments/ ],
    [ 'kanda_lockout never' => qr/knows row=, wait=/ ],
    [ 'kanda_lockout row=0' => qr/number/ ],
    [ 'kanda_lockout row=x' => qr/number/ ],
    [ 'kanda_lockout wait=1m max=1s' => qr/max= shorter than its wait=/ ],
    [ 'kanda_lockout window=soon' => qr/time/ ],
) {
    my ($line, $said) = @$case;
    my ($word) = $line =~ /^(\w+)/;
    my ($status, $text) = check(in_api("$line;"));

    bad("$line;", $said, in_api("$line;"), line => 1);
    like($text, qr/"$word"/, "$line; names the directive");
}

for my $case (
    [ 'kanda_redis localhost' => qr/"kanda_redis".*unix:.*redis:/ ],
    [ 'kanda_redis http://x' => qr/"kanda_redis".*unix:.*redis:/ ],
    [ 'kanda_redis redis://127.0.0.1/x' => qr/"kanda_redis".*database/ ],
    [ 'kanda_redis redis://me@127.0.0.1' => qr/"kanda_redis".*password/ ],
    [ 'kanda_redis redis://127.0.0.1:99999' => qr/"kanda_redis".*port/ ],
    [ 'kanda_redis redis://127.0.0.1 colour=red' => qr/"kanda_redis" directive knows user=/ ],
    [ "kanda_redis redis://127.0.0.1 password_file=$dir/none"
      => qr/"kanda_redis".*password file.*cannot be opened/ ],
    [ 'kanda_redis redis://127.0.0.1 replicas=-1'
      => qr/"kanda_redis".*number of replicas/ ],
    [ 'kanda_redis redis://127.0.0.1 replicas=101'
      => qr/"kanda_redis".*number of replicas/ ],
) {
    bad("$case->[0];", $case->[1], http => "$case->[0]; kanda_keys $keys;",
        line => 1);
}

my $both = "$redis kanda_keys $keys;";

for my $case (
    [ 'kanda_redis_timeout 0' => qr/kanda_redis_timeout must not be 0/ ],
    [ 'kanda_redis_timeout x' => qr/kanda_redis_timeout.*invalid value/ ],
    [ 'kanda_log_retention never' => qr/kanda_log_retention.*count= and age=/ ],
    [ 'kanda_log_retention count=0' => qr/kanda_log_retention.*number/ ],
    [ 'kanda_log_retention age=x' => qr/kanda_log_retention.*time/ ],
    [ 'kanda_password_blocklist none'
      => qr/kanda_password_blocklist cannot open "\S+none"/ ],
    [ "$redis" => qr/kanda_redis.*duplicate/ ],
    [ "kanda_keys $keys" => qr/kanda_keys.*duplicate/ ],
) {
    bad("$case->[0] more", $case->[1], http => "$both $case->[0];");
}

bad('replicas= and no time for them',
    qr/kanda_redis_timeout must be at least 300ms where kanda_redis has/,
    http => ($redis =~ s/;/ replicas=1;/r)
            . "kanda_keys $keys; kanda_redis_timeout 250ms;");

for my $case (
    [ 'location /api/ { kanda_serve nothing; }' => qr/kanda_serve.*there is: api, otp, toolkit, auth, admin, check, metrics, health / ],
    [ 'location /api/ { kanda_serve api; kanda_serve api; }' => qr/kanda_serve.*duplicate/ ],
    [ 'location ~ ^/api { kanda_serve api; }' => qr/kanda_serve.*regular expression/ ],
    [ 'location @api { kanda_serve api; }' => qr/kanda_serve.*path/ ],
    [ 'kanda_serve api;' => qr/kanda_serve.*not allowed here/ ],
    [ 'location = /api/ { kanda_serve api; }' => qr/kanda_serve.*exact location/ ],
    [ "location /api/ { $redis }" => qr/kanda_redis.*not allowed here/ ],
) {
    bad($case->[0], $case->[1], server => $case->[0], line => 1);
}

# One router's cookies are good at another of its realm

{
    my $says = sub {
        my (@places) = @_;
        my $n = 0;
        my ($status, $text) = check(server => join "\n", map {
            'location /a' . $n++ . "/ { kanda_serve auth; $_ }" } @places);
        is($status, 0, 'nginx starts') or diag $text;
        return map { / in "(\S+)" and "(\S+)", .* realm "(\w+)"/ ? "$1 $2 $3"
                     : () } grep { /\[warn\].*kanda_csrf/ } split /\n/, $text;
    };
    my ($on, $off) = map { "kanda_csrf $_;" } qw(on off);

    is_deeply([ $says->($on, $off) ], [ '/a0/ /a1/ default' ],
              'where kanda_csrf differs, the other is named');
    is_deeply([ $says->('', 'kanda_realm b;', "$on kanda_realm b;") ],
              [ '/a1/ /a2/ b' ], 'in one realm');
    is_deeply([ $says->($on, 'kanda_realm b;', $on,
                        'kanda_realm b; if ($arg_a) { set $b c; }') ], [],
              'otherwise nothing is said');
    is_deeply([ $says->($on, 'location /a1/b/ { kanda_serve auth; '
                             . 'kanda_csrf on; } } location /x/ { '
                             . 'kanda_serve api;') ],
              [ '/a0/ /a1/ default', '/a1/ /a1/b/ default' ],
              'one inside another counts, what is no router does not');
}

# A gate that keeps nobody out, or lets nobody in

{
    my $says = sub {
        my ($server) = @_;
        my ($status, $text) = check(server => $server);
        is($status, 0, 'nginx starts') or diag $text;
        return map { /whoever registers at "(\S+)".* realm "(\w+)"/
                     ? "open $1 $2"
                     : /realm "(\w+)".*"kanda_session" is missing/
                     ? "cookie $1" : () } grep { /\[warn\]/ } split /\n/, $text;
    };
    my $gate = 'location /app/ { kanda_require user; }';
    my $auth = 'location /auth/ { kanda_serve auth; kanda_session idle=1m; ';

    is_deeply([ $says->("$gate $auth }") ], [], 'nothing to say');
    is_deeply([ $says->("$gate $auth kanda_registration on; }") ],
              [ 'open /auth/ default' ], 'anybody may register');
    is_deeply([ $says->("$gate location /x/ { kanda_require otp; } $auth }
                         location /api/ { kanda_serve api;
                                          kanda_registration on; }") ],
              [ 'open /api/ default' ], 'anybody may, by another dialect');
    is_deeply([ $says->("$gate $auth kanda_registration on; kanda_realm b; }") ],
              [], 'of another realm');
    is_deeply([ $says->("$gate location /auth/ { kanda_serve auth; }") ],
              [ 'cookie default' ], 'no sign-in sets the cookie');
    is_deeply([ $says->('kanda_require user; location /auth/ { kanda_serve auth;
                         kanda_registration on; kanda_session idle=1m; }') ],
              [ 'open /auth/ default' ], 'a whole server');
    is_deeply([ $says->("$auth kanda_registration on; }") ], [], 'no gate');

    my ($status, $text) = check(
        http => "$redis kanda_keys $keys; kanda_require user;",
        server => 'location /auth/ { kanda_serve auth;
                                     kanda_registration on; }');
    like($text, qr/warn.*whoever registers at "\/auth\/"/, 'all servers');
    like($text, qr/warn.*"kanda_session" is missing/, 'which nobody can enter');
}

for my $other ('proxy_pass http://127.0.0.1:1;', 'stub_status;') {
    bad("kanda_serve beside $other", qr/"\/auth\/" does not answer.*proxy_pass/,
        server => "kanda_require user;
                   location /auth/ { kanda_serve auth; $other }");
}
bad('check without a gate', qr/kanda_serve check.*without kanda_require/,
    server => 'location = /check { kanda_serve check; }');
bad('check with a gate that is off', qr/kanda_serve check.*without/,
    server => 'kanda_require user;
               location = /check { kanda_serve check; kanda_require off; }');
good('check with an inherited gate',
     server => 'kanda_require user; location = /check { kanda_serve check; }');
bad('a gate without Redis', qr/kanda_require need kanda_redis/,
    http => "kanda_keys $keys;",
    server => 'location /x/ { kanda_require user; }');

good('everything at once',
    http => "kanda_redis redis://:secret\@127.0.0.1:6379/3; kanda_keys $keys;
        kanda_redis_timeout 250ms; kanda_token_ttl 15m; kanda_realm a;
        kanda_log_retention count=100 age=1d; kanda_window 0;
        kanda_password_blocklist " . file('words', "password\n") . ';',
    server => 'kanda_realm b; kanda_registration on; location /api/ {
        kanda_serve api; kanda_issuer Us; kanda_qrcode off; kanda_window 2;
        kanda_lockout row=3 wait=1s max=1m total=20 window=1d recovery=5; }
        kanda_service_name "A & B"; kanda_region eu-1;
        kanda_invitation ttl=30d link=https://a.example/?b=c;
        location /totp/ { kanda_serve otp; kanda_service_name \xc3\xa9; }
        location /v1/auth/ { kanda_serve toolkit; kanda_stateless_replay on; }
        location = /exact { kanda_serve check; kanda_require user; }
        location = /metrics { kanda_serve metrics; deny all; }
        location /health/ { kanda_serve health; }
        location ^~ /first/ { kanda_serve api; }');

done_testing;
