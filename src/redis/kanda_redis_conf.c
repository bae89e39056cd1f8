#include <ngx_config.h>
#include <ngx_core.h>

#include "kanda_redis_conf.h"


#define KANDA_REDIS_DB_MAX         65535
#define KANDA_REDIS_PASSWORD_MAX   4096
#define KANDA_REDIS_REPLICAS_MAX   100


static char *kanda_redis_conf_option(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *arg);
static char *kanda_redis_conf_password_file(ngx_conf_t *cf,
    kanda_redis_login_t *login, ngx_str_t *name);


static const struct {
    ngx_str_t  prefix;
    size_t     offset;
} kanda_redis_conf_options[] = {
    { ngx_string("user="), offsetof(kanda_redis_conf_t, login.user) },
    { ngx_string("password="), offsetof(kanda_redis_conf_t, login.password) },
    { ngx_string("sentinel_user="),
      offsetof(kanda_redis_conf_t, sentinel_login.user) },
    { ngx_string("sentinel_password="),
      offsetof(kanda_redis_conf_t, sentinel_login.password) },
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

    if ((conf->login.user.len && conf->login.password.len == 0)
        || (conf->sentinel_login.user.len
            && conf->sentinel_login.password.len == 0))
    {
        return "has a user without a password";
    }

    if (conf->kind != KANDA_REDIS_SENTINEL
        && conf->sentinel_login.password.len)
    {
        return "takes sentinel_password= with sentinel:// only";
    }

    if (conf->kind == KANDA_REDIS_CLUSTER && conf->db) {
        return "takes no db= with cluster://: a cluster has database 0 only";
    }

    return kanda_redis_conf_tls(cf, conf);
}


static char *
kanda_redis_conf_option(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *arg)
{
    ngx_int_t         n;
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
        return kanda_redis_conf_password_file(cf, &conf->login, &value);
    }

    if (ngx_strncmp(arg->data, "sentinel_password_file=", 23) == 0) {
        value.data = arg->data + 23;
        value.len = arg->len - 23;
        return kanda_redis_conf_password_file(cf, &conf->sentinel_login,
                                              &value);
    }

    if (ngx_strcmp(arg->data, "tls") == 0) {
        conf->tls.on = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(arg->data, "db=", 3) == 0) {
        return kanda_redis_conf_db(conf, arg->data + 3, arg->len - 3);
    }

    if (ngx_strncmp(arg->data, "replicas=", 9) == 0) {
        n = ngx_atoi(arg->data + 9, arg->len - 9);

        if (n == NGX_ERROR || n > KANDA_REDIS_REPLICAS_MAX) {
            return "has an invalid number of replicas";
        }

        conf->replicas = n;
        return NGX_CONF_OK;
    }

    return "knows user=, password=, password_file=, db=, replicas=; for "
           "Sentinel sentinel_user=, sentinel_password= and "
           "sentinel_password_file=; for TLS tls, ca=, cert=, key= and "
           "server_name=";
}


char *
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
kanda_redis_conf_password_file(ngx_conf_t *cf, kanda_redis_login_t *login,
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

    login->password.data = p;
    login->password.len = n;

    return NGX_CONF_OK;
}
