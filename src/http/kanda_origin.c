#include "kanda_cookie.h"


static ngx_uint_t kanda_origin_ours(ngx_http_request_t *r, ngx_str_t origin);
static void kanda_origin_strip(ngx_str_t *host, const char *port);


/* Browsers say where a request comes from, and no page can have them say
 * otherwise; what is no browser says nothing. */

ngx_uint_t
kanda_origin_foreign(kanda_request_t *kr)
{
    ngx_str_t   value;
    ngx_uint_t  n, same;

    n = kanda_header_find(kr->request, "sec-fetch-site", &value);

    same = (n == 1 && value.len == 11
            && ngx_memcmp(value.data, "same-origin", 11) == 0);

    if (n > 1
        || (n == 1 && !same
            && !(value.len == 4 && ngx_memcmp(value.data, "none", 4) == 0)))
    {
        return 1;
    }

    n = kanda_header_find(kr->request, "origin", &value);

    /* a page of ours whose policy is to tell nobody says "null" */

    if (same && n == 1 && value.len == 4
        && ngx_memcmp(value.data, "null", 4) == 0)
    {
        return 0;
    }

    return n > 1 || (n == 1 && !kanda_origin_ours(kr->request, value));
}


/* Whether it names the host that was asked, which HTTP/3 has in no header.  TLS
 * may end before us, but what came to us by it was not sent by a page without:
 * anybody on the way could have written that one. */

static ngx_uint_t
kanda_origin_ours(ngx_http_request_t *r, ngx_str_t origin)
{
    size_t       scheme;
    ngx_str_t    host;
    const char  *port;

    if (r->headers_in.host) {
        host = r->headers_in.host->value;

    } else if (r->host_start) {
        host.data = r->host_start;
        host.len = r->host_end - r->host_start;

    } else {
        return 0;
    }

    if (origin.len > 8
        && ngx_strncasecmp(origin.data, (u_char *) "https://", 8) == 0)
    {
        scheme = 8;
        port = ":443";

    } else if (origin.len > 7 && !kanda_cookie_secure(r)
               && ngx_strncasecmp(origin.data, (u_char *) "http://", 7) == 0)
    {
        scheme = 7;
        port = ":80";

    } else {
        return 0;
    }

    origin.data += scheme;
    origin.len -= scheme;

    kanda_origin_strip(&origin, port);
    kanda_origin_strip(&host, port);

    return origin.len == host.len
           && ngx_strncasecmp(origin.data, host.data, host.len) == 0;
}


static void
kanda_origin_strip(ngx_str_t *host, const char *port)
{
    size_t  len;

    len = ngx_strlen(port);

    if (host->len > len
        && ngx_memcmp(host->data + host->len - len, port, len) == 0)
    {
        host->len -= len;
    }
}
