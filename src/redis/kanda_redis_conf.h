/*
 * Inside the redis room: the parts that read the directive.
 */

#ifndef KANDA_REDIS_CONF_H
#define KANDA_REDIS_CONF_H

#include "kanda_redis.h"


/* Makes what the TLS parameters ask for, once all are read: NGX_CONF_OK or a
 * reason for people. */
char *kanda_redis_conf_tls(ngx_conf_t *cf, kanda_redis_conf_t *conf);


#endif /* KANDA_REDIS_CONF_H */
