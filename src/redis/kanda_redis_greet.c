#include "kanda_redis_impl.h"


/* What a new connection says before any command may go: who we are, and what
 * the hello function adds. */


static ngx_msec_t kanda_redis_patience(const kanda_redis_node_t *node);
static ngx_int_t kanda_redis_auth_reply(void *out, const redisReply *reply);


void
kanda_redis_established(kanda_redis_node_t *node)
{
    ngx_str_t          auth[3], select[2];
    ngx_uint_t         n;
    ngx_connection_t  *c;
    u_char             db[NGX_INT_T_LEN];

    c = node->c;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    node->state = KANDA_REDIS_GREETING;

    if (kanda_redis_reader_create(node) != NGX_OK) {
        kanda_redis_lost(node, "no memory for a reply reader");
        return;
    }

    ngx_add_timer(c->read, kanda_redis_patience(node));

    if (node->login->password.len) {
        ngx_str_set(&auth[0], "AUTH");
        n = 1;

        if (node->login->user.len) {
            auth[n++] = node->login->user;
        }

        auth[n++] = node->login->password;

        if (kanda_redis_node_greet(node, n, auth, kanda_redis_auth_reply, node)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (node->rd->conf->db && !node->role->asks) {
        ngx_str_set(&select[0], "SELECT");
        select[1].data = db;
        select[1].len = ngx_sprintf(db, "%ui", node->rd->conf->db) - db;

        if (kanda_redis_node_greet(node, 2, select, kanda_redis_auth_reply,
                                   node)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (node->role->hello(node) != NGX_OK) {
        goto failed;
    }

    ngx_post_event(&node->flush, &ngx_posted_events);

    if (ngx_queue_empty(&node->greetings)) {
        kanda_redis_greeted(node);
    }

    return;

failed:

    kanda_redis_lost(node, "no memory to greet");
}


/* Who only asks has to leave time for asking the next. */

static ngx_msec_t
kanda_redis_patience(const kanda_redis_node_t *node)
{
    ngx_msec_t  timeout;

    timeout = node->rd->conf->timeout;

    return node->role->asks ? ngx_min(timeout, KANDA_REDIS_CONNECT_MAX)
                            : timeout;
}


void
kanda_redis_ask(kanda_redis_node_t *node)
{
    node->state = KANDA_REDIS_GREETING;
    node->c->idle = 0;

    ngx_add_timer(node->c->read, kanda_redis_patience(node));

    if (node->role->hello(node) != NGX_OK) {
        kanda_redis_lost(node, "no memory to ask");
    }
}


void
kanda_redis_greeted(kanda_redis_node_t *node)
{
    ngx_str_t  name;
    u_char     buf[KANDA_REDIS_NAME];

    if (node->c->read->timer_set) {
        ngx_del_timer(node->c->read);
    }

    /* one that asks about is now here, now there */

    if (node->complained && !node->role->asks) {
        name.data = buf;
        kanda_redis_name(node, &name);
        ngx_log_error(NGX_LOG_NOTICE, node->log, 0, "kanda: %V is back",
                      &name);
        node->complained = 0;
    }

    node->state = KANDA_REDIS_READY;
    node->timeouts = 0;
    node->backoff = 0;
    node->broken = 0;
    node->c->idle = (node->pending == 0);

    kanda_resp_reset(&node->greeting_out);

    if (!node->role->asks) {
        kanda_stats_count(redis_connects);
        kanda_redis_gauges(node->rd);
    }

    ngx_post_event(&node->flush, &ngx_posted_events);

    if (node->role->ready) {
        node->role->ready(node);
    }
}


ngx_int_t
kanda_redis_greet(kanda_redis_t *rd, ngx_uint_t nargs, const ngx_str_t *args,
    kanda_redis_parse_pt parse, void *out)
{
    return kanda_redis_node_greet(rd->greeted, nargs, args, parse, out);
}


ngx_int_t
kanda_redis_node_greet(kanda_redis_node_t *node, ngx_uint_t nargs,
    const ngx_str_t *args, kanda_redis_parse_pt parse, void *out)
{
    kanda_redis_cmd_t  *cmd;

    cmd = ngx_calloc(sizeof(kanda_redis_cmd_t), node->log);
    if (cmd == NULL) {
        return NGX_ERROR;
    }

    if (kanda_resp_append(&node->greeting_out, NULL, 0, args, nargs) != NGX_OK)
    {
        ngx_free(cmd);
        return NGX_ERROR;
    }

    cmd->call.parse = parse;
    cmd->call.out = out;
    ngx_queue_insert_tail(&node->greetings, &cmd->queue);
    ngx_post_event(&node->flush, &ngx_posted_events);

    return NGX_OK;
}


ngx_int_t
kanda_redis_deliver_greeting(kanda_redis_node_t *node, redisReply *reply)
{
    ngx_int_t           rc;
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    if (ngx_queue_empty(&node->greetings)) {
        kanda_redis_reply_done(node);
        return NGX_ERROR;
    }

    q = ngx_queue_head(&node->greetings);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

    if (reply->type == REDIS_REPLY_ERROR) {
        kanda_redis_refused(node, reply);
        rc = NGX_ERROR;

    } else {
        node->rd->greeted = node;
        rc = cmd->call.parse(cmd->call.out, reply);
    }

    kanda_redis_reply_done(node);
    ngx_queue_remove(q);
    ngx_free(cmd);

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_redis_auth_reply(void *out, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STATUS ? NGX_OK : NGX_ERROR;
}
