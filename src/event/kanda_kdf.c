#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <sys/eventfd.h>

#include "kanda_kdf_impl.h"
#include "kanda_crypto.h"
#include "kanda_stats.h"


static ngx_int_t kanda_kdf_post(kanda_kdf_t *kdf, ngx_uint_t *slot,
    kanda_waiter_t *w, kanda_kdf_task_t *task);
static kanda_kdf_task_t *kanda_kdf_task(kanda_kdf_t *kdf,
    const ngx_uint_t *slot, const ngx_str_t *password);
static void kanda_kdf_done_handler(ngx_event_t *ev);
static void kanda_kdf_finish(kanda_kdf_task_t *task);
static void kanda_kdf_timeout_handler(ngx_event_t *ev);
static void kanda_kdf_free_task(kanda_kdf_task_t *task);


kanda_kdf_t *
kanda_kdf_create(ngx_cycle_t *cycle, const u_char pepper[32])
{
    int                fd;
    kanda_kdf_t       *kdf;
    ngx_connection_t  *c;

    kdf = ngx_calloc(sizeof(kanda_kdf_t), cycle->log);
    if (kdf == NULL) {
        return NULL;
    }

    fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    if (fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "kanda: eventfd() failed");
        ngx_free(kdf);
        return NULL;
    }

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        (void) close(fd);
        ngx_free(kdf);
        return NULL;
    }

    c->data = kdf;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = kanda_kdf_done_handler;
    c->write->handler = kanda_kdf_done_handler;
    c->read->log = cycle->log;
    c->write->log = cycle->log;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_close_connection(c);
        ngx_free(kdf);
        return NULL;
    }

    kdf->notify = c;
    kdf->queue_tail = &kdf->queue;
    ngx_memcpy(kdf->pepper, pepper, 32);

    pthread_mutex_init(&kdf->mutex, NULL);
    pthread_cond_init(&kdf->wake, NULL);

    return kdf;
}


void
kanda_kdf_destroy(kanda_kdf_t *kdf)
{
    kanda_kdf_task_t  *task;

    if (kdf == NULL) {
        return;
    }

    if (kdf->started) {
        pthread_mutex_lock(&kdf->mutex);
        kdf->stop = 1;
        pthread_cond_signal(&kdf->wake);
        pthread_mutex_unlock(&kdf->mutex);

        pthread_join(kdf->thread, NULL);
    }

    while ((task = kdf->queue) != NULL) {
        kdf->queue = task->next;
        kanda_kdf_free_task(task);
    }

    while ((task = kdf->done) != NULL) {
        kdf->done = task->next;
        kanda_kdf_free_task(task);
    }

    ngx_close_connection(kdf->notify);
    pthread_cond_destroy(&kdf->wake);
    pthread_mutex_destroy(&kdf->mutex);
    kanda_wipe(kdf->pepper, sizeof(kdf->pepper));
    ngx_free(kdf);
}


ngx_int_t
kanda_kdf_reserve(kanda_kdf_t *kdf, ngx_uint_t *slot)
{
    if (kdf->taken >= KANDA_KDF_QUEUE) {
        kanda_stats_count(hashes_refused);
        return NGX_ERROR;
    }

    kdf->taken++;
    kanda_stats_set(KANDA_STATS_HASHES, kdf->taken);
    *slot = 1;

    return NGX_OK;
}


void
kanda_kdf_release(kanda_kdf_t *kdf, ngx_uint_t *slot)
{
    if (*slot) {
        kdf->taken--;
        kanda_stats_set(KANDA_STATS_HASHES, kdf->taken);
        *slot = 0;
    }
}


ngx_int_t
kanda_kdf_hash(kanda_kdf_t *kdf, ngx_uint_t *slot, kanda_waiter_t *w,
    const ngx_str_t *password, char *phc)
{
    kanda_kdf_task_t  *task;

    task = kanda_kdf_task(kdf, slot, password);
    if (task == NULL) {
        return NGX_ERROR;
    }

    task->phc_out = phc;

    return kanda_kdf_post(kdf, slot, w, task);
}


ngx_int_t
kanda_kdf_verify(kanda_kdf_t *kdf, ngx_uint_t *slot, kanda_waiter_t *w,
    const ngx_str_t *password, const ngx_str_t *phc,
    kanda_kdf_verdict_t *verdict)
{
    kanda_kdf_task_t  *task;

    if (phc->len > KANDA_PHC_MAX) {
        return NGX_ERROR;
    }

    task = kanda_kdf_task(kdf, slot, password);
    if (task == NULL) {
        return NGX_ERROR;
    }

    task->verify = 1;
    task->verdict_out = verdict;
    task->phc_len = phc->len;
    ngx_memcpy(task->phc, phc->data, phc->len);

    return kanda_kdf_post(kdf, slot, w, task);
}


static kanda_kdf_task_t *
kanda_kdf_task(kanda_kdf_t *kdf, const ngx_uint_t *slot,
    const ngx_str_t *password)
{
    kanda_kdf_task_t  *task;

    if (*slot == 0 || password->len > KANDA_PASSWORD_BYTES) {
        return NULL;
    }

    task = ngx_calloc(sizeof(kanda_kdf_task_t), ngx_cycle->log);
    if (task == NULL) {
        return NULL;
    }

    task->kdf = kdf;
    task->password_len = password->len;
    ngx_memcpy(task->password, password->data, password->len);

    return task;
}


static ngx_int_t
kanda_kdf_post(kanda_kdf_t *kdf, ngx_uint_t *slot, kanda_waiter_t *w,
    kanda_kdf_task_t *task)
{
    if (!kdf->started && kanda_kdf_start(kdf) != NGX_OK) {
        kanda_kdf_free_task(task);
        return NGX_ERROR;
    }

    /* not cancelable: a worker that leaves waits for its requests' hashes */

    task->timer.handler = kanda_kdf_timeout_handler;
    task->timer.data = task;
    task->timer.log = ngx_cycle->log;
    ngx_add_timer(&task->timer, KANDA_KDF_TIMEOUT);

    kanda_op_begin(&task->op, w);
    *slot = 0;

    pthread_mutex_lock(&kdf->mutex);
    *kdf->queue_tail = task;
    kdf->queue_tail = &task->next;
    pthread_cond_signal(&kdf->wake);
    pthread_mutex_unlock(&kdf->mutex);

    return NGX_AGAIN;
}


static void
kanda_kdf_done_handler(ngx_event_t *ev)
{
    uint64_t           count;
    kanda_kdf_t       *kdf;
    ngx_connection_t  *c;
    kanda_kdf_task_t  *task, *next;

    c = ev->data;
    kdf = c->data;

    if (c->close || ev->write) {
        return;
    }

    while (read(c->fd, &count, sizeof(count)) == -1 && ngx_errno == NGX_EINTR) {
        /* void */
    }

    pthread_mutex_lock(&kdf->mutex);
    task = kdf->done;
    kdf->done = NULL;
    pthread_mutex_unlock(&kdf->mutex);

    while (task) {
        next = task->next;
        kanda_kdf_finish(task);
        task = next;
    }

    if (ngx_handle_read_event(ev, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                      "kanda: no more news from the password thread");
    }
}


static void
kanda_kdf_finish(kanda_kdf_task_t *task)
{
    ngx_int_t    rc;
    kanda_op_t   op;

    task->kdf->taken--;
    kanda_stats_set(KANDA_STATS_HASHES, task->kdf->taken);

    if (task->result >= 0) {
        kanda_stats_count(hashes);
    }

    rc = (task->result < 0) ? NGX_ERROR : NGX_OK;

    if (task->op.waiter && rc == NGX_OK) {

        if (task->verify) {
            task->verdict_out->match = (task->result == 1);
            task->verdict_out->outdated = (task->outdated != 0);

        } else {
            ngx_memcpy(task->phc_out, task->phc, KANDA_PHC_MAX);
        }
    }

    op = task->op;

    if (op.waiter) {
        op.waiter->op = &op;
    }

    kanda_kdf_free_task(task);
    kanda_op_end(&op, rc);
}


static void
kanda_kdf_timeout_handler(ngx_event_t *ev)
{
    kanda_kdf_task_t *task = ev->data;

    task->abandoned = 1;
    kanda_op_end(&task->op, NGX_ERROR);
}


static void
kanda_kdf_free_task(kanda_kdf_task_t *task)
{
    if (task->timer.timer_set) {
        ngx_del_timer(&task->timer);
    }

    kanda_wipe(task, sizeof(kanda_kdf_task_t));
    ngx_free(task);
}
