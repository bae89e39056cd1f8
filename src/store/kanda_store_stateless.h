/*
 * What is remembered of secrets that are not kept: the log, and, when asked
 * for, the last step of each, under a keyed digest.
 */

#ifndef KANDA_STORE_STATELESS_H
#define KANDA_STORE_STATELESS_H

#include "kanda_replay.h"
#include "kanda_store.h"
#include "kanda_totp.h"


#define KANDA_REPLAY_LEN  22            /* base64url of the digest */


/*
 * Lets the caller do what event names, and logs it, as failed when reason is
 * not NULL: OK.  Waits.
 */
ngx_int_t kanda_stateless_log(kanda_store_t *st, const char *event,
    const char *reason);

/*
 * What a secret's last step is kept under, from HMAC(digest key, account |
 * period | what the hash makes of the secret): steps of different periods
 * cannot be compared, codes of different lengths are the same code.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t kanda_stateless_digest(kanda_store_t *st, const kanda_totp_t *totp,
    u_char out[KANDA_REPLAY_DIGEST]);

/*
 * Takes a step that a code matched, if it is later than the last one taken, and
 * logs event: VALID or REPLAYED.  digest lives until the reply; ms is how long
 * the step is to be remembered.  Waits.
 */
ngx_int_t kanda_stateless_once(kanda_store_t *st, const char *event,
    const u_char digest[KANDA_REPLAY_DIGEST], int64_t step, int64_t ms);


#endif /* KANDA_STORE_STATELESS_H */
