/*
 * OpenSSL 3 looks an algorithm up by name under locks each time it is asked
 * for one; that costs more than an HMAC.  So everything is fetched once, and
 * each context that may be kept is kept.
 */

#include <limits.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "kanda_crypto.h"


#define KANDA_GCM_TAG  16


struct kanda_hmac_s {
    EVP_MAC_CTX  *ctx;
};


static EVP_MAC_CTX *kanda_mac_context(kanda_hash_t hash);
static int kanda_mac_finish(EVP_MAC_CTX *ctx, const void *data, size_t len,
    uint8_t *out);


static const struct {
    char    name[8];
    size_t  length;
} kanda_hashes[KANDA_HASHES] = {
    { "SHA1", 20 },
    { "SHA256", 32 },
    { "SHA512", 64 }
};


/* What a process keeps; the event loop is its only user. */
static struct {
    EVP_MAC         *mac;
    EVP_MAC_CTX     *hmac[KANDA_HASHES];
    unsigned         used[KANDA_HASHES];    /* since it was given a key */
    EVP_MD          *sha256;
    EVP_MD_CTX      *md;
    EVP_CIPHER      *gcm;
    EVP_CIPHER_CTX  *seal;
    EVP_CIPHER_CTX  *open;
} kanda_kept;


int
kanda_crypto_init(void)
{
    unsigned  i;

    if (kanda_kept.mac != NULL) {
        return 0;
    }

    kanda_kept.mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    kanda_kept.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    kanda_kept.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    kanda_kept.md = EVP_MD_CTX_new();
    kanda_kept.seal = EVP_CIPHER_CTX_new();
    kanda_kept.open = EVP_CIPHER_CTX_new();

    if (kanda_kept.mac == NULL || kanda_kept.sha256 == NULL
        || kanda_kept.gcm == NULL || kanda_kept.md == NULL
        || kanda_kept.seal == NULL || kanda_kept.open == NULL)
    {
        kanda_crypto_done();
        return -1;
    }

    for (i = 0; i < KANDA_HASHES; i++) {
        kanda_kept.hmac[i] = kanda_mac_context((kanda_hash_t) i);
        if (kanda_kept.hmac[i] == NULL) {
            kanda_crypto_done();
            return -1;
        }
    }

    return 0;
}


void
kanda_crypto_done(void)
{
    unsigned  i;

    for (i = 0; i < KANDA_HASHES; i++) {
        EVP_MAC_CTX_free(kanda_kept.hmac[i]);
        kanda_kept.hmac[i] = NULL;
    }

    EVP_CIPHER_CTX_free(kanda_kept.open);
    EVP_CIPHER_CTX_free(kanda_kept.seal);
    EVP_MD_CTX_free(kanda_kept.md);
    EVP_CIPHER_free(kanda_kept.gcm);
    EVP_MD_free(kanda_kept.sha256);
    EVP_MAC_free(kanda_kept.mac);

    kanda_kept.open = NULL;
    kanda_kept.seal = NULL;
    kanda_kept.md = NULL;
    kanda_kept.gcm = NULL;
    kanda_kept.sha256 = NULL;
    kanda_kept.mac = NULL;
}


/* A context that knows its digest for good; the key comes later. */
static EVP_MAC_CTX *
kanda_mac_context(kanda_hash_t hash)
{
    char          name[8];
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    if (kanda_kept.mac == NULL) {
        return NULL;
    }

    memcpy(name, kanda_hashes[hash].name, sizeof(name));
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name,
                                                 0);
    params[1] = OSSL_PARAM_construct_end();

    ctx = EVP_MAC_CTX_new(kanda_kept.mac);
    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_MAC_CTX_set_params(ctx, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


static int
kanda_mac_finish(EVP_MAC_CTX *ctx, const void *data, size_t len, uint8_t *out)
{
    size_t  n;

    if (EVP_MAC_update(ctx, data, len) != 1
        || EVP_MAC_final(ctx, out, &n, KANDA_HASH_MAX) != 1)
    {
        return -1;
    }

    return 0;
}


int
kanda_random(void *out, size_t len)
{
    if (len > INT_MAX) {
        return -1;
    }

    return RAND_priv_bytes(out, (int) len) == 1 ? 0 : -1;
}


size_t
kanda_hash_length(kanda_hash_t hash)
{
    return kanda_hashes[hash].length;
}


int
kanda_hmac(kanda_hash_t hash, const uint8_t *key, size_t key_len,
    const uint8_t *data, size_t len, uint8_t *out)
{
    int  rc;

    rc = kanda_hmac_begin(hash, key, key_len);
    if (rc == 0) {
        rc = kanda_hmac_next(hash, data, len, out);
    }

    kanda_hmac_end(hash);

    return rc;
}


int
kanda_hmac_begin(kanda_hash_t hash, const uint8_t *key, size_t len)
{
    static const uint8_t  empty[1];

    if (kanda_kept.hmac[hash] == NULL) {
        return -1;
    }

    /* NULL would mean the key of last time */
    if (len == 0) {
        key = empty;
    }

    kanda_kept.used[hash] = 0;

    return EVP_MAC_init(kanda_kept.hmac[hash], key, len, NULL) == 1 ? 0 : -1;
}


int
kanda_hmac_next(kanda_hash_t hash, const uint8_t *data, size_t len,
    uint8_t *out)
{
    EVP_MAC_CTX  *ctx;

    ctx = kanda_kept.hmac[hash];

    if (kanda_kept.used[hash] && EVP_MAC_init(ctx, NULL, 0, NULL) != 1) {
        return -1;
    }

    kanda_kept.used[hash] = 1;

    return kanda_mac_finish(ctx, data, len, out);
}


/* OpenSSL keeps a copy of the key; another key takes its place. */
void
kanda_hmac_end(kanda_hash_t hash)
{
    static const uint8_t  nothing[1];

    if (kanda_kept.hmac[hash] != NULL) {
        (void) EVP_MAC_init(kanda_kept.hmac[hash], nothing, 1, NULL);
    }
}


kanda_hmac_t *
kanda_hmac_new(const uint8_t *key, size_t len)
{
    kanda_hmac_t  *h;

    h = OPENSSL_zalloc(sizeof(kanda_hmac_t));
    if (h == NULL) {
        return NULL;
    }

    h->ctx = kanda_mac_context(KANDA_SHA256);

    if (h->ctx == NULL || EVP_MAC_init(h->ctx, key, len, NULL) != 1) {
        kanda_hmac_free(h);
        return NULL;
    }

    return h;
}


void
kanda_hmac_free(kanda_hmac_t *h)
{
    if (h != NULL) {
        EVP_MAC_CTX_free(h->ctx);
        OPENSSL_free(h);
    }
}


int
kanda_hmac_sign(kanda_hmac_t *h, const void *data, size_t len, uint8_t *out)
{
    if (h == NULL || EVP_MAC_init(h->ctx, NULL, 0, NULL) != 1) {
        return -1;
    }

    return kanda_mac_finish(h->ctx, data, len, out);
}


int
kanda_sha256(const void *data, size_t len, uint8_t *out)
{
    if (kanda_kept.md == NULL
        || EVP_DigestInit_ex2(kanda_kept.md, kanda_kept.sha256, NULL) != 1
        || EVP_DigestUpdate(kanda_kept.md, data, len) != 1
        || EVP_DigestFinal_ex(kanda_kept.md, out, NULL) != 1)
    {
        return -1;
    }

    return 0;
}


int
kanda_gcm_seal(const uint8_t key[32], const uint8_t nonce[12],
    const uint8_t *aad, size_t aad_len, const uint8_t *in, size_t len,
    uint8_t *out)
{
    int              n;
    EVP_CIPHER_CTX  *ctx;

    ctx = kanda_kept.seal;

    if (ctx == NULL || len > INT_MAX || aad_len > INT_MAX
        || EVP_EncryptInit_ex2(ctx, kanda_kept.gcm, key, nonce, NULL) != 1
        || EVP_EncryptUpdate(ctx, NULL, &n, aad, (int) aad_len) != 1
        || EVP_EncryptUpdate(ctx, out, &n, in, (int) len) != 1
        || EVP_EncryptFinal_ex(ctx, out + len, &n) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, KANDA_GCM_TAG,
                               out + len)
           != 1)
    {
        return -1;
    }

    return 0;
}


int
kanda_gcm_open(const uint8_t key[32], const uint8_t nonce[12],
    const uint8_t *aad, size_t aad_len, const uint8_t *in, size_t len,
    uint8_t *out)
{
    int              n;
    uint8_t          tag[KANDA_GCM_TAG];
    EVP_CIPHER_CTX  *ctx;

    ctx = kanda_kept.open;

    if (ctx == NULL || len > INT_MAX || aad_len > INT_MAX) {
        return -1;
    }

    memcpy(tag, in + len, sizeof(tag));

    if (EVP_DecryptInit_ex2(ctx, kanda_kept.gcm, key, nonce, NULL) != 1
        || EVP_DecryptUpdate(ctx, NULL, &n, aad, (int) aad_len) != 1
        || EVP_DecryptUpdate(ctx, out, &n, in, (int) len) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag)
           != 1
        || EVP_DecryptFinal_ex(ctx, tag, &n) != 1)
    {
        return -1;
    }

    return 0;
}


int
kanda_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}


void
kanda_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}
