#include "ngx_http_kanda.h"
#include "kanda_text.h"


#define KANDA_METHODS_LEN  sizeof("GET, HEAD, POST, DELETE")


static ngx_int_t kanda_route_path(kanda_request_t *kr, ngx_str_t *path,
    ngx_uint_t *decoded);
static ngx_uint_t kanda_route_match(const char *pattern,
    const ngx_str_t *path, ngx_str_t *segment);
static void kanda_route_allow(kanda_request_t *kr, ngx_uint_t methods);
static ngx_int_t kanda_route_segment(kanda_request_t *kr,
    const ngx_str_t *raw, ngx_uint_t decoded);


static const struct {
    ngx_uint_t   method;
    const char  *name;
} kanda_route_methods[] = {
    { NGX_HTTP_GET, "GET, HEAD" },
    { NGX_HTTP_POST, "POST" },
    { NGX_HTTP_DELETE, "DELETE" }
};


ngx_int_t
kanda_route_find(kanda_request_t *kr)
{
    ngx_str_t               path, segment;
    ngx_uint_t              i, method, allowed, decoded;
    const kanda_route_t    *route;
    const kanda_dialect_t  *dialect;

    dialect = kr->dialect;
    method = kr->request->method;

    if (method == NGX_HTTP_HEAD) {
        method = NGX_HTTP_GET;
    }

    if (kanda_route_path(kr, &path, &decoded) != NGX_OK) {
        return NGX_DECLINED;
    }

    allowed = 0;

    for (i = 0; i < dialect->nroutes; i++) {
        route = &dialect->routes[i];

        if (!kanda_route_match(route->path, &path, &segment)) {
            continue;
        }

        if (route->method == method) {
            kr->route = route;
            return kanda_route_segment(kr, &segment, decoded);
        }

        allowed |= route->method;
    }

    if (allowed == 0) {
        return NGX_DECLINED;
    }

    kanda_route_allow(kr, allowed);

    return kr->answer.allow.len ? NGX_HTTP_NOT_ALLOWED : NGX_ERROR;
}


/* A dialect's first row is for what has no route; the others follow its
 * table. */

void
kanda_route_count(kanda_request_t *kr, ngx_uint_t status)
{
    ngx_uint_t  row;

    if (kr->counted || kr->run != kanda_request_run) {
        return;
    }

    kr->counted = 1;
    row = kr->conf->row;

    if (kr->route->handler) {
        row += 1 + (kr->route - kr->dialect->routes);
    }

    kanda_stats_request(row, status);
}


/* What follows the location's prefix, as the client sent it: r->uri has lost
 * "%2F", "%2e" and "//".  After a rewrite or an internal redirect the raw URI
 * is somebody else's, and r->uri, decoded already, is all there is. */

static ngx_int_t
kanda_route_path(kanda_request_t *kr, ngx_str_t *path, ngx_uint_t *decoded)
{
    u_char              *query;
    ngx_str_t           *prefix;
    ngx_http_request_t  *r;

    r = kr->request;
    prefix = &kr->conf->prefix;

    *decoded = r->internal;
    *path = r->internal ? r->uri : r->unparsed_uri;

    query = r->internal ? NULL
                        : ngx_strlchr(path->data, path->data + path->len, '?');
    if (query) {
        path->len = query - path->data;
    }

    if (path->len < prefix->len
        || ngx_memcmp(path->data, prefix->data, prefix->len) != 0)
    {
        return NGX_DECLINED;
    }

    if (path->len == prefix->len) {
        path->len = 0;
        return NGX_OK;
    }

    if (path->data[prefix->len] != '/') {
        return NGX_DECLINED;
    }

    path->data += prefix->len + 1;
    path->len -= prefix->len + 1;

    return NGX_OK;
}


static ngx_uint_t
kanda_route_match(const char *pattern, const ngx_str_t *path,
    ngx_str_t *segment)
{
    u_char  *p, *last;

    p = path->data;
    last = path->data + path->len;

    ngx_str_null(segment);

    for ( /* void */ ; *pattern; pattern++) {

        if (*pattern != ':') {
            if (p == last || *p != (u_char) *pattern) {
                return 0;
            }

            p++;
            continue;
        }

        segment->data = p;

        while (p < last && *p != '/') {
            p++;
        }

        segment->len = p - segment->data;

        if (segment->len == 0) {
            return 0;
        }
    }

    return p == last;
}


static ngx_int_t
kanda_route_segment(kanda_request_t *kr, const ngx_str_t *raw,
    ngx_uint_t decoded)
{
    int      len;
    u_char  *p;

    if (raw->len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(kr->request->pool, raw->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (decoded) {
        ngx_memcpy(p, raw->data, raw->len);
        len = (int) raw->len;

    } else {
        len = kanda_segment_decode((char *) p, (char *) raw->data, raw->len);
    }

    if (len < 0 || !kanda_client_id_valid((char *) p, len)) {
        kr->bad_segment = 1;
        return NGX_OK;
    }

    kr->segment.data = p;
    kr->segment.len = len;

    return NGX_OK;
}


static void
kanda_route_allow(kanda_request_t *kr, ngx_uint_t methods)
{
    u_char      *p;
    ngx_uint_t   i;

    p = ngx_pnalloc(kr->request->pool, KANDA_METHODS_LEN);
    if (p == NULL) {
        return;
    }

    kr->answer.allow.data = p;

    for (i = 0; i < sizeof(kanda_route_methods)
                    / sizeof(kanda_route_methods[0]); i++)
    {
        if (methods & kanda_route_methods[i].method) {
            p = ngx_sprintf(p, "%s%s",
                            p == kr->answer.allow.data ? "" : ", ",
                            kanda_route_methods[i].name);
        }
    }

    kr->answer.allow.len = p - kr->answer.allow.data;
}
