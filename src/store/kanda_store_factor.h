/*
 * An account's own second factor: a secret with the fields of a client, of
 * which there is one, and one more that waits to be confirmed.  Functions that
 * wait say so; see kanda_store.h.
 */

#ifndef KANDA_STORE_FACTOR_H
#define KANDA_STORE_FACTOR_H

#include "kanda_store_client.h"


/* Where a secret of an account stands. */
typedef enum {
    KANDA_FACTOR = 0,
    KANDA_FACTOR_PENDING
} kanda_factor_place_t;


/* What shows that the caller has the factor: a judgement, of which submitted
 * may be nothing where what the session showed a moment ago will do. */
typedef struct {
    const kanda_judgement_t  *judgement;
    const kanda_lockout_t    *lockout;
    ngx_str_t                 email;    /* of the account, when it is right */
} kanda_proof_t;


/* How a set-up ended, as the worker found it. */
typedef struct {
    ngx_str_t              version;     /* of the pending secret, or empty */
    const char            *found;       /* right, wrong_code,
                                         * secret_mismatch */
    kanda_client_secret_t  secret;      /* sealed for its new place */
    int64_t                step;        /* of the code */
} kanda_enrolment_t;


/* Reads for a judgement, which then proves that the caller may.  Waits. */
ngx_int_t kanda_factor_read(kanda_store_t *st, kanda_factor_place_t place,
    kanda_client_t *factor);

/* kanda_client_seal() and kanda_client_open() for these. */
ngx_int_t kanda_factor_seal(kanda_store_t *st, kanda_factor_place_t place,
    const kanda_totp_t *totp, kanda_client_secret_t *secret);
ngx_int_t kanda_factor_open(kanda_store_t *st, kanda_factor_place_t place,
    kanda_client_t *factor, ngx_str_t *resealed);


/*
 * The scripts below take a proof and wait.  They come back VALID when it is
 * one, else WRONG, REPLAYED, MALFORMED, LOCKED, UNKNOWN without a factor,
 * NEEDED when nothing was submitted and nothing shown of late, or STALE when
 * the secret is no longer the one judged.
 */

/* Keeps a secret for ms milliseconds until it is confirmed.  Without a factor
 * there is nothing to prove. */
ngx_int_t kanda_factor_begin(kanda_store_t *st, kanda_proof_t *proof,
    const kanda_client_secret_t *secret, int64_t ms);

/* Ends a login: burns the calling token, remembered for dead milliseconds, and
 * makes a session, unless that is empty, of ms milliseconds. */
ngx_int_t kanda_factor_verify(kanda_store_t *st, kanda_proof_t *proof,
    int64_t dead, const ngx_str_t *session, int64_t ms);

/* Notes that the calling session has shown it now. */
ngx_int_t kanda_factor_step_up(kanda_store_t *st, kanda_proof_t *proof);

/* Removes the factor, ends other sessions and the calling token. */
ngx_int_t kanda_factor_disable(kanda_store_t *st, kanda_proof_t *proof,
    int64_t dead);

/* Replaces the recovery codes by n digests, one after the other. */
ngx_int_t kanda_factor_recovery(kanda_store_t *st, kanda_proof_t *proof,
    const u_char *digests, ngx_uint_t n);


/* Makes the pending secret the factor and ends other sessions: OK, WRONG code,
 * or STALE when there is no such pending secret.  Waits. */
ngx_int_t kanda_factor_enable(kanda_store_t *st,
    const kanda_enrolment_t *enrolment);


#endif /* KANDA_STORE_FACTOR_H */
