# The runner of Test::Nginx blocks in t/lib does what the original would.

BEGIN { push @INC, 't/lib'; $ENV{TEST_NGINX_LOAD_MODULES} = '' }
use Kanda;
use Test::Nginx::Socket;

our $Config = 'location /a { return 200 "$request_method $http_x$args"; }';

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $::Config) if !defined $block->config;
});

no_long_string();
no_shuffle();
repeat_each(2);
plan tests => repeat_each() * 22;
run_tests();

__DATA__

=== TEST 1: headers, present, absent and like
--- request
GET /a
--- more_headers
X: 1
--- response_body chomp
GET 1
--- response_headers
Content-Type: text/plain
!Foo
--- no_error_log
[error]



=== TEST 2: a body
--- request
POST /a?b
hello
--- response_body_like chop
^POST \w$
--- raw_response_headers_like: Content-Length: 6\r\n



=== TEST 3: several requests on one connection
--- request eval
["GET /a", "POST /nope\n{}"]
--- error_code eval
[200, 404]



=== TEST 4: pipelined requests
--- pipelined_requests eval
["GET /a", "HEAD /a", "GET /nope"]
--- error_code eval
[200, 200, 404]
--- response_body_like eval
["GET ", "^\$", "404"]



=== TEST 5: bytes as they are, and what the log says of them
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
--- error_code: 400
--- error_log
duplicate



=== TEST 6: another configuration
--- config
location /b { return 204; }
--- request
GET /b
--- error_code: 204
--- response_headers_like
Server: ng.*



=== TEST 7: somebody's environment
--- http_config eval: "map \$args \$x { default " . length($ENV{PATH}) . "; }"
--- config
location /c { return 200 "$TEST_NGINX_PORT $x"; }
--- request
GET /c
--- response_body_unlike: TEST



=== TEST 8: left out
--- SKIP
--- request
GET /d
--- error_code: 999
