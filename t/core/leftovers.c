/*
 * S48: what a secret leaves behind in memory when the work is done.  The heap
 * is searched; freed pieces are still there.  Not under a sanitizer, whose
 * allocator keeps what is freed away from everyone.
 */

#include "kanda_apikey.h"
#include "kanda_base32.h"
#include "kanda_otpauth.h"
#include "kanda_password.h"
#include "kanda_qr.h"
#include "kanda_recovery.h"
#include "kanda_seal.h"
#include "keys.h"


/* A needle that is not itself found: it is kept with its bits turned over. */
typedef struct {
    uint8_t  bytes[64];
    size_t   len;
} needle_t;


static needle_t
needle_of(const void *p, size_t len)
{
    size_t    i;
    needle_t  n;

    n.len = len;
    for (i = 0; i < len; i++) {
        n.bytes[i] = (uint8_t) ~((const uint8_t *) p)[i];
    }

    return n;
}


static unsigned long
found_in(const volatile uint8_t *p, size_t len, const needle_t *n)
{
    size_t         i, k;
    unsigned long  found;

    found = 0;

    for (i = 0; i + n->len <= len; i++) {
        for (k = 0; k < n->len; k++) {
            if ((p[i + k] ^ n->bytes[k]) != 0xff) {
                break;
            }
        }

        found += k == n->len;
    }

    return found;
}


/* Searches everything that may be written to but for this thread's stack. */
static unsigned long
found(const needle_t *n)
{
    char            line[512];
    FILE           *maps;
    unsigned long   start, end, count;

    count = 0;
    maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) {
        return 1;
    }

    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx rw", &start, &end) == 2
            && strstr(line, " rw-p ") != NULL && strstr(line, "[stack") == NULL)
        {
            count += found_in((const volatile uint8_t *) start, end - start,
                              n);
        }
    }

    (void) fclose(maps);

    return count;
}


/* Draws a URI twice and takes its secret along. */
__attribute__ ((noinline))
static void
draw(size_t label_len, needle_t *secret, needle_t *text)
{
    char              uri[KANDA_OTPAUTH_MAX], base32[64];
    char              label[KANDA_LABEL_MAX];
    size_t            n;
    kanda_totp_t      t;
    kanda_qr_image_t  image;

    memset(&t, 0, sizeof(t));
    t.digits = 6;
    t.period = 30;
    t.secret_len = 20;

    if (kanda_random(t.secret, 20) != 0) {
        exit(1);
    }

    n = kanda_base32_encode(base32, t.secret, 20);
    *secret = needle_of(t.secret, 20);
    *text = needle_of(base32, n);
    kanda_wipe(base32, sizeof(base32));

    memset(label, '@', sizeof(label));
    n = kanda_otpauth_uri(uri, sizeof(uri), &t, label, label_len, label,
                          label_len, KANDA_OTPAUTH_API);

    if (kanda_qr_png(uri, n, &image) == 0) {
        kanda_qr_free(&image);
    }

    if (kanda_qr_svg(uri, n, &image) == 0) {
        kanda_qr_free(&image);
    }

    kanda_wipe(uri, sizeof(uri));
    kanda_wipe(&t, sizeof(t));
}


/* Seals, opens and judges one secret of each hash. */
__attribute__ ((noinline))
static void
judge(const kanda_keyring_t *ring, kanda_hash_t hash, needle_t *secret)
{
    int                  n;
    char                 code[8];
    uint8_t              record[64 + KANDA_SEAL_OVERHEAD];
    int64_t              match;
    kanda_totp_t         t;
    kanda_seal_place_t   place;

    memset(&t, 0, sizeof(t));
    memset(&place, 0, sizeof(place));
    place.account = "account";
    place.entity = "client";
    place.id = "user-1";
    place.version = "";

    t.hash = hash;
    t.digits = 6;
    t.period = 30;
    t.secret_len = kanda_totp_secret_length(hash);

    if (kanda_random(t.secret, t.secret_len) != 0) {
        exit(1);
    }

    *secret = needle_of(t.secret, t.secret_len);

    n = kanda_seal(ring, &place, t.secret, t.secret_len, record);
    kanda_wipe(t.secret, t.secret_len);

    if (kanda_seal_open(ring, &place, record, (size_t) n, t.secret,
                        sizeof(t.secret), NULL) < 0
        || kanda_totp_code(&t, 7, code) != 0
        || kanda_totp_match(&t, code, 7, 1, -1, &match) != 0)
    {
        exit(1);
    }

    kanda_wipe(&t, sizeof(t));
}


__attribute__ ((noinline))
static void
log_in(needle_t *password)
{
    char     text[24], phc[KANDA_PHC_MAX];
    uint8_t  pepper[32];

    memset(pepper, 7, sizeof(pepper));

    if (kanda_random(text, sizeof(text)) != 0) {
        exit(1);
    }

    *password = needle_of(text, sizeof(text));

    if (kanda_password_hash(pepper, text, sizeof(text), phc) != 0
        || kanda_password_verify(pepper, phc, strlen(phc), text, sizeof(text),
                                 NULL) != 1)
    {
        exit(1);
    }

    kanda_wipe(text, sizeof(text));
}


__attribute__ ((noinline))
static void
make_key(needle_t *secret)
{
    char         key[KANDA_APIKEY_LEN];
    uint8_t      digest[32];
    const char  *id, *account;

    if (kanda_apikey_make("abcdefghijklmnopqrstuvwxyz", key, digest) != 0
        || kanda_apikey_parse(key, sizeof(key), &id, &account, digest) != 0)
    {
        exit(1);
    }

    *secret = needle_of(key + 41, 43);
    kanda_wipe(key, sizeof(key));
}


int
main(void)
{
    size_t            len;
    unsigned          hash;
    needle_t          secret, text;
    volatile char    *probe;
    kanda_keyring_t   ring;

    if (TAP_SANITIZED) {
        return tap_skip("the sanitizer keeps freed memory from all");
    }

    setvbuf(stdout, NULL, _IONBF, 0);

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    probe = malloc(200);
    if (probe == NULL) {
        return 1;
    }

    for (hash = 0; hash < 19; hash++) {
        probe[50 + hash] = "a needle of our own"[hash];
    }

    secret = needle_of("a needle of our own", 19);
    tap_ok(found(&secret) > 0, "the search finds what is there");
    free((void *) (uintptr_t) probe);

    for (len = 1; len <= KANDA_LABEL_MAX; len += len) {
        draw(len, &secret, &text);
        tap_ok(found(&secret) == 0 && found(&text) == 0,
               "a picture leaves no secret and no text behind");
    }

    for (hash = 0; hash < KANDA_HASHES; hash++) {
        judge(&ring, (kanda_hash_t) hash, &secret);
        tap_ok(found(&secret) == 0, "a judgement by %s leaves none",
               kanda_totp_hash_name((kanda_hash_t) hash));
    }

    log_in(&secret);
    tap_ok(found(&secret) == 0, "a login leaves no password");

    make_key(&secret);
    tap_ok(found(&secret) == 0, "an API key leaves none of its characters");

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
