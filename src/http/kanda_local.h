/*
 * What only programs of this machine may ask for: a Unix socket or a loopback
 * address is all that protects it.
 */

#ifndef KANDA_LOCAL_H
#define KANDA_LOCAL_H

#include "ngx_http_kanda.h"


/* Keeps in mind that the server now being read has such a location: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_local_server(ngx_conf_t *cf, ngx_http_kanda_main_conf_t *kmcf);

/* When all is read, whether those servers listen where nobody else can come
 * from: NGX_OK, or NGX_ERROR, which is logged.  nginx's postconfiguration. */
ngx_int_t kanda_local_check(ngx_conf_t *cf);

/* Whether a request came that way, and from no web page. */
ngx_uint_t kanda_local_request(ngx_http_request_t *r);


#endif /* KANDA_LOCAL_H */
