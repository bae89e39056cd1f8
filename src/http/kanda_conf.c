#include "ngx_http_kanda.h"
#include "kanda_conf.h"
#include "kanda_text.h"

#include <sys/stat.h>


#define KANDA_KEYS_FILE_MAX   16384
#define KANDA_TOKEN_TTL_MAX   (30 * 24 * 3600)


const kanda_lockout_t  kanda_lockout_default = {
    5, 30 * 1000, 15 * 60 * 1000, 100, 30 * 24 * 3600 * (int64_t) 1000, 10
};


static ngx_int_t kanda_conf_read_keys(ngx_conf_t *cf, ngx_str_t *name,
    kanda_keyring_t *ring);
static void kanda_conf_wipe_keys(void *data);
static char *kanda_conf_number(ngx_str_t *arg, const char *name, ngx_uint_t max,
    ngx_uint_t *out);
static char *kanda_conf_ms(ngx_str_t *arg, const char *name, int64_t *out);


char *
kanda_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t  *args;

    if (kmcf->redis.naddrs) {
        return "is duplicate";
    }

    args = cf->args->elts;

    return kanda_redis_conf_parse(cf, &kmcf->redis, args + 1,
                                  cf->args->nelts - 1);
}


char *
kanda_conf_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t           *args;
    ngx_pool_cleanup_t  *cln;

    if (kmcf->ring) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &args[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    kmcf->ring = ngx_pcalloc(cf->pool, sizeof(kanda_keyring_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (kmcf->ring == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = kanda_conf_wipe_keys;
    cln->data = kmcf->ring;

    if (kanda_conf_read_keys(cf, &args[1], kmcf->ring) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
kanda_conf_read_keys(ngx_conf_t *cf, ngx_str_t *name, kanda_keyring_t *ring)
{
    int               rc;
    char              text[KANDA_KEYS_FILE_MAX], error[KANDA_KEYRING_ERROR];
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "kanda_keys cannot open \"%V\"", name);

        if (fd != NGX_INVALID_FILE) {
            ngx_close_file(fd);
        }

        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi) || (fi.st_mode & (S_IRWXG|S_IRWXO))) {
        ngx_close_file(fd);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_keys \"%V\" must be a regular file that "
                           "nobody but its owner can read: chmod 600", name);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));
    ngx_close_file(fd);

    if (n < 0 || n == sizeof(text)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                           "kanda_keys cannot read \"%V\", which may have at "
                           "most 16383 bytes", name);
        return NGX_ERROR;
    }

    rc = kanda_keyring_parse(ring, text, n, error);
    kanda_wipe(text, sizeof(text));

    if (rc != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kanda_keys \"%V\": %s",
                           name, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
kanda_conf_wipe_keys(void *data)
{
    kanda_keyring_wipe(data);
}


char *
kanda_conf_token_ttl(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->token_ttl != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    args = cf->args->elts;
    klcf->token_ttl = ngx_parse_time(&args[1], 1);

    if (klcf->token_ttl == (time_t) NGX_ERROR || klcf->token_ttl == 0
        || klcf->token_ttl > KANDA_TOKEN_TTL_MAX)
    {
        return "must be from 1s to 30d";
    }

    klcf->token_ttl_text = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->realm.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (args[1].len == 0 || args[1].len > KANDA_REALM_MAX
        || strspn((char *) args[1].data,
                  "abcdefghijklmnopqrstuvwxyz0123456789_-") != args[1].len)
    {
        return "must be 1 to 32 characters of a-z, 0-9, '_' and '-'";
    }

    klcf->realm = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t         *args;
    kanda_jwt_text_t   text;

    if (klcf->issuer.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (args[1].len == 0
        || kanda_jwt_text_set(&text, (char *) args[1].data, args[1].len) != 0)
    {
        return "must be 1 to 128 characters of ASCII without '\"' and '\\'";
    }

    klcf->issuer = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_lockout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    char             *rv;
    int64_t           wait, max_wait;
    ngx_str_t        *args;
    ngx_uint_t        i;
    kanda_lockout_t  *l;

    if (klcf->lockout) {
        return "is duplicate";
    }

    l = ngx_palloc(cf->pool, sizeof(kanda_lockout_t));
    if (l == NULL) {
        return NGX_CONF_ERROR;
    }

    *l = kanda_lockout_default;
    wait = (int64_t) l->wait;
    max_wait = (int64_t) l->max_wait;
    args = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(args[i].data, "row=", 4) == 0) {
            rv = kanda_conf_number(&args[i], "row=", 1000, &l->row);

        } else if (ngx_strncmp(args[i].data, "total=", 6) == 0) {
            rv = kanda_conf_number(&args[i], "total=", 100000, &l->total);

        } else if (ngx_strncmp(args[i].data, "recovery=", 9) == 0) {
            rv = kanda_conf_number(&args[i], "recovery=", 1000, &l->recovery);

        } else if (ngx_strncmp(args[i].data, "wait=", 5) == 0) {
            rv = kanda_conf_ms(&args[i], "wait=", &wait);

        } else if (ngx_strncmp(args[i].data, "max=", 4) == 0) {
            rv = kanda_conf_ms(&args[i], "max=", &max_wait);

        } else if (ngx_strncmp(args[i].data, "window=", 7) == 0) {
            rv = kanda_conf_ms(&args[i], "window=", &l->window);

        } else {
            rv = "knows row=, wait=, max=, total=, window= and recovery=";
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (max_wait < wait) {
        return "has a max= shorter than its wait=";
    }

    l->wait = (ngx_msec_t) wait;
    l->max_wait = (ngx_msec_t) max_wait;
    klcf->lockout = l;

    return NGX_CONF_OK;
}


static char *
kanda_conf_number(ngx_str_t *arg, const char *name, ngx_uint_t max,
    ngx_uint_t *out)
{
    size_t     len;
    ngx_int_t  n;

    len = ngx_strlen(name);
    n = ngx_atoi(arg->data + len, arg->len - len);

    if (n == NGX_ERROR || n == 0 || (ngx_uint_t) n > max) {
        return "has a number that is no number, zero or too large";
    }

    *out = n;

    return NGX_CONF_OK;
}


static char *
kanda_conf_ms(ngx_str_t *arg, const char *name, int64_t *out)
{
    size_t     len;
    ngx_int_t  n;
    ngx_str_t  text;

    len = ngx_strlen(name);
    text.data = arg->data + len;
    text.len = arg->len - len;

    n = ngx_parse_time(&text, 0);

    if (n == NGX_ERROR || n == 0) {
        return "has a time that is none";
    }

    *out = n;

    return NGX_CONF_OK;
}


char *
kanda_conf_qrcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->qrcode.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (ngx_strcmp(args[1].data, "on") != 0
        && ngx_strcmp(args[1].data, "off") != 0
        && ngx_strcmp(args[1].data, "until_confirmed") != 0)
    {
        return "must be on, until_confirmed or off";
    }

    klcf->qrcode = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_log_retention(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    char        *rv;
    int64_t      age;
    ngx_str_t   *args;
    ngx_uint_t   i, count;

    if (kmcf->log_keep.data) {
        return "is duplicate";
    }

    count = KANDA_LOG_COUNT_DEFAULT;
    age = KANDA_LOG_AGE_DEFAULT;
    args = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(args[i].data, "count=", 6) == 0) {
            rv = kanda_conf_number(&args[i], "count=", 1000000, &count);

        } else if (ngx_strncmp(args[i].data, "age=", 4) == 0) {
            rv = kanda_conf_ms(&args[i], "age=", &age);

        } else {
            rv = "knows count= and age=";
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return kanda_conf_log_text(cf, kmcf, count, age);
}


char *
kanda_conf_log_text(ngx_conf_t *cf, ngx_http_kanda_main_conf_t *kmcf,
    ngx_uint_t count, int64_t age)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, 2 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    kmcf->log_keep.data = p;
    p = ngx_sprintf(p, "%ui", count);
    kmcf->log_keep.len = p - kmcf->log_keep.data;

    kmcf->log_age.data = p;
    p = ngx_sprintf(p, "%L", age);
    kmcf->log_age.len = p - kmcf->log_age.data;

    return NGX_CONF_OK;
}


char *
kanda_conf_blocklist(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t  *args;

    if (kmcf->blocklist) {
        return "is duplicate";
    }

    args = cf->args->elts;
    kmcf->blocklist = kanda_blocklist_read(cf, &args[1]);

    return kmcf->blocklist ? NGX_CONF_OK : NGX_CONF_ERROR;
}
