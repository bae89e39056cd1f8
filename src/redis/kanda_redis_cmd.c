#include "kanda_redis_impl.h"

#include <openssl/evp.h>
#include <openssl/sha.h>


static ngx_int_t kanda_redis_asking(kanda_redis_node_t *node);
static void kanda_redis_unasked(kanda_redis_node_t *node, size_t len);
static ngx_int_t kanda_redis_error(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd, const redisReply *reply);
static ngx_int_t kanda_redis_stale(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd);
static ngx_uint_t kanda_redis_drained(kanda_redis_node_t *node);
static ngx_int_t kanda_redis_again(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd);
static ngx_int_t kanda_redis_evaluate(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd);


ngx_int_t
kanda_redis_script_init(kanda_redis_script_t *script)
{
    u_char  sha1[SHA_DIGEST_LENGTH];

    if (EVP_Q_digest(NULL, "SHA1", NULL, script->text.data, script->text.len,
                     sha1, NULL)
        != 1)
    {
        return NGX_ERROR;
    }

    ngx_hex_dump(script->sha1, sha1, SHA_DIGEST_LENGTH);

    return NGX_OK;
}


ngx_int_t
kanda_redis_call(kanda_redis_t *rd, kanda_waiter_t *w,
    const kanda_redis_call_t *call)
{
    ngx_int_t            rc;
    kanda_redis_cmd_t   *cmd;
    kanda_redis_node_t  *node;

    node = rd->closing ? NULL : rd->topology->pick(rd, call);

    if (node ? kanda_redis_reach(node) != NGX_OK
             : (rd->closing || rd->broken || !rd->settling))
    {
        kanda_stats_count(redis_errors[KANDA_STATS_REDIS_REFUSED]);
        return NGX_ERROR;
    }

    if ((node ? node->pending : rd->pending) >= KANDA_REDIS_QUEUE_MAX) {
        kanda_stats_count(redis_errors[KANDA_STATS_REDIS_FULL]);
        return NGX_ERROR;
    }

    cmd = ngx_calloc(sizeof(kanda_redis_cmd_t), rd->log);
    if (cmd == NULL) {
        return NGX_ERROR;
    }

    cmd->call = *call;
    cmd->deadline = ngx_current_msec + rd->conf->timeout;
    cmd->expires = cmd->deadline;

    rc = node ? kanda_redis_append(node, cmd) : rd->topology->hold(rd, cmd);

    if (rc != NGX_OK) {
        ngx_free(cmd);
        return NGX_ERROR;
    }

    kanda_op_begin(&cmd->op, w);

    return NGX_AGAIN;
}


ngx_int_t
kanda_redis_reach(kanda_redis_node_t *node)
{
    /* a leaving worker has no retry timer, so it connects on demand */

    if (node->state == KANDA_REDIS_DOWN && !node->retry.timer_set) {
        (void) kanda_redis_connect(node);

        if (node->state == KANDA_REDIS_DOWN) {
            return NGX_ERROR;
        }
    }

    return node->broken ? NGX_ERROR : NGX_OK;
}


ngx_int_t
kanda_redis_append(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd)
{
    size_t                       len;
    ngx_int_t                    rc;
    ngx_uint_t                   n, skip;
    ngx_str_t                    head[5];
    u_char                       none[KANDA_REDIS_KEY_MAX];
    const kanda_redis_script_t  *script;

    script = cmd->call.script;
    skip = 0;
    n = 0;

    if (script) {

        if (cmd->evaluated) {
            ngx_str_set(&head[0], "EVAL");
            head[1] = script->text;

        } else {
            ngx_str_set(&head[0], "EVALSHA");
            head[1].len = sizeof(script->sha1);
            head[1].data = (u_char *) script->sha1;
        }

        ngx_str_set(&head[2], "1");
        n = 3;

        /* in a cluster, a second key that never is: see kanda_redis_redirect.c
         */

        if (node->rd->cluster) {
            ngx_str_set(&head[2], "2");
            head[3] = cmd->call.args[0];
            head[4].data = none;
            head[4].len = ngx_snprintf(none, sizeof(none), "%V~", &head[3])
                          - none;
            skip = 1;
            n = 5;
        }
    }

    len = node->out.last - node->out.pos;

    if (cmd->asking && kanda_redis_asking(node) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = kanda_resp_append(&node->out, head, n, cmd->call.args + skip,
                           cmd->call.nargs - skip);
    if (rc != NGX_OK) {

        if (cmd->asking) {
            kanda_redis_unasked(node, len);
        }

        return NGX_ERROR;
    }

    cmd->asking = 0;

    ngx_queue_insert_tail(&node->waiting, &cmd->queue);
    kanda_redis_count(node, 1);
    node->uncovered |= (script && node->rd->conf->replicas);

    if (node->c) {
        node->c->idle = 0;
    }

    kanda_redis_arm_timer(node);
    ngx_post_event(&node->flush, &ngx_posted_events);

    return NGX_OK;
}


/* A command of its own, for whose answer nobody waits. */

static ngx_int_t
kanda_redis_asking(kanda_redis_node_t *node)
{
    kanda_redis_cmd_t  *cmd;

    static ngx_str_t  asking = ngx_string("ASKING");

    cmd = ngx_calloc(sizeof(kanda_redis_cmd_t), node->log);
    if (cmd == NULL) {
        return NGX_ERROR;
    }

    cmd->call.args = &asking;
    cmd->call.nargs = 1;
    cmd->deadline = ngx_current_msec + node->rd->conf->timeout;

    if (kanda_redis_append(node, cmd) != NGX_OK) {
        ngx_free(cmd);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Takes it back, as it would be for somebody else's command. */

static void
kanda_redis_unasked(kanda_redis_node_t *node, size_t len)
{
    ngx_queue_t  *q;

    q = ngx_queue_last(&node->waiting);
    ngx_queue_remove(q);
    kanda_redis_count(node, -1);
    ngx_free(ngx_queue_data(q, kanda_redis_cmd_t, queue));

    node->out.last = node->out.pos + len;
}


ngx_int_t
kanda_redis_deliver(kanda_redis_node_t *node, redisReply *reply)
{
    ngx_int_t           rc;
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    if (node->state == KANDA_REDIS_GREETING) {
        return kanda_redis_deliver_greeting(node, reply);
    }

    if (ngx_queue_empty(&node->waiting)) {
        kanda_redis_reply_done(node);
        return NGX_ERROR;
    }

    q = ngx_queue_head(&node->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);
    ngx_queue_remove(q);
    kanda_redis_count(node, -1);
    node->timeouts = 0;

    /* not what came unasked for */

    if (cmd->sent && cmd->sent <= node->received) {
        kanda_stats_redis_time(node->received - cmd->sent);
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        rc = kanda_redis_error(node, cmd, reply);

    } else if (node->demoted) {
        rc = kanda_redis_stale(node, cmd);

    } else if (cmd->op.waiter) {
        rc = cmd->call.parse(cmd->call.out, reply);

        if (rc == NGX_ERROR) {
            kanda_stats_count(redis_errors[KANDA_STATS_REDIS_UNEXPECTED]);
        }

    } else {
        rc = NGX_OK;
    }

    kanda_redis_reply_done(node);

    if (rc != NGX_AGAIN) {
        kanda_redis_outcome(node, cmd, rc);
    }

    return kanda_redis_drained(node) ? NGX_ERROR : NGX_OK;
}


/* NGX_AGAIN when the command goes on its way once more. */

static ngx_int_t
kanda_redis_error(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd,
    const redisReply *reply)
{
    /* to be greeted anew, which only a master answers */

    node->demoted |= kanda_redis_no_master(reply);

    if (cmd->call.script && !cmd->evaluated && cmd->op.waiter
        && ngx_strncmp(reply->str, "NOSCRIPT", 8) == 0
        && kanda_redis_evaluate(node, cmd) == NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (cmd->op.waiter && node->rd->topology->refused
        && node->rd->topology->refused(node, cmd, reply) == NGX_OK)
    {
        return NGX_AGAIN;
    }

    kanda_redis_refused(node, reply);

    if (kanda_redis_no_master(reply)
        && kanda_redis_again(node, cmd) == NGX_OK)
    {
        return NGX_AGAIN;
    }

    kanda_stats_count(redis_errors[KANDA_STATS_REDIS_ERROR]);

    return NGX_ERROR;
}


/* An answer of one that is no master.  Plain commands only read. */

static ngx_int_t
kanda_redis_stale(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd)
{
    if (cmd->call.script == NULL && kanda_redis_again(node, cmd) == NGX_OK) {
        return NGX_AGAIN;
    }

    kanda_stats_count(redis_errors[KANDA_STATS_REDIS_LOST]);

    return NGX_ERROR;
}


/* One that is no master has answered all that it was sent, or never will. */

static ngx_uint_t
kanda_redis_drained(kanda_redis_node_t *node)
{
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    if (!node->demoted) {
        return 0;
    }

    if (node->stuck || ngx_queue_empty(&node->waiting)) {
        return 1;
    }

    q = ngx_queue_head(&node->waiting);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

    return cmd->sent == 0;
}


/* Asks once more, of whoever Sentinel says is the master now, for what was not
 * done: ahead of what was not sent either and has more time left. */

static ngx_int_t
kanda_redis_again(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd)
{
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *other;

    if (node->rd->sentinel == NULL || cmd->op.waiter == NULL || cmd->bound
        || cmd->turns)
    {
        return NGX_DECLINED;
    }

    for (q = ngx_queue_last(&node->waiting);
         q != ngx_queue_sentinel(&node->waiting);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, kanda_redis_cmd_t, queue);

        if (other->sent
            || (ngx_msec_int_t) (other->deadline - cmd->deadline) <= 0)
        {
            break;
        }
    }

    cmd->turns++;
    cmd->sent = 0;
    ngx_queue_insert_after(q, &cmd->queue);
    kanda_redis_count(node, 1);
    kanda_redis_arm_timer(node);

    return NGX_OK;
}


/* Redis has forgotten the script: it did not run, so it may be sent again. */

static ngx_int_t
kanda_redis_evaluate(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd)
{
    cmd->evaluated = 1;
    cmd->sent = 0;
    cmd->deadline = ngx_current_msec + node->rd->conf->timeout;

    return kanda_redis_append(node, cmd);
}
