#include "kanda_redis_impl.h"
#include "kanda_text.h"


static void kanda_redis_fail(kanda_redis_node_t *node,
    kanda_stats_redis_t reason, ngx_uint_t keep);
static void kanda_redis_keep(kanda_redis_node_t *node, ngx_queue_t *all);


void
kanda_redis_end(kanda_redis_cmd_t *cmd, ngx_int_t rc)
{
    kanda_op_t  op;

    op = cmd->op;

    if (op.waiter) {
        op.waiter->op = &op;
    }

    ngx_free(cmd);
    kanda_op_end(&op, rc);
}


ngx_uint_t
kanda_redis_no_master(const redisReply *reply)
{
    return ngx_strncmp(reply->str, "READONLY", 8) == 0
           || ngx_strncmp(reply->str, "MASTERDOWN", 10) == 0;
}


void
kanda_redis_refused(kanda_redis_node_t *node, const redisReply *reply)
{
    u_char     words[KANDA_REDIS_WORDS];
    ngx_str_t  text;

    text.data = words;
    text.len = kanda_utf8_scrub((char *) words, sizeof(words), reply->str,
                                (size_t) reply->len);

    kanda_redis_complain(node, "answered", &text);
}


void
kanda_redis_complain(kanda_redis_node_t *node, const char *what,
    const ngx_str_t *more)
{
    /* what is new is said at once, or in the next second */

    if (what != node->complaint && node->complained != ngx_time()) {
        node->complaint = what;
        node->complained = 0;
    }

    kanda_redis_complain_of(node, &node->complained, what, more);
}


void
kanda_redis_complain_of(kanda_redis_node_t *node, time_t *last,
    const char *what, const ngx_str_t *more)
{
    ngx_str_t  name;
    u_char     buf[KANDA_REDIS_NAME];

    name.data = buf;

    if (*last && ngx_time() - *last < KANDA_REDIS_LOG_EVERY) {
        return;
    }

    *last = ngx_time();

    kanda_redis_name(node, &name);

    ngx_log_error(NGX_LOG_ERR, node->log, 0,
                  more ? "kanda: %V: %s: %V" : "kanda: %V: %s",
                  &name, what, more);
}


void
kanda_redis_fail_all(kanda_redis_node_t *node, kanda_stats_redis_t reason)
{
    kanda_redis_fail(node, reason, 0);
}


void
kanda_redis_fail_sent(kanda_redis_node_t *node, kanda_stats_redis_t reason)
{
    kanda_redis_fail(node, reason, 1);
}


static void
kanda_redis_fail(kanda_redis_node_t *node, kanda_stats_redis_t reason,
    ngx_uint_t keep)
{
    ngx_queue_t         failed, *q;
    kanda_redis_cmd_t  *cmd;

    if (node->timer.timer_set) {
        ngx_del_timer(&node->timer);
    }

    while (!ngx_queue_empty(&node->greetings)) {
        q = ngx_queue_head(&node->greetings);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, kanda_redis_cmd_t, queue));
    }

    node->uncovered = 0;

    if (node->pending == 0) {
        return;
    }

    /* whoever is resumed may call again: that is for the next connection */

    kanda_resp_reset(&node->out);

    ngx_queue_init(&failed);
    ngx_queue_add(&failed, &node->held);
    ngx_queue_init(&node->held);
    ngx_queue_add(&failed, &node->waiting);
    ngx_queue_init(&node->waiting);
    kanda_redis_count(node, -(ngx_int_t) node->pending);

    if (keep) {
        kanda_redis_keep(node, &failed);
    }

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ngx_queue_remove(q);
        cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);
        kanda_stats_count(redis_errors[reason]);
        kanda_redis_end(cmd, NGX_ERROR);
    }
}


/* Takes out those of which no byte was written, for the next connection. */

static void
kanda_redis_keep(kanda_redis_node_t *node, ngx_queue_t *all)
{
    ngx_queue_t        *q, *prev, *next;
    kanda_redis_cmd_t  *cmd;

    for (q = ngx_queue_head(all); q != ngx_queue_sentinel(all); q = next) {
        next = ngx_queue_next(q);
        cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

        /* what it is made of is gone with its waiter */

        if (cmd->sent || cmd->bound || cmd->op.waiter == NULL) {
            continue;
        }

        prev = ngx_queue_prev(q);
        ngx_queue_remove(q);

        if (kanda_redis_append(node, cmd) != NGX_OK) {
            ngx_queue_insert_after(prev, q);
        }
    }
}
