/*
 * What waits and what is waited for.  An operation (a Redis command, a password
 * hash) lives on the heap and outlives its request if it must; the request
 * waits through a kanda_waiter_t of its own.  There is one way back: when the
 * operation ends, kanda_op_end() resumes the waiter, unless the request has
 * gone and its cleanup has detached it.
 */

#ifndef KANDA_OP_H
#define KANDA_OP_H

#include <ngx_config.h>
#include <ngx_core.h>


typedef struct kanda_op_s      kanda_op_t;
typedef struct kanda_waiter_s  kanda_waiter_t;


struct kanda_waiter_s {
    /* called with the operation's outcome: NGX_OK, NGX_DECLINED or NGX_ERROR */
    void        (*resume)(kanda_waiter_t *w, ngx_int_t rc);
    kanda_op_t   *op;                   /* under way, or NULL */
};


struct kanda_op_s {
    kanda_waiter_t  *waiter;            /* NULL once nobody waits */
};


/* Ties an operation to its waiter, which may have none under way. */
static ngx_inline void
kanda_op_begin(kanda_op_t *op, kanda_waiter_t *w)
{
    op->waiter = w;
    w->op = op;
}


/* Lets go of whatever the waiter waits for: its end will find nobody. */
static ngx_inline void
kanda_op_detach(kanda_waiter_t *w)
{
    if (w->op) {
        w->op->waiter = NULL;
        w->op = NULL;
    }
}


/*
 * Resumes the waiter, if there still is one.  The caller frees the operation
 * before or after; the waiter no longer knows it.
 */
static ngx_inline void
kanda_op_end(kanda_op_t *op, ngx_int_t rc)
{
    kanda_waiter_t  *w;

    w = op->waiter;

    if (w) {
        kanda_op_detach(w);
        w->resume(w, rc);
    }
}


#endif /* KANDA_OP_H */
