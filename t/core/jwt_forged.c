/*
 * Headers and payloads that a verifier has been talked into elsewhere, all
 * signed with the right key (TRUST: S23, S24, S28, S29).
 */

#include "kanda_base64url.h"
#include "kanda_jwt.h"
#include "keys.h"


#define NOW     INT64_C(1767322985)
#define HEADER  "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"
#define ISS     "\"iss\":\"kanda\""
#define SUB     "\"sub\":\"acc\""
#define JTI     "\"jti\":\"j\""
#define REALM   "\"realm\":\"default\""
#define USE     "\"use\":\"access\""
#define IAT     "\"iat\":1767322900"
#define EXP     "\"exp\":1767326585"
#define BUT_ISS SUB "," JTI "," REALM "," USE "," IAT "," EXP
#define BUT_USE ISS "," SUB "," JTI "," REALM "," IAT "," EXP
#define BUT_EXP ISS "," SUB "," JTI "," REALM "," USE "," IAT
#define BUT_IAT ISS "," SUB "," JTI "," REALM "," USE "," EXP
#define BUT_SUB ISS "," JTI "," REALM "," USE "," IAT "," EXP
#define ALL     ISS "," BUT_ISS
#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))


static const char *const  good_headers[] = {
    HEADER,
    "{\"kid\":\"k1\",\"typ\":\"JWT\",\"alg\":\"HS256\"}",
    " { \"alg\" : \"HS256\" ,\r\n\t\"typ\":\"JWT\",\"kid\":\"k1\" } "
};


static const char *const  bad_headers[] = {
    "", "{}", "[]", "null", "\"HS256\"", "{", "HS256",
    "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"nOnE\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":[\"HS256\"],\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":{\"HS256\":1},\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":256,\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":null,\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":true,\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"Hs256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256 \",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS25\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS384\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS\\u003256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"Alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"jwt\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWE\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":1,\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":1}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k11\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"K1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../dev/null\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1' OR '1'='1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\\u0031\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\\u0000\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":[\"k1\"]}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"crit\":[\"b64\"]}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"crit\":\"exp\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"b64\":false}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"cty\":\"JWT\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"zip\":\"DEF\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"jku\":\"http://x\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"x5u\":\"http://x\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"jwk\":{\"k\":\"AA\"}}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"x\":1}",
    "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"kid\":\"k1\"}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}{}",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"} x",
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\",}",
    "{'alg':'HS256','typ':'JWT','kid':'k1'}",
    "{alg:\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
    "\xef\xbb\xbf" HEADER
};


static const char *const  good_payloads[] = {
    "{" ALL "}",
    "{" ALL ",\"key\":\"abc\"}",
    "{" ALL ",\"sid\":\"abc\"}",
    "{" EXP "," IAT "," USE "," REALM "," JTI "," SUB "," ISS "}",
    " { " ALL "\n} ",
    "{" ALL ",\"email\":\"a@b\",\"isTotpEnabled\":true,\"x\":false,\"n\":7}",
    "{" ALL ",\"name\":\"\xc3\xa9\"}",
    "{" ALL ",\"\":\"\"}",
    "{" BUT_USE ",\"use\":\"2fa\"}",
    "{" BUT_USE ",\"use\":\"2fa-setup\"}"
};


static const char *const  bad_payloads[] = {
    "", "{}", "[]", "{", "null", "1",
    "{" BUT_ISS "}",
    "{" BUT_SUB "}",
    "{" BUT_IAT "}",
    "{" BUT_EXP "}",
    "{" BUT_USE "}",
    "{" ISS "," SUB "," REALM "," USE "," IAT "," EXP "}",
    "{" ISS "," SUB "," JTI "," USE "," IAT "," EXP "}",
    "{" BUT_ISS ",\"iss\":\"other\"}",
    "{" BUT_ISS ",\"iss\":\"\"}",
    "{" BUT_ISS ",\"iss\":1}",
    "{" BUT_ISS ",\"iss\":[\"kanda\"]}",
    "{" BUT_ISS ",\"ISS\":\"kanda\"}",
    "{" BUT_SUB ",\"sub\":\"\"}",
    "{" BUT_SUB ",\"sub\":7}",
    "{" BUT_SUB ",\"sub\":true}",
    "{" BUT_SUB ",\"sub\":null}",
    "{" BUT_SUB ",\"sub\":\"\xc3\xa9\"}",
    "{" BUT_SUB ",\"sub\":\"a\\u0062\"}",
    "{" BUT_USE ",\"use\":\"Access\"}",
    "{" BUT_USE ",\"use\":\"refresh\"}",
    "{" BUT_USE ",\"use\":\"2fa-\"}",
    "{" BUT_USE ",\"use\":\"\"}",
    "{" BUT_USE ",\"use\":0}",
    "{" BUT_EXP ",\"exp\":\"1767326585\"}",
    "{" BUT_EXP ",\"exp\":1767326585.5}",
    "{" BUT_EXP ",\"exp\":1767326585.0}",
    "{" BUT_EXP ",\"exp\":1.767326585e9}",
    "{" BUT_EXP ",\"exp\":2e10}",
    "{" BUT_EXP ",\"exp\":-1767326585}",
    "{" BUT_EXP ",\"exp\":+1767326585}",
    "{" BUT_EXP ",\"exp\":01767326585}",
    "{" BUT_EXP ",\"exp\":0x77777777}",
    "{" BUT_EXP ",\"exp\":1000000000000000000}",
    "{" BUT_EXP ",\"exp\":99999999999999999999999999}",
    "{" BUT_EXP ",\"exp\":true}",
    "{" BUT_EXP ",\"exp\":null}",
    "{" BUT_EXP ",\"exp\":}",
    "{" BUT_EXP ",\"exp\":1}",
    "{" BUT_IAT ",\"iat\":\"1767322900\"}",
    "{" BUT_IAT ",\"iat\":-1}",
    "{" BUT_IAT ",\"iat\":false}",
    "{" BUT_IAT ",\"iat\":1767330000}",
    "{" ALL ",\"key\":\"\"}",
    "{" ALL ",\"key\":1}",
    "{" ALL ",\"key\":true}",
    "{" ALL ",\"key\":\"\xc3\xa9\"}",
    "{" ALL ",\"sid\":\"\"}",
    "{" ALL ",\"sid\":null}",
    "{" ALL "," SUB "}",
    "{\"sub\":\"other\"," ALL "}",
    "{" ALL "," EXP "}",
    "{" ALL ",\"x\":1,\"x\":2}",
    "{" ALL ",\"\":1,\"\":1}",
    "{" ALL ",\"s\\u0075b\":\"other\"}",
    "{" ALL ",\"x\":[]}",
    "{" ALL ",\"x\":{}}",
    "{" ALL ",\"x\":null}",
    "{" ALL ",\"x\":1.5}",
    "{" ALL ",\"x\":tru}",
    "{" ALL ",\"x\":\"\xff\"}",
    "{" ALL ",\"x\":\"\xed\xa0\x80\"}",
    "{" ALL ",\"x\":\"\n\"}",
    "{" ALL ",\"x\":\"\\n\"}",
    "{" ALL ",\"x\":\"\\\"}",
    "{" ALL ",\"x\\\"\":1}",
    "{" ALL ",\"sid\":\"a\\\"b\"}",
    "{" ALL ",\"key\":\"a\\\\b\"}",
    "{" ALL ",\"x\":\"}",
    "{" ALL ",}",
    "{," ALL "}",
    "{" ALL "}}",
    "{" ALL "},{" ALL "}",
    "{" ALL "} x",
    "{" ALL ",1:2}",
    "{" ALL ",x:2}",
    "\xef\xbb\xbf{" ALL "}"
};


static kanda_keyring_t  ring;


static int
judged(const char *header, size_t header_len, const char *payload,
    size_t payload_len)
{
    char                 token[4096];
    size_t               n;
    uint8_t              mac[32];
    kanda_jwt_claims_t   claims;

    n = kanda_base64url_encode(token, (const uint8_t *) header, header_len);
    token[n++] = '.';
    n += kanda_base64url_encode(token + n, (const uint8_t *) payload,
                                payload_len);

    if (kanda_hmac_sign(ring.jwt[0].hmac, token, n, mac) != 0) {
        exit(1);
    }

    token[n++] = '.';
    n += kanda_base64url_encode(token + n, mac, sizeof(mac));

    return kanda_jwt_verify(&ring, token, n, "kanda", 5, NOW, &claims);
}


static void
many_members(void)
{
    char    payload[2048], *p;
    int     i, extra;

    for (extra = 24; extra <= 27; extra++) {
        p = payload;
        p += sprintf(p, "{" ALL);

        for (i = 0; i < extra; i++) {
            p += sprintf(p, ",\"x%d\":%d", i, i);
        }

        p += sprintf(p, "}");

        tap_ok(judged(HEADER, strlen(HEADER), payload, (size_t) (p - payload))
               == (extra + 7 <= 32 ? 0 : -1), "%d members", extra + 7);
    }
}


static void
parts(void)
{
    static const char *const  tokens[] = {
        "", ".", "..", "...", "....", "a.b.c", "eyJhbGciOiJub25lIn0..",
        "Bearer x.y.z"
    };

    size_t               i;
    unsigned long        failed;
    kanda_jwt_claims_t   claims;

    failed = 0;

    for (i = 0; i < ROWS(tokens); i++) {
        failed += kanda_jwt_verify(&ring, tokens[i], strlen(tokens[i]),
                                   "kanda", 5, NOW, &claims) != -1;
    }

    tap_sum(ROWS(tokens), failed, "what has not three parts");
}


int
main(void)
{
    char    header[400];
    size_t  i;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    for (i = 0; i < ROWS(good_headers); i++) {
        tap_ok(judged(good_headers[i], strlen(good_headers[i]),
                      good_payloads[0], strlen(good_payloads[0])) == 0,
               "good header %d", (int) i);
    }

    for (i = 0; i < ROWS(bad_headers); i++) {
        tap_ok(judged(bad_headers[i], strlen(bad_headers[i]),
                      good_payloads[0], strlen(good_payloads[0])) == -1,
               "bad header %d", (int) i);
    }

    for (i = 0; i < ROWS(good_payloads); i++) {
        tap_ok(judged(HEADER, strlen(HEADER), good_payloads[i],
                      strlen(good_payloads[i])) == 0, "good payload %d",
               (int) i);
    }

    for (i = 0; i < ROWS(bad_payloads); i++) {
        tap_ok(judged(HEADER, strlen(HEADER), bad_payloads[i],
                      strlen(bad_payloads[i])) == -1, "bad payload %d",
               (int) i);
    }

    memset(header, ' ', sizeof(header));
    memcpy(header, HEADER, strlen(HEADER));
    tap_ok(judged(header, 192, good_payloads[0], strlen(good_payloads[0]))
           == 0 && judged(header, 193, good_payloads[0],
                          strlen(good_payloads[0])) == -1,
           "a header has 192 bytes at most");

    many_members();
    parts();

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
