# The stateless form API: each example of its document, and what it refuses.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Kanda::Stateless;
use Test::Nginx::Socket;

our $k = Kanda->new->start;
our $owner = $k->account;

our %key = Kanda::Stateless::keys_of($k, $owner);

# the document's texts, whose lines its page has broken
our $forbidden = '{"message":"Please check the following: 1) An *active* '
    . 'Renda.io subscription 2) API being invoked must be *Subscribed* in '
    . 'Renda developer portal 3) A valid *API Key* must be passed in '
    . "'x-api-key' request header parameter. Please refer to Renda "
    . 'documentation for more details - https://documentation.renda.io"}';
our $unsupported = '{"message":"Unsupported API request. Please refer to '
    . 'Renda documentation for more details documentation.renda.io"}';
our $secret = 'LVJFKZI5AJZXIZKG';

add_block_preprocessor(sub {
    my ($block) = @_;
    my $more = $block->conf // '';
    my $as = $block->as // 'good';
    my @headers = $as eq 'nobody' ? () : map { "x-api-key: $key{$_}" }
                                         split ' ', $as;

    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => "location /totp/ { kanda_serve otp; $more }");
    $block->set_value(more_headers => join "\n", @headers, $block->with // ());
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: ping, as the document has it
--- request
GET /totp/ping
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
--- response_body chop
[{"type":"Success","message":"Renda.io ping successful"}]



=== TEST 2: ping without a good key
--- as: wrong
--- request
GET /totp/ping
--- error_code: 403
--- response_headers
Content-Type: application/json
Cache-Control: no-store
! WWW-Authenticate
--- response_body eval: $::forbidden



=== TEST 3: generateQRCode answers with a picture
--- request
POST /totp/generateQRCode
data=tel%3A%2B49+30+123
--- response_headers
Content-Type: image/png
Cache-Control: no-store
--- response_body_like eval: qr/^\x89PNG\r\n\x1a\n.*IEND....$/s



=== TEST 4: generateQRCode without data, and with none in it
--- request eval
["POST /totp/generateQRCode", "POST /totp/generateQRCode\ndata=", "POST /totp/generateQRCode\ndata", "POST /totp/generateQRCode\nDATA=x"]
--- error_code eval
[(400) x 4]
--- response_body eval
[('[{"type":"Error","message":"No Data provided to generate QR Code"}]') x 4]



=== TEST 5: an unsupported request, whoever asks
--- as: nobody
--- request eval
['GET /totp/generateQRCode', 'GET /totp/nothing', 'GET /totp/', 'DELETE /totp/ping', 'POST /totp/ping', 'FOO /totp/ping',
 'GET /totp/Ping', 'GET /totp/ping/', 'POST /totp/onboardUser/x', 'OPTIONS /totp/getOTP']
--- error_code eval
[(403) x 10]
--- response_body eval
[($::unsupported) x 10]
--- response_headers eval
[("Content-Type: application/json\nCache-Control: no-store\n! Allow") x 10]



=== TEST 6: onboardUser: the example's user
--- request
POST /totp/onboardUser
userID=jafferali&applicationID=Renda
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body_like chop
^\{"secretKey":"([A-Z2-7]{32})","otpURL":"otpauth://totp/Renda:jafferali\?secret=\1&period=30&digits=6&algorithm=SHA1&issuer=Renda","QRCode":"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*","token":"[0-9]{6}"\}$



=== TEST 7: onboardUser: other tokens, other names
--- request
POST /totp/onboardUser
tokenLength=8&userID=a%40b.example+%2B1&tokenValidity=60&applicationID=My+App
--- response_body_like chop
^\{"secretKey":"([A-Z2-7]{32})","otpURL":"otpauth://totp/My%20App:a%40b.example%20%2B1\?secret=\1&period=60&digits=8&algorithm=SHA1&issuer=My%20App","QRCode":"data:[^"]+","token":"[0-9]{8}"\}$



=== TEST 8: onboardUser: what is missing, in the document's order
--- request eval
["POST /totp/onboardUser", "POST /totp/onboardUser\nuserID=&applicationID=", "POST /totp/onboardUser\nuserID=x", "POST /totp/onboardUser\napplicationID=x"]
--- error_code eval
[(400) x 4]
--- response_body eval
[('[{"type":"Error","message":"User ID is mandatory"},{"type":"Error","message":"Application ID is mandatory"}]') x 2,
 '[{"type":"Error","message":"Application ID is mandatory"}]', '[{"type":"Error","message":"User ID is mandatory"}]']



=== TEST 9: getOTP
--- request eval
["POST /totp/getOTP\nsecret=$::secret", "POST /totp/getOTP\nsecret=$::secret&tokenValidity=300&tokenLength=7"]
--- response_body_like eval
['^\{"currentToken":"\d{6}","timeUsed":\d{1,2},"timeRemaining":\d{1,2},"previousToken":"\d{6}","nextToken":"\d{6}"\}$',
 '^\{"currentToken":"\d{7}","timeUsed":\d{1,3},"timeRemaining":\d{1,3},"previousToken":"\d{7}","nextToken":"\d{7}"\}$']



=== TEST 10: getOTP without a secret
--- request
POST /totp/getOTP
--- error_code: 400
--- response_headers
Content-Type: application/json
--- response_body chop
[{"type":"Error","message":"secret cannot be empty"}]



=== TEST 11: verifyOTP tells back what was submitted, as it was
--- request eval
[map { "POST /totp/verifyOTP\nsecret=$::secret&token=$_" } '911726x', '9117', '123+456+789', 'a%22b%5C%C3%A9', '%E2%80%A8', '+']
--- response_body_like eval
[map { "^\\{\"isValid\":false,\"token\":\"$_\",\"timeUsed\":\\d{1,2},\"timeRemaining\":\\d{1,2}\\}\$" }
 '911726x', '9117', '123 456 789', 'a\\\\"b\\\\\\\\\xc3\xa9', '\\\\u2028', ' ']



=== TEST 12: verifyOTP: what is missing, in the document's order
--- request eval
["POST /totp/verifyOTP", "POST /totp/verifyOTP\ntoken=123456", "POST /totp/verifyOTP\nsecret=$::secret"]
--- error_code eval
[(400) x 3]
--- response_body eval
['[{"type":"Error","message":"Token cannot be empty"},{"type":"Error","message":"Secret cannot be empty"}]',
 '[{"type":"Error","message":"Secret cannot be empty"}]', '[{"type":"Error","message":"Token cannot be empty"}]']



=== TEST 13: what is wrong with a field is one error in a list
--- request eval
["POST /totp/getOTP\nsecret=$::secret&tokenValidity=9", "POST /totp/getOTP\nsecret=$::secret&tokenLength=9", "POST /totp/getOTP\nsecret=123",
 "POST /totp/getOTP\nsecret=a&secret=b", "POST /totp/getOTP\nsecret=%2", "POST /totp/onboardUser\nuserID=x&applicationID=a:b",
 "POST /totp/generateQRCode\ndata=" . 'x' x 2332]
--- error_code eval
[(400) x 7]
--- response_body eval
[map { "[{\"type\":\"Error\",\"message\":\"$_\"}]" }
 'tokenValidity must be a number of seconds from 10 to 300', 'tokenLength must be a number from 6 to 8',
 'secret must be Base32 of 80 to 1024 bits', 'secret is given twice.',
 "A '%' stands without two hexadecimal digits.",
 "applicationID must be at most 128 bytes of UTF-8 without ':' and control characters",
 'data must be at most 2331 bytes']



=== TEST 14: every other failure is one object
--- request eval
["POST /totp/getOTP\n" . 'x' x 65537]
--- error_code eval
[413]
--- response_headers eval
["Content-Type: application/json\nCache-Control: no-store"]
--- response_body eval
['{"message":"A body may have at most 65536 bytes."}']



=== TEST 15: a form is a form
--- with
Content-Type: application/json
--- request
POST /totp/getOTP
{"secret":"x"}
--- error_code: 415
--- response_body chop
{"message":"The body must be application/x-www-form-urlencoded in UTF-8."}



=== TEST 16: said or not, in any case, and with a charset
--- with
Content-Type: Application/X-WWW-Form-urlencoded ; charset="UTF-8"
--- request
POST /totp/getOTP
secret=
--- error_code: 400



=== TEST 17: keys that do not do
--- request eval
['GET /totp/ping', "POST /totp/generateQRCode\ndata=x", "POST /totp/onboardUser\nuserID=x&applicationID=y", "POST /totp/getOTP\nsecret=$::secret",
 "POST /totp/verifyOTP\nsecret=$::secret&token=123456"]
--- as: revoked
--- error_code eval
[(403) x 5]
--- response_body eval
[($::forbidden) x 5]



=== TEST 18: a key without the scope
--- request eval
['GET /totp/ping', "POST /totp/generateQRCode\ndata=x", "POST /totp/onboardUser\nuserID=x&applicationID=y", "POST /totp/getOTP\nsecret=$::secret",
 "POST /totp/verifyOTP\nsecret=$::secret&token=123456"]
--- as: weak
--- error_code eval
[(403) x 5]
--- response_body eval
[($::forbidden) x 5]



=== TEST 19: no key
--- as: nobody
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 20: a token is no key here
--- as: token
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 21: nor is what Authorization bears
--- as: nobody
--- with eval: "Authorization: Bearer $::key{good}"
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 22: which is of no interest beside a key
--- with
Authorization: Basic bWU6bWU=
--- request
GET /totp/ping



=== TEST 23: two keys, or an empty one
--- as: good good
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 24: a dead key is told so before what else is wrong
--- as: revoked
--- request
POST /totp/getOTP
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 25: the regions of a key, this server's among them
--- as: europe
--- conf: kanda_region eu-2;
--- request
GET /totp/ping



=== TEST 26: and not
--- as: asia
--- conf: kanda_region eu-2;
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden



=== TEST 27: nor one that begins like it
--- as: europe
--- conf: kanda_region eu-22;
--- request
GET /totp/ping
--- error_code: 403



=== TEST 28: a key of all regions
--- conf: kanda_region eu-2;
--- request
GET /totp/ping



=== TEST 29: a server of none
--- as: asia
--- request
GET /totp/ping



=== TEST 30: another service's name
--- conf: kanda_service_name "A \"C\" & Sons";
--- request eval
['GET /totp/ping', 'GET /totp/pong']
--- error_code eval
[200, 403]
--- response_body eval
['[{"type":"Success","message":"A \"C\" & Sons.io ping successful"}]', $::unsupported =~ s/Renda/A \\"C\\" & Sons/r]



=== TEST 31: which stands wherever the other did
--- as: wrong
--- conf: kanda_service_name Acme;
--- request
GET /totp/ping
--- error_code: 403
--- response_body eval: $::forbidden =~ s/Renda/Acme/gr



=== TEST 32: HEAD is GET without a body
--- request
HEAD /totp/ping
--- response_headers
Content-Type: application/json
Content-Length: 57
--- response_body:
