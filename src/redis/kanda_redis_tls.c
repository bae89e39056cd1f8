#include "kanda_redis_impl.h"


/* OpenSSL's complaints go to nginx's log through the connection's: each of our
 * connections has one of its own, which keeps the words until the loss of the
 * connection is told, and that is told seldom. */


#if (NGX_SSL)

static void kanda_redis_tls_done(ngx_connection_t *c);
static ngx_int_t kanda_redis_tls_name(kanda_redis_node_t *node);
static ngx_int_t kanda_redis_tls_check(kanda_redis_node_t *node);
static ngx_uint_t kanda_redis_tls_is_named(X509 *cert, const char *name);
static void kanda_redis_tls_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len);


void
kanda_redis_tls_start(kanda_redis_node_t *node)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = node->c;

    ngx_memzero(&node->tls_log, sizeof(ngx_log_t));
    node->tls_log.log_level = NGX_LOG_INFO;
    node->tls_log.writer = kanda_redis_tls_log;
    node->tls_log.wdata = node;

    c->log = &node->tls_log;
    c->read->log = c->log;
    c->write->log = c->log;

    c->pool = ngx_create_pool(256, node->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(node->rd->conf->tls.ssl, c, NGX_SSL_CLIENT)
           != NGX_OK
        || kanda_redis_tls_name(node) != NGX_OK)
    {
        kanda_redis_lost(node, "no memory for TLS");
        return;
    }

    c->ssl->handler = kanda_redis_tls_done;
    rc = ngx_ssl_handshake(c);

    if (rc != NGX_AGAIN) {
        kanda_redis_tls_done(c);
    }
}


/* Also comes here when the time to connect is over. */

static void
kanda_redis_tls_done(ngx_connection_t *c)
{
    kanda_redis_node_t *node = c->data;

    if (!c->ssl->handshaked) {
        kanda_redis_lost(node, c->write->timedout ? "TLS handshake timed out"
                                                  : "TLS handshake failed");
        return;
    }

    kanda_redis_handlers(node);

    if (kanda_redis_tls_check(node) != NGX_OK) {
        kanda_redis_lost(node, "refused");
        return;
    }

    /* what follows the handshake may have come with it */

    ngx_post_event(c->read, &ngx_posted_events);
    kanda_redis_established(node);
}


/* Tells the server by which name it is known, unless that is an address. */

static ngx_int_t
kanda_redis_tls_name(kanda_redis_node_t *node)
{
    char              *name;
    struct in6_addr    addr;
    const ngx_str_t   *given;
    ngx_connection_t  *c;

    c = node->c;
    given = node->rd->conf->tls.name.len ? &node->rd->conf->tls.name
                                         : &node->host;

    name = ngx_pnalloc(c->pool, given->len + 1);
    if (name == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn((u_char *) name, given->data, given->len + 1);
    node->tls_name = name;

    if (inet_pton(AF_INET, name, &addr) == 1
        || inet_pton(AF_INET6, name, &addr) == 1)
    {
        return NGX_OK;
    }

    return SSL_set_tlsext_host_name(c->ssl->connection, name) == 1
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_redis_tls_check(kanda_redis_node_t *node)
{
    long        rc;
    X509       *cert;
    ngx_uint_t  named;

    rc = SSL_get_verify_result(node->c->ssl->connection);

    if (rc != X509_V_OK) {
        kanda_redis_say(node, "its certificate is not to be trusted: ");
        kanda_redis_say(node, X509_verify_cert_error_string(rc));
        return NGX_ERROR;
    }

    cert = SSL_get1_peer_certificate(node->c->ssl->connection);

    if (cert == NULL) {
        kanda_redis_say(node, "it has no certificate");
        return NGX_ERROR;
    }

    named = kanda_redis_tls_is_named(cert, node->tls_name);
    X509_free(cert);

    if (!named) {
        kanda_redis_say(node, "its certificate is not for ");
        kanda_redis_say(node, node->tls_name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
kanda_redis_tls_is_named(X509 *cert, const char *name)
{
    struct in6_addr  addr;

    if (inet_pton(AF_INET, name, &addr) == 1
        || inet_pton(AF_INET6, name, &addr) == 1)
    {
        return X509_check_ip_asc(cert, name, 0) == 1;
    }

    return X509_check_host(cert, name, 0, 0, NULL) == 1;
}


void
kanda_redis_tls_close(ngx_connection_t *c)
{
    if (c->ssl == NULL) {
        return;
    }

    /* a good-bye that cannot be sent at once is not sent */

    c->ssl->no_wait_shutdown = 1;
    c->timedout |= c->read->error || c->read->eof || c->ssl->last == NGX_ERROR;

    if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
        c->timedout = 1;
        (void) ngx_ssl_shutdown(c);
    }
}


/* A line of nginx's log, of which only what follows its head is kept. */

static void
kanda_redis_tls_log(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    u_char              *p, *last;
    kanda_redis_node_t  *node;

    node = log->wdata;
    last = buf + len;
    p = (u_char *) ngx_strlcasestrn(buf, last, (u_char *) ": ", 2 - 1);

    if (p) {
        buf = p + 2;
    }

    if (level <= NGX_LOG_ALERT) {
        ngx_log_error(level, node->log, 0, "kanda: TLS to Redis: %*s",
                      (size_t) (last - buf), buf);
        return;
    }

    node->words.len = ngx_min((size_t) (last - buf), sizeof(node->words_data));
    ngx_memcpy(node->words.data, buf, node->words.len);
}


#else

void
kanda_redis_tls_start(kanda_redis_node_t *node)
{
    kanda_redis_lost(node, "no TLS in this nginx");
}


void
kanda_redis_tls_close(ngx_connection_t *c)
{
}

#endif
