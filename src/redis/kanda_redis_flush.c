#include "kanda_redis_impl.h"


static void kanda_redis_sent(kanda_redis_t *rd);


void
kanda_redis_gather(kanda_redis_t *rd, void (*gather)(void *data), void *data)
{
    rd->gather = gather;
    rd->gather_data = data;
}


void
kanda_redis_wake(kanda_redis_t *rd)
{
    ngx_post_event(&rd->flush, &ngx_posted_events);
}


void
kanda_redis_flush_handler(ngx_event_t *ev)
{
    ngx_int_t       rc;
    kanda_redis_t  *rd;

    rd = ev->data;

    if (rd->gather) {
        rd->gather(rd->gather_data);

        if (rd->flush.posted) {
            ngx_delete_posted_event(&rd->flush);
        }
    }

    if (rd->state != KANDA_REDIS_GREETING && rd->state != KANDA_REDIS_READY) {
        return;
    }

    rc = kanda_redis_write(rd, &rd->greeting_out);

    if (rc == NGX_OK && rd->state == KANDA_REDIS_READY) {
        kanda_redis_sent(rd);
        rc = kanda_redis_write(rd, &rd->out);
    }

    if (rc == NGX_ERROR) {
        kanda_redis_lost(rd, "sending failed");
        return;
    }

    if (ngx_handle_write_event(rd->c->write, 0) != NGX_OK) {
        kanda_redis_lost(rd, "no write events");
    }
}


/* Those that were not written before are the last. */

static void
kanda_redis_sent(kanda_redis_t *rd)
{
    uint64_t            now;
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    now = 0;

    for (q = ngx_queue_last(&rd->waiting);
         q != ngx_queue_sentinel(&rd->waiting);
         q = ngx_queue_prev(q))
    {
        cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

        if (cmd->sent) {
            break;
        }

        if (now == 0) {
            now = kanda_stats_now();
        }

        cmd->sent = now;
    }
}


/* Deadlines are re-checked when the timer fires: nginx does not move a timer
 * for less than 300 ms, and the command it was set for may be long answered. */

void
kanda_redis_arm_timer(kanda_redis_t *rd)
{
    ngx_queue_t        *q;
    ngx_msec_int_t      left;
    kanda_redis_cmd_t  *cmd;

    if (rd->timer.timer_set || ngx_queue_empty(&rd->waiting)) {
        return;
    }

    q = ngx_queue_head(&rd->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);
    left = (ngx_msec_int_t) (cmd->deadline - ngx_current_msec);

    ngx_add_timer(&rd->timer, ngx_max(left, 1));
}


void
kanda_redis_timer_handler(ngx_event_t *ev)
{
    ngx_queue_t        *q;
    kanda_redis_t      *rd;
    kanda_redis_cmd_t  *cmd;

    rd = ev->data;

    if (ngx_queue_empty(&rd->waiting)) {
        return;
    }

    q = ngx_queue_head(&rd->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

    if (rd->state == KANDA_REDIS_DOWN) {
        kanda_redis_fail_all(rd, KANDA_STATS_REDIS_TIMEOUT);
        return;
    }

    if ((ngx_msec_int_t) (cmd->deadline - ngx_current_msec) > 0) {
        kanda_redis_arm_timer(rd);
        return;
    }

    rd->timeouts += rd->pending;
    rd->overdue = 1;
    kanda_redis_lost(rd, "timed out");
}
