# API keys: one request, one answer.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;
our $other = $k->account;
our %key = map { $_->[0] => $k->post('/apikeys', $owner, $_->[1])->json } (
    [ full => {} ],
    [ keys => { scopes => ['keys'] } ],
    [ most => { scopes => [qw(keys validate logs)] } ],
    [ doomed => {} ],
    [ lister => { name => 'lister' } ],
);
our $minted = $k->post('/auth/token', undef,
                       { apiKey => $key{doomed}{apiKey} })->json->{token};

my %as = (owner => "Authorization: Bearer $owner->{token}",
          other => "Authorization: Bearer $other->{token}",
          minted => "Authorization: Bearer $minted",
          map { $_ => "x-api-key: $key{$_}{apiKey}" } keys %key);

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => $k->location_config);
    $block->set_value(more_headers => $as{$block->as // 'owner'});
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a key with nothing said has every scope
--- request
POST /api/apikeys
{}
--- error_code: 201
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"id":"([a-z2-7]+)","apiKey":"(kan_[\w-]{4})[\w-]+","prefix":"\2","name":null,"scopes":\["validate","clients","logs","keys","stateless"\],"regions":null,"createdAt":"[-0-9T:.]{23}Z","expiresAt":null\}$



=== TEST 2: a key with everything said
--- request
POST /api/apikeys
{"name":"Zürich \"1\"","scopes":["stateless","validate"],"expiresAt":"2999-12-31T23:59:59.5+01:00","regions":["eu-1","us"]}
--- error_code: 201
--- response_body_like chop
"name":"Zürich \\"1\\"","scopes":\["validate","stateless"\],"regions":\["eu-1","us"\],"createdAt":"[^"]+","expiresAt":"2999-12-31T22:59:59\.500Z"\}$



=== TEST 3: what cannot be
--- request eval
[map { "POST /api/apikeys\n{$_}" }
 '"scopes":[]', '"scopes":["all"]', '"scopes":"validate"', '"scopes":["logs","logs"]',
 '"scopes":[1]', '"name":5', '"name":"' . 'x' x 129 . '"', '"name":"a\\nb"',
 '"expiresAt":"2020-01-01T00:00:00Z"', '"expiresAt":"tomorrow"', '"expiresAt":4102444800',
 '"expiresAt":"2999-02-30T00:00:00Z"', '"regions":"eu"', '"regions":["EU"]', '"regions":[]']
--- error_code eval
[(400) x 15]
--- response_body_like eval
[('"code":"invalid_request"') x 15]



=== TEST 4: a key that may only make keys
--- as: keys
--- request eval
["POST /api/apikeys\n{}", "POST /api/apikeys\n" . '{"scopes":["keys"]}',
 "POST /api/apikeys\n" . '{"scopes":["validate"]}',
 "POST /api/apikeys\n" . '{"scopes":["keys","logs"]}']
--- error_code eval
[201, 201, 403, 403]
--- response_body_like eval
['"scopes":\["keys"\]', '"scopes":\["keys"\]', '"code":"insufficient_scope"', '"code":"insufficient_scope"']



=== TEST 5: a key hands on any of its scopes and no other
--- as: most
--- request eval
[map { "POST /api/apikeys\n{\"scopes\":[$_]}" } '"validate"', '"logs","validate"', '"logs","clients"', '"stateless"']
--- error_code eval
[201, 201, 403, 403]



=== TEST 6: a key and the tokens made from it die at once
--- as: minted
--- request eval
['GET /api/auth/me', "DELETE /api/apikeys/$::key{doomed}{id}", 'GET /api/auth/me', 'GET /api/apikeys']
--- error_code eval
[200, 200, 401, 401]
--- response_body_like eval
['email', '^\{"id":"' . $::key{doomed}{id} . '","revoked":true\}$', 'unauthorized', 'unauthorized']



=== TEST 7: the key itself is dead, too
--- as: doomed
--- request
GET /api/auth/me
--- error_code: 401
--- response_headers_like
WWW-Authenticate: Bearer.*



=== TEST 8: it cannot be revoked twice
--- request eval
["DELETE /api/apikeys/$::key{doomed}{id}", 'DELETE /api/apikeys/nothing', 'DELETE /api/apikeys/%00']
--- error_code eval
[404, 404, 400]
--- response_body_like eval
['^\{"type":"urn:kanda:problem:api_key_not_found","title":"[^"]+","status":404,"detail":"[^"]+","code":"api_key_not_found"\}$',
 'api_key_not_found', 'invalid_request|Bad Request']



=== TEST 9: nor by somebody else
--- as: other
--- request eval
["DELETE /api/apikeys/$::key{full}{id}", 'GET /api/apikeys']
--- error_code eval
[404, 200]
--- response_body_like eval
['api_key_not_found', '^\{"apiKeys":\[\]\}$']



=== TEST 10: the list shows no key
--- as: lister
--- request
GET /api/apikeys
--- response_headers
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"apiKeys":\[(?:\{"id":"[a-z2-7]+","prefix":"kan_....","name":(?:null|"[^{}]+"),"scopes":\[[a-z",]+\],"regions":(?:null|\[[a-z0-9",-]+\]),"createdAt":"[^"]+","lastUsedAt":(?:null|"[^"]+"),"expiresAt":(?:null|"[^"]+")\},?)+\]\}$



=== TEST 11: and when it was used, newest first
--- request
GET /api/apikeys
--- response_body_like chop
"name":"lister",[^{}]*"lastUsedAt":"[-0-9T:.]{23}Z"[^{}]*\},\{"id":"
