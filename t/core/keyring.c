#include "keys.h"


#define K32    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define K31    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ=="
#define K33    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYw"
#define K64    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYw"                \
               "MTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="
#define K65    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYw"                \
               "MTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjA="


static void
good(void)
{
    char                error[KANDA_KEYRING_ERROR];
    const char         *text;
    kanda_keyring_t     ring;
    const kanda_key_t  *k;

    text = "# the keys of example.com\n"
           "\n"
           "seal 2026-01 " K32 "\n"
           "  seal\told   " K32 "  \r\n"
           "   # indented\n"
           "jwt a_b-C " K64 "\n"
           "jwt 1234567890123456 " K33 "\n"
           "digest " K32;

    tap_ok(kanda_keyring_parse(&ring, text, strlen(text), error) == 0,
           "a file with comments, blanks and CRLF, no newline at its end");
    tap_ok(ring.nseal == 2 && ring.njwt == 2, "has two keys of each kind");
    tap_ok(ring.seal[0].id_len == 7 && ring.seal[0].len == 32
           && memcmp(ring.seal[0].key, "0123456789abcdef0123456789abcdef", 32)
              == 0, "the first seal key is first");
    tap_ok(ring.jwt[0].len == 64 && ring.jwt[1].len == 33,
           "jwt keys may be longer");
    tap_ok(memcmp(ring.digest, "0123456789abcdef0123456789abcdef", 32) == 0,
           "the digest key");

    k = kanda_key_find(ring.jwt, ring.njwt, "1234567890123456", 16);
    tap_ok(k == &ring.jwt[1], "a key is found by its id");
    tap_ok(kanda_key_find(ring.jwt, ring.njwt, "old", 3) == NULL
           && kanda_key_find(ring.jwt, ring.njwt, "a_b-", 4) == NULL
           && kanda_key_find(ring.jwt, ring.njwt, "a_b-c", 5) == NULL
           && kanda_key_find(ring.jwt, ring.njwt, "", 0) == NULL,
           "and by nothing else");

    tap_ok(kanda_keyring_open(&ring) == 0
           && ring.hmac[KANDA_DIGEST_CODE] != NULL
           && ring.hmac[KANDA_DIGEST_REPLAY] != NULL
           && ring.jwt[0].hmac != NULL && ring.jwt[1].hmac != NULL
           && ring.seal[0].hmac == NULL, "it is made ready");
    tap_ok(kanda_keyring_open(&ring) == 0, "twice as well");

    kanda_keyring_wipe(&ring);
    tap_ok(ring.nseal == 0 && ring.jwt[0].hmac == NULL
           && ring.digest[0] == 0 && ring.seal[1].key[5] == 0, "and wiped");
    kanda_keyring_wipe(&ring);
}


/* What one use of the digest key says, another does not. */
static void
digests(void)
{
    int              rc, same;
    char             error[KANDA_KEYRING_ERROR];
    size_t           i, k;
    uint8_t          said[KANDA_DIGESTS][KANDA_SHA256_LEN];
    const char      *text;
    kanda_keyring_t  ring;

    text = SEAL_A JWT_1 DIGEST;
    rc = kanda_keyring_parse(&ring, text, strlen(text), error);
    rc |= kanda_keyring_open(&ring);
    same = 0;

    for (i = 0; i < KANDA_DIGESTS; i++) {
        rc |= kanda_hmac_sign(ring.hmac[i], "one text", 8, said[i]);

        for (k = 0; k < i; k++) {
            same += memcmp(said[i], said[k], KANDA_SHA256_LEN) == 0;
        }
    }

    tap_ok(rc == 0 && same == 0, "each of %d uses of the digest key has a key "
           "of its own", KANDA_DIGESTS);

    kanda_keyring_wipe(&ring);
}


static void
bad(void)
{
    static const struct {
        const char  *text;
        const char  *error;             /* how it begins */
    } rows[] = {
        { "", "no \"seal\" key in 0 lines" },
        { "# nothing\n\n", "no \"seal\" key in 2 lines" },
        { JWT_1 DIGEST, "no \"seal\" key in 2 lines" },
        { SEAL_A DIGEST, "no \"jwt\" key in 2 lines" },
        { SEAL_A JWT_1, "no \"digest\" key in 2 lines" },
        { SEAL_A JWT_1 DIGEST "seal\n", "line 4: want \"seal <id> <base64>\"" },
        { SEAL_A "seal x\n", "line 2: want \"seal" },
        { SEAL_A "seal x " K32 " y\n", "line 2: want \"seal" },
        { "jwt x\n", "line 1: want \"jwt" },
        { "jwt x " K32 " # no\n", "line 1: want \"jwt" },
        { "digest\n", "line 1: want \"digest" },
        { "digest x " K32 "\n", "line 1: want \"digest" },
        { SEAL_A "\n\nSeal x " K32 "\n", "line 4: want a line" },
        { "sea x " K32 "\n", "line 1: want a line" },
        { "seals x " K32 "\n", "line 1: want a line" },
        { "; no comment\n", "line 1: want a line" },
        { "seal a.b " K32 "\n", "line 1: an id is" },
        { "seal 12345678901234567 " K32 "\n", "line 1: an id is" },
        { "seal \xc3\xa9 " K32 "\n", "line 1: an id is" },
        { SEAL_A SEAL_A, "line 2: this id was given" },
        { JWT_1 JWT_1, "line 2: this id was given" },
        { DIGEST "# x\n" DIGEST, "line 3: there is a digest key already" },
        { "seal x " K31 "\n", "line 1: the key is shorter than 32" },
        { "seal x " K33 "\n", "line 1: the key is longer than 32" },
        { "seal x " K64 "\n", "line 1: the key is longer than 32" },
        { "jwt x " K31 "\n", "line 1: the key is shorter than 32" },
        { "jwt x " K65 "\n", "line 1: the key is not base64" },
        { "jwt x c2VjcmV0\n", "line 1: the key is shorter than 32" },
        { "digest " K31 "\n", "line 1: the digest key is not" },
        { "digest " K33 "\n", "line 1: the digest key is not" },
        { "seal x secret\n", "line 1: the key is not base64" },
        { "seal x =\n", "line 1: the key is not base64" },
        { "seal x ====\n", "line 1: the key is not base64" },
        { "seal x MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\n",
          "line 1: the key is not base64" },
        { "seal x MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ=\n",
          "line 1: the key is not base64" },
        { "seal x MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZW-=\n",
          "line 1: the key is not base64" },
        { "seal x MDEyMzQ1Njc4OWFi Y2RlZjAxMjM0NTY3ODlhYmNkZWY=\n",
          "line 1: want \"seal" }
    };

    int              rc;
    char             error[KANDA_KEYRING_ERROR];
    size_t           i;
    kanda_keyring_t  ring;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(error, 0, sizeof(error));
        rc = kanda_keyring_parse(&ring, rows[i].text, strlen(rows[i].text),
                                 error);

        tap_ok(rc == -1 && strncmp(error, rows[i].error,
                                   strlen(rows[i].error)) == 0,
               "row %d: %s", (int) i, error);
        tap_ok(strstr(error, "MDEy") == NULL && strstr(error, "secret") == NULL
               && strchr(error, '\n') == NULL && ring.nseal == 0
               && ring.seal[0].key[0] == 0 && ring.jwt[0].key[0] == 0,
               "row %d tells and keeps no key", (int) i);
    }

    rc = kanda_keyring_parse(&ring, "seal\0 a", 7, error);
    tap_ok(rc == -1, "a NUL is refused");
}


static void
many(void)
{
    int              rc;
    char             text[4096], error[KANDA_KEYRING_ERROR], *p;
    int              i;
    kanda_keyring_t  ring;

    p = text;
    p += sprintf(p, JWT_1 DIGEST);

    for (i = 0; i < KANDA_KEYS_MAX; i++) {
        p += sprintf(p, "seal s%d " K32 "\n", i);
    }

    rc = kanda_keyring_parse(&ring, text, (size_t) (p - text), error);
    tap_ok(rc == 0 && ring.nseal == KANDA_KEYS_MAX, "16 keys of a kind");
    kanda_keyring_wipe(&ring);

    p += sprintf(p, "seal more " K32 "\n");

    rc = kanda_keyring_parse(&ring, text, (size_t) (p - text), error);
    tap_ok(rc == -1 && strncmp(error, "line 19: there are more than 16", 31)
           == 0, "and no more: %s", error);
}


int
main(void)
{
    kanda_keyring_t  ring;
    char             error[KANDA_KEYRING_ERROR];
    const char      *text;

    text = SEAL_A JWT_1 DIGEST;
    tap_ok(kanda_keyring_parse(&ring, text, strlen(text), error) == 0
           && kanda_keyring_open(&ring) == -1
           && ring.hmac[KANDA_DIGEST_CODE] == NULL,
           "the master reads a ring before the algorithms are there");

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    good();
    digests();
    bad();
    many();

    kanda_crypto_done();

    return tap_done();
}
