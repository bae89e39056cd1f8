/*
 * Redis over nginx's event loop: one connection a worker, commands pipelined
 * in the order they come, written once per turn of the loop.  hiredis's reader
 * parses the replies; the connection, the waiting and the timeouts are ours.
 */

#ifndef KANDA_REDIS_H
#define KANDA_REDIS_H

#include <ngx_config.h>
#include <ngx_core.h>

#include <hiredis/hiredis.h>

#include "kanda_op.h"


#define KANDA_REDIS_ARGS_MAX  48

/* Below, in ms, replicas have no time to answer. */
#define KANDA_REDIS_REPLICAS_TIMEOUT  300


typedef struct kanda_redis_s  kanda_redis_t;


/* How its certificate is judged, and what we show. */
typedef struct {
    ngx_ssl_t   *ssl;                   /* once the configuration is read */
    ngx_str_t    ca;                    /* file, or empty: the system's */
    ngx_str_t    cert;
    ngx_str_t    key;
    ngx_str_t    name;                  /* or empty: the host's */
    ngx_uint_t   on;
} kanda_redis_tls_t;


/* Who asks. */
typedef struct {
    ngx_str_t    user;
    ngx_str_t    password;
} kanda_redis_login_t;


/* An address of the directive, and the host whose it is. */
typedef struct {
    ngx_addr_t   addr;
    ngx_str_t    host;
} kanda_redis_seed_t;


typedef enum {
    KANDA_REDIS_SINGLE = 0,
    KANDA_REDIS_SENTINEL,
    KANDA_REDIS_CLUSTER
} kanda_redis_kind_t;


/* Where Redis is, from the kanda_redis directive. */
typedef struct {
    ngx_str_t            url;           /* without the password, for logs */
    kanda_redis_kind_t   kind;
    kanda_redis_seed_t  *seeds;         /* tried in turn */
    ngx_uint_t           nseeds;
    ngx_str_t            master;        /* as Sentinels call it */
    kanda_redis_login_t  login;
    kanda_redis_login_t  sentinel_login;
    ngx_uint_t           db;
    ngx_msec_t           timeout;       /* of one command */
    ngx_resolver_t      *resolver;      /* of what servers name, or NULL */
    ngx_msec_t           resolver_timeout;
    ngx_uint_t           replicas;      /* that must have what a script did */
    kanda_redis_tls_t    tls;
} kanda_redis_conf_t;


/* A Lua script and the name by which Redis knows it. */
typedef struct {
    const char  *name;
    ngx_str_t    text;
    u_char       sha1[40];              /* lower-case hex */
} kanda_redis_script_t;


/*
 * Reads a reply into out, which is the waiter's; not called once nobody waits.
 * Returns NGX_OK, NGX_DECLINED or NGX_ERROR, which the waiter resumes with.  An
 * error reply never reaches it.
 */
typedef ngx_int_t (*kanda_redis_parse_pt)(void *out, const redisReply *reply);


/* One command.  All that it points to must live as long as the waiter.  A
 * script reaches several keys, all of its key's slot; a plain command one. */
typedef struct {
    const kanda_redis_script_t  *script;  /* NULL: args is a plain command */
    ngx_uint_t                   nargs;   /* of a script: key, then ARGV */
    ngx_str_t                   *args;
    const ngx_str_t             *key;     /* NULL: any server will do */
    kanda_redis_parse_pt         parse;
    void                        *out;
    ngx_uint_t                   proof;   /* see kanda_redis_prove_pt */
} kanda_redis_call_t;


/*
 * Queues what a new connection must say before any command, through
 * kanda_redis_greet().  NGX_OK or NGX_ERROR.
 */
typedef ngx_int_t (*kanda_redis_hello_pt)(kanda_redis_t *rd, void *data);

/*
 * In a cluster no connection can prove alone that this is the right data: asks
 * for the proof by a call with proof set, then tells by kanda_redis_proven().
 */
typedef void (*kanda_redis_prove_pt)(kanda_redis_t *rd, void *data);


/*
 * Reads the directive's arguments: a URL and then parameters, of which the
 * README tells.  Host names are resolved here, at configuration time.
 * NGX_CONF_OK, or a reason for people.
 */
char *kanda_redis_conf_parse(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *args, ngx_uint_t nargs);

/*
 * Makes a worker's client and starts to connect.  NULL on failure to allocate;
 * a Redis that is away is no failure.
 */
kanda_redis_t *kanda_redis_create(ngx_cycle_t *cycle,
    const kanda_redis_conf_t *conf, kanda_redis_hello_pt hello,
    kanda_redis_prove_pt prove, void *data);

/* Is it a cluster, where prove is called? */
ngx_uint_t kanda_redis_is_cluster(const kanda_redis_t *rd);

/* NGX_OK: commands may go; NGX_DECLINED: they must not; NGX_ERROR: nobody
 * knows. */
void kanda_redis_proven(kanda_redis_t *rd, ngx_int_t rc);

/*
 * Has gather called right before what is queued is written, in a turn of the
 * loop in which kanda_redis_wake() was called: its commands go with the rest.
 */
void kanda_redis_gather(kanda_redis_t *rd, void (*gather)(void *data),
    void *data);
void kanda_redis_wake(kanda_redis_t *rd);

/* Closes and frees; whoever still waits is resumed with NGX_ERROR. */
void kanda_redis_destroy(kanda_redis_t *rd);

/*
 * Sends a command when the loop turns.  Waits: NGX_AGAIN, or NGX_ERROR at once
 * when Redis is known to be away or the queue is full; then nothing was sent
 * and nobody will be resumed.  A command whose reply is lost is not sent again;
 * one that was certainly not sent, or not done by a master that is none any
 * more, may be.
 */
ngx_int_t kanda_redis_call(kanda_redis_t *rd, kanda_waiter_t *w,
    const kanda_redis_call_t *call);

/*
 * Adds a command to a new connection's greeting; only from the hello function
 * or a greeting's parse.  The text is copied.  The parse function returns
 * NGX_OK or the connection is given up.
 */
ngx_int_t kanda_redis_greet(kanda_redis_t *rd, ngx_uint_t nargs,
    const ngx_str_t *args, kanda_redis_parse_pt parse, void *out);

/* Fills in a script's SHA-1.  NGX_OK or NGX_ERROR. */
ngx_int_t kanda_redis_script_init(kanda_redis_script_t *script);


#endif /* KANDA_REDIS_H */
