/*
 * What a gate asks of Redis: whom a session or a token speaks for, and how
 * fresh that is.  All functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_GATE_H
#define KANDA_STORE_GATE_H

#include "kanda_store.h"


#define KANDA_GATE_AHEAD  1000          /* ms that may pass on the way */


typedef struct {
    ngx_str_t  email;
    int64_t    created;                 /* Unix ms; 0: not known */
    int64_t    ends;                    /* Unix ms; 0: as its token says */
    int64_t    idle;                    /* ms that it may be */
    int64_t    seen;                    /* Unix ms, by Redis's clock */
    int64_t    factor;                  /* Unix ms of the last; 0: none */
    int64_t    now;                     /* Unix ms, by Redis's clock */
    unsigned   recovery:1;              /* it was a recovery code */
} kanda_gate_info_t;


/*
 * Reads what is known of the session st->sid of st's account: OK, or CLOSED
 * when it is gone or has no gate.  One plain read, which judges no limits: what
 * time it is, info->now tells it.
 */
ngx_int_t kanda_gate_read(kanda_store_t *st, kanda_gate_info_t *info);

/* The same, judged by Redis's clock, and noted as seen: OK or CLOSED. */
ngx_int_t kanda_gate_touch(kanda_store_t *st, kanda_gate_info_t *info);

/* Reads whom the calling token speaks for: OK, UNAUTHORIZED or CLOSED. */
ngx_int_t kanda_gate_token(kanda_store_t *st, kanda_gate_info_t *info);


#endif /* KANDA_STORE_GATE_H */
