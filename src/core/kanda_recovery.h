/*
 * Recovery codes: xxxxx-xxxxx in Crockford's Base32, 50 random bits.
 */

#ifndef KANDA_RECOVERY_H
#define KANDA_RECOVERY_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_crypto.h"


#define KANDA_RECOVERY_COUNT    10      /* codes of a set */
#define KANDA_RECOVERY_SYMBOLS  10      /* without the hyphen */
#define KANDA_RECOVERY_LEN      11      /* as shown */
#define KANDA_RECOVERY_DIGEST   16      /* bytes kept of a code */


/* Makes a code as shown, lower case, no NUL; 0, or -1 without randomness. */
int kanda_recovery_make(char out[KANDA_RECOVERY_LEN]);

/*
 * Reads a submitted code: any case, hyphen optional, spaces around it dropped,
 * o read as 0, i and l as 1.  Writes its ten symbols in lower case; 0, or -1
 * when it does not have that form.
 */
int kanda_recovery_parse(const char *in, size_t len,
    char symbols[KANDA_RECOVERY_SYMBOLS]);

/*
 * What is kept of a code: the first 16 bytes of HMAC-SHA256(digest key,
 * account | owner | symbols), each length-prefixed; the owner is a clientId or
 * empty for the account itself.  0 or -1.
 */
int kanda_recovery_digest(kanda_hmac_t *digest, const char *account,
    size_t account_len, const char *owner, size_t owner_len,
    const char symbols[KANDA_RECOVERY_SYMBOLS],
    uint8_t out[KANDA_RECOVERY_DIGEST]);


#endif /* KANDA_RECOVERY_H */
