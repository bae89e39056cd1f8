# The stateless JSON API: the example of its document, every parameter, and what
# it refuses.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Kanda::Stateless;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;

our %key = Kanda::Stateless::keys_of($k, $owner);

our $secret = 'JBSWY3DPEHPK3PXP';
our $query = 'issuer=MyApp&account_name=user@example.com';

# a body of totp-verify, and what else is in it
sub body { "POST /v1/auth/totp-verify\n" . qq({"secret":"$secret","code":"482193"$_[0]}) }

# what a 400 says of a parameter
sub names { qr/^\{"type":"urn:kanda:problem:invalid_request","title":"[^"]+","status":400,"detail":"\Q$_[0]\E [^"]+","code":"invalid_request"\}$/ }

add_block_preprocessor(sub {
    my ($block) = @_;
    my $more = $block->conf // '';
    my $as = $block->as // 'good';

    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => "location /v1/auth/ { kanda_serve toolkit; $more }");
    $block->set_value(more_headers => join "\n",
        $as eq 'nobody' ? () : "Authorization: Bearer $key{$as}",
        $block->with // ());
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: totp-generate, as the document has it
--- request
GET /v1/auth/totp-generate?issuer=MyApp&account_name=user@example.com&digits=6&period=30
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"secret":"([A-Z2-7]{32})","uri":"otpauth://totp/MyApp:user%40example\.com\?secret=\1&issuer=MyApp&digits=6&period=30&algorithm=SHA1","qr_code":"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*","current_code":"[0-9]{6}"\}$



=== TEST 2: every parameter, in any order, and the defaults of all but two
--- request eval
["GET /v1/auth/totp-generate?algorithm=SHA512&digits=8&period=120&account_name=a&issuer=b", "GET /v1/auth/totp-generate?algorithm=SHA256&period=10&$::query",
 "GET /v1/auth/totp-generate?$::query"]
--- response_body_like eval
['"secret":"([A-Z2-7]{103})","uri":"otpauth://totp/b:a\?secret=\1&issuer=b&digits=8&period=120&algorithm=SHA512".*"current_code":"\d{8}"',
 '"secret":"([A-Z2-7]{52})","uri":"otpauth://totp/MyApp:user%40example.com\?secret=\1&issuer=MyApp&digits=6&period=10&algorithm=SHA256"',
 'secret=([A-Z2-7]{32})&issuer=MyApp&digits=6&period=30&algorithm=SHA1"']



=== TEST 3: a query is a form: "+" is a space, and what is escaped is read once
--- request eval
["GET /v1/auth/totp-generate?issuer=My+App%20%2B&account_name=%C3%A9%2541", "GET /v1/auth/totp-generate?%69ssuer=a&account_name=b&unknown=%20&&x"]
--- response_body_like eval
['otpauth://totp/My%20App%20%2B:%C3%A9%2541\?secret=[A-Z2-7]+&issuer=My%20App%20%2B&', 'otpauth://totp/a:b\?']



=== TEST 4: what totp-generate needs
--- request eval
[map { "GET /v1/auth/totp-generate$_" } '', '?issuer=a', '?issuer=&account_name=b', '?account_name=b', '?issuer=a&account_name=', '?issuer=a:b&account_name=c',
 '?issuer=a&account_name=%ff', '?issuer=a&account_name=b%00', '?issuer=' . 'a' x 129 . '&account_name=b']
--- error_code eval
[(400) x 9]
--- response_headers eval
[("Content-Type: application/problem+json\nCache-Control: no-store\nX-Content-Type-Options: nosniff") x 9]
--- response_body_like eval
[map { main::names($_) } qw(issuer account_name issuer issuer account_name issuer account_name account_name issuer)]



=== TEST 5: totp-generate: digits, period, algorithm
--- request eval
[map { "GET /v1/auth/totp-generate?$::query&$_" } (map { "digits=$_" } 5, 7, 9, '', 'six', '6.0', '+6', -6), (map { "period=$_" } 9, 121, '', '30s', '4294967326'),
 (map { "algorithm=$_" } '', 'sha1', 'SHA-1', 'MD5', 'SHA1%00')]
--- error_code eval
[(400) x 18]
--- response_body_like eval
[map { main::names($_) } ('digits') x 8, ('period') x 5, ('algorithm') x 5]



=== TEST 6: totp-generate: what is given twice, or not as a query is
--- request eval
[map { "GET /v1/auth/totp-generate?$::query&$_" } 'issuer=b', 'account_name=x', 'digits=6&digits=6', 'digits=6&%64igits=8', 'period=30&period=30', 'algorithm=SHA1&algorithm=SHA1',
 'x=1&x=2', 'x1=1&x1=2', 'x=%', 'x=%zz']
--- error_code eval
[(400) x 10]
--- response_body_like eval
[(map { main::names($_) } qw(issuer account_name digits digits period algorithm x A)), ('"detail":"A \'%\' stands without two hexadecimal digits."') x 2]



=== TEST 7: totp-verify: a wrong code, and what is none
--- request eval
[map { "POST /v1/auth/totp-verify\n" . qq({"secret":"$::secret","code":"$_"}) } '000 00', 'abcdef', '', '12345', '12345678', '1234567890']
--- response_headers eval
[("Content-Type: application/json\nCache-Control: no-store") x 6]
--- response_body eval
[('{"valid":false,"drift":0}') x 6]



=== TEST 8: totp-verify: what it needs
--- request eval
[map { "POST /v1/auth/totp-verify\n$_" } '{}', '{"code":"123456"}', '{"secret":null,"code":"123456"}', '{"secret":"","code":"123456"}', qq({"secret":"$::secret"}),
 qq({"secret":"$::secret","code":123456}), qq({"secret":1,"code":"123456"}), '{"secret":"JBSWY3DPEHPK3PX1","code":"123456"}', '{"secret":"JBSWY3DP","code":"123456"}']
--- error_code eval
[(400) x 9]
--- response_body_like eval
[map { main::names($_) } qw(secret secret secret secret code code secret secret secret)]



=== TEST 9: totp-verify: window, digits, period, algorithm
--- request eval
[map { main::body(",$_") } (map { qq("window":$_) } -1, 11, 1.5, '"1"', '[]', 1e10), (map { qq("digits":$_) } 5, 7, 9, '"6"', 'true'), (map { qq("period":$_) } 9, 121, '"30"'),
 (map { qq("algorithm":$_) } '"sha1"', '"MD5"', '""', 1)]
--- error_code eval
[(400) x 18]
--- response_body_like eval
[map { main::names($_) } ('window') x 6, ('digits') x 5, ('period') x 3, ('algorithm') x 4]



=== TEST 10: totp-verify: all that there may be
--- request eval
[map { main::body(",$_") } '"window":0', '"window":10', '"window":null', '"digits":8', '"period":10', '"period":120', '"algorithm":"SHA256"', '"algorithm":"SHA512","unknown":[1]']
--- response_body_like eval
[('^\{"valid":(?:true|false),"drift":-?\d+\}$') x 8]



=== TEST 11: totp-verify: strict JSON
--- request eval
[map { "POST /v1/auth/totp-verify\n$_" } '{', '[]', '', qq({"secret":"$::secret","code":"1","code":"2"}), 'secret=x&code=y']
--- error_code eval
[(400) x 5]
--- response_body_like eval
[('"code":"invalid_json"') x 5]



=== TEST 12: problems of all kinds
--- request eval
['GET /v1/auth/', 'GET /v1/auth/nothing', "POST /v1/auth/totp-generate?$::query", 'GET /v1/auth/totp-verify', 'FOO /v1/auth/totp-verify', "POST /v1/auth/totp-verify\n" . 'x' x 65537]
--- error_code eval
[404, 404, 405, 405, 405, 413]
--- response_headers eval
["! Allow", "! Allow", "Allow: GET, HEAD", "Allow: POST", "Allow: POST", "Content-Type: application/problem+json"]
--- response_body_like eval
[map { qr/"code":"$_"\}$/ } 'not_found', 'not_found', ('method_not_allowed') x 3, 'body_too_large']



=== TEST 13: another kind of body
--- with
Content-Type: application/x-www-form-urlencoded
--- request
POST /v1/auth/totp-verify
secret=x&code=y
--- error_code: 415
--- response_body_like: "code":"unsupported_media_type"



=== TEST 14: a body for totp-generate is nobody's
--- request eval
["GET /v1/auth/totp-generate?account_name=a\n" . '{"issuer":"x"}', "GET /v1/auth/totp-generate?$::query\nissuer=other"]
--- error_code eval
[400, 200]



=== TEST 15: nor is a query for totp-verify
--- request eval
["POST /v1/auth/totp-verify?code=123456&secret=$::secret\n{}", "POST /v1/auth/totp-verify?code=%zz&code=1\n" . qq({"secret":"$::secret","code":"x"})]
--- error_code eval
[400, 200]



=== TEST 16: the key in its own header
--- as: nobody
--- with eval: "x-api-key: $::key{good}"
--- request eval
"GET /v1/auth/totp-generate?$::query"



=== TEST 17: no key
--- as: nobody
--- request eval
["GET /v1/auth/totp-generate?$::query", 'GET /v1/auth/totp-generate', "POST /v1/auth/totp-verify\n{}"]
--- error_code eval
[(401) x 3]
--- response_headers eval
[("WWW-Authenticate: Bearer\nContent-Type: application/problem+json") x 3]
--- response_body_like eval
[('"code":"unauthorized"') x 3]



=== TEST 18: a revoked key, told so before what else is wrong
--- as: revoked
--- request eval
["GET /v1/auth/totp-generate?$::query", 'GET /v1/auth/totp-generate', "POST /v1/auth/totp-verify\n{}", main::body('')]
--- error_code eval
[(401) x 4]
--- response_headers eval
[('WWW-Authenticate: Bearer error="invalid_token"') x 4]



=== TEST 19: a token is no key here
--- as: token
--- request eval
["GET /v1/auth/totp-generate?$::query", main::body('')]
--- error_code eval
[(401) x 2]
--- response_headers eval
[('WWW-Authenticate: Bearer error="invalid_token"') x 2]



=== TEST 20: a key without the scope
--- as: weak
--- request eval
["GET /v1/auth/totp-generate?$::query", main::body(''), "POST /v1/auth/totp-verify\n{}"]
--- error_code eval
[403, 403, 400]
--- response_body_like eval
['"code":"insufficient_scope"', '"code":"insufficient_scope"', '"code":"invalid_request"']



=== TEST 21: a key for another region
--- as: asia
--- conf: kanda_region eu;
--- request eval
["GET /v1/auth/totp-generate?$::query", main::body('')]
--- error_code eval
[(403) x 2]
--- response_body_like eval
[('"code":"insufficient_scope"') x 2]



=== TEST 22: HEAD is GET without a body
--- request eval
"HEAD /v1/auth/totp-generate?$::query"
--- response_headers
Content-Type: application/json
--- response_body:
