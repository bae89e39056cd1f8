# The access log: pages, filters, entries.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;
our $other = $k->account;
our $key = $k->post('/apikeys', $owner, { scopes => ['validate'] })->json;

settle(3);

our $c = $k->client($owner, clientId => "\xfcn\xef\"code\\");

$k->client($other, clientId => 'theirs');

# what the blocks below look at: a right code by key, and one sent again
for (1 .. 2) {
    $k->post('/totp/validate', undef,
             { clientId => $c->{clientId}, token => totp($c->{secret}) },
             'x-api-key' => $key->{apiKey}, 'User-Agent' => 'Grüße/1.0');
}

add_block_preprocessor(sub {
    my ($block) = @_;
    my $who = $block->as ? $other : $owner;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => $k->location_config);
    $block->set_value(more_headers => "Authorization: Bearer $who->{token}");
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a page, newest first
--- request
GET /api/logs
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"logs":\[\{"id":"6",.*\{"id":"5",.*\{"id":"4",.*\{"id":"3",.*\{"id":"2",.*\{"id":"1",.*"event":"auth.register",.*\}\],"total":6,"limit":50,"offset":0\}$



=== TEST 2: all that an entry says
--- request
GET /api/logs?event=totp.validate&limit=1&offset=1
--- response_body_like eval
qr/^\{"logs":\[\{"id":"5","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","event":"totp\.validate","success":true,"clientId":"\xc3\xbcn\xc3\xaf\\"code\\\\","reason":null,"ip":"127\.0\.0\.1","userAgent":"Gr\xc3\xbc\xc3\x9fe\/1\.0","apiKeyId":"$::key->{id}"\}\],"total":2,"limit":1,"offset":1\}$/



=== TEST 3: and of a failure
--- request
GET /api/logs?event=totp.validate&limit=1
--- response_body_like: "event":"totp.validate","success":false,"clientId":"[^,]+","reason":"replayed",



=== TEST 4: pages
--- request eval
[map { "GET /api/logs?$_" } 'limit=2', 'limit=2&offset=2', 'limit=2&offset=5', 'limit=2&offset=6', 'limit=200&offset=1000000']
--- response_body_like eval
['"id":"6".*"id":"5".*"total":6,"limit":2,"offset":0', '"id":"4".*"id":"3".*"total":6,"limit":2,"offset":2',
 '^\{"logs":\[\{"id":"1"[^{}]+\}\],', '^\{"logs":\[\],"total":6,', '^\{"logs":\[\],"total":6,']



=== TEST 5: what is no page
--- request eval
[map { "GET /api/logs?$_" } 'limit=0', 'limit=201', 'limit=-1', 'limit=x', 'limit=', 'limit=1&limit=2',
 'offset=-1', 'offset=1000001', 'offset=1e3', 'offset=18446744073709551616']
--- error_code eval
[(400) x 10]
--- response_body_like eval
[('"detail":"limit.*"code":"invalid_request"') x 6, ('"detail":"offset.*"code":"invalid_request"') x 4]



=== TEST 6: events by their whole names
--- request eval
[map { "GET /api/logs?event=$_" } 'auth.register', 'auth.login', 'apikey.create', 'totp.register', 'totp.qrcode', '']
--- response_body_like eval
[map { "\"total\":$_," } 1, 1, 1, 1, 0, 6]



=== TEST 7: what is no event
--- request eval
[map { "GET /api/logs?event=$_" } 'totp', 'totp.', 'validate', 'totp.*', 'TOTP.VALIDATE', 'auth.register%00', 'totp.validate&event=totp.validate']
--- error_code eval
[(400) x 7]



=== TEST 8: somebody else's log is somebody else's
--- as: other
--- request
GET /api/logs
--- response_body_like chop
^\{"logs":\[(?:\{[^{}]*"clientId":(?:null|"theirs")[^{}]*\},?){3}\],"total":3,



=== TEST 9: looking leaves no entry
--- request
GET /api/logs
--- response_body_like: "total":6,



=== TEST 10: a failed login does, without the password
--- request eval
["POST /api/auth/login\n" . qq({"email":"$::owner->{email}","password":"wrong horse battery"}), "GET /api/logs?event=auth.login"]
--- error_code eval
[401, 200]
--- response_body_like eval
['', '^\{"logs":\[\{[^{}]*"success":false,"clientId":null,"reason":"[a-z_]+",[^{}]*\},\{[^{}]*"success":true']
