#include "kanda_redis_impl.h"


#define KANDA_REDIS_TICK  100          /* ms, Redis's own */


/* What a script has done is lost with the server that ran it, until a replica
 * has it, too.  With replicas=, its outcome is held until WAIT says so, and is
 * not known if WAIT does not.  Redis runs nothing of a connection that is
 * behind a WAIT, so there is one at a time, for all that was sent before it. */


static ngx_msec_t kanda_redis_cover_ms(const kanda_redis_conf_t *conf);
static ngx_int_t kanda_redis_cover_reply(void *out, const redisReply *reply);
static void kanda_redis_cover_resume(kanda_waiter_t *w, ngx_int_t rc);


ngx_int_t
kanda_redis_cover(kanda_redis_node_t *node)
{
    ngx_str_t            args[3];
    kanda_redis_cmd_t   *cmd;
    u_char               replicas[NGX_INT_T_LEN], ms[NGX_INT_T_LEN];

    if (!node->uncovered || node->cover.op) {
        return NGX_OK;
    }

    cmd = ngx_calloc(sizeof(kanda_redis_cmd_t), node->log);
    if (cmd == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&args[0], "WAIT");
    args[1].data = replicas;
    args[1].len = ngx_sprintf(replicas, "%ui", node->rd->conf->replicas)
                  - replicas;
    args[2].data = ms;
    args[2].len = ngx_sprintf(ms, "%M", kanda_redis_cover_ms(node->rd->conf))
                  - ms;

    cmd->call.args = args;
    cmd->call.nargs = 3;
    cmd->call.parse = kanda_redis_cover_reply;
    cmd->call.out = node;
    cmd->bound = 1;
    cmd->deadline = ngx_current_msec + node->rd->conf->timeout;

    if (kanda_redis_append(node, cmd) != NGX_OK) {
        ngx_free(cmd);
        return NGX_ERROR;
    }

    node->uncovered = 0;
    node->cover.resume = kanda_redis_cover_resume;
    kanda_op_begin(&cmd->op, &node->cover);

    return NGX_OK;
}


/* A Redis that is idle looks up to that much later whether the time is over,
 * and what is behind the WAIT has its time, too. */

static ngx_msec_t
kanda_redis_cover_ms(const kanda_redis_conf_t *conf)
{
    return conf->timeout / 2 - KANDA_REDIS_TICK;
}


void
kanda_redis_outcome(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd,
    ngx_int_t rc)
{
    if (node->rd->conf->replicas == 0 || cmd->call.script == NULL
        || cmd->op.waiter == NULL || rc == NGX_ERROR)
    {
        kanda_redis_end(cmd, rc);
        return;
    }

    cmd->outcome = rc;
    ngx_queue_insert_tail(&node->held, &cmd->queue);
    kanda_redis_count(node, 1);
}


static ngx_int_t
kanda_redis_cover_reply(void *out, const redisReply *reply)
{
    kanda_redis_node_t *node = out;

    if (reply->type != REDIS_REPLY_INTEGER) {
        return NGX_ERROR;
    }

    if (reply->integer < (long long) node->rd->conf->replicas) {
        kanda_redis_complain(node, "too few replicas have what was written",
                             NULL);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
kanda_redis_cover_resume(kanda_waiter_t *w, ngx_int_t rc)
{
    ngx_queue_t          held, *q;
    kanda_redis_cmd_t   *cmd;
    kanda_redis_node_t  *node;

    node = (kanda_redis_node_t *) ((u_char *) w
                                   - offsetof(kanda_redis_node_t, cover));

    /* whoever came while this one was out is for the next */

    if (node->uncovered) {
        ngx_post_event(&node->flush, &ngx_posted_events);
    }

    if (ngx_queue_empty(&node->held)) {
        return;
    }

    /* a request that is resumed may bring the connection down */

    ngx_queue_init(&held);
    ngx_queue_add(&held, &node->held);
    ngx_queue_init(&node->held);

    for (q = ngx_queue_head(&held);
         q != ngx_queue_sentinel(&held);
         q = ngx_queue_next(q))
    {
        kanda_redis_count(node, -1);
    }

    while (!ngx_queue_empty(&held)) {
        q = ngx_queue_head(&held);
        ngx_queue_remove(q);
        cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

        if (rc != NGX_OK) {
            kanda_stats_count(redis_errors[KANDA_STATS_REDIS_REPLICAS]);
        }

        kanda_redis_end(cmd, rc == NGX_OK ? cmd->outcome : NGX_ERROR);
    }
}
