/*
 * kanda_serve: which dialect answers a location.
 */

#ifndef KANDA_SERVE_H
#define KANDA_SERVE_H

#include "ngx_http_kanda.h"


/* Tells a configuration which dialects there are. */
void kanda_serve_all(ngx_http_kanda_main_conf_t *kmcf);

/* The directive: NGX_CONF_OK or a reason. */
char *kanda_conf_serve(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Merges what that has set, and sees to it that it is what answers:
 * NGX_CONF_OK or NGX_CONF_ERROR. */
char *kanda_serve_merge(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *prev,
    ngx_http_kanda_loc_conf_t *conf);


#endif /* KANDA_SERVE_H */
