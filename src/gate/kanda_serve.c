#include "kanda_serve.h"
#include "kanda_admin.h"
#include "kanda_api.h"
#include "kanda_auth.h"
#include "kanda_gate.h"
#include "kanda_health.h"
#include "kanda_local.h"
#include "kanda_metrics.h"
#include "kanda_otp.h"
#include "kanda_toolkit.h"


static ngx_uint_t kanda_serve_is_one(const kanda_dialect_t *dialect);
static ngx_http_handler_pt kanda_serve_handler(
    const kanda_dialect_t *dialect);


static const kanda_dialect_t  *kanda_serve_dialects[] = {
    &kanda_api_dialect,
    &kanda_otp_dialect,
    &kanda_toolkit_dialect,
    &kanda_auth_dialect,
    &kanda_admin_dialect,
    &kanda_check_dialect,
    &kanda_metrics_dialect,
    &kanda_health_dialect
};


void
kanda_serve_all(ngx_http_kanda_main_conf_t *kmcf)
{
    kmcf->dialects = kanda_serve_dialects;
    kmcf->ndialects = sizeof(kanda_serve_dialects)
                      / sizeof(kanda_serve_dialects[0]);
}


char *
kanda_conf_serve(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t                   *args;
    ngx_uint_t                   i, row;
    const kanda_dialect_t       *dialect;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_kanda_main_conf_t  *kmcf;

    if (klcf->dialect) {
        return "is duplicate";
    }

    args = cf->args->elts;
    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        return "cannot stand in a location given by a regular expression";
    }
#endif

    if (clcf->named || clcf->noname) {
        return "needs a location with a path";
    }

    row = 0;

    for (i = 0; i < kmcf->ndialects; i++) {
        dialect = kmcf->dialects[i];

        if (args[1].len == dialect->name.len
            && ngx_strcmp(args[1].data, dialect->name.data) == 0)
        {
            klcf->dialect = dialect;
            klcf->row = row;
        }

        row += 1 + dialect->nroutes;
    }

    if (row > KANDA_STATS_ROWS) {
        return "has more routes than can be counted";
    }

    if (klcf->dialect == NULL) {
        return "does not know this dialect; there is: api, otp, toolkit, "
               "auth, admin, check, metrics, health";
    }

    if (clcf->exact_match && !kanda_serve_is_one(klcf->dialect)) {
        return "cannot stand in an exact location: all that this dialect has "
               "is below it";
    }

    klcf->prefix = clcf->name;

    if (klcf->prefix.data[klcf->prefix.len - 1] == '/') {
        klcf->prefix.len--;
    }

    clcf->handler = kanda_serve_handler(klcf->dialect);

    kmcf->served = 1;

    return klcf->dialect->local && kanda_local_server(cf, kmcf) != NGX_OK
           ? NGX_CONF_ERROR : NGX_CONF_OK;
}


char *
kanda_serve_merge(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *prev,
    ngx_http_kanda_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" and "limit_except" blocks are locations of their own, and serve what
     * theirs serves */

    if (conf->dialect == NULL && clcf->noname && prev->dialect) {
        conf->dialect = prev->dialect;
        conf->row = prev->row;
        conf->prefix = prev->prefix;
        clcf->handler = kanda_serve_handler(conf->dialect);
    }

    if (conf->dialect
        && clcf->handler != kanda_serve_handler(conf->dialect))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_serve in location \"%V\" does not answer: "
                           "another directive does, such as proxy_pass",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Whether the location itself is something, and not only what is below. */

static ngx_uint_t
kanda_serve_is_one(const kanda_dialect_t *dialect)
{
    ngx_uint_t  i;

    for (i = 0; i < dialect->nroutes; i++) {
        if (dialect->routes[i].path[0] == '\0') {
            return 1;
        }
    }

    return dialect->handler != NULL;
}


static ngx_http_handler_pt
kanda_serve_handler(const kanda_dialect_t *dialect)
{
    return dialect->handler ? dialect->handler : ngx_http_kanda_handler;
}
