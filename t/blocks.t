# "if" and "limit_except" make locations of their own inside ours, which serve
# what it serves.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;
our $client = $k->client($owner)->{clientId};

add_block_preprocessor(sub {
    my ($block) = @_;
    my $inside = $block->inside;
    my @with = split /\n/, $block->with // '';
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => "
        location /api/ { kanda_serve api; kanda_qrcode off; $inside }
        location /v2/ { kanda_serve api; $inside }
        location /none/ { $inside return 204; }");
    $block->set_value(more_headers => join "\n", @with,
                      "Authorization: Bearer $owner->{token}");
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an "if" that adds a header
--- inside
if ($http_origin) { add_header Access-Control-Allow-Origin $http_origin always; }
--- with
Origin: https://app.example.com
--- request eval
['GET /api/auth/me', 'GET /v2/auth/me', 'GET /api/nowhere', 'GET /none/']
--- error_code eval
[200, 200, 404, 204]
--- response_headers eval
[('Access-Control-Allow-Origin: https://app.example.com') x 4]
--- response_body_like eval
['^\{"userId":"', '^\{"userId":"', '"code":"not_found"', '^$']



=== TEST 2: and that does not apply
--- inside
if ($http_origin) { add_header Access-Control-Allow-Origin $http_origin always; }
--- request
GET /api/auth/me
--- raw_response_headers_unlike: Access-Control
--- response_body_like: ^\{"userId":"



=== TEST 3: an "if" with a body to read, that sets something
--- inside
set $way plain; if ($request_method = POST) { set $way post; } add_header X-Way $way always;
--- request eval
["POST /api/totp/validate\n" . qq({"clientId":"$::client","token":"abc"}),
 "POST /v2/totp/validate\n{", 'DELETE /api/auth/me', "GET /api/totp/$::client"]
--- error_code eval
[200, 400, 405, 200]
--- response_headers eval
['X-Way: post', 'X-Way: post', 'X-Way: plain', 'X-Way: plain']
--- response_body_like eval
['^\{"valid":false\}$', '"code":"invalid_json"', '"code":"method_not_allowed"', '"clientId":"']



=== TEST 4: what the location says holds in its "if"
--- inside
if ($arg_x) { add_header X-In if always; }
--- request eval
["GET /v2/totp/qrcode/$::client?x=1", "GET /api/totp/qrcode/$::client?x=1"]
--- error_code eval
[200, 403]
--- response_headers eval
[('X-In: if') x 2]



=== TEST 5: an "if" that answers itself
--- inside
if ($http_x_stop) { return 418; }
--- with
X-Stop: 1
--- request
GET /api/auth/me
--- error_code: 418



=== TEST 6: "limit_except" lets other methods in
--- inside
limit_except GET { allow all; }
--- request eval
["POST /api/totp/validate\n" . qq({"clientId":"$::client","token":"abc"}),
 'GET /api/auth/me', "POST /v2/totp/validate\n{}", 'DELETE /v2/totp/nobody']
--- error_code eval
[200, 200, 400, 404]
--- response_headers eval
[('Content-Type: application/json') x 2, ('Content-Type: application/problem+json') x 2]



=== TEST 7: or keeps them out
--- inside
limit_except GET { deny all; }
--- request eval
["POST /api/totp/validate\n{}", 'GET /api/auth/me']
--- error_code eval
[403, 200]
