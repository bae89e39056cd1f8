# TOTP clients: one request, one answer.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;
our $other = $k->account;

settle(3);

our $c = $k->client($owner, clientId => 'ready');
our $t = $k->client($other, clientId => 'theirs');
our $id128 = 'x' x 128;

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

=== TEST 1: a client
--- request
POST /api/totp/register
{"clientId":"user-123","label":"alice@example.com","issuer":"MyApp"}
--- error_code: 201
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"clientId":"user-123","secret":"([A-Z2-7]{32})","otpauthUrl":"otpauth://totp/MyApp:alice%40example\.com\?secret=\1&issuer=MyApp&algorithm=SHA1&digits=6&period=30","qrDataUrl":"data:image/png;base64,[A-Za-z0-9+/]+=*"\}$



=== TEST 2: a second one of that name leaves the first as it is
--- request eval
["POST /api/totp/register\n" . '{"clientId":"ready","secret":"JBSWY3DPEHPK3PXP"}',
 "POST /api/totp/validate\n" . '{"clientId":"ready","token":"' . main::totp($::c->{secret}) . '"}']
--- error_code eval
[409, 200]
--- response_body_like eval
['^\{"type":"urn:kanda:problem:client_exists","title":"[^"]+","status":409,"detail":"[^"]+","code":"client_exists"\}$',
 '^\{"valid":true\}$']



=== TEST 3: the same code again
--- request eval
"POST /api/totp/validate\n" . '{"clientId":"ready","token":"' . main::totp($::c->{secret}) . '"}'
--- response_headers
Kanda-Reason: replayed
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body chomp
{"valid":false}



=== TEST 4: a wrong code
--- request eval
"POST /api/totp/validate\n" . '{"clientId":"ready","token":"' . main::wrong_code($::c->{secret}) . '"}'
--- response_headers
Kanda-Reason: wrong_code
--- response_body chomp
{"valid":false}



=== TEST 5: what cannot be a code
--- request eval
[map { "POST /api/totp/validate\n" . qq({"clientId":"ready","token":"$_"}) }
 '', '12345', '1234567', '12345a', 'anything at all']
--- response_headers eval
[('Kanda-Reason: malformed') x 5]
--- response_body eval
[('{"valid":false}') x 5]



=== TEST 6: nobody of that name, and no other field in any refusal
--- request
POST /api/totp/validate
{"clientId":"nobody","token":"123456"}
--- error_code: 404
--- response_headers
Content-Type: application/problem+json
Kanda-Reason: unknown_client
Cache-Control: no-store
--- response_body_like chop
^\{"type":"urn:kanda:problem:client_not_found","title":"[^"]+","status":404,"detail":"[^"]+","code":"client_not_found","valid":false\}$



=== TEST 7: every refusal of validate says that nothing is valid
--- request eval
["POST /api/totp/validate\n{}", "POST /api/totp/validate\n[", "POST /api/totp/validate\n[" . ' ' x 65537 . "]"]
--- error_code eval
[400, 400, 413]
--- response_body_like eval
[('"valid":false\}$') x 3]



=== TEST 8: a 401 does, too
--- as: nobody
--- request
POST /api/totp/validate
{"clientId":"ready","token":"123456"}
--- error_code: 404
--- response_body_like: "valid":false\}$



=== TEST 9: clients of somebody else are nobody
--- request eval
['GET /api/totp/theirs', 'DELETE /api/totp/theirs', 'GET /api/totp/qrcode/theirs',
 'POST /api/totp/rotate/theirs', 'POST /api/totp/unlock/theirs',
 'POST /api/totp/recovery/theirs',
 'GET /api/totp/absent', 'DELETE /api/totp/absent', 'GET /api/totp/qrcode/absent',
 'POST /api/totp/rotate/absent', 'POST /api/totp/unlock/absent',
 'POST /api/totp/recovery/absent']
--- error_code eval
[(404) x 12]
--- response_body eval
[('{"type":"urn:kanda:problem:client_not_found","title":"Client not found","status":404,"detail":"There is no client with this clientId.","code":"client_not_found"}') x 12]



=== TEST 10: the same name at somebody else's is another client
--- request
POST /api/totp/register
{"clientId":"theirs"}
--- error_code: 201



=== TEST 11: and theirs has its own codes
--- as: other
--- request eval
"POST /api/totp/validate\n" . '{"clientId":"theirs","token":"' . main::totp($::t->{secret}) . '"}'
--- response_body chomp
{"valid":true}



=== TEST 12: one client, its label made of its name
--- request
GET /api/totp/theirs
--- response_headers
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"clientId":"theirs","label":"theirs","issuer":null,"algorithm":"SHA1","digits":6,"period":30,"createdAt":"[-0-9T:.]{23}Z","confirmedAt":null,"lastUsedAt":null,"locked":false,"recoveryCodesLeft":0\}$



=== TEST 13: without an issuer there is neither prefix nor parameter
--- request
POST /api/totp/register
{"clientId":"bare"}
--- error_code: 201
--- response_body_like: "otpauthUrl":"otpauth://totp/bare\?secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30"



=== TEST 14: every byte that might mean something is encoded
--- request
POST /api/totp/register
{"clientId":"odd","label":"a b+c&d=e?f#g/h%41:~-._é","issuer":"Ä & Ö, \"x\"?"}
--- error_code: 201
--- response_body_like: otpauth://totp/%C3%84%20%26%20%C3%96%2C%20%22x%22%3F:a%20b%2Bc%26d%3De%3Ff%23g%2Fh%2541%3A~-._%C3%A9\?secret=[A-Z2-7]{32}&issuer=%C3%84%20%26%20%C3%96%2C%20%22x%22%3F&algorithm=SHA1&digits=6&period=30"



=== TEST 15: other algorithms have longer secrets
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"$_","algorithm":"$_","digits":8,"period":60}) }
 'SHA256', 'SHA512']
--- error_code eval
[201, 201]
--- response_body_like eval
['"secret":"[A-Z2-7]{52}",.*&algorithm=SHA256&digits=8&period=60"',
 '"secret":"[A-Z2-7]{103}",.*&algorithm=SHA512&digits=8&period=60"']



=== TEST 16: a secret of one's own, as people write it
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"own-@{[++$::n]}","secret":"$_"}) }
 'JBSWY3DPEHPK3PXP', 'jbswy3dpehpk3pxp', 'jbsw y3dp ehpk 3pxp',
 'JBSW-Y3DP-EHPK-3PXP', 'GEZDGNBVGY3TQOJQGEZDGNA=', 'A' x 204 . 'A']
--- error_code eval
[(201) x 6]
--- response_body_like eval
[('"secret":"JBSWY3DPEHPK3PXP",') x 4, '"secret":"GEZDGNBVGY3TQOJQGEZDGNA",', '"secret":"A{205}"']



=== TEST 17: secrets that are none
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"none","secret":"$_"}) }
 '', 'JBSWY3DPEHPK3PX', 'JBSWY3DPEHPK3PX1', 'A' x 206, 'GEZDGNBVGY3TQOJQGEZDGNA====']
--- error_code eval
[(400) x 5]
--- response_body_like eval
[('"code":"invalid_request"') x 5]



=== TEST 18: names of up to 128 bytes
--- request eval
["POST /api/totp/register\n" . qq({"clientId":"$::id128"}),
 "POST /api/totp/register\n" . qq({"clientId":"x$::id128"}),
 "GET /api/totp/$::id128", "GET /api/totp/x$::id128"]
--- error_code eval
[201, 400, 200, 400]



=== TEST 19: names that paths cannot have
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"$_"}) } '', '.', '..', 'a\\nb', 'a\\u0000b', 'a\\u007f']
--- error_code eval
[(400) x 6]



=== TEST 20: clients may be called like routes
--- request eval
[map { ("POST /api/totp/register\n" . qq({"clientId":"$_","label":"$_"}),
        "GET /api/totp/$_", "GET /api/totp/qrcode/$_", "POST /api/totp/unlock/$_",
        "POST /api/totp/rotate/$_", "POST /api/totp/recovery/$_", "DELETE /api/totp/$_",
        "GET /api/totp/$_") }
 'validate', 'register', 'qrcode', 'rotate', 'unlock', 'recovery', 'totp']
--- error_code eval
[(201, 200, 200, 200, 200, 201, 200, 404) x 7]



=== TEST 21: a name is its bytes, however the path spells them
--- request eval
["POST /api/totp/register\n" . '{"clientId":"a/b c%2F"}', 'GET /api/totp/a%2Fb%20c%252F',
 'GET /api/totp/%61%2fb%20c%252F', 'GET /api/totp/a/b%20c%252F', 'GET /api/totp/a%2Fb%20c%2F',
 'GET /api/totp/A%2Fb%20c%252F', 'POST /api/totp/rotate/a%2Fb%20c%252F',
 'GET /api/totp/qrcode/a%2Fb%20c%252F', 'DELETE /api/totp/a%2Fb%20c%252F',
 'GET /api/totp/a%2Fb%20c%252F']
--- error_code eval
[201, 200, 200, 404, 404, 404, 200, 200, 200, 404]



=== TEST 22: deleting says so
--- request eval
['DELETE /api/totp/bare', 'DELETE /api/totp/bare']
--- error_code eval
[200, 404]
--- response_body_like eval
['^\{"clientId":"bare","deleted":true\}$', 'client_not_found']



=== TEST 23: unlocking says so, even where nothing is locked
--- request
POST /api/totp/unlock/odd
--- response_body chomp
{"clientId":"odd","unlocked":true}



=== TEST 24: rotating answers as registering does
--- request
POST /api/totp/rotate/user-123
--- response_headers
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"clientId":"user-123","secret":"([A-Z2-7]{32})","otpauthUrl":"otpauth://totp/MyApp:alice%40example\.com\?secret=\1&issuer=MyApp&algorithm=SHA1&digits=6&period=30","qrDataUrl":"data:image/png;base64,[A-Za-z0-9+/]+=*"\}$



=== TEST 25: rotating keeps algorithm, digits and period
--- request
POST /api/totp/rotate/SHA512
--- response_body_like: "secret":"[A-Z2-7]{103}",.*&algorithm=SHA512&digits=8&period=60"



=== TEST 26: recovery codes
--- request
POST /api/totp/recovery/user-123
--- error_code: 201
--- response_headers
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body_like chop
^\{"clientId":"user-123","recoveryCodes":\["[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}"(?:,"[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}"){9}\]\}$



=== TEST 27: what is out of range
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"range",$_}) }
 '"digits":5', '"digits":9', '"digits":"6"', '"digits":6.5', '"period":9', '"period":301',
 '"algorithm":"sha1"', '"algorithm":"MD5"', '"issuer":"a:b"', '"label":""',
 '"label":"' . 'x' x 129 . '"', '"issuer":"' . 'x' x 129 . '"', '"label":5', '"secret":5']
--- error_code eval
[(400) x 14]
--- response_body_like eval
['digits', 'digits', 'digits', 'digits', 'period', 'period', 'algorithm', 'algorithm',
 'issuer', 'label', 'label', 'issuer', 'label', 'secret']



=== TEST 28: what is in range
--- request eval
[map { "POST /api/totp/register\n" . qq({"clientId":"in-@{[++$::n]}",$_}) }
 '"digits":6', '"digits":7', '"digits":8', '"period":10', '"period":300',
 '"label":"' . 'x' x 128 . '"', '"issuer":"' . 'x' x 128 . '"', '"label":null', '"issuer":null',
 '"issuer":""', '"digits":null,"period":null,"algorithm":null,"secret":null']
--- error_code eval
[(201) x 11]
