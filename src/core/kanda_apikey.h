/*
 * API keys and account ids.
 *
 *     kan_<id: 10><account: 26>_<secret: 43 of base64url>
 *
 * The public id in front names the account, so that a key's record lies in the
 * account's slot and is found without an index.
 */

#ifndef KANDA_APIKEY_H
#define KANDA_APIKEY_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_crypto.h"


#define KANDA_ACCOUNT_ID_LEN   26       /* lower-case Base32 */
#define KANDA_APIKEY_ID_LEN    10       /* lower-case Base32, 50 random bits */
#define KANDA_APIKEY_SECRET    43       /* characters for 256 random bits */
#define KANDA_APIKEY_PREFIX    8        /* characters that a list shows */
#define KANDA_REGION_MAX       32
#define KANDA_APIKEY_LEN       (4 + KANDA_APIKEY_ID_LEN                       \
                                + KANDA_ACCOUNT_ID_LEN + 1                    \
                                + KANDA_APIKEY_SECRET)


/*
 * The account's id: the first 130 bits of HMAC-SHA256(digest key, realm | 0 |
 * email) in lower-case Base32.  The email is lower-cased already.  0 or -1.
 */
int kanda_account_id(kanda_hmac_t *digest, const char *realm,
    size_t realm_len, const char *email, size_t email_len,
    char out[KANDA_ACCOUNT_ID_LEN]);

/* Whether p[len] has the form of an account id. */
int kanda_account_id_valid(const char *p, size_t len);

/*
 * Makes a key for an account and its SHA-256, which is all that is kept.
 * 0, or -1 when the random generator fails.
 */
int kanda_apikey_make(const char account[KANDA_ACCOUNT_ID_LEN],
    char out[KANDA_APIKEY_LEN], uint8_t digest[KANDA_SHA256_LEN]);

/*
 * Takes a submitted key apart: *id and *account point into it.  Returns 0 and
 * its SHA-256, -1 when it does not have a key's form (the secret must be
 * canonical base64url), or -2 when OpenSSL fails.
 */
int kanda_apikey_parse(const char *key, size_t len, const char **id,
    const char **account, uint8_t digest[KANDA_SHA256_LEN]);

/* Whether p[len] may name a region: 1-32 characters of [a-z0-9-]. */
int kanda_region_valid(const char *p, size_t len);


#endif /* KANDA_APIKEY_H */
