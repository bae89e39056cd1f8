/*
 * What Kanda keeps in Redis.  A kanda_store_t is one request's way in: who
 * asks, what the log shall say, and the last answer.  Every function that waits
 * returns NGX_AGAIN or NGX_ERROR; the waiter resumes with NGX_OK, and then
 * st->status tells what Redis decided, or with NGX_ERROR when it is away.
 */

#ifndef KANDA_STORE_H
#define KANDA_STORE_H

#include "kanda_redis.h"
#include "kanda_script.h"
#include "kanda_apikey.h"
#include "kanda_crypto.h"
#include "kanda_keyring.h"


/* What an API key may do; a login may do all. */
#define KANDA_SCOPE_VALIDATE   1
#define KANDA_SCOPE_CLIENTS    2
#define KANDA_SCOPE_LOGS       4
#define KANDA_SCOPE_KEYS       8
#define KANDA_SCOPE_STATELESS  16


#define KANDA_STORE_CANARY  256         /* bytes, sealed, of any key's */
#define KANDA_STORE_WORD    16          /* bytes of the one that is sealed */


/* The first word of a script's reply. */
typedef enum {
    KANDA_STATUS_OK = 0,
    KANDA_STATUS_UNAUTHORIZED,          /* token, key or account is dead */
    KANDA_STATUS_SCOPE,                 /* the key may not do this, or here */
    KANDA_STATUS_EXISTS,
    KANDA_STATUS_UNKNOWN,
    KANDA_STATUS_STALE,                 /* something changed in between */
    KANDA_STATUS_CLOSED,
    KANDA_STATUS_LOCKED,                /* st->wait tells how long */
    KANDA_STATUS_INVALID,               /* wrong password */
    KANDA_STATUS_VALID,
    KANDA_STATUS_WRONG,
    KANDA_STATUS_REPLAYED,
    KANDA_STATUS_MALFORMED,
    KANDA_STATUS_NEEDED,                /* a second factor, first */
    KANDA_STATUS_FORGOTTEN              /* replayed, and Redis has lost it */
} kanda_status_t;


typedef enum {
    KANDA_CALLER_NOBODY = '-',
    KANDA_CALLER_TOKEN = 'j',
    KANDA_CALLER_KEY = 'k',
    KANDA_CALLER_SESSION = 's'          /* a token that a session made */
} kanda_caller_kind_t;


/* A session to make; sid is empty for none. */
typedef struct {
    ngx_str_t  sid;
    int64_t    ms;                      /* that it lasts without a refresh */
    ngx_str_t  limits;                  /* of its gate: see session_new.inc */
} kanda_session_new_t;


typedef struct kanda_store_s   kanda_store_t;
typedef struct kanda_shares_s  kanda_shares_t;

/* Reads the elements after the status word; NGX_OK or NGX_ERROR. */
typedef ngx_int_t (*kanda_store_read_pt)(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


struct kanda_store_s {
    kanda_redis_t          *redis;
    kanda_shares_t         *shares;
    kanda_keyring_t        *ring;
    kanda_waiter_t         *waiter;
    ngx_pool_t             *pool;
    ngx_log_t              *log;

    /* who asks */
    kanda_caller_kind_t     kind;
    ngx_str_t               account;    /* 26 characters */
    ngx_str_t               jti;
    ngx_str_t               key;        /* API key id, or empty */
    ngx_str_t               key_digest;
    ngx_str_t               sid;        /* of a session */
    ngx_str_t               realm;
    ngx_uint_t              scope;      /* bits, 0: none needed */
    ngx_str_t               region;     /* of this server, or empty */
    ngx_str_t               ip;
    ngx_str_t               agent;
    ngx_str_t               keep;       /* log entries, as text */
    ngx_str_t               age;        /* log milliseconds, as text */

    /* what came back */
    ngx_str_t               event;      /* of the last script that has one */
    kanda_status_t          status;
    int64_t                 wait;       /* ms, -1: until somebody unlocks */
    ngx_uint_t              asked;      /* scripts sent with credentials */
    ngx_uint_t              answered;   /* status is Redis's word */

    kanda_store_read_pt     read;
    void                   *target;
    ngx_str_t               name;       /* KEYS[1] */
    ngx_uint_t              nargs;
    ngx_str_t               args[KANDA_REDIS_ARGS_MAX];
};


/*
 * Makes the place where a worker's questions meet; NULL without memory.  It
 * goes before its Redis client; whoever still waits is resumed with NGX_ERROR.
 */
kanda_shares_t *kanda_shares_create(kanda_redis_t *rd, ngx_log_t *log);
void kanda_shares_destroy(kanda_shares_t *shares);


/* Asks only whether the caller is still who the credentials say.  Waits. */
ngx_int_t kanda_store_authorize(kanda_store_t *st);

/* For the store room itself. */

/* Begins a script's arguments: the key and the prelude's.  NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_store_begin(kanda_store_t *st);

/* Notes the event of a script that is to be sent. */
void kanda_store_event(kanda_store_t *st, kanda_script_id_t id);

/* Adds an argument, which must live until the reply. */
void kanda_store_arg(kanda_store_t *st, const void *p, size_t len);

/* Adds a number in decimal.  NGX_OK or NGX_ERROR. */
ngx_int_t kanda_store_arg_int(kanda_store_t *st, int64_t n);

/* Sends the script; read may be NULL.  Waits. */
ngx_int_t kanda_store_send(kanda_store_t *st, kanda_script_id_t id,
    kanda_store_read_pt read, void *target);

/*
 * The same for a script that answers several questions in one run: what else
 * the caller asks it in this turn of the event loop goes with it.  The first
 * nshared arguments must be alike for that; the rest is the question.  The
 * script replies "ok", then for each question what it would reply to that
 * alone; or a refusal that is for all.  Arguments are copied.  Waits.
 */
ngx_int_t kanda_store_share(kanda_store_t *st, kanda_script_id_t id,
    ngx_uint_t nshared, kanda_store_read_pt read, void *target);

/* Reads a script's reply, or a question's, into st: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_store_parse(void *st, const redisReply *reply);

/* Sends a read-only command outside any script, of which the second word, if
 * there is one, is a key; parse gets target.  Waits. */
ngx_int_t kanda_store_command(kanda_store_t *st, kanda_redis_parse_pt parse,
    void *target);

/* Reads fields, each a letter, of the account's hash of that kind and id; parse
 * gets st, and finds target in it.  Waits. */
ngx_int_t kanda_store_fields(kanda_store_t *st, const char *kind,
    const ngx_str_t *id, const char *fields, kanda_redis_parse_pt parse,
    void *target);

/*
 * Copies a reply's string or number into the pool; nil becomes empty.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_store_string(kanda_store_t *st, const redisReply *reply,
    ngx_str_t *out);

/* Tells the log that Redis has lost data, once in a while. */
void kanda_store_lost(kanda_store_t *st);

/* Adds the arguments that make a session; NGX_OK or NGX_ERROR. */
ngx_int_t kanda_store_arg_session(kanda_store_t *st,
    const kanda_session_new_t *session);

/* A reply's number, also from text; -1 when it is none. */
int64_t kanda_store_number(const redisReply *reply);

/* Makes the account's key, "kanda:{<account>}" and what follows it. */
ngx_int_t kanda_store_name(kanda_store_t *st, ngx_str_t *out,
    const char *kind, const ngx_str_t *id);

/* What greeting a connection needs; lives as long as the client. */
typedef struct {
    kanda_waiter_t    waiter;           /* first: for the proof of a cluster */
    kanda_redis_t    *redis;
    kanda_keyring_t  *ring;
    time_t            alerted;          /* of wrong keys, last */
    time_t            told;             /* of other data, last */
    ngx_msec_t        wrong_at;         /* ms of nginx's timers, with wrong */
    ngx_uint_t        wrong;            /* they did not open it, last */
    ngx_uint_t        proven;           /* the keys have opened it before */
    ngx_uint_t        stale;            /* but by a key that is not the first */
    ngx_str_t         args[6];          /* of the proof */
    ngx_str_t         old;              /* what is there */
    u_char            word[KANDA_STORE_WORD];
    u_char            record[KANDA_STORE_CANARY];
    u_char            old_data[KANDA_STORE_CANARY];
} kanda_store_hello_t;


/*
 * Greets a new connection: proves that the key ring opens what is kept, then
 * loads the scripts.  A kanda_redis_hello_pt; data is a kanda_store_hello_t.
 */
ngx_int_t kanda_store_hello(kanda_redis_t *rd, void *data);

/* Asks a cluster for that proof, once for all of its nodes.  A
 * kanda_redis_prove_pt; data is a kanda_store_hello_t. */
void kanda_store_prove(kanda_redis_t *rd, void *data);


#endif /* KANDA_STORE_H */
