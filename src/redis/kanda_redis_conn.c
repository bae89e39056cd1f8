#include "kanda_redis_impl.h"
#include "kanda_crypto.h"


static ngx_int_t kanda_redis_open(kanda_redis_node_t *node);
static void kanda_redis_connected(kanda_redis_node_t *node);
static void kanda_redis_plan_retry(kanda_redis_node_t *node);
static void kanda_redis_write_handler(ngx_event_t *wev);


ngx_int_t
kanda_redis_connect(kanda_redis_node_t *node)
{
    ngx_int_t  rc;

    if (node->state != KANDA_REDIS_DOWN) {
        return NGX_OK;
    }

    if (node->retry_at
        && (ngx_msec_int_t) (ngx_current_msec - node->retry_at) < 0)
    {
        return NGX_ERROR;
    }

    node->retry_at = ngx_current_msec + KANDA_REDIS_BACKOFF_MIN;
    node->words.len = 0;

    rc = node->role->find(node);

    if (rc == NGX_AGAIN) {
        node->state = KANDA_REDIS_FINDING;
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = kanda_redis_open(node);
    }

    if (rc != NGX_OK) {
        kanda_redis_complain(node, "connecting failed", NULL);
        node->broken = 1;
        kanda_redis_plan_retry(node);
    }

    return rc;
}


void
kanda_redis_found(kanda_redis_node_t *node)
{
    if (node->state == KANDA_REDIS_FINDING && kanda_redis_open(node) != NGX_OK)
    {
        kanda_redis_lost(node, "connecting failed");
    }
}


static ngx_int_t
kanda_redis_open(kanda_redis_node_t *node)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    ngx_memzero(&node->peer, sizeof(ngx_peer_connection_t));
    node->peer.sockaddr = node->addr.sockaddr;
    node->peer.socklen = node->addr.socklen;
    node->peer.name = &node->addr.name;
    node->peer.get = ngx_event_get_peer;
    node->peer.log = node->log;
    node->peer.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&node->peer);
    c = node->peer.connection;

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {

        if (c) {
            ngx_close_connection(c);
        }

        return NGX_ERROR;
    }

    c->data = node;
    c->log = node->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->cancelable = 1;
    c->write->cancelable = 1;

    node->c = c;
    node->state = KANDA_REDIS_CONNECTING;
    node->words.len = 0;
    kanda_redis_handlers(node);

    ngx_add_timer(c->write, ngx_min(node->rd->conf->timeout,
                                    KANDA_REDIS_CONNECT_MAX));

    if (rc == NGX_OK) {
        kanda_redis_connected(node);
    }

    return NGX_OK;
}


void
kanda_redis_handlers(kanda_redis_node_t *node)
{
    node->c->read->handler = kanda_redis_read_handler;
    node->c->write->handler = kanda_redis_write_handler;
}


static void
kanda_redis_connected(kanda_redis_node_t *node)
{
    if (node->rd->conf->tls.ssl) {
        kanda_redis_tls_start(node);

    } else {
        kanda_redis_established(node);
    }
}


void
kanda_redis_lost(kanda_redis_node_t *node, const char *why)
{
    ngx_uint_t           was;
    kanda_stats_redis_t  reason;

    if (node->state == KANDA_REDIS_DOWN) {
        return;
    }

    was = node->state;
    reason = node->overdue ? KANDA_STATS_REDIS_TIMEOUT : KANDA_STATS_REDIS_LOST;
    node->overdue = 0;

    if (!ngx_exiting && !ngx_terminate) {
        kanda_redis_complain(node, why, node->words.len ? &node->words : NULL);
    }

    kanda_redis_close(node);

    /* a connection that never greeted, or one too slow too often, is no
     * reason to make requests wait for the next */

    if (was != KANDA_REDIS_READY || node->timeouts >= KANDA_REDIS_BREAK_AFTER) {
        node->broken = 1;
    }

    kanda_redis_plan_retry(node);

    if (node->broken || node->rd->closing || ngx_exiting || ngx_terminate) {
        kanda_redis_fail_all(node, reason);

    } else {
        kanda_redis_fail_sent(node, reason);
    }

    if (node->role->lost && !node->rd->closing) {
        node->role->lost(node);
    }
}


void
kanda_redis_leave(kanda_redis_node_t *node)
{
    kanda_redis_close(node);
    kanda_redis_gauges(node->rd);
    kanda_redis_fail_all(node, KANDA_STATS_REDIS_LOST);

    node->retry_at = 0;
}


void
kanda_redis_close(kanda_redis_node_t *node)
{
    ngx_pool_t  *pool;

    node->state = KANDA_REDIS_DOWN;
    node->demoted = 0;
    node->stuck = 0;
    kanda_redis_look_away(node);

    if (node->c) {
        pool = node->c->pool;
        kanda_redis_tls_close(node->c);
        ngx_close_connection(node->c);
        node->c = NULL;

        if (pool) {
            ngx_destroy_pool(pool);
        }
    }

    /* the reader in use is freed by its user */

    if (node->reader && !node->parsing) {
        redisReaderFree(node->reader);
        node->reader = NULL;
    }

    kanda_resp_reset(&node->out);
    kanda_resp_reset(&node->greeting_out);
}


static void
kanda_redis_plan_retry(kanda_redis_node_t *node)
{
    uint16_t    jitter;
    ngx_msec_t  delay;

    /* who only asks is sent again by whoever wants to know */

    if (node->role->asks) {
        node->retry_at = 0;
        return;
    }

    kanda_redis_gauges(node->rd);

    if (node->backoff == 0) {
        node->backoff = KANDA_REDIS_BACKOFF_MIN;

    } else {
        node->backoff = ngx_min(node->backoff * 2, KANDA_REDIS_BACKOFF_MAX);
    }

    if (kanda_random(&jitter, sizeof(jitter)) != 0) {
        jitter = 0;
    }

    delay = node->backoff + jitter % (node->backoff / 4 + 1);
    node->retry_at = ngx_current_msec + delay;

    if (!ngx_exiting && !ngx_terminate && !node->retry.timer_set) {
        ngx_add_timer(&node->retry, delay + 1);
    }
}


void
kanda_redis_retry_handler(ngx_event_t *ev)
{
    kanda_redis_node_t *node = ev->data;

    if (ngx_exiting || kanda_redis_connect(node) != NGX_OK) {
        kanda_redis_fail_all(node, KANDA_STATS_REDIS_LOST);
    }
}


static void
kanda_redis_write_handler(ngx_event_t *wev)
{
    int                  err;
    socklen_t            len;
    kanda_redis_node_t  *node;
    ngx_connection_t    *c;

    c = wev->data;
    node = c->data;

    if (c->close) {
        kanda_redis_leave(node);
        return;
    }

    if (wev->timedout) {
        wev->timedout = 0;
        kanda_redis_lost(node, "connecting timed out");
        return;
    }

    if (node->state == KANDA_REDIS_CONNECTING) {
        err = 0;
        len = sizeof(int);

        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
            err = ngx_socket_errno;
        }

        if (err) {
            kanda_redis_lost(node, strerror(err));
            return;
        }

        kanda_redis_connected(node);
        return;
    }

    kanda_redis_flush_handler(&node->flush);
}
