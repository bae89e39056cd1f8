# Accounts, logins, tokens: one request, one answer.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account(email => 'owner@example.com');
our $leaver = $k->account(email => 'leaver@example.com');
our $key = $k->post('/apikeys', $owner, { name => 'a' })->json;
our $brief = $k->post('/apikeys', $owner,
                      { expiresAt => '2999-01-01T00:00:00Z' })->json;
our $dead = $k->post('/apikeys', $owner, {})->json;
$k->delete("/apikeys/$dead->{id}", $owner);

our %as = (owner => "Authorization: Bearer $owner->{token}",
           leaver => "Authorization: Bearer $leaver->{token}",
           key => "x-api-key: $key->{apiKey}",
           bearer => "Authorization: Bearer $key->{apiKey}",
           dead => "x-api-key: $dead->{apiKey}");

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => $k->location_config);
    $block->set_value(more_headers => $as{$block->as}) if $block->as;
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: an account
--- request
POST /api/auth/register
{"email":"New@Example.com","password":"correct horse"}
--- error_code: 201
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"userId":"[a-z2-7]{26}","email":"new@example.com"\}$



=== TEST 2: the same email again, however it is written
--- request eval
[map { "POST /api/auth/register\n{\"email\":\"$_\",\"password\":\"another one\"}" }
 'new@example.com', 'NEW@EXAMPLE.COM']
--- error_code eval
[409, 409]
--- response_body_like eval
[('^\{"type":"urn:kanda:problem:email_taken","title":"[^"]+","status":409,"detail":"[^"]+","code":"email_taken"\}$') x 2]



=== TEST 3: passwords that are none
--- request eval
[map { "POST /api/auth/register\n{\"email\":\"p\@example.com\",\"password\":\"$_\"}" }
 '1234567', 'P@example.com', 'x' x 129]
--- error_code eval
[(400) x 3]
--- response_body_like eval
[('"code":"invalid_request"') x 3]



=== TEST 4: passwords of any Unicode, counted by characters
--- request eval
["POST /api/auth/register\n{\"email\":\"u1\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 8 . '"}',
 "POST /api/auth/register\n{\"email\":\"u2\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 128 . '"}',
 "POST /api/auth/register\n{\"email\":\"u3\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 7 . '"}',
 "POST /api/auth/login\n{\"email\":\"u2\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 128 . '"}',
 "POST /api/auth/login\n{\"email\":\"u2\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 127 . '"}']
--- error_code eval
[201, 201, 400, 200, 401]



=== TEST 5: emails that are none
--- request eval
[map { "POST /api/auth/register\n{\"email\":\"$_\",\"password\":\"correct horse\"}" }
 'nobody', 'a@b@c', '@example.com', '', 'a' x 251 . '@b.c']
--- error_code eval
[(400) x 5]



=== TEST 6: logging in
--- request
POST /api/auth/login
{"email":"NEW@example.com","password":"correct horse"}
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"token":"[\w-]+\.[\w-]+\.[\w-]{43}","expiresIn":"1h"\}$



=== TEST 7: a wrong password and an unknown email look the same
--- request eval
[map { "POST /api/auth/login\n{\"email\":\"$_\",\"password\":\"wrong horse\"}" }
 'new@example.com', 'unknown@example.com']
--- error_code eval
[401, 401]
--- response_headers eval
[("WWW-Authenticate: Bearer\nContent-Type: application/problem+json") x 2]
--- response_body eval
[('{"type":"urn:kanda:problem:invalid_credentials","title":"Invalid credentials","status":401,"detail":"Email or password is wrong.","code":"invalid_credentials"}') x 2]



=== TEST 8: the sixth login in a row is one too many, for anybody
--- request eval
[(map { "POST /api/auth/login\n{\"email\":\"ghost\@example.com\",\"password\":\"guess $_ of it\"}" } 1 .. 6),
 (map { "POST /api/auth/login\n{\"email\":\"u1\@example.com\",\"password\":\"guess $_ of it\"}" } 1 .. 5),
 "POST /api/auth/login\n{\"email\":\"u1\@example.com\",\"password\":\"" . "\xf0\x9f\x94\x91" x 8 . '"}']
--- error_code eval
[(401) x 5, 429, (401) x 5, 429]
--- response_body_like eval
[(('invalid_credentials') x 5, '"code":"too_many_attempts"') x 2]
--- response_headers_like eval
[(('') x 5, 'Retry-After: (?:900|89\d)') x 2]



=== TEST 9: a key for a token
--- request eval
"POST /api/auth/token\n{\"apiKey\":\"$::key->{apiKey}\"}"
--- response_headers
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"token":"[\w-]+\.[\w-]+\.[\w-]{43}","expiresIn":"1h"\}$



=== TEST 10: a key that lives longer than a token changes nothing
--- request eval
"POST /api/auth/token\n{\"apiKey\":\"$::brief->{apiKey}\"}"
--- response_body_like chop
"expiresIn":"1h"\}$



=== TEST 11: keys that are none
--- request eval
[map { "POST /api/auth/token\n{\"apiKey\":\"$_\"}" }
 $::dead->{apiKey}, 'kan_your_api_key_here', '', substr($::key->{apiKey}, 0, -1),
 $::key->{apiKey} . 'A', $::key->{prefix}, $::owner->{token}]
--- error_code eval
[(401) x 7]
--- response_body eval
[('{"type":"urn:kanda:problem:invalid_api_key","title":"Invalid API key","status":401,"detail":"The API key is unknown, revoked or expired.","code":"invalid_api_key"}') x 7]



=== TEST 12: who am I, by token, by key
--- as: owner
--- request
GET /api/auth/me
--- response_body_like chop
^\{"userId":"[a-z2-7]{26}","email":"owner@example.com","createdAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","twoFactorEnabled":false\}$



=== TEST 13: by a key in the header of its own
--- as: key
--- request
GET /api/auth/me
--- response_body_like: "email":"owner@example.com"



=== TEST 14: by a key as bearer
--- as: bearer
--- request
GET /api/auth/me
--- response_body_like: "email":"owner@example.com"



=== TEST 15: by a key that is gone
--- as: dead
--- request
GET /api/auth/me
--- error_code: 401
--- response_headers_like
WWW-Authenticate: Bearer.*
--- response_body_like: "code":"unauthorized"



=== TEST 16: by nobody
--- request
GET /api/auth/me
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
Content-Type: application/problem+json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body chomp
{"type":"urn:kanda:problem:unauthorized","title":"Unauthorized","status":401,"detail":"A valid token or API key is needed.","code":"unauthorized"}



=== TEST 17: the scheme is named in any case
--- request
GET /api/auth/me
--- more_headers eval
"Authorization: bEARER $::owner->{token}"
--- response_body_like: owner@example.com



=== TEST 18: logging out, and what the token is worth then
--- as: leaver
--- request eval
["GET /api/auth/me", "POST /api/auth/logout", "GET /api/auth/me",
 "POST /api/auth/logout", "GET /api/totp"]
--- error_code eval
[200, 200, 401, 401, 401]
--- response_body_like eval
['leaver', '^\{"revoked":true\}$', 'unauthorized', 'unauthorized', 'unauthorized']



=== TEST 19: a route without a body ignores one
--- as: owner
--- request
POST /api/auth/logout
this is no JSON
--- response_body chomp
{"revoked":true}



=== TEST 20: fields that nobody knows set nothing
--- request
POST /api/auth/register
{"email":"extra@example.com","password":"correct horse","userId":"x","tenantId":"y","role":"admin","realm":"other"}
--- error_code: 201
--- response_body_like chop
^\{"userId":"[a-z2-7]{26}","email":"extra@example.com"\}$
