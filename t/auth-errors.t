# The login router: one request, one answer, to the letter.

BEGIN { push @INC, 't/lib' }
use Kanda;
use Kanda::Auth;
use Test::Nginx::Socket;

our $k = Kanda->new(server => Kanda::Auth::location())->start;
our $me = Kanda::Auth->new($k, bearer => 1)->register->login;
our $two = Kanda::Auth->new($k, bearer => 1)->register->login->enrol;
our $temp = $two->temp;

our %as = (me => "Authorization: Bearer $me->{access}",
           two => "Authorization: Bearer $two->{access}");

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $k->http_config);
    $block->set_value(config => Kanda::Auth::location()
        . Kanda::Auth::location('kanda_registration off;', '/closed/')
            =~ s/kanda_registration on;//r
        . Kanda::Auth::location('kanda_two_factor required;', '/strict/'));
    $block->set_value(more_headers => $as{$block->as}) if $block->as;
});

no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: registering
--- request
POST /auth/register
{"email":"New@Example.com","password":"correct horse"}
--- error_code: 201
--- response_headers
Content-Type: application/json
Cache-Control: no-store
X-Content-Type-Options: nosniff
!Set-Cookie
--- response_body_like chop
^\{"success":true,"userId":"[a-z2-7]{26}"\}$



=== TEST 2: an email that is taken
--- request
POST /auth/register
{"email":"new@example.com","password":"correct horse"}
--- error_code: 409
--- response_body chomp
{"error":"Email already registered","code":"EMAIL_EXISTS"}



=== TEST 3: registration that is closed
--- request
POST /closed/register
{"email":"closed@example.com","password":"correct horse"}
--- error_code: 403
--- response_body chomp
{"error":"Registration closed","code":"REGISTRATION_CLOSED"}



=== TEST 4: what is no registration
--- request eval
["POST /auth/register\n{\"email\":\"x\"}",
 "POST /auth/register\n{\"email\":\"x\@y\",\"password\":\"short\"}",
 "POST /auth/register\n{\"email\":\"nobody\",\"password\":\"correct horse\"}",
 "POST /auth/register\n{\"email\":1,\"password\":\"correct horse\"}",
 "POST /auth/register\n[]", "POST /auth/register\n{", "POST /auth/register\n"]
--- error_code eval
[(400) x 7]
--- response_body_like eval
[('^\{"error":"[^"]+","code":"VALIDATION_ERROR"\}$') x 7]



=== TEST 5: logging in
--- request
POST /auth/login
{"email":"NEW@example.com","password":"correct horse"}
--- response_body chomp
{"success":true}
--- raw_response_headers_like eval
'(?s)Set-Cookie: accessToken=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=900; Path=/; SameSite=Lax; HttpOnly\r\n'
. 'Set-Cookie: refreshToken=[\w-]{48}\.1\.[\w-]{43}; Max-Age=604800; Path=/auth; SameSite=Lax; HttpOnly\r\n'



=== TEST 6: a wrong password and an unknown email
--- request eval
[map { "POST /auth/login\n{\"email\":\"$_\",\"password\":\"wrong horse\"}" }
 'new@example.com', 'unknown@example.com']
--- error_code eval
[401, 401]
--- response_headers eval
[("WWW-Authenticate: Bearer\n!Set-Cookie") x 2]
--- response_body eval
[('{"error":"Invalid credentials","code":"INVALID_CREDENTIALS"}') x 2]



=== TEST 7: too many logins
--- request eval
[map { "POST /auth/login\n{\"email\":\"ghost\@example.com\",\"password\":\"guess $_ of it\"}" } 1 .. 6]
--- error_code eval
[(401) x 5, 429]
--- response_headers_like eval
[('') x 5, 'Retry-After: (?:900|89\d)']
--- response_body_like eval
[('INVALID_CREDENTIALS') x 5,
 '^\{"error":"Too many requests","code":"RATE_LIMITED"\}$']



=== TEST 8: without a token
--- request eval
["GET /auth/me", "GET /auth/sessions", "DELETE /auth/sessions/x",
 "DELETE /auth/account\n{\"password\":\"x\"}", "POST /auth/2fa/setup",
 "POST /auth/2fa/verify-setup\n{}", "POST /auth/2fa/step-up\n{}",
 "POST /auth/2fa/disable", "POST /auth/2fa/recovery-codes",
 "POST /auth/change-password\n{}"]
--- error_code eval
[(403) x 10]
--- response_headers eval
[('!WWW-Authenticate') x 10]
--- response_body eval
[('{"error":"No access token provided"}') x 10]



=== TEST 9: with a bad token
--- more_headers
Authorization: Bearer nonsense
--- request eval
["GET /auth/me", "POST /auth/2fa/setup", "POST /auth/2fa/disable\n{bad json"]
--- error_code eval
[(403) x 3]
--- response_body eval
[('{"error":"Invalid or expired access token"}') x 3]



=== TEST 10: with an API key, which is none here
--- more_headers
x-api-key: kan_something
--- request
GET /auth/me
--- error_code: 403
--- response_body chomp
{"error":"No access token provided"}



=== TEST 11: what nobody knows, and what nobody may
--- request eval
["GET /auth/", "GET /auth/nowhere", "GET /auth/login", "POST /auth/me",
 "POST /auth/sessions/x"]
--- error_code eval
[404, 404, 405, 405, 405]
--- response_headers eval
['', '', 'Allow: POST', 'Allow: GET, HEAD', 'Allow: DELETE']
--- response_body eval
[('{"error":"Not found","code":"NOT_FOUND"}') x 2,
 ('{"error":"Method not allowed","code":"METHOD_NOT_ALLOWED"}') x 3]



=== TEST 12: a body of another kind
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request
POST /auth/login
email=a%40b.c
--- error_code: 415
--- response_body chomp
{"error":"Unsupported media type","code":"UNSUPPORTED_MEDIA_TYPE"}



=== TEST 13: a body too large
--- request eval
"POST /auth/login\n{\"email\":\"" . 'x' x 70000 . '"}'
--- error_code: 413
--- response_body chomp
{"error":"Body too large","code":"BODY_TOO_LARGE"}



=== TEST 14: whoever can be made to send a form changes nothing
--- more_headers eval
"Content-Type: text/plain\nAuthorization: Bearer $::me->{access}"
--- request
POST /auth/2fa/disable
--- error_code: 415



=== TEST 15: refreshing with nothing, and with nonsense
--- request eval
["POST /auth/refresh", "POST /auth/refresh\n{}",
 (map { "POST /auth/refresh\n{\"refreshToken\":$_}" } '"x"', '""', 7, '"a.b.c"'),
 "POST /auth/refresh\n{"]
--- error_code eval
[(401) x 6, 400]
--- response_body_like eval
[('^\{"error":"No refresh token provided"\}$') x 2,
 ('^\{"error":"Invalid or expired refresh token","code":"INVALID_REFRESH_TOKEN"\}$') x 4,
 'VALIDATION_ERROR']



=== TEST 16: logging out says yes to anybody
--- request eval
["POST /auth/logout", "POST /auth/logout\n{bad json"]
--- error_code eval
[200, 200]
--- response_body eval
[('{"success":true}') x 2]
--- raw_response_headers_like eval
'(?s)Set-Cookie: accessToken=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly\r\n'
. 'Set-Cookie: __Host-accessToken=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly; Secure\r\n'
. 'Set-Cookie: refreshToken=; Max-Age=0; Path=/auth; SameSite=Lax; HttpOnly\r\n'
. 'Set-Cookie: __Host-refreshToken=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly; Secure\r\n'
. 'Set-Cookie: csrf-token=; Max-Age=0; Path=/; SameSite=Lax\r\n'



=== TEST 17: logging out with nonsense
--- more_headers
Authorization: Bearer nonsense
Cookie: accessToken=x; refreshToken=y; __Host-refreshToken=z
--- request
POST /auth/logout
--- response_body chomp
{"success":true}



=== TEST 18: who am I
--- as: me
--- request
GET /auth/me
--- response_body eval
"{\"sub\":\"$::me->{userId}\",\"email\":\"$::me->{email}\",\"loginProvider\":\"local\",\"isEmailVerified\":false,\"isTotpEnabled\":false}"



=== TEST 19: my sessions
--- as: me
--- request
GET /auth/sessions
--- response_body_like eval
"^\\{\"sessions\":\\[\\{\"sessionHandle\":\"[\\w-]{22}\",\"userId\":\"$::me->{userId}\",\"userAgent\":null,\"ipAddress\":\"127.0.0.1\",\"expiresAt\":\"[^\"]{24}\",\"createdAt\":\"[^\"]{24}\"\\}\\]\\}\$"



=== TEST 20: a session that is not mine
--- as: me
--- request eval
["DELETE /auth/sessions/nobody", "DELETE /auth/sessions/%01"]
--- error_code eval
[404, 400]
--- response_body_like eval
['^\{"error":"Session not found","code":"SESSION_NOT_FOUND"\}$',
 'VALIDATION_ERROR']



=== TEST 21: a challenge where 2FA is on
--- request eval
"POST /auth/login\n" . ::json($::two->credentials)
--- response_headers
!Set-Cookie
--- response_body_like chop
^\{"requiresTwoFactor":true,"tempToken":"[\w.-]{1,512}","available2faMethods":\["totp"\]\}$



=== TEST 22: codes that are none are wrong codes
--- request eval
[map { "POST /auth/2fa/verify\n{\"tempToken\":\"$::temp\",\"totpCode\":$_}" }
 '"12345"', '"1234567"', '"abcdef"', '""', 123456, 'true', '[]', '"١٢٣٤٥٦"',
 '"abcde-fghjk"']
--- error_code eval
[(401) x 9]
--- response_headers eval
[('!Set-Cookie') x 9]
--- response_body eval
[('{"error":"Invalid TOTP code"}') x 9]



=== TEST 23: tokens that are none
--- request eval
[map { "POST /auth/2fa/verify\n{\"tempToken\":\"$_\",\"totpCode\":\"123456\"}" }
 'x', '', $::two->{access}, $::two->{refresh}, substr($::temp, 0, -1)]
--- error_code eval
[(401) x 5]
--- response_body eval
[('{"error":"Invalid or expired access token","code":"INVALID_ACCESS_TOKEN"}') x 5]



=== TEST 24: fields that are missing
--- request eval
["POST /auth/2fa/verify\n{\"totpCode\":\"123456\"}",
 "POST /auth/2fa/verify\n{\"tempToken\":\"$::temp\"}",
 "POST /auth/2fa/verify\n{\"tempToken\":7,\"totpCode\":\"123456\"}"]
--- error_code eval
[(400) x 3]
--- response_body eval
['{"error":"tempToken is missing.","code":"VALIDATION_ERROR"}',
 '{"error":"totpCode is missing.","code":"VALIDATION_ERROR"}',
 '{"error":"tempToken must be a string.","code":"VALIDATION_ERROR"}']



=== TEST 25: a set-up
--- as: me
--- request
POST /auth/2fa/setup
--- response_headers
Cache-Control: no-store
--- response_body_like eval
my $mail = $::me->{email} =~ s/\@/%40/r;
"^\\{\"secret\":\"([A-Z2-7]{32})\",\"otpauthUrl\":\"otpauth://totp/kanda:$mail\\?secret=\\1&issuer=kanda\",\"qrCode\":\"data:image/png;base64,[\\w+/]+=*\"\\}\$"



=== TEST 26: confirming it with another secret, or a code that is none
--- as: me
--- request eval
[(map { "POST /auth/2fa/verify-setup\n{\"token\":\"123456\",\"secret\":\"$_\"}" }
  'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', '', 'AAAA', 'x' x 1000),
 "POST /auth/2fa/verify-setup\n{\"token\":\"123456\"}",
 "POST /auth/2fa/verify-setup\n{\"secret\":\"JBSWY3DPEHPK3PXP\"}"]
--- error_code eval
[(400) x 6]
--- response_body eval
[('{"error":"The secret is not the one that is being set up","code":"SECRET_MISMATCH"}') x 4,
 '{"error":"secret is missing.","code":"VALIDATION_ERROR"}',
 '{"error":"token is missing.","code":"VALIDATION_ERROR"}']



=== TEST 27: nothing to prove, step up, or recover
--- as: me
--- request eval
["POST /auth/2fa/step-up\n{\"totpCode\":\"123456\"}",
 "POST /auth/2fa/disable", "POST /auth/2fa/disable\n{\"token\":\"123456\"}",
 "POST /auth/2fa/recovery-codes"]
--- error_code eval
[(400) x 4]
--- response_body eval
[('{"error":"User not found or 2FA not set up"}') x 4]



=== TEST 28: where a second factor is required, it cannot be turned off
--- as: two
--- request
POST /strict/2fa/disable
--- error_code: 403
--- response_body chomp
{"error":"Two-factor authentication is required","code":"2FA_REQUIRED"}



=== TEST 29: and must be set up before there is a session
--- request eval
"POST /strict/login\n" . ::json($::me->credentials)
--- error_code: 403
--- response_headers
!Set-Cookie
--- response_body_like chop
^\{"requires2FASetup":true,"tempToken":"[\w.-]{1,512}","code":"2FA_SETUP_REQUIRED"\}$



=== TEST 30: HEAD is GET without the body
--- as: me
--- request
HEAD /auth/me
--- response_headers_like
Content-Length: 1\d\d
