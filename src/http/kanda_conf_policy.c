#include "ngx_http_kanda.h"
#include "kanda_conf.h"


#define KANDA_TOKEN_TTL_MAX   (30 * 24 * 3600)
#define KANDA_LOCKOUT_NEVER   ((ngx_uint_t) 1 << 52)


static char *kanda_conf_lockout_text(ngx_conf_t *cf, kanda_lockout_t *l);
static char *kanda_conf_number(ngx_str_t *arg, const char *name, ngx_uint_t max,
    ngx_uint_t *out);


static const kanda_lockout_t  kanda_lockout_default = {
    5, 30 * 1000, 15 * 60 * 1000, 100, 30 * 24 * 3600 * (int64_t) 1000, 10,
    ngx_null_string, ngx_null_string
};


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
kanda_conf_window(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_int_t   n;
    ngx_str_t  *args;

    if (klcf->window != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    args = cf->args->elts;
    n = ngx_atoi(args[1].data, args[1].len);

    if (n == NGX_ERROR || n > KANDA_WINDOW_MAX) {
        return "must be 0, 1 or 2 steps";
    }

    klcf->window = n;

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

    return kanda_conf_lockout_text(cf, l);
}


const kanda_lockout_t *
kanda_conf_lockout_usual(ngx_conf_t *cf)
{
    kanda_lockout_t  *l;

    l = ngx_palloc(cf->pool, sizeof(kanda_lockout_t));
    if (l == NULL) {
        return NULL;
    }

    *l = kanda_lockout_default;

    return kanda_conf_lockout_text(cf, l) == NGX_CONF_OK ? l : NULL;
}


static char *
kanda_conf_lockout_text(ngx_conf_t *cf, kanda_lockout_t *l)
{
    u_char  *p;

    static const char  format[] = "%ui %M %M %ui %L %ui";

    p = ngx_pnalloc(cf->pool, 2 * 6 * (NGX_INT64_LEN + 1));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    l->text.data = p;
    p = ngx_sprintf(p, format, l->row, l->wait, l->max_wait, l->total,
                    l->window, l->recovery);
    l->text.len = p - l->text.data;

    /* nobody could unlock the account whose own codes these are */

    l->account.data = p;
    p = ngx_sprintf(p, format, l->row, l->wait, l->max_wait,
                    KANDA_LOCKOUT_NEVER, l->window, l->recovery);
    l->account.len = p - l->account.data;

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


char *
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
kanda_conf_two_factor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->two_factor != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    args = cf->args->elts;
    klcf->two_factor = (ngx_strcmp(args[1].data, "required") == 0);

    return (klcf->two_factor || ngx_strcmp(args[1].data, "optional") == 0)
           ? NGX_CONF_OK : "must be optional or required";
}


void
kanda_conf_csrf_alike(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *klcf)
{
    ngx_http_kanda_loc_conf_t   *other;
    ngx_http_kanda_main_conf_t  *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);

    for (other = kmcf->logins; other; other = other->next) {

        if (other->csrf != klcf->csrf
            && kanda_same(&other->realm, &klcf->realm))
        {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "kanda_csrf is not the same in \"%V/\" and "
                               "\"%V/\", which take each other's cookies: "
                               "both have the realm \"%V\"",
                               &other->prefix, &klcf->prefix, &klcf->realm);
            break;
        }
    }

    klcf->next = kmcf->logins;
    kmcf->logins = klcf;
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
