#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_kanda.h"
#include "kanda_conf.h"
#include "kanda_gate.h"
#include "kanda_local.h"
#include "kanda_replay.h"
#include "kanda_serve.h"


static void *ngx_http_kanda_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_kanda_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_kanda_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_kanda_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_kanda_init(ngx_conf_t *cf);


static ngx_command_t  ngx_http_kanda_commands[] = {

    { ngx_string("kanda_serve"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      kanda_conf_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_redis_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_kanda_main_conf_t, redis_timeout),
      NULL },

    { ngx_string("kanda_keys"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      kanda_conf_keys,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_log_retention"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      kanda_conf_log_retention,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_password_blocklist"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      kanda_conf_blocklist,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_token_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_token_ttl,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_issuer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_realm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_realm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_window"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_window,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_lockout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      kanda_conf_lockout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_registration"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_kanda_loc_conf_t, registration),
      NULL },

    { ngx_string("kanda_qrcode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_qrcode,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_service_name"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_service_name,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_region"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_region,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_stateless_replay"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_kanda_loc_conf_t, stateless_replay),
      NULL },

    { ngx_string("kanda_csrf"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_kanda_loc_conf_t, csrf),
      NULL },

    { ngx_string("kanda_two_factor"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      kanda_conf_two_factor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_require"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      kanda_conf_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_session"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      kanda_conf_session,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kanda_invitation"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      kanda_conf_invitation,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_kanda_module_ctx = {
    kanda_gate_variables,                  /* preconfiguration */
    ngx_http_kanda_init,                   /* postconfiguration */

    ngx_http_kanda_create_main_conf,       /* create main configuration */
    ngx_http_kanda_init_main_conf,         /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_kanda_create_loc_conf,        /* create location configuration */
    ngx_http_kanda_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_kanda_module = {
    NGX_MODULE_V1,
    &ngx_http_kanda_module_ctx,            /* module context */
    ngx_http_kanda_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    kanda_worker_start,                    /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    kanda_worker_stop,                     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_kanda_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_kanda_main_conf_t  *kmcf;

    kmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_kanda_main_conf_t));
    if (kmcf == NULL) {
        return NULL;
    }

    kmcf->redis_timeout = NGX_CONF_UNSET_MSEC;
    kanda_serve_all(kmcf);

    return kmcf;
}


static char *
ngx_http_kanda_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_conf_init_msec_value(kmcf->redis_timeout, 500);
    kmcf->redis.timeout = kmcf->redis_timeout;

    if (kmcf->redis.timeout == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_redis_timeout must not be 0");
        return NGX_CONF_ERROR;
    }

    if (kmcf->redis.replicas
        && kmcf->redis.timeout < KANDA_REDIS_REPLICAS_TIMEOUT)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_redis_timeout must be at least 300ms where "
                           "kanda_redis has replicas=");
        return NGX_CONF_ERROR;
    }

    if (kmcf->served && kmcf->redis.nseeds == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_serve and kanda_require need kanda_redis in "
                           "the http block, "
                           "for example: kanda_redis unix:/run/redis.sock;");
        return NGX_CONF_ERROR;
    }

    if (kmcf->served && kmcf->ring == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_serve and kanda_require need kanda_keys in "
                           "the http block; the README shows how to make that "
                           "file");
        return NGX_CONF_ERROR;
    }

    if (kmcf->served) {
        kmcf->stats = kanda_stats_zone(cf, &ngx_http_kanda_module);
        kmcf->replay = kanda_replay_zone(cf, &ngx_http_kanda_module);
        if (kmcf->stats == NULL || kmcf->replay == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (kmcf->log_keep.len == 0) {
        return kanda_conf_log_text(cf, kmcf, KANDA_LOG_COUNT_DEFAULT,
                                   KANDA_LOG_AGE_DEFAULT);
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_kanda_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_kanda_loc_conf_t  *klcf;

    klcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_kanda_loc_conf_t));
    if (klcf == NULL) {
        return NULL;
    }

    klcf->token_ttl = NGX_CONF_UNSET;
    klcf->window = NGX_CONF_UNSET_UINT;
    klcf->registration = NGX_CONF_UNSET;
    klcf->stateless_replay = NGX_CONF_UNSET;
    klcf->csrf = NGX_CONF_UNSET;
    klcf->two_factor = NGX_CONF_UNSET_UINT;

    return klcf;
}


static char *
ngx_http_kanda_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_kanda_loc_conf_t *prev = parent;
    ngx_http_kanda_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    if (conf->token_ttl == NGX_CONF_UNSET) {
        conf->token_ttl = prev->token_ttl;
        conf->token_ttl_text = prev->token_ttl_text;
    }

    if (conf->token_ttl == NGX_CONF_UNSET) {
        conf->token_ttl = 3600;
        ngx_str_set(&conf->token_ttl_text, "1h");
    }

    if (conf->lockout == NULL) {
        conf->lockout = prev->lockout ? prev->lockout
                                      : kanda_conf_lockout_usual(cf);
        if (conf->lockout == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_merge_str_value(conf->issuer, prev->issuer, "kanda");
    ngx_conf_merge_str_value(conf->realm, prev->realm, "default");
    ngx_conf_merge_str_value(conf->qrcode, prev->qrcode, "on");
    ngx_conf_merge_uint_value(conf->window, prev->window, 1);
    ngx_conf_merge_value(conf->registration, prev->registration, 0);
    ngx_conf_merge_str_value(conf->service_name, prev->service_name, "Renda");
    ngx_conf_merge_str_value(conf->region, prev->region, "");
    ngx_conf_merge_value(conf->stateless_replay, prev->stateless_replay, 0);
    ngx_conf_merge_value(conf->csrf, prev->csrf, 0);
    ngx_conf_merge_uint_value(conf->two_factor, prev->two_factor, 0);
    kanda_conf_invitation_merge(conf, prev);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (kanda_serve_merge(cf, prev, conf) != NGX_CONF_OK
        || kanda_gate_merge(cf, prev, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* bodies are bounded by us, in our own words, and stay in memory */

    if (conf->dialect) {
        clcf->client_max_body_size = 0;
        clcf->client_body_buffer_size = ngx_max(clcf->client_body_buffer_size,
                                                KANDA_BODY_MAX);
    }

    if (conf->dialect && conf->dialect->forged && !clcf->noname) {
        kanda_conf_csrf_alike(cf, conf);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_kanda_init(ngx_conf_t *cf)
{
    ngx_http_kanda_main_conf_t  *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);

    kanda_conf_resolver(cf, &kmcf->redis);
    kanda_gate_warn(cf);

    if (kanda_local_check(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return kmcf->gates ? kanda_gate_install(cf) : NGX_OK;
}
