/*
 * The few OpenSSL primitives that everything else stands on.  Algorithms are
 * fetched once per process and their contexts kept, because a fetch costs more
 * than the operation.  Not for threads: the event loop is the only caller.
 */

#ifndef KANDA_CRYPTO_H
#define KANDA_CRYPTO_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/evp.h>


typedef enum {
    KANDA_SHA1 = 0,
    KANDA_SHA256,
    KANDA_SHA512,
    KANDA_HASHES
} kanda_hash_t;


#define KANDA_HASH_MAX     64      /* bytes of the longest digest, SHA512 */
#define KANDA_SHA256_LEN   32


/* A keyed HMAC context; opaque, made once and used for many messages. */
typedef struct kanda_hmac_s  kanda_hmac_t;


/*
 * Fetches the algorithms.  Call once in each process before anything else of
 * core; returns 0, or -1 when OpenSSL lacks one of them.
 */
int kanda_crypto_init(void);

/* Releases what kanda_crypto_init() fetched.  Safe without it. */
void kanda_crypto_done(void);

/*
 * Fills out[len] from the private CSPRNG (RAND_priv_bytes).  Returns 0, or -1
 * when the generator fails: then nothing may be made of out.
 */
int kanda_random(void *out, size_t len);

/* One-shot HMAC (RFC 2104) into out[kanda_hash_length(hash)]; 0 or -1. */
int kanda_hmac(kanda_hash_t hash, const uint8_t *key, size_t key_len,
    const uint8_t *data, size_t len, uint8_t *out);

/*
 * The same in three steps, for several messages under one key: begin, next for
 * each message, and end whatever happened, which makes OpenSSL forget the key.
 */
int kanda_hmac_begin(kanda_hash_t hash, const uint8_t *key, size_t len);
int kanda_hmac_next(kanda_hash_t hash, const uint8_t *data, size_t len,
    uint8_t *out);
void kanda_hmac_end(kanda_hash_t hash);

/* Bytes of a digest. */
size_t kanda_hash_length(kanda_hash_t hash);

/* SHA-256 of data[len] into out[32]; 0 or -1. */
int kanda_sha256(const void *data, size_t len, uint8_t *out);

/*
 * A context that keeps its HMAC-SHA256 key between messages.  NULL when memory
 * or OpenSSL fails.  kanda_hmac_free() wipes the key and accepts NULL.
 */
kanda_hmac_t *kanda_hmac_new(const uint8_t *key, size_t len);
void kanda_hmac_free(kanda_hmac_t *h);

/* HMAC-SHA256 of data[len] under the kept key into out[32]; 0 or -1. */
int kanda_hmac_sign(kanda_hmac_t *h, const void *data, size_t len,
    uint8_t *out);

/*
 * AES-256-GCM.  Sealing writes len bytes and a 16-byte tag to out; opening
 * reads len bytes and the tag from in.  0, or -1: then out is not to be used.
 */
int kanda_gcm_seal(const uint8_t key[32], const uint8_t nonce[12],
    const uint8_t *aad, size_t aad_len, const uint8_t *in, size_t len,
    uint8_t *out);
int kanda_gcm_open(const uint8_t key[32], const uint8_t nonce[12],
    const uint8_t *aad, size_t aad_len, const uint8_t *in, size_t len,
    uint8_t *out);

/* Compares n bytes in constant time; 1 when equal. */
int kanda_equal(const void *a, const void *b, size_t n);

/* Wipes memory in a way that the compiler may not leave out. */
void kanda_wipe(void *p, size_t n);


#endif /* KANDA_CRYPTO_H */
