#include <ngx_config.h>
#include <ngx_core.h>

#include "kanda_redis_conf.h"


typedef struct {
    ngx_str_t           prefix;
    kanda_redis_kind_t  kind;
    in_port_t           port;
    ngx_uint_t          tls;
} kanda_redis_scheme_t;


static char *kanda_redis_conf_path(kanda_redis_conf_t *conf, u_char *p,
    size_t len);
static char *kanda_redis_conf_userinfo(ngx_conf_t *cf,
    kanda_redis_conf_t *conf, ngx_str_t *rest);
static ngx_int_t kanda_redis_conf_decode(ngx_conf_t *cf, ngx_str_t *out,
    u_char *p, size_t len);
static char *kanda_redis_conf_hosts(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *hosts, in_port_t port);
static char *kanda_redis_conf_seeds(ngx_conf_t *cf, ngx_array_t *seeds,
    ngx_str_t *host, in_port_t port);
static void kanda_redis_conf_host(ngx_str_t *name, const ngx_str_t *host);


static const kanda_redis_scheme_t  kanda_redis_schemes[] = {
    { ngx_string("redis://"), KANDA_REDIS_SINGLE, 6379, 0 },
    { ngx_string("rediss://"), KANDA_REDIS_SINGLE, 6379, 1 },
    { ngx_string("sentinel://"), KANDA_REDIS_SENTINEL, 26379, 0 },
    { ngx_string("cluster://"), KANDA_REDIS_CLUSTER, 6379, 0 },
    { ngx_null_string, KANDA_REDIS_SINGLE, 0, 0 }
};


char *
kanda_redis_conf_url(ngx_conf_t *cf, kanda_redis_conf_t *conf, ngx_str_t *url)
{
    char                        *rv;
    u_char                      *p, *last;
    ngx_str_t                    rest, hosts;
    const kanda_redis_scheme_t  *scheme;

    if (ngx_strncmp(url->data, "unix:", 5) == 0) {
        conf->url = *url;
        return kanda_redis_conf_hosts(cf, conf, url, 0);
    }

    for (scheme = kanda_redis_schemes; scheme->prefix.len; scheme++) {
        if (url->len > scheme->prefix.len
            && ngx_strncmp(url->data, scheme->prefix.data, scheme->prefix.len)
               == 0)
        {
            break;
        }
    }

    if (scheme->prefix.len == 0) {
        return "takes unix:/path, redis://[user:password@]host[:port][/db], "
               "the same with rediss:// for TLS, "
               "sentinel://[user:password@]host[:port],.../master, or "
               "cluster://[user:password@]host[:port],...";
    }

    conf->kind = scheme->kind;
    conf->tls.on = scheme->tls;

    rest.data = url->data + scheme->prefix.len;
    rest.len = url->len - scheme->prefix.len;

    rv = kanda_redis_conf_userinfo(cf, conf, &rest);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    hosts = rest;
    last = rest.data + rest.len;
    p = ngx_strlchr(rest.data, last, '/');

    if (p) {
        hosts.len = p - rest.data;
        p++;

    } else {
        p = last;
    }

    rv = kanda_redis_conf_path(conf, p, last - p);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    conf->url.data = ngx_pnalloc(cf->pool, scheme->prefix.len + rest.len);
    if (conf->url.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(conf->url.data, scheme->prefix.data, scheme->prefix.len);
    p = ngx_cpymem(p, rest.data, rest.len);
    conf->url.len = p - conf->url.data;

    return kanda_redis_conf_hosts(cf, conf, &hosts, scheme->port);
}


static char *
kanda_redis_conf_path(kanda_redis_conf_t *conf, u_char *p, size_t len)
{
    if (conf->kind == KANDA_REDIS_SENTINEL) {
        conf->master.data = p;
        conf->master.len = len;

        return len ? NGX_CONF_OK
                   : "wants the master's name: sentinel://host,host/name";
    }

    if (len && conf->kind == KANDA_REDIS_CLUSTER) {
        return "takes nothing behind a cluster's hosts";
    }

    return len ? kanda_redis_conf_db(conf, p, len) : NGX_CONF_OK;
}


static char *
kanda_redis_conf_userinfo(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *rest)
{
    u_char  *p, *at, *last, *colon;

    at = NULL;
    last = rest->data + rest->len;

    for (p = rest->data; p < last; p++) {
        if (*p == '@') {
            at = p;
        }
    }

    if (at == NULL) {
        return NGX_CONF_OK;
    }

    colon = ngx_strlchr(rest->data, at, ':');
    if (colon == NULL) {
        return "has a user without a password";
    }

    if (kanda_redis_conf_decode(cf, &conf->login.user, rest->data,
                                colon - rest->data)
        != NGX_OK
        || kanda_redis_conf_decode(cf, &conf->login.password, colon + 1,
                                   at - colon - 1)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rest->data = at + 1;
    rest->len = last - at - 1;

    return NGX_CONF_OK;
}


static ngx_int_t
kanda_redis_conf_decode(ngx_conf_t *cf, ngx_str_t *out, u_char *p, size_t len)
{
    u_char  *dst;

    out->data = ngx_pnalloc(cf->pool, len + 1);
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    dst = out->data;
    ngx_unescape_uri(&dst, &p, len, 0);
    out->len = dst - out->data;

    return NGX_OK;
}


static char *
kanda_redis_conf_hosts(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *hosts, in_port_t port)
{
    char         *rv;
    u_char       *p, *last, *comma;
    ngx_str_t     host;
    ngx_array_t   seeds;

    if (ngx_array_init(&seeds, cf->pool, 4, sizeof(kanda_redis_seed_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    last = hosts->data + hosts->len;

    for (p = hosts->data; p; p = comma ? comma + 1 : NULL) {
        comma = conf->kind == KANDA_REDIS_SINGLE ? NULL
                                                 : ngx_strlchr(p, last, ',');
        host.data = p;
        host.len = (comma ? comma : last) - p;

        rv = kanda_redis_conf_seeds(cf, &seeds, &host, port);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    conf->seeds = seeds.elts;
    conf->nseeds = seeds.nelts;

    return NGX_CONF_OK;
}


static char *
kanda_redis_conf_seeds(ngx_conf_t *cf, ngx_array_t *seeds, ngx_str_t *host,
    in_port_t port)
{
    ngx_url_t            u;
    ngx_uint_t           i;
    kanda_redis_seed_t  *seed;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *host;
    u.default_port = port;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        return u.err ? u.err : "names a host that cannot be found";
    }

    for (i = 0; i < u.naddrs; i++) {
        seed = ngx_array_push(seeds);
        if (seed == NULL) {
            return NGX_CONF_ERROR;
        }

        seed->addr = u.addrs[i];
        kanda_redis_conf_host(&seed->host, host);
    }

    return NGX_CONF_OK;
}


/* The host alone: without its port, and without brackets. */

static void
kanda_redis_conf_host(ngx_str_t *name, const ngx_str_t *host)
{
    u_char  *p, *last;

    *name = *host;
    last = host->data + host->len;

    if (host->len && host->data[0] == '[') {
        p = ngx_strlchr(host->data, last, ']');
        name->data++;
        name->len = (p ? p : last) - name->data;
        return;
    }

    p = ngx_strlchr(host->data, last, ':');

    if (p) {
        name->len = p - host->data;
    }
}
