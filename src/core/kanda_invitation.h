/*
 * Invitations: a link's secret, which lets its holder choose a password.
 *
 *     inv_<account: 26>_<secret: 43 of base64url>
 *
 * The account in front says where its record lies.
 */

#ifndef KANDA_INVITATION_H
#define KANDA_INVITATION_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_apikey.h"


#define KANDA_INVITATION_SECRET  43     /* characters for 256 random bits */
#define KANDA_INVITATION_LEN     (4 + KANDA_ACCOUNT_ID_LEN + 1                \
                                  + KANDA_INVITATION_SECRET)


/*
 * Makes an invitation for an account and its SHA-256, which is all that is
 * kept.  0, or -1 when the random generator fails.
 */
int kanda_invitation_make(const char account[KANDA_ACCOUNT_ID_LEN],
    char out[KANDA_INVITATION_LEN], uint8_t digest[KANDA_SHA256_LEN]);

/*
 * Takes a submitted invitation apart: *account points into it.  Returns 0 and
 * its SHA-256, -1 when it does not have an invitation's form (the secret must
 * be canonical base64url), or -2 when OpenSSL fails.
 */
int kanda_invitation_parse(const char *text, size_t len,
    const char **account, uint8_t digest[KANDA_SHA256_LEN]);


#endif /* KANDA_INVITATION_H */
