#include "kanda_redis_impl.h"


/* OpenSSL's complaints go to nginx's log through the connection's: each of our
 * connections has one of its own, which keeps the words until the loss of the
 * connection is told, and that is told seldom. */


#if (NGX_SSL)

static void kanda_redis_tls_done(ngx_connection_t *c);
static ngx_int_t kanda_redis_tls_name(kanda_redis_t *rd);
static ngx_int_t kanda_redis_tls_check(kanda_redis_t *rd);
static ngx_uint_t kanda_redis_tls_is_named(X509 *cert, const char *name);
static void kanda_redis_tls_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len);
static void kanda_redis_tls_say(kanda_redis_t *rd, const char *words);


void
kanda_redis_tls_start(kanda_redis_t *rd)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = rd->c;

    ngx_memzero(&rd->tls_log, sizeof(ngx_log_t));
    rd->tls_log.log_level = NGX_LOG_INFO;
    rd->tls_log.writer = kanda_redis_tls_log;
    rd->tls_log.wdata = rd;
    rd->words.len = 0;
    rd->words.data = rd->words_data;

    c->log = &rd->tls_log;
    c->read->log = c->log;
    c->write->log = c->log;

    c->pool = ngx_create_pool(256, rd->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(rd->conf->tls.ssl, c, NGX_SSL_CLIENT)
           != NGX_OK
        || kanda_redis_tls_name(rd) != NGX_OK)
    {
        kanda_redis_lost(rd, "no memory for TLS");
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
    kanda_redis_t *rd = c->data;

    if (!c->ssl->handshaked) {
        kanda_redis_lost(rd, c->write->timedout ? "TLS handshake timed out"
                                                : "TLS handshake failed");
        return;
    }

    kanda_redis_handlers(rd);

    if (kanda_redis_tls_check(rd) != NGX_OK) {
        kanda_redis_lost(rd, "refused");
        return;
    }

    /* what follows the handshake may have come with it */

    ngx_post_event(c->read, &ngx_posted_events);
    kanda_redis_established(rd);
}


/* Tells the server by which name it is known, unless that is an address. */

static ngx_int_t
kanda_redis_tls_name(kanda_redis_t *rd)
{
    char              *name;
    struct in6_addr    addr;
    const ngx_str_t   *given;
    ngx_connection_t  *c;

    c = rd->c;
    given = &rd->conf->tls.name;

    name = ngx_pnalloc(c->pool, given->len + 1);
    if (name == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn((u_char *) name, given->data, given->len + 1);
    rd->tls_name = name;

    if (inet_pton(AF_INET, name, &addr) == 1
        || inet_pton(AF_INET6, name, &addr) == 1)
    {
        return NGX_OK;
    }

    return SSL_set_tlsext_host_name(c->ssl->connection, name) == 1
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_redis_tls_check(kanda_redis_t *rd)
{
    long        rc;
    X509       *cert;
    ngx_uint_t  named;

    rc = SSL_get_verify_result(rd->c->ssl->connection);

    if (rc != X509_V_OK) {
        kanda_redis_tls_say(rd, "its certificate is not to be trusted: ");
        kanda_redis_tls_say(rd, X509_verify_cert_error_string(rc));
        return NGX_ERROR;
    }

    cert = SSL_get1_peer_certificate(rd->c->ssl->connection);

    if (cert == NULL) {
        kanda_redis_tls_say(rd, "it has no certificate");
        return NGX_ERROR;
    }

    named = kanda_redis_tls_is_named(cert, rd->tls_name);
    X509_free(cert);

    if (!named) {
        kanda_redis_tls_say(rd, "its certificate is not for ");
        kanda_redis_tls_say(rd, rd->tls_name);
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
    u_char         *p, *last;
    kanda_redis_t  *rd;

    rd = log->wdata;
    last = buf + len;
    p = (u_char *) ngx_strlcasestrn(buf, last, (u_char *) ": ", 2 - 1);

    if (p) {
        buf = p + 2;
    }

    if (level <= NGX_LOG_ALERT) {
        ngx_log_error(level, rd->log, 0, "kanda: Redis %V: %*s",
                      &rd->conf->url, (size_t) (last - buf), buf);
        return;
    }

    rd->words.len = ngx_min((size_t) (last - buf), sizeof(rd->words_data));
    ngx_memcpy(rd->words.data, buf, rd->words.len);
}


static void
kanda_redis_tls_say(kanda_redis_t *rd, const char *words)
{
    size_t  len;

    len = ngx_min(ngx_strlen(words), sizeof(rd->words_data) - rd->words.len);
    ngx_memcpy(rd->words.data + rd->words.len, words, len);
    rd->words.len += len;
}


#else

void
kanda_redis_tls_start(kanda_redis_t *rd)
{
    kanda_redis_lost(rd, "no TLS in this nginx");
}


void
kanda_redis_tls_close(ngx_connection_t *c)
{
}

#endif
