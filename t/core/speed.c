/*
 * What the pure core costs, in nanoseconds of CPU: the best of some rounds, so
 * that a busy machine spoils little.
 */

#include <time.h>

#include "kanda_apikey.h"
#include "kanda_json.h"
#include "kanda_jwt.h"
#include "kanda_otpauth.h"
#include "kanda_password.h"
#include "kanda_qr.h"
#include "kanda_seal.h"
#include "keys.h"


#define NOW  INT64_C(1767322985)


typedef struct {
    kanda_keyring_t      ring;
    kanda_totp_t         totp;
    kanda_seal_place_t   place;
    int                  sealed;
    uint8_t              record[64 + KANDA_SEAL_OVERHEAD];
    char                 token[KANDA_JWT_SIGNED_MAX];
    size_t               token_len;
    kanda_jwt_claims_t   claims;
    char                 key[KANDA_APIKEY_LEN];
    char                 uri[KANDA_OTPAUTH_MAX];
    size_t               uri_len;
    uint8_t              out[64];
} bench_t;


static int
run_hmac(bench_t *b)
{
    return kanda_hmac(b->totp.hash, b->totp.secret, 20, b->out, 8, b->out);
}


static int
run_hmac_sign(bench_t *b)
{
    return kanda_hmac_sign(b->ring.hmac[0], b->record, 40, b->out);
}


static int
run_sha256(bench_t *b)
{
    return kanda_sha256(b->key, sizeof(b->key), b->out);
}


static int
run_code(bench_t *b)
{
    return kanda_totp_code(&b->totp, NOW / 30, (char *) b->out);
}


static int
run_match(bench_t *b)
{
    int64_t  match;

    return kanda_totp_match(&b->totp, "123456", NOW / 30, 1, 0, &match);
}


static int
run_seal(bench_t *b)
{
    return kanda_seal(&b->ring, &b->place, b->totp.secret, 20, b->record) < 0;
}


static int
run_seal_open(bench_t *b)
{
    return kanda_seal_open(&b->ring, &b->place, b->record, (size_t) b->sealed,
                           b->out, sizeof(b->out), NULL)
           != 20;
}


static int
run_jwt_sign(bench_t *b)
{
    b->token_len = kanda_jwt_sign(&b->ring, &b->claims, b->token);

    return b->token_len == 0;
}


static int
run_jwt_verify(bench_t *b)
{
    kanda_jwt_claims_t  claims;

    return kanda_jwt_verify(&b->ring, b->token, b->token_len, "kanda", 5, NOW,
                            &claims);
}


static int
run_apikey(bench_t *b)
{
    const char  *id, *account;

    return kanda_apikey_parse(b->key, sizeof(b->key), &id, &account, b->out);
}


static int
run_json(bench_t *b)
{
    static const char  body[] =
        "{\"clientId\":\"user-1@example.com\",\"token\":\"123456\"}";

    (void) b;

    return kanda_json_check(body, sizeof(body) - 1) != KANDA_JSON_OK;
}


static int
run_uri(bench_t *b)
{
    b->uri_len = kanda_otpauth_uri(b->uri, sizeof(b->uri), &b->totp,
                                   "alice.roe@example.com", 21, "Acme", 4,
                                   KANDA_OTPAUTH_TOOLKIT);

    return b->uri_len == 0;
}


static int
run_png(bench_t *b)
{
    kanda_qr_image_t  image;

    if (kanda_qr_png(b->uri, 112, &image) != 0) {
        return -1;
    }

    kanda_qr_free(&image);

    return 0;
}


static int
run_svg(bench_t *b)
{
    kanda_qr_image_t  image;

    if (kanda_qr_svg(b->uri, 112, &image) != 0) {
        return -1;
    }

    kanda_qr_free(&image);

    return 0;
}


static int
run_password(bench_t *b)
{
    char  phc[KANDA_PHC_MAX];

    return kanda_password_hash(b->ring.pepper, "correct horse", 13, phc);
}


static const struct {
    const char  *name;
    int        (*run)(bench_t *b);
    unsigned     times;                 /* of a round */
} runs[] = {
    { "HMAC-SHA1 of 8 bytes under a new key", run_hmac, 20000 },
    { "HMAC-SHA256 of 40 bytes under a kept key", run_hmac_sign, 20000 },
    { "SHA-256 of an API key", run_sha256, 20000 },
    { "TOTP code", run_code, 20000 },
    { "TOTP match, window 1", run_match, 10000 },
    { "seal 20 bytes", run_seal, 10000 },
    { "open 20 bytes", run_seal_open, 10000 },
    { "JWT sign", run_jwt_sign, 10000 },
    { "JWT verify", run_jwt_verify, 10000 },
    { "API key parse", run_apikey, 10000 },
    { "JSON check of a validate body", run_json, 20000 },
    { "otpauth URI", run_uri, 10000 },
    { "QR code as PNG, 112 bytes", run_png, 100 },
    { "QR code as SVG, 112 bytes", run_svg, 100 },
    { "Argon2id", run_password, 1 }
};


static double
cpu(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}


static void
prepare(bench_t *b)
{
    memset(b, 0, sizeof(bench_t));

    if (kanda_crypto_init() != 0) {
        exit(1);
    }

    ring_of(&b->ring, SEAL_A JWT_1 DIGEST);

    b->totp.digits = 6;
    b->totp.period = 30;
    b->totp.secret_len = 20;

    b->place.account = "abcdefghijklmnopqrstuvwxyz";
    b->place.account_len = 26;
    b->place.entity = "client";
    b->place.id = "user-1@example.com";
    b->place.id_len = 18;
    b->place.version = "12345678";
    b->place.version_len = 8;

    (void) kanda_jwt_text_set(&b->claims.iss, "kanda", 5);
    (void) kanda_jwt_text_set(&b->claims.sub, b->place.account, 26);
    (void) kanda_jwt_text_set(&b->claims.jti, "0123456789abcdefghijkl", 22);
    (void) kanda_jwt_text_set(&b->claims.realm, "default", 7);
    (void) kanda_jwt_text_set(&b->claims.key, "0123456789", 10);
    b->claims.iat = NOW;
    b->claims.exp = NOW + 3600;

    if (kanda_random(b->totp.secret, 20) != 0
        || kanda_apikey_make(b->place.account, b->key, b->out) != 0)
    {
        exit(1);
    }

    b->sealed = kanda_seal(&b->ring, &b->place, b->totp.secret, 20, b->record);
}


int
main(void)
{
    double     best, took;
    size_t     i;
    bench_t    b;
    unsigned   round, n;

    prepare(&b);

    for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        best = 1e18;

        for (round = 0; round < 12; round++) {
            took = cpu();

            for (n = 0; n < runs[i].times; n++) {
                if (runs[i].run(&b) != 0) {
                    printf("%s failed\n", runs[i].name);
                    return 1;
                }
            }

            took = (cpu() - took) / runs[i].times;
            best = took < best ? took : best;
        }

        printf("%10.0f ns  %s\n", best, runs[i].name);
    }

    kanda_keyring_wipe(&b.ring);
    kanda_crypto_done();

    return 0;
}
