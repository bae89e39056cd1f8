/*
 * kanda_require: who may pass a location, judged before it is served.  A main
 * request asks Redis once for each realm that its gates are of, however often
 * it is redirected inside and whatever subrequests it has; each gate on its way
 * judges what was found by its own rule.
 */

#ifndef KANDA_GATE_H
#define KANDA_GATE_H

#include "ngx_http_kanda.h"
#include "kanda_stats.h"
#include "kanda_store_gate.h"


#define KANDA_GATE_EVER  ((ngx_msec_t) -1)


/* What a request's credentials turned out to be. */
typedef enum {
    KANDA_GATE_NOBODY = 0,              /* there are none */
    KANDA_GATE_STRANGER,                /* bad or dead ones */
    KANDA_GATE_SOMEBODY,
    KANDA_GATE_AWAY                     /* Redis cannot tell */
} kanda_gate_who_t;


typedef enum {
    KANDA_GATE_PASSED = KANDA_STATS_GATE_PASSED,
    KANDA_GATE_LOGIN = KANDA_STATS_GATE_LOGIN,      /* has to sign in */
    KANDA_GATE_STEP_UP = KANDA_STATS_GATE_STEP_UP,  /* or to show a factor */
    KANDA_GATE_UNAVAILABLE = KANDA_STATS_GATE_UNAVAILABLE
} kanda_gate_verdict_t;


typedef struct kanda_gate_s  kanda_gate_t;

struct kanda_gate_s {
    kanda_request_t        kr;          /* first: the kr is the gate */
    kanda_gate_t          *next;        /* of another realm or subrequest */
    kanda_gate_who_t       who;
    kanda_gate_info_t      info;        /* of somebody */
    kanda_gate_verdict_t   verdict;     /* on the main request, last */
    ngx_msec_t             since;       /* ngx_current_msec when it was */
    ngx_table_elt_t       *challenge;   /* that was set already */
    unsigned               known:1;     /* who */
    unsigned               token:1;     /* came with one, not with a cookie */
    unsigned               touched:1;   /* Redis's clock has judged */
};


/* In whose words a gate refuses. */
extern const kanda_dialect_t  kanda_gate_dialect;

/* Sets the handlers of a configuration with gates: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_gate_install(ngx_conf_t *cf);

/* What is known of a request where it stands now, and was not known for more
 * than good ms, or NULL. */
const kanda_gate_t *kanda_gate_find(ngx_http_request_t *r, ngx_msec_t good);

/* Begins to find out who asks: NGX_AGAIN when it waits, NGX_OK when that is
 * known, or NGX_ERROR. */
ngx_int_t kanda_gate_ask(kanda_gate_t *gate);

/* Takes what Redis has answered, and goes on with the request. */
void kanda_gate_run(kanda_request_t *kr);

/* What a rule says to somebody who is known. */
kanda_gate_verdict_t kanda_gate_judge(const kanda_gate_t *gate,
    const kanda_require_t *require);

/* How long ago somebody signed in or, later, showed a factor, in s; -1 when
 * that is not known. */
int64_t kanda_gate_age(const kanda_gate_t *gate);

/* Ends a request that may not pass, or a subrequest by a status.  Returns what
 * a phase handler is to return. */
ngx_int_t kanda_gate_refuse(kanda_gate_t *gate, ngx_http_request_t *r,
    kanda_gate_verdict_t verdict);

/* "kanda_serve check": says nothing but that the gate was passed. */
extern const kanda_dialect_t  kanda_check_dialect;

/* Adds the variables: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_gate_variables(ngx_conf_t *cf);


/* Directives. */
char *kanda_conf_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Merges what those have set: NGX_CONF_OK or NGX_CONF_ERROR. */
char *kanda_gate_merge(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *prev,
    ngx_http_kanda_loc_conf_t *conf);

/* Warns of gates that keep nobody out, or let nobody in. */
void kanda_gate_warn(ngx_conf_t *cf);


#endif /* KANDA_GATE_H */
