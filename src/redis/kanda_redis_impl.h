/*
 * Inside the redis room: the connection's state, shared by its parts.
 */

#ifndef KANDA_REDIS_IMPL_H
#define KANDA_REDIS_IMPL_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "kanda_redis.h"
#include "kanda_redis_place.h"
#include "kanda_stats.h"


#define KANDA_REDIS_QUEUE_MAX     8192          /* commands without a reply */
#define KANDA_REDIS_CONNECT_MAX   250           /* ms to connect, at most */
#define KANDA_REDIS_BACKOFF_MIN   50            /* ms between two connects */
#define KANDA_REDIS_BACKOFF_MAX   400           /* and jitter, up to 500 */
#define KANDA_REDIS_BREAK_AFTER   5             /* timeouts in a row */
#define KANDA_REDIS_REPLY_MAX     (4 * 1024 * 1024)
#define KANDA_REDIS_READS         16            /* in one turn of the loop */
#define KANDA_REDIS_ELEMENTS_MAX  65536         /* of one array */
#define KANDA_REDIS_WORDS         160           /* of an error, in the log */
#define KANDA_REDIS_KEY_MAX       128           /* of a script */
#define KANDA_REDIS_NAME          512           /* of a node, in the log */
#define KANDA_REDIS_LOG_EVERY     10            /* s between like complaints */


/* One command on its way; heap, so that it outlives its request. */
typedef struct {
    kanda_op_t            op;
    ngx_queue_t           queue;
    ngx_msec_t            deadline;             /* of its connection */
    ngx_msec_t            expires;              /* it is not sent on after */
    uint64_t              sent;                 /* ns, 0: not yet */
    kanda_redis_call_t    call;
    unsigned              evaluated:1;          /* sent as EVAL already */
    unsigned              asking:1;             /* behind an ASKING */
    unsigned              bound:1;              /* to this connection */
    unsigned              turns:4;              /* how often sent elsewhere */
    ngx_int_t             outcome;              /* while it is held */
} kanda_redis_cmd_t;


typedef enum {
    KANDA_REDIS_DOWN = 0,
    KANDA_REDIS_FINDING,
    KANDA_REDIS_CONNECTING,
    KANDA_REDIS_GREETING,
    KANDA_REDIS_READY
} kanda_redis_state_t;


/* Bytes to write: data[pos .. last]. */
typedef struct {
    u_char               *data;
    size_t                pos;
    size_t                last;
    size_t                size;
} kanda_redis_buf_t;


/* What a node is for. */
typedef struct {
    /* sets where to connect to: NGX_OK; NGX_AGAIN when kanda_redis_found() or
     * kanda_redis_lost() will follow; NGX_ERROR */
    ngx_int_t           (*find)(kanda_redis_node_t *node);
    /* adds to a greeting: NGX_OK or NGX_ERROR */
    ngx_int_t           (*hello)(kanda_redis_node_t *node);
    /* the greeting was answered; may be NULL */
    void                (*ready)(kanda_redis_node_t *node);
    /* its connection was given up; may be NULL */
    void                (*lost)(kanda_redis_node_t *node);
    const char           *title;                /* for the log */
    ngx_uint_t            asks;                 /* takes no commands */
} kanda_redis_role_t;


/* A server, and our one connection to it. */
struct kanda_redis_node_s {
    kanda_redis_t             *rd;
    const kanda_redis_role_t  *role;
    const kanda_redis_login_t *login;
    ngx_log_t                 *log;
    ngx_queue_t                link;            /* of those for commands */

    ngx_addr_t                 addr;
    ngx_str_t                  host;            /* as TLS is to know it */
    kanda_redis_place_t        place;           /* of addr, if it was found */

    ngx_resolver_ctx_t        *lookup;          /* of its name, under way */
    ngx_event_t                looked_up;
    ngx_uint_t                 lookups;

    kanda_redis_state_t        state;
    ngx_peer_connection_t      peer;
    ngx_connection_t          *c;
    redisReader               *reader;
    ngx_pool_t                *replies;         /* the one being read */
    size_t                     reply_size;      /* what it takes, in bytes */
    ngx_uint_t                 turn;            /* which address is next; or,
                                                 * in a cluster: has slots */

    ngx_queue_t                waiting;         /* sent or to be sent */
    ngx_queue_t                greetings;
    ngx_queue_t                held;            /* replied to: see cover() */
    kanda_waiter_t             cover;           /* of the WAIT on its way */
    ngx_uint_t                 uncovered;       /* scripts that want another */
    ngx_uint_t                 pending;         /* of waiting and of held */
    kanda_redis_buf_t          out;
    kanda_redis_buf_t          greeting_out;
    ngx_event_t                flush;
    ngx_event_t                timer;           /* of the oldest command */
    ngx_event_t                retry;

    uint64_t                   received;        /* ns, what is being read */
    ngx_uint_t                 timeouts;        /* in a row */
    ngx_uint_t                 overdue;         /* the oldest command is */
    ngx_msec_t                 backoff;
    ngx_msec_t                 retry_at;
    ngx_uint_t                 broken;          /* refuse without trying */
    ngx_uint_t                 demoted;         /* says that it is no master:
                                                 * is sent nothing more */
    ngx_uint_t                 stuck;           /* in the middle of sending */
    time_t                     complained;
    const char                *complaint;       /* the last, a literal */
    ngx_uint_t                 parsing;

    ngx_log_t                  tls_log;         /* writes words */
    char                      *tls_name;
    ngx_str_t                  words;           /* of nginx, of OpenSSL */
    u_char                     words_data[KANDA_REDIS_WORDS];
};


/* How servers stand to each other. */
typedef struct {
    /* makes the nodes and begins to connect: NGX_OK or NGX_ERROR */
    ngx_int_t           (*start)(kanda_redis_t *rd);
    /* the node for a command, or NULL */
    kanda_redis_node_t *(*pick)(kanda_redis_t *rd,
                                const kanda_redis_call_t *call);
    /* frees what it made */
    void                (*stop)(kanda_redis_t *rd);
    /* takes a command that has no node yet: NGX_OK or NGX_ERROR; may be NULL */
    ngx_int_t           (*hold)(kanda_redis_t *rd, kanda_redis_cmd_t *cmd);
    /* takes a command that Redis has refused, and sends it elsewhere: NGX_OK,
     * or NGX_DECLINED when the refusal stands; may be NULL */
    ngx_int_t           (*refused)(kanda_redis_node_t *node,
                                   kanda_redis_cmd_t *cmd,
                                   const redisReply *reply);
} kanda_redis_topology_t;


typedef struct kanda_redis_sentinel_s  kanda_redis_sentinel_t;
typedef struct kanda_redis_cluster_s   kanda_redis_cluster_t;


struct kanda_redis_s {
    const kanda_redis_conf_t      *conf;
    const kanda_redis_topology_t  *topology;
    kanda_redis_hello_pt           hello;
    kanda_redis_prove_pt           prove;
    void                          *hello_data;
    void                         (*gather)(void *data);
    void                          *gather_data;
    ngx_log_t                     *log;

    ngx_queue_t                    nodes;       /* for commands */
    kanda_redis_node_t            *node;        /* if there is only one */
    kanda_redis_node_t            *greeted;     /* whose greeting is in hand */
    kanda_redis_sentinel_t        *sentinel;
    kanda_redis_cluster_t         *cluster;
    ngx_event_t                    wake;
    ngx_uint_t                     broken;      /* all of it */
    ngx_uint_t                     settling;    /* held until proven */
    ngx_uint_t                     pending;     /* commands of all nodes */
    ngx_uint_t                     closing;
    time_t                         misnamed;    /* complained of names */
};


extern const kanda_redis_topology_t  kanda_redis_single;
extern const kanda_redis_topology_t  kanda_redis_sentinel;
extern const kanda_redis_topology_t  kanda_redis_cluster;


/* Nodes. */

/* Makes one, for commands or, if its role asks, for questions; NULL without
 * memory.  It connects when it is told to. */
kanda_redis_node_t *kanda_redis_node_create(kanda_redis_t *rd,
    const kanda_redis_role_t *role);

/* Closes and frees; whoever still waits is resumed with NGX_ERROR. */
void kanda_redis_node_destroy(kanda_redis_node_t *node);

/* A role's find: sets an address of the configuration, whose turn it is. */
ngx_int_t kanda_redis_node_seed(kanda_redis_node_t *node);

/* A role's hello: what whoever made rd has to say. */
ngx_int_t kanda_redis_node_hello(kanda_redis_node_t *node);

/* Writes what the log calls it into name, which has KANDA_REDIS_NAME bytes. */
void kanda_redis_name(const kanda_redis_node_t *node, ngx_str_t *name);

/* Has the address that find() looked for: connects. */
void kanda_redis_found(kanda_redis_node_t *node);

/* Puts what is known of the connection into the log's next line. */
void kanda_redis_say(kanda_redis_node_t *node, const char *words);


/* Connection half. */

/* Begins to connect if it is time; NGX_OK when under way, else NGX_ERROR. */
ngx_int_t kanda_redis_connect(kanda_redis_node_t *node);

/* Gives the connection up, fails whoever waits, and plans the next one. */
void kanda_redis_lost(kanda_redis_node_t *node, const char *why);

/* Closes what there is, and no more. */
void kanda_redis_close(kanda_redis_node_t *node);

void kanda_redis_retry_handler(ngx_event_t *ev);

/* Has a connection that was greeted already say its role's hello again. */
void kanda_redis_ask(kanda_redis_node_t *node);

/* Closes an idle connection without planning another: the worker leaves. */
void kanda_redis_leave(kanda_redis_node_t *node);


/* Sets the connection's handlers, which a handshake has for a while. */
void kanda_redis_handlers(kanda_redis_node_t *node);

/* The server can be talked to: greets it. */
void kanda_redis_established(kanda_redis_node_t *node);

/* A greeting was answered in full: commands may go. */
void kanda_redis_greeted(kanda_redis_node_t *node);


/* TLS half. */

/* Shakes hands over a connection that was just made, and checks whose it is. */
void kanda_redis_tls_start(kanda_redis_node_t *node);

/* Ends TLS, if it is spoken, before the connection is closed. */
void kanda_redis_tls_close(ngx_connection_t *c);


/* Reading half. */

/* Makes a new connection's reply reader: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_redis_reader_create(kanda_redis_node_t *node);

/* Gives back what a whole reply was made of. */
void kanda_redis_reply_done(kanda_redis_node_t *node);

void kanda_redis_read_handler(ngx_event_t *rev);


/* Sending half. */

void kanda_redis_flush_handler(ngx_event_t *ev);
void kanda_redis_timer_handler(ngx_event_t *ev);
void kanda_redis_arm_timer(kanda_redis_node_t *node);


/* Command half. */

/* Queues a command on a node, which is to be reached: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_redis_append(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd);

/* May a command go there, now or soon?  NGX_OK or NGX_ERROR. */
ngx_int_t kanda_redis_reach(kanda_redis_node_t *node);

/* Adds a command to the greeting of a node; see kanda_redis_greet(). */
ngx_int_t kanda_redis_node_greet(kanda_redis_node_t *node, ngx_uint_t nargs,
    const ngx_str_t *args, kanda_redis_parse_pt parse, void *out);

/* Takes one reply to whom it belongs.  NGX_ERROR when it belongs to nobody, or
 * to a greeting that it spoils, or is that of no master: the connection must
 * go. */
ngx_int_t kanda_redis_deliver(kanda_redis_node_t *node, redisReply *reply);

/* The same for a reply to a greeting. */
ngx_int_t kanda_redis_deliver_greeting(kanda_redis_node_t *node,
    redisReply *reply);

/* Is this the error reply of one that is no master, and has done nothing? */
ngx_uint_t kanda_redis_no_master(const redisReply *reply);

/* Complains of an error reply in Redis's own words, as far as a log may repeat
 * what a stranger says. */
void kanda_redis_refused(kanda_redis_node_t *node, const redisReply *reply);

/* Complains, but not more often than KANDA_REDIS_LOG_EVERY. */
void kanda_redis_complain(kanda_redis_node_t *node, const char *what,
    const ngx_str_t *more);

/* The same of something else than its connection, last complained of then. */
void kanda_redis_complain_of(kanda_redis_node_t *node, time_t *last,
    const char *what, const ngx_str_t *more);

/* Ends a command, which is in no queue any more. */
void kanda_redis_end(kanda_redis_cmd_t *cmd, ngx_int_t rc);

/* Has all scripts that were queued wait for replicas, unless others do yet, who
 * will be followed by another: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_redis_cover(kanda_redis_node_t *node);

/* Ends a command that was replied to, or keeps it until replicas have what it
 * did. */
void kanda_redis_outcome(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd,
    ngx_int_t rc);

/* Resumes everybody with NGX_ERROR, for a reason that is counted. */
void kanda_redis_fail_all(kanda_redis_node_t *node, kanda_stats_redis_t reason);

/* The same but for those whose commands were certainly not sent: they wait for
 * the next connection. */
void kanda_redis_fail_sent(kanda_redis_node_t *node,
    kanda_stats_redis_t reason);

/* Writes what there is; NGX_OK, NGX_AGAIN or NGX_ERROR. */
ngx_int_t kanda_redis_write(kanda_redis_node_t *node, kanda_redis_buf_t *b);


/* Tells how things stand, to whoever reads the statistics. */
void kanda_redis_gauges(kanda_redis_t *rd);

static ngx_inline void
kanda_redis_count(kanda_redis_node_t *node, ngx_int_t n)
{
    node->pending += n;
    node->rd->pending += n;
    kanda_stats_set(KANDA_STATS_QUEUE, node->rd->pending);
}


/* Bytes. */

/* Appends a command in RESP, head first, then args; NGX_OK or NGX_ERROR. */
ngx_int_t kanda_resp_append(kanda_redis_buf_t *b, const ngx_str_t *head,
    ngx_uint_t nhead, const ngx_str_t *args, ngx_uint_t nargs);

/* Forgets what was to be written; wipes it, for it may hold secrets. */
void kanda_resp_reset(kanda_redis_buf_t *b);

/* The same, and frees the memory. */
void kanda_resp_free(kanda_redis_buf_t *b);


#endif /* KANDA_REDIS_IMPL_H */
