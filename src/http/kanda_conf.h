/*
 * Directives whose arguments take more than one of nginx's own setters.  Each
 * is a ngx_command_t set function: NGX_CONF_OK or a reason.
 */

#ifndef KANDA_CONF_H
#define KANDA_CONF_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_kanda.h"


#define KANDA_LOG_COUNT_DEFAULT  10000
#define KANDA_LOG_AGE_DEFAULT    (90 * 24 * 3600 * (int64_t) 1000)  /* ms */


/* Reads a directive's argument "name=time" into ms: NGX_CONF_OK or a reason. */
char *kanda_conf_ms(ngx_str_t *arg, const char *name, int64_t *out);

/* The guess budget where no kanda_lockout says otherwise; NULL without
 * memory. */
const kanda_lockout_t *kanda_conf_lockout_usual(ngx_conf_t *cf);

/* Tells Redis's client who looks names up: the http block's resolver. */
void kanda_conf_resolver(ngx_conf_t *cf, kanda_redis_conf_t *redis);


char *kanda_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_token_ttl(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_window(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_lockout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_qrcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_service_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_region(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_two_factor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_invitation(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *kanda_conf_log_retention(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *kanda_conf_blocklist(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Warns where a location takes another's cookies but differs in kanda_csrf; for
 * each location that gives cookies out, when it is merged. */
void kanda_conf_csrf_alike(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *klcf);

/* Inherits what invitations lead to, as a whole. */
void kanda_conf_invitation_merge(ngx_http_kanda_loc_conf_t *conf,
    const ngx_http_kanda_loc_conf_t *prev);

/* Keeps the log's bounds as scripts want them. */
char *kanda_conf_log_text(ngx_conf_t *cf, ngx_http_kanda_main_conf_t *kmcf,
    ngx_uint_t count, int64_t age);


#endif /* KANDA_CONF_H */
