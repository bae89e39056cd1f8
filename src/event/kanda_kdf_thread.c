#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <sys/resource.h>

#include "kanda_kdf_impl.h"
#include "kanda_crypto.h"


#define KANDA_KDF_NICE  10


static void *kanda_kdf_thread(void *data);
static void kanda_kdf_run(kanda_kdf_t *kdf, kanda_kdf_task_t *task);


ngx_int_t
kanda_kdf_start(kanda_kdf_t *kdf)
{
    int             err;
    sigset_t        all, old;
    pthread_attr_t  attr;

    /* signals are the event loop's */

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);

    pthread_attr_init(&attr);
    err = pthread_create(&kdf->thread, &attr, kanda_kdf_thread, kdf);
    pthread_attr_destroy(&attr);

    pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (err) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                      "kanda: pthread_create() failed");
        return NGX_ERROR;
    }

    kdf->started = 1;

    return NGX_OK;
}


static void *
kanda_kdf_thread(void *data)
{
    kanda_kdf_t *kdf = data;

    ssize_t            n;
    uint64_t           one;
    kanda_kdf_task_t  *task;

    /* event loops go first, yet somebody can log in while they are busy; on
     * Linux this is the thread's own */

    if (getpriority(PRIO_PROCESS, 0) < KANDA_KDF_NICE) {
        (void) setpriority(PRIO_PROCESS, 0, KANDA_KDF_NICE);
    }

    one = 1;

    pthread_mutex_lock(&kdf->mutex);

    for ( ;; ) {

        while (kdf->queue == NULL && !kdf->stop) {
            pthread_cond_wait(&kdf->wake, &kdf->mutex);
        }

        if (kdf->stop) {
            break;
        }

        task = kdf->queue;
        kdf->queue = task->next;

        if (kdf->queue == NULL) {
            kdf->queue_tail = &kdf->queue;
        }

        pthread_mutex_unlock(&kdf->mutex);

        kanda_kdf_run(kdf, task);

        pthread_mutex_lock(&kdf->mutex);
        task->next = kdf->done;
        kdf->done = task;
        pthread_mutex_unlock(&kdf->mutex);

        /* a full counter means that the event loop has been told already */
        do {
            n = write(kdf->notify->fd, &one, sizeof(one));
        } while (n == -1 && errno == EINTR);

        pthread_mutex_lock(&kdf->mutex);
    }

    pthread_mutex_unlock(&kdf->mutex);

    return NULL;
}


static void
kanda_kdf_run(kanda_kdf_t *kdf, kanda_kdf_task_t *task)
{
    if (task->abandoned) {
        task->result = -1;

    } else if (task->verify) {
        task->result = kanda_password_verify(kdf->pepper, task->phc,
                                             task->phc_len, task->password,
                                             task->password_len,
                                             &task->outdated);

    } else {
        task->result = kanda_password_hash(kdf->pepper, task->password,
                                           task->password_len, task->phc);
    }

    kanda_wipe(task->password, sizeof(task->password));
}
