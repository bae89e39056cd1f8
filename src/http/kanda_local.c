#include "kanda_local.h"


static ngx_int_t kanda_local_listener(ngx_conf_t *cf, ngx_array_t *local,
    ngx_http_conf_addr_t *addr);
static ngx_uint_t kanda_local_address(const struct sockaddr *sa);
static ngx_uint_t kanda_local_host(ngx_http_request_t *r);
static ngx_uint_t kanda_local_page(ngx_http_request_t *r);


ngx_int_t
kanda_local_server(ngx_conf_t *cf, ngx_http_kanda_main_conf_t *kmcf)
{
    ngx_http_core_srv_conf_t  **server;

    if (kmcf->local == NULL) {
        kmcf->local = ngx_array_create(cf->pool, 1, sizeof(*server));
        if (kmcf->local == NULL) {
            return NGX_ERROR;
        }
    }

    server = ngx_array_push(kmcf->local);
    if (server == NULL) {
        return NGX_ERROR;
    }

    *server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    return NGX_OK;
}


ngx_int_t
kanda_local_check(ngx_conf_t *cf)
{
    ngx_uint_t                   i, j;
    ngx_http_conf_addr_t        *addrs;
    ngx_http_conf_port_t        *ports;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_kanda_main_conf_t  *kmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);

    if (kmcf->local == NULL || cmcf->ports == NULL) {
        return NGX_OK;
    }

    ports = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {
        addrs = ports[i].addrs.elts;

        for (j = 0; j < ports[i].addrs.nelts; j++) {
            if (kanda_local_listener(cf, kmcf->local, &addrs[j]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_local_listener(ngx_conf_t *cf, ngx_array_t *local,
    ngx_http_conf_addr_t *addr)
{
    ngx_uint_t                  i, j;
    ngx_http_core_srv_conf_t  **at, **servers;

    if (kanda_local_address(addr->opt.sockaddr)) {
        return NGX_OK;
    }

    at = addr->servers.elts;
    servers = local->elts;

    for (i = 0; i < addr->servers.nelts; i++) {
        for (j = 0; j < local->nelts; j++) {

            if (at[i] != servers[j]) {
                continue;
            }

            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "kanda_serve admin asks nobody for credentials, and "
                          "the server in %s:%ui listens on %V; give it a "
                          "server of its own with \"listen unix:/path\" or "
                          "\"listen 127.0.0.1:port\"", at[i]->file_name,
                          at[i]->line, &addr->opt.addr_text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
kanda_local_address(const struct sockaddr *sa)
{
    const u_char  *p;

    switch (sa->sa_family) {

    case AF_UNIX:
        return 1;

    case AF_INET:
        p = (u_char *) &((struct sockaddr_in *) sa)->sin_addr;
        return p[0] == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *) sa)->sin6_addr);
#endif

    default:
        return 0;
    }
}


ngx_uint_t
kanda_local_request(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK
        || !kanda_local_address(c->local_sockaddr))
    {
        return 0;
    }

    return (c->local_sockaddr->sa_family == AF_UNIX || kanda_local_host(r))
           && !kanda_local_page(r);
}


/* A page whose name somebody has pointed at this machine still says its own
 * name. */

static ngx_uint_t
kanda_local_host(ngx_http_request_t *r)
{
    ngx_str_t  host;
    in_addr_t  addr;

    host = r->headers_in.server;

    if (host.len == 0) {
        return 0;
    }

    if (host.len == 9 && ngx_strncmp(host.data, "localhost", 9) == 0) {
        return 1;
    }

    if (host.len == 5 && ngx_strncmp(host.data, "[::1]", 5) == 0) {
        return 1;
    }

    addr = ngx_inet_addr(host.data, host.len);

    return addr != INADDR_NONE && *(u_char *) &addr == 127;
}


/* Browsers say where a request comes from; programs have nothing to say. */

static ngx_uint_t
kanda_local_page(ngx_http_request_t *r)
{
    ngx_str_t   value;
    ngx_uint_t  n;

    if (kanda_header_find(r, "origin", &value)) {
        return 1;
    }

    n = kanda_header_find(r, "sec-fetch-site", &value);

    return n > 1 || (n == 1 && (value.len != 4
                                || ngx_memcmp(value.data, "none", 4) != 0));
}
