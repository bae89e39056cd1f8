/*
 * The keys that never leave the server, read from one file at start:
 *
 *     seal   <id> <base64 of 32 bytes>      first makes, all open
 *     jwt    <id> <base64 of 32-64 bytes>   first signs, all verify
 *     digest <base64 of 32 bytes>           one, never changed
 *
 * Blank lines and lines that begin with '#' are skipped.  An id is 1-16
 * characters of [A-Za-z0-9_-].
 */

#ifndef KANDA_KEYRING_H
#define KANDA_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_crypto.h"


#define KANDA_KEY_ID_MAX     16
#define KANDA_KEYS_MAX       16         /* of each kind */
#define KANDA_KEYRING_ERROR  128        /* room for a parse error's text */


typedef struct {
    size_t   id_len;
    char     id[KANDA_KEY_ID_MAX];
    size_t   len;
    uint8_t  key[64];
    kanda_hmac_t *hmac;                 /* jwt keys, after _open() */
} kanda_key_t;


/* What the digest key is for: each use has a key of its own, derived from it,
 * so that no use can be made to speak for another. */
typedef enum {
    KANDA_DIGEST_ACCOUNT = 0,           /* account ids */
    KANDA_DIGEST_RECOVERY,              /* recovery codes */
    KANDA_DIGEST_CODE,                  /* codes that were charged */
    KANDA_DIGEST_REPLAY,                /* secrets that are not kept */
    KANDA_DIGEST_REFRESH,               /* refresh tokens */
    KANDA_DIGEST_GATE,                  /* cookies of a gate */
    KANDA_DIGESTS
} kanda_digest_t;


typedef struct {
    size_t         nseal;
    size_t         njwt;
    kanda_key_t    seal[KANDA_KEYS_MAX];
    kanda_key_t    jwt[KANDA_KEYS_MAX];
    uint8_t        digest[32];
    kanda_hmac_t  *hmac[KANDA_DIGESTS]; /* after _open() */
    uint8_t        pepper[32];          /* after _open(): for passwords */
} kanda_keyring_t;


/*
 * Reads a key file's text.  Returns 0, or -1 with one line in error that names
 * the line number and what is wrong with it, never any key material.
 */
int kanda_keyring_parse(kanda_keyring_t *ring, const char *text, size_t len,
    char error[KANDA_KEYRING_ERROR]);

/*
 * Derives the digest keys and prepares the kept HMAC contexts, in the process
 * that will use them, after kanda_crypto_init().  Returns 0 or -1.
 */
int kanda_keyring_open(kanda_keyring_t *ring);

/* Frees the contexts and wipes every key. */
void kanda_keyring_wipe(kanda_keyring_t *ring);

/* The key of that id among n, or NULL.  Ids are no secret. */
const kanda_key_t *kanda_key_find(const kanda_key_t *keys, size_t n,
    const char *id, size_t id_len);


#endif /* KANDA_KEYRING_H */
