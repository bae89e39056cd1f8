#include <stdio.h>
#include <string.h>

#include "kanda_base64url.h"
#include "kanda_keyring.h"


typedef struct {
    const char  *p;
    size_t       len;
} kanda_word_t;


static const char *kanda_keyring_line(kanda_keyring_t *ring, int *digest,
    const char *line, size_t len);
static const char *kanda_keyring_key(kanda_key_t *keys, size_t *n,
    const kanda_word_t *id, const kanda_word_t *text, size_t most);
static const char *kanda_keyring_digest(kanda_keyring_t *ring, int *digest,
    const kanda_word_t *text);
static size_t kanda_keyring_split(kanda_word_t *words, size_t max,
    const char *line, size_t len);
static int kanda_keyring_base64(uint8_t *out, size_t cap,
    const kanda_word_t *text);
static int kanda_keyring_is(const kanda_word_t *word, const char *text);
static int kanda_keyring_id_valid(const kanda_word_t *id);
static int kanda_keyring_derive(const kanda_keyring_t *ring,
    const char *purpose, uint8_t out[KANDA_SHA256_LEN]);
static void kanda_keyring_close(kanda_keyring_t *ring);


int
kanda_keyring_parse(kanda_keyring_t *ring, const char *text, size_t len,
    char error[KANDA_KEYRING_ERROR])
{
    int          digest;
    size_t       n, line;
    const char  *what, *end;

    memset(ring, 0, sizeof(kanda_keyring_t));
    digest = 0;

    for (line = 1; len > 0; line++) {
        end = memchr(text, '\n', len);
        n = (end != NULL) ? (size_t) (end - text) : len;

        what = kanda_keyring_line(ring, &digest, text, n);
        if (what != NULL) {
            (void) snprintf(error, KANDA_KEYRING_ERROR, "line %zu: %s", line,
                            what);
            kanda_keyring_wipe(ring);
            return -1;
        }

        n += (end != NULL);
        text += n;
        len -= n;
    }

    if (ring->nseal > 0 && ring->njwt > 0 && digest) {
        return 0;
    }

    (void) snprintf(error, KANDA_KEYRING_ERROR, "no \"%s\" key in %zu lines",
                    ring->nseal == 0 ? "seal"
                                     : ring->njwt == 0 ? "jwt" : "digest",
                    line - 1);
    kanda_keyring_wipe(ring);

    return -1;
}


int
kanda_keyring_open(kanda_keyring_t *ring)
{
    static const char  *purposes[KANDA_DIGESTS] = {
        [KANDA_DIGEST_ACCOUNT] = "kanda account id",
        [KANDA_DIGEST_RECOVERY] = "kanda recovery code",
        [KANDA_DIGEST_CODE] = "kanda charged code",
        [KANDA_DIGEST_REPLAY] = "kanda stateless replay",
        [KANDA_DIGEST_REFRESH] = "kanda refresh token",
        [KANDA_DIGEST_GATE] = "kanda gate cookie"
    };

    size_t        i;
    uint8_t       key[KANDA_SHA256_LEN];
    kanda_key_t  *k;

    kanda_keyring_close(ring);

    for (i = 0; i < KANDA_DIGESTS; i++) {

        if (kanda_keyring_derive(ring, purposes[i], key) == 0) {
            ring->hmac[i] = kanda_hmac_new(key, sizeof(key));
        }

        kanda_wipe(key, sizeof(key));

        if (ring->hmac[i] == NULL) {
            kanda_keyring_close(ring);
            return -1;
        }
    }

    if (kanda_keyring_derive(ring, "kanda password pepper", ring->pepper)
        != 0)
    {
        kanda_keyring_close(ring);
        return -1;
    }

    for (i = 0; i < ring->njwt; i++) {
        k = &ring->jwt[i];

        k->hmac = kanda_hmac_new(k->key, k->len);
        if (k->hmac == NULL) {
            kanda_keyring_close(ring);
            return -1;
        }
    }

    return 0;
}


void
kanda_keyring_wipe(kanda_keyring_t *ring)
{
    kanda_keyring_close(ring);
    kanda_wipe(ring, sizeof(kanda_keyring_t));
}


const kanda_key_t *
kanda_key_find(const kanda_key_t *keys, size_t n, const char *id,
    size_t id_len)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (keys[i].id_len == id_len && memcmp(keys[i].id, id, id_len) == 0) {
            return &keys[i];
        }
    }

    return NULL;
}


/* Reads a line; returns what is wrong with it, or NULL. */
static const char *
kanda_keyring_line(kanda_keyring_t *ring, int *digest, const char *line,
    size_t len)
{
    size_t        n;
    kanda_word_t  words[4];

    n = kanda_keyring_split(words, 4, line, len);

    if (n == 0 || words[0].p[0] == '#') {
        return NULL;
    }

    if (kanda_keyring_is(&words[0], "digest")) {
        return n == 2 ? kanda_keyring_digest(ring, digest, &words[1])
                      : "want \"digest <base64>\"";
    }

    if (kanda_keyring_is(&words[0], "seal")) {
        return n == 3 ? kanda_keyring_key(ring->seal, &ring->nseal, &words[1],
                                          &words[2], 32)
                      : "want \"seal <id> <base64>\"";
    }

    if (kanda_keyring_is(&words[0], "jwt")) {
        return n == 3 ? kanda_keyring_key(ring->jwt, &ring->njwt, &words[1],
                                          &words[2], 64)
                      : "want \"jwt <id> <base64>\"";
    }

    return "want a line that begins with seal, jwt, digest or #";
}


static const char *
kanda_keyring_key(kanda_key_t *keys, size_t *n, const kanda_word_t *id,
    const kanda_word_t *text, size_t most)
{
    int           len;
    kanda_key_t  *k;

    if (!kanda_keyring_id_valid(id)) {
        return "an id is 1 to 16 characters of [A-Za-z0-9_-]";
    }

    if (kanda_key_find(keys, *n, id->p, id->len) != NULL) {
        return "this id was given to an earlier key of the same kind";
    }

    if (*n == KANDA_KEYS_MAX) {
        return "there are more than 16 keys of this kind";
    }

    k = &keys[*n];
    len = kanda_keyring_base64(k->key, sizeof(k->key), text);

    if (len < 0) {
        return "the key is not base64 with padding of at most 64 bytes";
    }

    if (len < 32) {
        return "the key is shorter than 32 bytes";
    }

    if ((size_t) len > most) {
        return "the key is longer than 32 bytes";
    }

    k->len = (size_t) len;
    k->id_len = id->len;
    memcpy(k->id, id->p, id->len);
    *n += 1;

    return NULL;
}


static const char *
kanda_keyring_digest(kanda_keyring_t *ring, int *digest,
    const kanda_word_t *text)
{
    if (*digest) {
        return "there is a digest key already";
    }

    *digest = 1;

    if (kanda_keyring_base64(ring->digest, sizeof(ring->digest), text)
        != (int) sizeof(ring->digest))
    {
        return "the digest key is not base64 with padding of 32 bytes";
    }

    return NULL;
}


/* Splits a line at white space; one word past max counts, no more. */
static size_t
kanda_keyring_split(kanda_word_t *words, size_t max, const char *line,
    size_t len)
{
    size_t  i, n, start;

    n = 0;

    for (i = 0; n < max; n++) {

        while (i < len
               && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
        {
            i++;
        }

        start = i;

        while (i < len && line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
        {
            i++;
        }

        if (i == start) {
            break;
        }

        words[n].p = line + start;
        words[n].len = i - start;
    }

    return n;
}


/* Base64 as openssl(1) prints it. */
static int
kanda_keyring_base64(uint8_t *out, size_t cap, const kanda_word_t *text)
{
    size_t  len;

    len = text->len;

    if (len == 0 || len % 4 != 0) {
        return -1;
    }

    if (text->p[len - 1] == '=') {
        len -= (text->p[len - 2] == '=') ? 2 : 1;
    }

    return kanda_base64_decode(out, cap, text->p, len);
}


static int
kanda_keyring_is(const kanda_word_t *word, const char *text)
{
    return word->len == strlen(text) && memcmp(word->p, text, word->len) == 0;
}


static int
kanda_keyring_id_valid(const kanda_word_t *id)
{
    size_t  i;
    char    c;

    if (id->len == 0 || id->len > KANDA_KEY_ID_MAX) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        c = id->p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}


static int
kanda_keyring_derive(const kanda_keyring_t *ring, const char *purpose,
    uint8_t out[KANDA_SHA256_LEN])
{
    return kanda_hmac(KANDA_SHA256, ring->digest, sizeof(ring->digest),
                      (const uint8_t *) purpose, strlen(purpose), out);
}


static void
kanda_keyring_close(kanda_keyring_t *ring)
{
    size_t  i;

    for (i = 0; i < KANDA_DIGESTS; i++) {
        kanda_hmac_free(ring->hmac[i]);
        ring->hmac[i] = NULL;
    }

    kanda_wipe(ring->pepper, sizeof(ring->pepper));

    for (i = 0; i < ring->njwt; i++) {
        kanda_hmac_free(ring->jwt[i].hmac);
        ring->jwt[i].hmac = NULL;
    }
}
