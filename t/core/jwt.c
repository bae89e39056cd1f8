/*
 * A forged token is written here as its JSON and signed with the right key, so
 * that it is refused for what it says and for no other reason.
 */

#include "kanda_base64url.h"
#include "kanda_jwt.h"
#include "keys.h"


#define NOW      INT64_C(1767322985)
#define HEADER   "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"
#define CLAIMS   "\"iss\":\"kanda\",\"sub\":\"acc\",\"jti\":\"j\","           \
                 "\"realm\":\"default\",\"use\":\"access\""
#define TIMES    "\"iat\":1767322900,\"exp\":1767326585"
#define PAYLOAD  "{" CLAIMS "," TIMES "}"


static kanda_keyring_t  ring;


/* Signs what is given with the key k1; returns the token's length. */
static size_t
forge(char *token, const char *header, const char *payload)
{
    size_t   n;
    uint8_t  mac[32];

    n = kanda_base64url_encode(token, (const uint8_t *) header,
                               strlen(header));
    token[n++] = '.';
    n += kanda_base64url_encode(token + n, (const uint8_t *) payload,
                                strlen(payload));

    if (kanda_hmac_sign(ring.jwt[0].hmac, token, n, mac) != 0) {
        exit(1);
    }

    token[n++] = '.';

    return n + kanda_base64url_encode(token + n, mac, sizeof(mac));
}


static int
verify(const char *token, size_t len, kanda_jwt_claims_t *claims)
{
    return kanda_jwt_verify(&ring, token, len, "kanda", 5, NOW, claims);
}


static kanda_jwt_claims_t
claims_of(kanda_jwt_use_t use)
{
    kanda_jwt_claims_t  claims;

    memset(&claims, 0, sizeof(claims));
    (void) kanda_jwt_text_set(&claims.iss, "kanda", 5);
    (void) kanda_jwt_text_set(&claims.sub, "abcdefghijklmnopqrstuvwxyz", 26);
    (void) kanda_jwt_text_set(&claims.jti, "0123456789abcdef", 16);
    (void) kanda_jwt_text_set(&claims.realm, "default", 7);
    claims.use = use;
    claims.iat = NOW;
    claims.exp = NOW + 3600;

    return claims;
}


static int
text_same(const kanda_jwt_text_t *a, const kanda_jwt_text_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


static void
round_trips(void)
{
    char                 token[KANDA_JWT_SIGNED_MAX];
    size_t               n;
    unsigned             use, with;
    kanda_jwt_claims_t   in, out;

    for (use = KANDA_JWT_ACCESS; use <= KANDA_JWT_2FA_SETUP; use++) {
        for (with = 0; with < 4; with++) {
            in = claims_of((kanda_jwt_use_t) use);

            if (with & 1) {
                (void) kanda_jwt_text_set(&in.key, "keyid", 5);
            }

            if (with & 2) {
                (void) kanda_jwt_text_set(&in.sid, "session", 7);
            }

            n = kanda_jwt_sign(&ring, &in, token);

            tap_ok(n > 0 && n <= 512 && verify(token, n, &out) == 0
                   && text_same(&in.iss, &out.iss)
                   && text_same(&in.sub, &out.sub)
                   && text_same(&in.jti, &out.jti)
                   && text_same(&in.realm, &out.realm)
                   && text_same(&in.key, &out.key)
                   && text_same(&in.sid, &out.sid) && in.use == out.use
                   && in.iat == out.iat && in.exp == out.exp,
                   "use %u with %u says what was signed, in %lu bytes", use,
                   with, (unsigned long) n);
        }
    }
}


static void
texts(void)
{
    char              long_text[129];
    kanda_jwt_text_t  t;

    memset(long_text, 'x', sizeof(long_text));

    tap_ok(kanda_jwt_text_set(&t, " az~AZ09", 8) == 0 && t.len == 8,
           "printable ASCII may stand in a claim");
    tap_ok(kanda_jwt_text_set(&t, "", 0) == 0 && t.len == 0, "or nothing");
    tap_ok(kanda_jwt_text_set(&t, long_text, 128) == 0
           && kanda_jwt_text_set(&t, long_text, 129) == -1,
           "128 bytes at most");
    tap_ok(kanda_jwt_text_set(&t, "a\"b", 3) == -1
           && kanda_jwt_text_set(&t, "a\\b", 3) == -1
           && kanda_jwt_text_set(&t, "a\nb", 3) == -1
           && kanda_jwt_text_set(&t, "a\0b", 3) == -1
           && kanda_jwt_text_set(&t, "a\x7f", 2) == -1
           && kanda_jwt_text_set(&t, "\xc3\xa9", 2) == -1,
           "nothing that JSON escapes");
}


static void
unsignable(void)
{
    char                 token[KANDA_JWT_SIGNED_MAX], text[128], email[1024];
    kanda_keyring_t      empty;
    kanda_jwt_claims_t   c;
    kanda_jwt_profile_t  profile = { email, 254, 1 };

    c = claims_of(KANDA_JWT_ACCESS);
    c.sub.len = 0;
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "not without a subject");

    c = claims_of(KANDA_JWT_ACCESS);
    c.jti.data[3] = '"';
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "not with a quote in it");

    c = claims_of(KANDA_JWT_ACCESS);
    c.sid.len = 129;
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "not with a length too far");

    c = claims_of(KANDA_JWT_ACCESS);
    c.exp = INT64_C(1) << 53;
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "not with a number too big");
    c.exp = -1;
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "nor a negative one");

    c = claims_of((kanda_jwt_use_t) 3);
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "not for an unknown use");

    memset(text, 'x', sizeof(text));
    c = claims_of(KANDA_JWT_ACCESS);
    (void) kanda_jwt_text_set(&c.sub, text, 128);
    (void) kanda_jwt_text_set(&c.jti, text, 128);
    (void) kanda_jwt_text_set(&c.realm, text, 128);
    tap_ok(kanda_jwt_sign(&ring, &c, token) > 0, "long claims fit");
    (void) kanda_jwt_text_set(&c.key, text, 128);
    (void) kanda_jwt_text_set(&c.sid, text, 128);
    (void) kanda_jwt_text_set(&c.iss, text, 128);
    memset(email, '"', sizeof(email));
    c.profile = &profile;
    tap_ok(kanda_jwt_sign(&ring, &c, token) > 0, "the longest do");
    profile.email_len = sizeof(email);
    tap_ok(kanda_jwt_sign(&ring, &c, token) == 0, "an email too long does not");

    memset(&empty, 0, sizeof(empty));
    c = claims_of(KANDA_JWT_ACCESS);
    tap_ok(kanda_jwt_sign(&empty, &c, token) == 0, "not without a key");
}


/* What a session's token tells of its holder, to whom it reads as JSON. */
static void
profiles(void)
{
    static const struct {
        const char  *email;
        int          totp;
        const char  *members;
    } rows[] = {
        { "alice@example.org", 0, "\"email\":\"alice@example.org\"" },
        { "\xe3\x82\xa2@example.org", 1, "\"email\":\"\xe3\x82\xa2@"
          "example.org\"" },
        { "\"a\\b\"@c", 1, "\"email\":\"\\\"a\\\\b\\\"@c\"" }
    };

    int                   len;
    char                  token[KANDA_JWT_SIGNED_MAX], text[1024], *payload;
    char                  expected[256];
    size_t                i, n;
    kanda_jwt_claims_t    in, out;
    kanda_jwt_profile_t   profile;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        profile.email = rows[i].email;
        profile.email_len = strlen(rows[i].email);
        profile.totp = rows[i].totp;

        in = claims_of(KANDA_JWT_ACCESS);
        in.profile = &profile;
        n = kanda_jwt_sign(&ring, &in, token);

        tap_ok(n > 0 && verify(token, n, &out) == 0
               && text_same(&in.sub, &out.sub) && out.profile == NULL,
               "a token of %s", rows[i].email);

        payload = memchr(token, '.', n);
        payload++;
        len = kanda_base64url_decode((uint8_t *) text, sizeof(text) - 1,
                                     payload, (size_t)
                                     ((char *) memchr(payload, '.', n)
                                      - payload));
        text[len > 0 ? len : 0] = '\0';

        snprintf(expected, sizeof(expected),
                 "%s,\"loginProvider\":\"local\",\"isEmailVerified\":false,"
                 "\"isTotpEnabled\":%s}", rows[i].members,
                 rows[i].totp ? "true" : "false");
        tap_ok(strstr(text, expected) != NULL, "says %s", expected);
    }
}


/* A token of 2FA at its longest, which a client may keep in a URL. */
static void
temporary(void)
{
    char                 token[KANDA_JWT_SIGNED_MAX], text[128];
    size_t               n;
    kanda_keyring_t      longest;
    kanda_jwt_claims_t   c;

    ring_of(&longest, SEAL_A DIGEST "jwt ABCDEFGHIJKLMNOP "
            "c2lnbi1zaWduLXNpZ24tc2lnbi1zaWduLXNpZ24tMzI=\n");

    memset(text, 'x', sizeof(text));
    c = claims_of(KANDA_JWT_2FA_SETUP);
    (void) kanda_jwt_text_set(&c.iss, text, 128);
    (void) kanda_jwt_text_set(&c.realm, text, 32);
    (void) kanda_jwt_text_set(&c.jti, text, 16);

    n = kanda_jwt_sign(&longest, &c, token);
    token[n] = '\0';

    tap_ok(n > 0 && n <= 512, "%lu bytes of 512", (unsigned long) n);
    tap_ok(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789-_.") == n, "none of which a URL escapes");

    kanda_keyring_wipe(&longest);
}


/* S27: every character replaced by every other one. */
static void
malleation(void)
{
    static const char  alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        ".=+/ \n%";

    char                 token[KANDA_JWT_SIGNED_MAX + 64];
    char                 bad[KANDA_JWT_SIGNED_MAX + 64];
    size_t               i, j, n;
    unsigned long        failed, checks, last;
    kanda_jwt_claims_t   c, out;

    c = claims_of(KANDA_JWT_ACCESS);
    n = kanda_jwt_sign(&ring, &c, token);
    failed = 0;
    checks = 0;
    last = 0;

    for (i = 0; i < n; i++) {
        for (j = 0; j < sizeof(alphabet); j++) {
            if (alphabet[j] == token[i]) {
                continue;
            }

            memcpy(bad, token, n);
            bad[i] = alphabet[j];

            checks++;
            last += i == n - 1 && j < 64;
            failed += verify(bad, n, &out) != -1;
        }
    }

    tap_sum(checks, failed, "any other character anywhere");
    tap_ok(last == 63, "all 63 of the signature's last among them");

    failed = 0;
    for (i = 0; i < n; i++) {
        failed += verify(token, i, &out) != -1;
        failed += verify(token + i + 1, n - i - 1, &out) != -1;
    }

    tap_sum(2 * n, failed, "cut anywhere");

    failed = 0;
    for (i = 0; i <= n; i++) {
        for (j = 0; j < sizeof(alphabet); j++) {
            memcpy(bad, token, i);
            bad[i] = alphabet[j];
            memcpy(bad + i + 1, token + i, n - i);
            failed += verify(bad, n + 1, &out) != -1;
        }
    }

    tap_sum((n + 1) * sizeof(alphabet), failed, "a character more anywhere");
}


static void
wrong_keys(void)
{
    char                 token[KANDA_JWT_SIGNED_MAX];
    size_t               n;
    kanda_keyring_t      other;
    kanda_jwt_claims_t   c, out;

    c = claims_of(KANDA_JWT_ACCESS);
    n = kanda_jwt_sign(&ring, &c, token);

    ring_of(&other, SEAL_A JWT_2 JWT_1 DIGEST);
    tap_ok(kanda_jwt_verify(&other, token, n, "kanda", 5, NOW, &out) == 0,
           "the second key of a ring still verifies");
    n = kanda_jwt_sign(&other, &c, token);
    tap_ok(kanda_jwt_verify(&other, token, n, "kanda", 5, NOW, &out) == 0
           && verify(token, n, &out) == -1, "a key that is unknown does not");
    kanda_keyring_wipe(&other);

    ring_of(&other, SEAL_A "jwt k1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZW"
            "Y=\n" DIGEST);
    n = kanda_jwt_sign(&other, &c, token);
    tap_ok(verify(token, n, &out) == -1, "nor another key of that name");
    kanda_keyring_wipe(&other);

    tap_ok(kanda_jwt_verify(&other, token, n, "kanda", 5, NOW, &out) == -1,
           "an empty ring verifies nothing");
}


static void
times(void)
{
    static const struct {
        const char  *times;
        int          rc;
    } rows[] = {
        { "\"iat\":1767322985,\"exp\":1767322986", 0 },
        { "\"iat\":1767322985,\"exp\":1767322985", -1 },
        { "\"iat\":1767322985,\"exp\":1767322984", -1 },
        { "\"iat\":1767323045,\"exp\":1767326585", 0 },
        { "\"iat\":1767323046,\"exp\":1767326585", -1 },
        { "\"iat\":0,\"exp\":9007199254740991", 0 },
        { "\"iat\":0,\"exp\":9007199254740992", -1 },
        { TIMES ",\"nbf\":1767322985", 0 },
        { TIMES ",\"nbf\":1767322986", -1 },
        { TIMES ",\"nbf\":\"0\"", -1 },
        { TIMES ",\"nbf\":true", -1 }
    };

    char                 token[1024], payload[512];
    size_t               i, n;
    kanda_jwt_claims_t   out;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(payload, sizeof(payload), "{" CLAIMS ",%s}", rows[i].times);
        n = forge(token, HEADER, payload);
        tap_ok(verify(token, n, &out) == rows[i].rc, "%s is %s",
               rows[i].times, rows[i].rc == 0 ? "good" : "worthless");
    }

    n = forge(token, HEADER, "{" CLAIMS ",\"iat\":1767322000,"
              "\"exp\":1767322984}");
    tap_ok(kanda_jwt_verify_late(&ring, token, n, "kanda", 5, NOW, &out) == 0
           && out.exp == NOW - 1, "a token whose time is over, read late");
    token[n - 1] ^= 4;
    tap_ok(kanda_jwt_verify_late(&ring, token, n, "kanda", 5, NOW, &out) == -1,
           "needs its signature all the same");
    n = forge(token, HEADER, "{" CLAIMS ",\"iat\":1767329999,"
              "\"exp\":1767322984}");
    tap_ok(kanda_jwt_verify_late(&ring, token, n, "kanda", 5, NOW, &out) == -1,
           "and a time that has begun");
}


static void
limits(void)
{
    char                *payload, *token;
    size_t               n, fill, most;
    kanda_jwt_claims_t   out;

    payload = malloc(8192);
    token = malloc(16384);
    if (payload == NULL || token == NULL) {
        exit(1);
    }

    most = 0;

    for (fill = 2500; fill < 3300; fill++) {
        n = (size_t) sprintf(payload, "{" CLAIMS "," TIMES ",\"pad\":\"");
        memset(payload + n, 'x', fill);
        memcpy(payload + n + fill, "\"}", 3);

        n = forge(token, HEADER, payload);

        if (verify(token, n, &out) == 0) {
            most = n;
        }

        if (n > KANDA_JWT_MAX) {
            break;
        }
    }

    tap_ok(most > KANDA_JWT_MAX - 4 && most <= KANDA_JWT_MAX,
           "a token of %lu bytes is read, none of more than 4096",
           (unsigned long) most);

    free(token);
    free(payload);
}


int
main(void)
{
    char                 token[KANDA_JWT_SIGNED_MAX];
    size_t               n;
    kanda_jwt_claims_t   out, none;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    round_trips();
    texts();
    profiles();
    temporary();
    unsignable();
    malleation();
    wrong_keys();
    times();
    limits();

    n = forge(token, HEADER, PAYLOAD);
    memset(&none, 0, sizeof(none));
    tap_ok(kanda_jwt_verify(&ring, token, n, "kanda2", 6, NOW, &out) == -1
           && kanda_jwt_verify(&ring, token, n, "kand", 4, NOW, &out) == -1
           && kanda_jwt_verify(&ring, token, n, "", 0, NOW, &out) == -1
           && memcmp(&out, &none, sizeof(out)) == 0,
           "another issuer is refused, and leaves no claim behind");

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
