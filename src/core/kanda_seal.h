/*
 * Sealed records: AES-256-GCM (NIST SP 800-38D) over a secret, bound by the
 * associated data to the place where it is kept, so that a record moved to
 * another client, field or account does not open.
 *
 *     format (1) | key id length (1) | key id | nonce (12) | text | tag (16)
 */

#ifndef KANDA_SEAL_H
#define KANDA_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_keyring.h"


/* Bytes that sealing adds at most. */
#define KANDA_SEAL_OVERHEAD  (2 + KANDA_KEY_ID_MAX + 12 + 16)


/* Where a record stands; together with format and key id, the associated
 * data.  Each part is length-prefixed, so that no two places read alike. */
typedef struct {
    const char  *account;
    size_t       account_len;
    const char  *entity;                /* "client", "canary", ... NUL-ended */
    const char  *id;
    size_t       id_len;
    const char  *version;               /* of the secret, or empty */
    size_t       version_len;
} kanda_seal_place_t;


/*
 * Seals in[len] under the ring's first key.  out holds len +
 * KANDA_SEAL_OVERHEAD bytes.  Returns the record's length, or -1 when the
 * random generator or OpenSSL fails.
 */
int kanda_seal(const kanda_keyring_t *ring, const kanda_seal_place_t *place,
    const uint8_t *in, size_t len, uint8_t *out);

/*
 * Opens a record into out[cap].  Returns the text's length, or -1 when it is
 * truncated, altered, misplaced, too long or sealed by an unknown key; out is
 * then wiped.  *stale, when not NULL, becomes 1 if the key that sealed it is
 * not the ring's first: the record wants sealing anew.
 */
int kanda_seal_open(const kanda_keyring_t *ring,
    const kanda_seal_place_t *place, const uint8_t *record, size_t len,
    uint8_t *out, size_t cap, int *stale);

/* Which of the ring's keys a record names: its place in the ring, or -1 when it
 * is none of them. */
int kanda_seal_key(const kanda_keyring_t *ring, const uint8_t *record,
    size_t len);


#endif /* KANDA_SEAL_H */
