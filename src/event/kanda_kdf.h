/*
 * Password hashing off the event loop: one thread a worker that takes only idle
 * processor time, behind a short queue.
 */

#ifndef KANDA_KDF_H
#define KANDA_KDF_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "kanda_op.h"
#include "kanda_password.h"


#define KANDA_KDF_QUEUE    16           /* tasks waiting or running */
#define KANDA_KDF_TIMEOUT  10000        /* ms until the waiter gives up */


typedef struct kanda_kdf_s  kanda_kdf_t;


/* What a verification told. */
typedef struct {
    unsigned  match:1;
    unsigned  outdated:1;               /* made with older parameters */
} kanda_kdf_verdict_t;


/*
 * Makes the worker's hasher; its thread starts with the first task.  The pepper
 * is copied.  NULL on failure.
 */
kanda_kdf_t *kanda_kdf_create(ngx_cycle_t *cycle, const u_char pepper[32]);

/* Drops what is queued, waits for the task that runs, frees.  Accepts NULL. */
void kanda_kdf_destroy(kanda_kdf_t *kdf);

/*
 * Takes a place in the queue, *slot becoming 1: NGX_OK, or NGX_ERROR when there
 * is none.  Whoever takes one has it until a task takes it over or
 * kanda_kdf_release(), which does nothing when *slot is 0.
 */
ngx_int_t kanda_kdf_reserve(kanda_kdf_t *kdf, ngx_uint_t *slot);
void kanda_kdf_release(kanda_kdf_t *kdf, ngx_uint_t *slot);

/*
 * Hashes a password; copies it, and takes the slot over.  Waits: NGX_AGAIN, or
 * NGX_ERROR without a slot or memory.  The waiter resumes with NGX_OK and a
 * NUL-ended string in phc[KANDA_PHC_MAX], which must live as long as the
 * waiter, or with NGX_ERROR.
 */
ngx_int_t kanda_kdf_hash(kanda_kdf_t *kdf, ngx_uint_t *slot, kanda_waiter_t *w,
    const ngx_str_t *password, char *phc);

/*
 * Verifies a password against a PHC string, both copied.  Waits like
 * kanda_kdf_hash(); with NGX_OK the verdict is filled in.
 */
ngx_int_t kanda_kdf_verify(kanda_kdf_t *kdf, ngx_uint_t *slot,
    kanda_waiter_t *w, const ngx_str_t *password, const ngx_str_t *phc,
    kanda_kdf_verdict_t *verdict);


#endif /* KANDA_KDF_H */
