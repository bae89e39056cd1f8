#include "kanda_redis_impl.h"


/* What a new connection says before any command may go: who we are, and what
 * the hello function adds. */


static ngx_int_t kanda_redis_auth_reply(void *out, const redisReply *reply);


void
kanda_redis_established(kanda_redis_t *rd)
{
    ngx_str_t          auth[3], select[2];
    ngx_uint_t         n;
    ngx_connection_t  *c;
    u_char             db[NGX_INT_T_LEN];

    c = rd->c;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    rd->state = KANDA_REDIS_GREETING;

    if (kanda_redis_reader_create(rd) != NGX_OK) {
        kanda_redis_lost(rd, "no memory for a reply reader");
        return;
    }

    ngx_add_timer(c->read, rd->conf->timeout);

    if (rd->conf->password.len) {
        ngx_str_set(&auth[0], "AUTH");
        n = 1;

        if (rd->conf->user.len) {
            auth[n++] = rd->conf->user;
        }

        auth[n++] = rd->conf->password;

        if (kanda_redis_greet(rd, n, auth, kanda_redis_auth_reply, rd)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (rd->conf->db) {
        ngx_str_set(&select[0], "SELECT");
        select[1].data = db;
        select[1].len = ngx_sprintf(db, "%ui", rd->conf->db) - db;

        if (kanda_redis_greet(rd, 2, select, kanda_redis_auth_reply, rd)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (rd->hello(rd, rd->hello_data) != NGX_OK) {
        goto failed;
    }

    ngx_post_event(&rd->flush, &ngx_posted_events);

    if (ngx_queue_empty(&rd->greetings)) {
        kanda_redis_greeted(rd);
    }

    return;

failed:

    kanda_redis_lost(rd, "no memory to greet");
}


void
kanda_redis_greeted(kanda_redis_t *rd)
{
    if (rd->c->read->timer_set) {
        ngx_del_timer(rd->c->read);
    }

    if (rd->complained) {
        ngx_log_error(NGX_LOG_NOTICE, rd->log, 0, "kanda: Redis %V is back",
                      &rd->conf->url);
        rd->complained = 0;
    }

    rd->state = KANDA_REDIS_READY;
    rd->timeouts = 0;
    rd->backoff = 0;
    rd->broken = 0;
    rd->c->idle = ngx_queue_empty(&rd->waiting);

    kanda_stats_count(redis_connects);
    kanda_redis_gauges(rd);
    kanda_resp_reset(&rd->greeting_out);

    ngx_post_event(&rd->flush, &ngx_posted_events);
}


ngx_int_t
kanda_redis_greet(kanda_redis_t *rd, ngx_uint_t nargs, const ngx_str_t *args,
    kanda_redis_parse_pt parse, void *out)
{
    kanda_redis_cmd_t  *cmd;

    cmd = ngx_calloc(sizeof(kanda_redis_cmd_t), rd->log);
    if (cmd == NULL) {
        return NGX_ERROR;
    }

    if (kanda_resp_append(&rd->greeting_out, NULL, 0, args, nargs) != NGX_OK) {
        ngx_free(cmd);
        return NGX_ERROR;
    }

    cmd->greeting = 1;
    cmd->call.parse = parse;
    cmd->call.out = out;
    ngx_queue_insert_tail(&rd->greetings, &cmd->queue);
    ngx_post_event(&rd->flush, &ngx_posted_events);

    return NGX_OK;
}


ngx_int_t
kanda_redis_deliver_greeting(kanda_redis_t *rd, redisReply *reply)
{
    ngx_int_t           rc;
    ngx_queue_t        *q;
    kanda_redis_cmd_t  *cmd;

    if (ngx_queue_empty(&rd->greetings)) {
        kanda_redis_reply_done(rd);
        return NGX_ERROR;
    }

    q = ngx_queue_head(&rd->greetings);
    cmd = ngx_queue_data(q, kanda_redis_cmd_t, queue);

    if (reply->type == REDIS_REPLY_ERROR) {
        kanda_redis_refused(rd, reply);
        rc = NGX_ERROR;

    } else {
        rc = cmd->call.parse(cmd->call.out, reply);
    }

    kanda_redis_reply_done(rd);
    ngx_queue_remove(q);
    ngx_free(cmd);

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_redis_auth_reply(void *out, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STATUS ? NGX_OK : NGX_ERROR;
}
