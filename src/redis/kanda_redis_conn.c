#include "kanda_redis_impl.h"
#include "kanda_crypto.h"


static void kanda_redis_connected(kanda_redis_t *rd);
static void kanda_redis_close(kanda_redis_t *rd);
static void kanda_redis_plan_retry(kanda_redis_t *rd);
static void kanda_redis_write_handler(ngx_event_t *wev);
static void kanda_redis_retry_handler(ngx_event_t *ev);


kanda_redis_t *
kanda_redis_create(ngx_cycle_t *cycle, const kanda_redis_conf_t *conf,
    kanda_redis_hello_pt hello, void *data)
{
    kanda_redis_t  *rd;

    rd = ngx_calloc(sizeof(kanda_redis_t), cycle->log);
    if (rd == NULL) {
        return NULL;
    }

    rd->conf = conf;
    rd->hello = hello;
    rd->hello_data = data;
    rd->log = cycle->log;

    ngx_queue_init(&rd->waiting);
    ngx_queue_init(&rd->greetings);

    rd->flush.data = rd;
    rd->flush.log = cycle->log;
    rd->flush.handler = kanda_redis_flush_handler;

    rd->timer.data = rd;
    rd->timer.log = cycle->log;
    rd->timer.handler = kanda_redis_timer_handler;

    rd->retry.data = rd;
    rd->retry.log = cycle->log;
    rd->retry.handler = kanda_redis_retry_handler;
    rd->retry.cancelable = 1;

    (void) kanda_redis_connect(rd);

    return rd;
}


void
kanda_redis_destroy(kanda_redis_t *rd)
{
    kanda_redis_close(rd);
    rd->broken = 1;
    kanda_redis_fail_all(rd, KANDA_STATS_REDIS_LOST);

    if (rd->retry.timer_set) {
        ngx_del_timer(&rd->retry);
    }

    if (rd->flush.posted) {
        ngx_delete_posted_event(&rd->flush);
    }

    kanda_resp_free(&rd->out);
    kanda_resp_free(&rd->greeting_out);

    if (rd->replies) {
        ngx_destroy_pool(rd->replies);
    }

    ngx_free(rd);
}


ngx_int_t
kanda_redis_connect(kanda_redis_t *rd)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    if (rd->state != KANDA_REDIS_DOWN) {
        return NGX_OK;
    }

    if (rd->retry_at
        && (ngx_msec_int_t) (ngx_current_msec - rd->retry_at) < 0)
    {
        return NGX_ERROR;
    }

    rd->retry_at = ngx_current_msec + KANDA_REDIS_BACKOFF_MIN;

    addr = &rd->conf->addrs[rd->addr++ % rd->conf->naddrs];

    ngx_memzero(&rd->peer, sizeof(ngx_peer_connection_t));
    rd->peer.sockaddr = addr->sockaddr;
    rd->peer.socklen = addr->socklen;
    rd->peer.name = &addr->name;
    rd->peer.get = ngx_event_get_peer;
    rd->peer.log = rd->log;
    rd->peer.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&rd->peer);
    c = rd->peer.connection;

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {

        if (c) {
            ngx_close_connection(c);
        }

        kanda_redis_complain(rd, "connecting failed", NULL);
        rd->broken = 1;
        kanda_redis_plan_retry(rd);
        return NGX_ERROR;
    }

    c->data = rd;
    c->log = rd->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->cancelable = 1;
    c->write->cancelable = 1;

    rd->c = c;
    rd->state = KANDA_REDIS_CONNECTING;
    rd->words.len = 0;
    kanda_redis_handlers(rd);

    ngx_add_timer(c->write, ngx_min(rd->conf->timeout,
                                    KANDA_REDIS_CONNECT_MAX));

    if (rc == NGX_OK) {
        kanda_redis_connected(rd);
        return rd->state == KANDA_REDIS_DOWN ? NGX_ERROR : NGX_OK;
    }

    return NGX_OK;
}


void
kanda_redis_handlers(kanda_redis_t *rd)
{
    rd->c->read->handler = kanda_redis_read_handler;
    rd->c->write->handler = kanda_redis_write_handler;
}


static void
kanda_redis_connected(kanda_redis_t *rd)
{
    if (rd->conf->tls.ssl) {
        kanda_redis_tls_start(rd);

    } else {
        kanda_redis_established(rd);
    }
}


void
kanda_redis_lost(kanda_redis_t *rd, const char *why)
{
    ngx_uint_t           was;
    kanda_stats_redis_t  reason;

    if (rd->state == KANDA_REDIS_DOWN) {
        return;
    }

    was = rd->state;
    reason = rd->overdue ? KANDA_STATS_REDIS_TIMEOUT : KANDA_STATS_REDIS_LOST;
    rd->overdue = 0;

    if (!ngx_exiting && !ngx_terminate) {
        kanda_redis_complain(rd, why, rd->words.len ? &rd->words : NULL);
    }

    kanda_redis_close(rd);

    /* a connection that never greeted, or one too slow too often, is no
     * reason to make requests wait for the next */

    if (was != KANDA_REDIS_READY || rd->timeouts >= KANDA_REDIS_BREAK_AFTER) {
        rd->broken = 1;
    }

    kanda_redis_plan_retry(rd);
    kanda_redis_fail_all(rd, reason);
}


void
kanda_redis_leave(kanda_redis_t *rd)
{
    kanda_redis_close(rd);
    kanda_redis_gauges(rd);
    kanda_redis_fail_all(rd, KANDA_STATS_REDIS_LOST);

    rd->retry_at = 0;
}


static void
kanda_redis_close(kanda_redis_t *rd)
{
    ngx_pool_t  *pool;

    rd->state = KANDA_REDIS_DOWN;

    if (rd->c) {
        pool = rd->c->pool;
        kanda_redis_tls_close(rd->c);
        ngx_close_connection(rd->c);
        rd->c = NULL;

        if (pool) {
            ngx_destroy_pool(pool);
        }
    }

    /* the reader in use is freed by its user */

    if (rd->reader && !rd->parsing) {
        redisReaderFree(rd->reader);
        rd->reader = NULL;
    }

    kanda_resp_reset(&rd->out);
    kanda_resp_reset(&rd->greeting_out);
}


static void
kanda_redis_plan_retry(kanda_redis_t *rd)
{
    uint16_t    jitter;
    ngx_msec_t  delay;

    kanda_redis_gauges(rd);

    if (rd->backoff == 0) {
        rd->backoff = KANDA_REDIS_BACKOFF_MIN;

    } else {
        rd->backoff = ngx_min(rd->backoff * 2, KANDA_REDIS_BACKOFF_MAX);
    }

    if (kanda_random(&jitter, sizeof(jitter)) != 0) {
        jitter = 0;
    }

    delay = rd->backoff + jitter % (rd->backoff / 4 + 1);
    rd->retry_at = ngx_current_msec + delay;

    if (!ngx_exiting && !ngx_terminate && !rd->retry.timer_set) {
        ngx_add_timer(&rd->retry, delay + 1);
    }
}


static void
kanda_redis_retry_handler(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    if (ngx_exiting || kanda_redis_connect(rd) != NGX_OK) {
        kanda_redis_fail_all(rd, KANDA_STATS_REDIS_LOST);
    }
}


static void
kanda_redis_write_handler(ngx_event_t *wev)
{
    int                err;
    socklen_t          len;
    kanda_redis_t     *rd;
    ngx_connection_t  *c;

    c = wev->data;
    rd = c->data;

    if (c->close) {
        kanda_redis_leave(rd);
        return;
    }

    if (wev->timedout) {
        wev->timedout = 0;
        kanda_redis_lost(rd, "connecting timed out");
        return;
    }

    if (rd->state == KANDA_REDIS_CONNECTING) {
        err = 0;
        len = sizeof(int);

        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
            err = ngx_socket_errno;
        }

        if (err) {
            kanda_redis_lost(rd, strerror(err));
            return;
        }

        kanda_redis_connected(rd);
        return;
    }

    kanda_redis_flush_handler(&rd->flush);
}
