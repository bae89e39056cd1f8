/*
 * TOTP clients: what a tenant registers for its users.  Functions that wait say
 * so; see kanda_store.h.
 */

#ifndef KANDA_STORE_CLIENT_H
#define KANDA_STORE_CLIENT_H

#include "kanda_store.h"
#include "kanda_recovery.h"
#include "kanda_seal.h"
#include "kanda_totp.h"


#define KANDA_CLIENT_VERSION  8         /* random bytes */
#define KANDA_CLIENT_RECORD   (KANDA_TOTP_SECRET_MAX + KANDA_SEAL_OVERHEAD)


/* A secret as it lies in Redis. */
typedef struct {
    ngx_str_t  sealed;
    ngx_str_t  version;
} kanda_client_secret_t;


/* What judging a code needs. */
typedef struct {
    unsigned               known:1;
    kanda_client_secret_t  secret;
    kanda_totp_t           totp;        /* without its secret until opened */
    int64_t                last;        /* last accepted step, or -1 */
} kanda_client_t;


/* What one client looks like from outside. */
typedef struct {
    ngx_str_t   id;
    ngx_str_t   label;
    ngx_str_t   issuer;
    ngx_uint_t  hash;
    ngx_uint_t  digits;
    ngx_uint_t  period;
    int64_t     created;                /* Unix ms; 0: never */
    int64_t     confirmed;
    int64_t     used;
    ngx_uint_t  recovery;               /* codes left */
    unsigned    locked:1;
} kanda_client_info_t;


typedef struct {
    int64_t               total;
    ngx_uint_t            n;
    kanda_client_info_t  *clients;
} kanda_client_page_t;


/* The picture of a client: its secret and how to label it. */
typedef struct {
    kanda_client_t  client;
    ngx_str_t       label;
    ngx_str_t       issuer;
} kanda_client_show_t;


/* The guess budget, from kanda_lockout. */
typedef struct {
    ngx_uint_t  row;                    /* wrong codes in a row that lock */
    ngx_msec_t  wait;                   /* the first lock */
    ngx_msec_t  max_wait;
    ngx_uint_t  total;                  /* wrong codes that lock for good */
    int64_t     window;                 /* ms in which they are counted */
    ngx_uint_t  recovery;               /* wrong recovery codes */
    ngx_str_t   text;                   /* all of it, as judge.lua wants it */
    ngx_str_t   account;                /* the same for an account's own 2FA */
} kanda_lockout_t;


typedef enum {
    KANDA_SUBMITTED_CODE = 0,
    KANDA_SUBMITTED_RECOVERY,
    KANDA_SUBMITTED_MALFORMED,
    KANDA_SUBMITTED_NOTHING,            /* for an account's own 2FA */
    KANDA_SUBMITTED_REPLAYED            /* this server has accepted it before */
} kanda_submitted_t;


/* A judgement to be confirmed. */
typedef struct {
    kanda_submitted_t  submitted;
    ngx_str_t          version;         /* of the secret it was made for */
    int64_t            match;           /* step, or KANDA_TOTP_NO_STEP */
    int64_t            step;            /* now */
    int64_t            good;            /* s that the match may come again */
    u_char             digest[KANDA_RECOVERY_DIGEST];
    ngx_str_t          resealed;        /* or empty */
} kanda_judgement_t;


/*
 * Seals totp's secret for a client of st's account under a new random version.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_client_seal(kanda_store_t *st, const ngx_str_t *id,
    const kanda_totp_t *totp, kanda_client_secret_t *secret);

/*
 * Opens a client's secret into its totp.  When an older key sealed it, resealed
 * gets a record under today's, the version unchanged, else it is emptied.
 * NGX_OK, or NGX_ERROR when the record does not open: an alert is logged.
 */
ngx_int_t kanda_client_open(kanda_store_t *st, const ngx_str_t *id,
    kanda_client_t *client, ngx_str_t *resealed);

/* The same two for any entity that has a secret; id may be NULL: there is but
 * one of it in an account. */
ngx_int_t kanda_secret_seal(kanda_store_t *st, const char *entity,
    const ngx_str_t *id, const kanda_totp_t *totp,
    kanda_client_secret_t *secret);
ngx_int_t kanda_secret_open(kanda_store_t *st, const char *entity,
    const ngx_str_t *id, kanda_client_t *client, ngx_str_t *resealed);

/*
 * The keyed digest of a submitted code, so that sending it again is noticed:
 * the first 16 bytes of HMAC-SHA256(digest key, version | code).
 */
ngx_int_t kanda_client_code_digest(kanda_store_t *st,
    const ngx_str_t *version, const char *code, size_t len, u_char *out);


/* Registers: OK or EXISTS.  Waits. */
ngx_int_t kanda_client_create(kanda_store_t *st, const ngx_str_t *id,
    const kanda_client_secret_t *secret, const kanda_totp_t *totp,
    const ngx_str_t *label, const ngx_str_t *issuer);

/* Reads for a judgement, which then proves that the caller may.  Waits. */
ngx_int_t kanda_client_read(kanda_store_t *st, const ngx_str_t *id,
    kanda_client_t *client);

/*
 * The one script that accepts codes: VALID, which names the judgement's
 * digest, so that no other request's answer can pass for it; WRONG, REPLAYED,
 * MALFORMED, LOCKED, UNKNOWN, or STALE when the secret is no longer the one
 * judged.  Waits.
 */
ngx_int_t kanda_client_judge(kanda_store_t *st, const ngx_str_t *id,
    const kanda_judgement_t *judgement, const kanda_lockout_t *lockout);

/* A page, newest first; with an id that one client, or UNKNOWN.  Waits. */
ngx_int_t kanda_client_list(kanda_store_t *st, ngx_uint_t offset,
    ngx_uint_t limit, const ngx_str_t *id, kanda_client_page_t *page);

/* What to draw: OK, UNKNOWN, or CLOSED by the policy.  Waits. */
ngx_int_t kanda_client_show(kanda_store_t *st, const ngx_str_t *id,
    const ngx_str_t *policy, kanda_client_show_t *show);

/*
 * Puts a new secret in place, made for the hash in show: OK, UNKNOWN, or STALE
 * with the client's own hash.  Fills in the rest of show but for the secret.
 * Waits.
 */
ngx_int_t kanda_client_rotate(kanda_store_t *st, const ngx_str_t *id,
    const kanda_client_secret_t *secret, kanda_client_show_t *show);

/* OK or UNKNOWN.  Wait. */
ngx_int_t kanda_client_unlock(kanda_store_t *st, const ngx_str_t *id);
ngx_int_t kanda_client_delete(kanda_store_t *st, const ngx_str_t *id);

/* Replaces the recovery codes by n digests, one after the other: OK or
 * UNKNOWN.  Waits. */
ngx_int_t kanda_client_recovery(kanda_store_t *st, const ngx_str_t *id,
    const u_char *digests, ngx_uint_t n);


/* Within the store room: begins a script about one client. */
ngx_int_t kanda_client_begin(kanda_store_t *st, const ngx_str_t *id);

/* Reads what judging a code of any such hash needs: kind is what its key has
 * behind the account's.  Waits. */
ngx_int_t kanda_secret_read(kanda_store_t *st, const char *kind,
    const ngx_str_t *id, kanda_client_t *client);

/* Adds the digests of n recovery codes to a script's arguments. */
void kanda_store_arg_digests(kanda_store_t *st, const u_char *digests,
    ngx_uint_t n);

/*
 * Notes a code that Redis has accepted.  Where this server knows that it was
 * accepted before, Redis has lost something: st->status is REPLAYED then.
 */
void kanda_store_accepted(kanda_store_t *st, const u_char *digest,
    int64_t step, int64_t seconds);

/* Adds a judgement's arguments, in the order of judge.inc: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_store_arg_judgement(kanda_store_t *st,
    const kanda_judgement_t *j);

/* Whether a verdict repeats the digest that it was asked about: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_store_proof(const redisReply *reply,
    const kanda_judgement_t *j);


#endif /* KANDA_STORE_CLIENT_H */
