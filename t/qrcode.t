# The picture of a secret: form, and who may see it. What it says is read
# back in t/qr-http.t.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;

settle(3);

our %c = map { $_ => $k->client($owner, clientId => $_) } qw(new used);

$k->validate($owner, 'used', totp($c{used}{secret})) eq 'true' or die;

my $mounts = join '', map {
    "location /$_/ { kanda_serve api; kanda_qrcode $_; }\n"
} qw(off until_confirmed);

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => $k->location_config . $mounts);

    my $own = $block->more_headers // '';
    my @all = map { "Authorization: Bearer $owner->{token}\n$_" }
              ref $own ? @$own : $own;
    $block->set_value(more_headers => ref $own ? \@all : $all[0]);
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: as JSON, without the secret
--- request
GET /api/totp/qrcode/new
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"clientId":"new","qrDataUrl":"data:image/png;base64,[A-Za-z0-9+/]+=*"\}$



=== TEST 2: it is the picture that registering showed
--- request
GET /api/totp/qrcode/new
--- response_body eval
qq({"clientId":"new","qrDataUrl":"$::c{new}{qrDataUrl}"})



=== TEST 3: as PNG
--- request
GET /api/totp/qrcode/new
--- more_headers
Accept: image/png
--- response_headers
Content-Type: image/png
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body eval
require MIME::Base64; MIME::Base64::decode_base64($::c{new}{qrDataUrl} =~ s/.*,//r)



=== TEST 4: as SVG
--- request
GET /api/totp/qrcode/new
--- more_headers
Accept: image/svg+xml
--- response_headers
Content-Type: image/svg+xml
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^<svg [^<>]*xmlns="http://www.w3.org/2000/svg"[^<>]*>.*</svg>$



=== TEST 5: the first image that is asked for, JSON rather than an image
--- request eval
[('GET /api/totp/qrcode/new') x 7]
--- more_headers eval
[map { "Accept: $_" } 'image/svg+xml, image/png', 'image/png;q=1,image/svg+xml',
 'IMAGE/PNG', '*/*', 'application/json, image/png', 'text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8',
 'image/jpeg']
--- response_headers eval
[map { "Content-Type: $_" } 'image/svg+xml', 'image/png', 'image/png', ('application/json') x 4]



=== TEST 6: no such client, and in which form one is told so
--- request
GET /api/totp/qrcode/nobody
--- more_headers
Accept: image/png
--- error_code: 404
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- response_body_like: "code":"client_not_found"



=== TEST 7: HEAD
--- request
HEAD /api/totp/qrcode/new
--- more_headers
Accept: image/png
--- response_headers eval
require MIME::Base64; "Content-Type: image/png\nContent-Length: "
 . length MIME::Base64::decode_base64($::c{new}{qrDataUrl} =~ s/.*,//r)



=== TEST 8: closed
--- request eval
['GET /off/totp/qrcode/new', 'GET /off/totp/qrcode/used', 'GET /off/totp/qrcode/nobody']
--- error_code eval
[403, 403, 404]
--- response_body_like eval
[('^\{"type":"urn:kanda:problem:qrcode_closed","title":"[^"]+","status":403,"detail":"[^"]+","code":"qrcode_closed"\}$') x 2,
 'client_not_found']



=== TEST 9: closed once a code was right
--- request eval
['GET /until_confirmed/totp/qrcode/new', 'GET /until_confirmed/totp/qrcode/used', 'GET /api/totp/qrcode/used']
--- error_code eval
[200, 403, 200]



=== TEST 10: open again for a new secret
--- request eval
['POST /until_confirmed/totp/rotate/used', 'GET /until_confirmed/totp/qrcode/used']
--- error_code eval
[200, 200]



=== TEST 11: every look was logged, the refused ones, too
--- request
GET /api/logs?event=totp.qrcode&limit=4
--- response_body_like chop
^\{"logs":\[\{"id":"\d+","timestamp":"[^"]+","event":"totp.qrcode","success":true,"clientId":"used","reason":null,[^{}]+\},\{[^{}]*"success":true,"clientId":"used"[^{}]*\},\{[^{}]*"success":false,"clientId":"used","reason":"qrcode_closed"[^{}]*\},\{[^{}]*"success":true,"clientId":"new"[^{}]*\}\],"total":\d+,"limit":4,"offset":0\}$
