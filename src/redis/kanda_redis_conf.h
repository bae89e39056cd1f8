/*
 * Inside the redis room: the parts that read the directive.
 */

#ifndef KANDA_REDIS_CONF_H
#define KANDA_REDIS_CONF_H

#include "kanda_redis.h"


/* Reads the URL: NGX_CONF_OK or a reason for people, as all of these. */
char *kanda_redis_conf_url(ngx_conf_t *cf, kanda_redis_conf_t *conf,
    ngx_str_t *url);

/* Reads a database's number. */
char *kanda_redis_conf_db(kanda_redis_conf_t *conf, u_char *p, size_t len);

/* Makes what the TLS parameters ask for, once all are read. */
char *kanda_redis_conf_tls(ngx_conf_t *cf, kanda_redis_conf_t *conf);


#endif /* KANDA_REDIS_CONF_H */
