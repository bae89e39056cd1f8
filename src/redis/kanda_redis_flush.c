#include "kanda_redis_impl.h"


static void kanda_redis_sent(kanda_redis_node_t *node);


void
kanda_redis_flush_handler(ngx_event_t *ev)
{
    ngx_int_t            rc;
    kanda_redis_node_t  *node;

    node = ev->data;

    if (node->rd->gather) {
        node->rd->gather(node->rd->gather_data);
    }

    if (node->state == KANDA_REDIS_READY && !node->demoted
        && kanda_redis_cover(node) != NGX_OK)
    {
        kanda_redis_lost(node, "no memory to wait for replicas");
        return;
    }

    if (node->flush.posted) {
        ngx_delete_posted_event(&node->flush);
    }

    if (node->state != KANDA_REDIS_GREETING
        && node->state != KANDA_REDIS_READY)
    {
        return;
    }

    rc = kanda_redis_write(node, &node->greeting_out);

    if (rc == NGX_OK && node->state == KANDA_REDIS_READY && !node->demoted) {
        kanda_redis_sent(node);
        rc = kanda_redis_write(node, &node->out);
        node->stuck = (rc == NGX_AGAIN);
    }

    if (rc == NGX_ERROR) {
        kanda_redis_lost(node, "sending failed");
        return;
    }

    if (ngx_handle_write_event(node->c->write, 0) != NGX_OK) {
        kanda_redis_lost(node, "no write events");
    }
}


/* Those that were not written before are the last. */

static void
kanda_redis_sent(kanda_redis_node_t *node)
{
    uint64_t            now;
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    now = 0;

    for (q = ngx_queue_last(&node->waiting);
         q != ngx_queue_sentinel(&node->waiting);
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
kanda_redis_arm_timer(kanda_redis_node_t *node)
{
    ngx_queue_t        *q;
    ngx_msec_int_t      left;
    kanda_redis_cmd_t  *cmd;

    if (node->timer.timer_set || ngx_queue_empty(&node->waiting)) {
        return;
    }

    q = ngx_queue_head(&node->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);
    left = (ngx_msec_int_t) (cmd->deadline - ngx_current_msec);

    ngx_add_timer(&node->timer, ngx_max(left, 1));
}


void
kanda_redis_timer_handler(ngx_event_t *ev)
{
    ngx_queue_t         *q;
    kanda_redis_node_t  *node;
    kanda_redis_cmd_t   *cmd;

    node = ev->data;

    if (ngx_queue_empty(&node->waiting)) {
        return;
    }

    q = ngx_queue_head(&node->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

    if (node->state == KANDA_REDIS_DOWN) {
        kanda_redis_fail_all(node, KANDA_STATS_REDIS_TIMEOUT);
        return;
    }

    if ((ngx_msec_int_t) (cmd->deadline - ngx_current_msec) > 0) {
        kanda_redis_arm_timer(node);
        return;
    }

    node->timeouts += node->pending;
    node->overdue = 1;
    kanda_redis_lost(node, "timed out");
}
