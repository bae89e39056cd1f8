# Paths, methods, HEAD, mounts: what is matched before anything is read.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;

$k->client($owner, clientId => $_) for qw(validate user);

my $config = $k->location_config . '
    location /second/ { kanda_serve api; }
    location /third { kanda_serve api; }
    location ^~ /alone/totp { kanda_serve api; }
    location = /inside { try_files /none /api/totp/user; }
    location = /odd { mirror /api/totp; mirror_request_body off; return 204; }
';

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => $config);
    $block->set_value(more_headers => join "\n",
        $block->nobody ? () : "Authorization: Bearer $owner->{token}",
        $block->more_headers // ());
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: nothing at a path
--- request eval
[map { "GET $_" } '/api/', '/api/nope', '/api/totp/', '/api/totp/a/b', '/api/totp/qrcode/',
 '/api/totp/qrcode/a/b', '/api/auth', '/api/auth/', '/api/auth/me/', '/api//auth/me', '/api/TOTP',
 '/api/apikeys/', '/api/logs/', '/api/auth%2Fme', '/api/%61uth/me', '/api/./auth/me']
--- error_code eval
[(404) x 16]
--- response_headers eval
[("Content-Type: application/problem+json\nCache-Control: no-store\nX-Content-Type-Options: nosniff") x 16]
--- response_body eval
[('{"type":"urn:kanda:problem:not_found","title":"Not found","status":404,"detail":"There is nothing at this path.","code":"not_found"}') x 16]



=== TEST 2: nobody learns as much
--- nobody: 1
--- request eval
['GET /api/nope', 'DELETE /api/auth/me', 'GET /api/auth/me']
--- error_code eval
[404, 405, 401]



=== TEST 3: a method that is not there
--- request eval
['GET /api/auth/register', 'GET /api/auth/login', 'GET /api/auth/token', 'GET /api/auth/logout',
 'POST /api/auth/me', 'POST /api/totp', 'GET /api/totp/rotate/a', 'GET /api/totp/unlock/a',
 'DELETE /api/totp/recovery/a', 'POST /api/totp/qrcode/a', 'PUT /api/totp/a', 'PUT /api/apikeys',
 'GET /api/apikeys/a', 'POST /api/logs', 'OPTIONS /api/totp', 'FOO /api/logs', 'PUT /api/totp/register']
--- error_code eval
[(405) x 17]
--- response_headers eval
["Allow: POST", "Allow: POST", "Allow: POST", "Allow: POST", "Allow: GET, HEAD", "Allow: GET, HEAD",
 "Allow: POST", "Allow: POST", "Allow: POST", "Allow: GET, HEAD", "Allow: GET, HEAD, DELETE",
 "Allow: GET, HEAD, POST", "Allow: DELETE", "Allow: GET, HEAD", "Allow: GET, HEAD", "Allow: GET, HEAD",
 "Allow: GET, HEAD, POST, DELETE"]
--- response_body_like eval
[('^\{"type":"urn:kanda:problem:method_not_allowed","title":"[^"]+","status":405,"detail":"[^"]+","code":"method_not_allowed"\}$') x 17]



=== TEST 4: HEAD is GET without the body
--- request eval
[map { ("HEAD /api/$_", "GET /api/$_") } qw(totp/user totp/qrcode/user apikeys auth/me totp/nope nope)]
--- error_code eval
[(200) x 8, (404) x 4]
--- raw_response_headers_like eval
[('Content-Length: [1-9]') x 12]



=== TEST 5: HEAD has no body, as a raw connection sees it
--- raw_request eval
"HEAD /api/totp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $::owner->{token}\r\nConnection: close\r\n\r\n"
--- raw_response_headers_like: Content-Length: [1-9]
--- response_body chomp



=== TEST 6: a client called like a route, by method
--- request eval
["GET /api/totp/validate", "POST /api/totp/validate\n" . '{"clientId":"validate","token":""}',
 "DELETE /api/totp/validate", "GET /api/totp/validate"]
--- error_code eval
[200, 200, 200, 404]
--- response_body_like eval
['^\{"clientId":"validate"', '^\{"valid":false\}$', '"deleted":true', 'client_not_found']



=== TEST 7: spelling of a name in the path
--- request eval
[map { "GET /api/totp/$_" } 'user', '%75ser', '%75%73%65%72', 'USER', 'user%20', 'user?x=y', 'user?']
--- error_code eval
[200, 200, 200, 404, 404, 200, 200]



=== TEST 8: names that are none
--- request eval
[map { "GET /api/totp/$_" } '%2e%2e', '%2E', '%0a', '%7f', '%c0%af', '%ff', 'a' x 129]
--- error_code eval
[(400) x 7]
--- response_body_like eval
[('"code":"invalid_request"') x 7]



=== TEST 9: other mounts, with and without a slash at the end
--- request eval
['GET /second/totp/user', 'GET /third/totp/user', 'GET /second/nope', 'GET /second/api/totp']
--- error_code eval
[200, 200, 404, 404]



=== TEST 10: an internal redirect leads here
--- request
GET /inside?x=y
--- response_body_like: "clientId":"user"



=== TEST 11: a subrequest does not
--- request
GET /odd
--- error_code: 204



=== TEST 12: a question mark and what follows are no part of the path
--- request
GET /api/totp?limit=1&offset=0#x
--- response_body_like: "limit":1,"offset":0



=== TEST 13: types of bodies
--- request eval
["POST /api/apikeys\n{}"]
--- more_headers
Content-Type: text/plain
--- error_code eval
[415]
--- response_body_like eval
['^\{"type":"urn:kanda:problem:unsupported_media_type","title":"[^"]+","status":415,"detail":"[^"]+","code":"unsupported_media_type"\}$']



=== TEST 14: a charset that we speak
--- request
POST /api/apikeys
{"name":"a"}
--- more_headers
Content-Type: Application/JSON; charset="UTF-8"
--- error_code: 201



=== TEST 15: a body that is too long is told so by us
--- request eval
"POST /api/apikeys\n{\"name\":\"" . 'x' x 65536 . '"}'
--- error_code: 413
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- response_body_like: "code":"body_too_large"



=== TEST 16: the order of refusals: who asks, size, type, syntax
--- nobody: 1
--- more_headers
Content-Type: text/plain
--- request eval
["POST /api/apikeys\n" . 'x' x 65537, "POST /api/auth/token\n" . 'x' x 65537, "POST /api/auth/token\n["]
--- error_code eval
[401, 413, 415]



=== TEST 17: JSON is taken strictly
--- request eval
[map { "POST /api/apikeys\n$_" } '{"name":"a","name":"b"}', '{"name":"a"}x', '[]', '"a"', '{"name":"\u0000"}',
 '{"a":[[[[[[[[1]]]]]]]]}', "{\"name\":\"\xff\"}", '{name:"a"}', '{"name":1}', "{'name':'a'}"]
--- error_code eval
[(400) x 10]
