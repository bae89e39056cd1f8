#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "kanda_redis_conf.h"


#if (NGX_SSL)

#define KANDA_REDIS_TLS_DEPTH  9        /* certificates between, at most */


static char *kanda_redis_conf_context(ngx_conf_t *cf, kanda_redis_tls_t *tls);

#endif


char *
kanda_redis_conf_tls(ngx_conf_t *cf, kanda_redis_conf_t *conf)
{
    kanda_redis_tls_t  *tls;

    tls = &conf->tls;

    if (tls->on && conf->seeds[0].addr.sockaddr->sa_family == AF_UNIX) {
        return "speaks no TLS over a Unix socket";
    }

    if (!tls->on) {
        return (tls->ca.len || tls->cert.len || tls->key.len || tls->name.len)
               ? "takes ca=, cert=, key= and server_name= with TLS only: "
                 "rediss://, or the parameter tls"
               : NGX_CONF_OK;
    }

    if ((tls->cert.len == 0) != (tls->key.len == 0)) {
        return "takes cert= and key= together";
    }

#if (NGX_SSL)
    return kanda_redis_conf_context(cf, tls);
#else
    return "needs an nginx with SSL for rediss://: this one was built without "
           "--with-http_ssl_module";
#endif
}


#if (NGX_SSL)

static char *
kanda_redis_conf_context(ngx_conf_t *cf, kanda_redis_tls_t *tls)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (ssl == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    /* what is to be written may move while it waits */

    SSL_CTX_set_mode(ssl->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                               |SSL_MODE_ENABLE_PARTIAL_WRITE);

    if (ngx_ssl_trusted_certificate(cf, ssl, &tls->ca, KANDA_REDIS_TLS_DEPTH)
        != NGX_OK)
    {
        return "names a ca file that cannot be read, or that holds none";
    }

    if (tls->ca.len == 0 && SSL_CTX_set_default_verify_paths(ssl->ctx) != 1) {
        return "finds no certificate authorities of the system: name some "
               "with ca=";
    }

    if (tls->cert.len
        && ngx_ssl_certificate(cf, ssl, &tls->cert, &tls->key, NULL) != NGX_OK)
    {
        return "names a certificate or a key that cannot be read, or two that "
               "do not fit";
    }

    tls->ssl = ssl;

    return NGX_CONF_OK;
}

#endif
