/*
 * Refresh tokens of a session:
 *
 *     <account: 26><session: 22>.<generation>.<mac: 43 of base64url>
 *
 * The account in front says in which slot the session lies.  Which generation
 * is good for what, Redis knows; the mac says that the server made it.
 */

#ifndef KANDA_REFRESH_H
#define KANDA_REFRESH_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_apikey.h"


#define KANDA_SESSION_LEN     22        /* base64url of 128 random bits */
#define KANDA_GENERATION_MAX  999999999
#define KANDA_REFRESH_MAX     (KANDA_ACCOUNT_ID_LEN + KANDA_SESSION_LEN + 1   \
                               + 9 + 1 + 43)


typedef struct {
    const char  *account;               /* into the token */
    const char  *session;
    int64_t      generation;            /* 1 to KANDA_GENERATION_MAX */
} kanda_refresh_t;


/* Makes the id of a session; 0, or -1 when the random generator fails. */
int kanda_session_make(char out[KANDA_SESSION_LEN]);

/*
 * Writes a token into out[KANDA_REFRESH_MAX], no closing NUL.  The realm, which
 * is not told, counts in its mac.  Returns the length, or 0 when OpenSSL fails
 * or the generation is none.
 */
size_t kanda_refresh_make(kanda_hmac_t *digest, const char *realm,
    size_t realm_len, const char account[KANDA_ACCOUNT_ID_LEN],
    const char session[KANDA_SESSION_LEN], int64_t generation, char *out);

/*
 * Takes a token of that realm apart.  Returns 0, -1 when it is none of ours, or
 * -2 when OpenSSL fails and nothing was judged.
 */
int kanda_refresh_read(kanda_hmac_t *digest, const char *realm,
    size_t realm_len, const char *token, size_t len, kanda_refresh_t *refresh);


#endif /* KANDA_REFRESH_H */
