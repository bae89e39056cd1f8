/*
 * What the event loop and the hashing thread share.
 */

#ifndef KANDA_KDF_IMPL_H
#define KANDA_KDF_IMPL_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <pthread.h>

#include "kanda_kdf.h"


/* The thread may touch a task only between taking it off the queue and putting
 * it on the done list; pools, logs and the waiter are the event loop's. */

typedef struct kanda_kdf_task_s  kanda_kdf_task_t;

struct kanda_kdf_task_s {
    kanda_op_t            op;
    kanda_kdf_t          *kdf;
    kanda_kdf_task_t     *next;
    ngx_event_t           timer;
    char                 *phc_out;
    kanda_kdf_verdict_t  *verdict_out;
    int                   result;
    int                   outdated;
    ngx_uint_t            verify;
    volatile ngx_uint_t   abandoned;
    size_t                password_len;
    size_t                phc_len;
    char                  phc[KANDA_PHC_MAX];
    char                  password[KANDA_PASSWORD_BYTES];
};


struct kanda_kdf_s {
    pthread_t             thread;
    pthread_mutex_t       mutex;
    pthread_cond_t        wake;
    kanda_kdf_task_t     *queue;
    kanda_kdf_task_t    **queue_tail;
    kanda_kdf_task_t     *done;
    ngx_uint_t            stop;
    ngx_uint_t            started;
    ngx_uint_t            taken;        /* slots, by requests or tasks */
    ngx_connection_t     *notify;
    u_char                pepper[32];
};


/* Starts the thread, which serves the queue until kdf->stop: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_kdf_start(kanda_kdf_t *kdf);


#endif /* KANDA_KDF_IMPL_H */
