/*
 * Whether this server can do its work: the "health" dialect.
 */

#ifndef KANDA_HEALTH_H
#define KANDA_HEALTH_H

#include "ngx_http_kanda.h"


extern const kanda_dialect_t  kanda_health_dialect;


#endif /* KANDA_HEALTH_H */
