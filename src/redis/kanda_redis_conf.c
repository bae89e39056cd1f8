#include <ngx_config.h>
#include <ngx_core.h>

#include "kanda_redis_conf.h"


#define KANDA_REDIS_PORT           6379
#define KANDA_REDIS_DB_MAX         65535
#define KANDA_REDIS_PASSWORD_MAX   4096


static char *kanda_redis_conf_url(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *url);
static void kanda_redis_conf_host(ngx_str_t *name, const ngx_str_t *host);
static char *kanda_redis_conf_userinfo(ngx_conf_t *cf,
    kanda_redis_conf_t *conf, ngx_str_t *rest);
static char *kanda_redis_conf_db(kanda_redis_conf_t *conf, u_char *p,
    size_t len);
static char *kanda_redis_conf_addrs(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *host);
static char *kanda_redis_conf_option(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *arg);
static char *kanda_redis_conf_password_file(ngx_conf_t *cf,
    kanda_redis_conf_t *conf, ngx_str_t *name);
static ngx_int_t kanda_redis_conf_decode(ngx_conf_t *cf, ngx_str_t *out,
    u_char *p, size_t len);


static const struct {
    ngx_str_t  prefix;
    size_t     offset;
} kanda_redis_conf_options[] = {
    { ngx_string("user="), offsetof(kanda_redis_conf_t, user) },
    { ngx_string("password="), offsetof(kanda_redis_conf_t, password) },
    { ngx_string("ca="), offsetof(kanda_redis_conf_t, tls.ca) },
    { ngx_string("cert="), offsetof(kanda_redis_conf_t, tls.cert) },
    { ngx_string("key="), offsetof(kanda_redis_conf_t, tls.key) },
    { ngx_string("server_name="), offsetof(kanda_redis_conf_t, tls.name) },
    { ngx_null_string, 0 }
};


char *
kanda_redis_conf_parse(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *args, ngx_uint_t nargs)
{
    char        *rv;
    ngx_uint_t   i;

    rv = kanda_redis_conf_url(cf, conf, &args[0]);

    for (i = 1; i < nargs && rv == NGX_CONF_OK; i++) {
        rv = kanda_redis_conf_option(cf, conf, &args[i]);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (conf->user.len && conf->password.len == 0) {
        return "has a user without a password";
    }

    return kanda_redis_conf_tls(cf, conf);
}


static char *
kanda_redis_conf_url(ngx_conf_t *cf, kanda_redis_conf_t *conf, ngx_str_t *url)
{
    char       *rv;
    u_char     *p, *last;
    size_t      scheme;
    ngx_str_t   rest, host;

    if (ngx_strncmp(url->data, "unix:", 5) == 0) {
        conf->url = *url;
        return kanda_redis_conf_addrs(cf, conf, url);
    }

    if (ngx_strncmp(url->data, "redis://", 8) == 0) {
        scheme = 8;

    } else if (ngx_strncmp(url->data, "rediss://", 9) == 0) {
        scheme = 9;
        conf->tls.on = 1;

    } else {
        scheme = url->len;
    }

    if (url->len <= scheme) {
        return "takes unix:/path or redis://[user:password@]host[:port][/db], "
               "and rediss:// for TLS";
    }

    rest.data = url->data + scheme;
    rest.len = url->len - scheme;

    rv = kanda_redis_conf_userinfo(cf, conf, &rest);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    host = rest;
    last = rest.data + rest.len;
    p = ngx_strlchr(rest.data, last, '/');

    if (p) {
        host.len = p - rest.data;

        if (++p < last) {
            rv = kanda_redis_conf_db(conf, p, last - p);
            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }
    }

    conf->url.data = ngx_pnalloc(cf->pool, scheme + rest.len);
    if (conf->url.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(conf->url.data, url->data, scheme);
    p = ngx_cpymem(p, rest.data, rest.len);
    conf->url.len = p - conf->url.data;

    kanda_redis_conf_host(&conf->host, &host);

    return kanda_redis_conf_addrs(cf, conf, &host);
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

    if (kanda_redis_conf_decode(cf, &conf->user, rest->data,
                                colon - rest->data)
        != NGX_OK
        || kanda_redis_conf_decode(cf, &conf->password, colon + 1,
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
kanda_redis_conf_db(kanda_redis_conf_t *conf, u_char *p, size_t len)
{
    ngx_int_t  n;

    n = ngx_atoi(p, len);

    if (n == NGX_ERROR || n > KANDA_REDIS_DB_MAX) {
        return "has an invalid database number";
    }

    conf->db = n;

    return NGX_CONF_OK;
}


static char *
kanda_redis_conf_addrs(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *host)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *host;
    u.default_port = KANDA_REDIS_PORT;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        return u.err ? u.err : "names a host that cannot be found";
    }

    conf->addrs = u.addrs;
    conf->naddrs = u.naddrs;

    return NGX_CONF_OK;
}


static char *
kanda_redis_conf_option(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *arg)
{
    ngx_str_t         value, *option;
    ngx_uint_t        i;
    const ngx_str_t  *prefix;

    for (i = 0; kanda_redis_conf_options[i].prefix.len; i++) {
        prefix = &kanda_redis_conf_options[i].prefix;

        if (ngx_strncmp(arg->data, prefix->data, prefix->len) == 0) {
            option = (ngx_str_t *) ((char *) conf
                                    + kanda_redis_conf_options[i].offset);
            option->data = arg->data + prefix->len;
            option->len = arg->len - prefix->len;
            return NGX_CONF_OK;
        }
    }

    if (ngx_strncmp(arg->data, "password_file=", 14) == 0) {
        value.data = arg->data + 14;
        value.len = arg->len - 14;
        return kanda_redis_conf_password_file(cf, conf, &value);
    }

    if (ngx_strncmp(arg->data, "db=", 3) == 0) {
        return kanda_redis_conf_db(conf, arg->data + 3, arg->len - 3);
    }

    return "knows user=, password=, password_file=, db=, and for TLS ca=, "
           "cert=, key= and server_name=";
}


static char *
kanda_redis_conf_password_file(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *name)
{
    u_char           *p;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return "names a password file that cannot be opened";
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)
        || (fi.st_mode & (S_IRWXG|S_IRWXO)))
    {
        ngx_close_file(fd);
        return "names a password file that others than its owner can read";
    }

    p = ngx_pnalloc(cf->pool, KANDA_REDIS_PASSWORD_MAX);
    n = p ? ngx_read_fd(fd, p, KANDA_REDIS_PASSWORD_MAX) : -1;
    ngx_close_file(fd);

    if (n == KANDA_REDIS_PASSWORD_MAX) {
        return "names a password file that is too long";
    }

    while (n > 0 && (p[n - 1] == LF || p[n - 1] == CR)) {
        n--;
    }

    if (n <= 0) {
        return "names a password file that is empty or cannot be read";
    }

    conf->password.data = p;
    conf->password.len = n;

    return NGX_CONF_OK;
}
