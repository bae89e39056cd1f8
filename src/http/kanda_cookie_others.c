#include "kanda_cookie.h"


static size_t kanda_cookie_copy(u_char *to, u_char *p, u_char *last);
static ngx_uint_t kanda_cookie_ours(const u_char *p, size_t len);


/* For whoever stands behind a gate: with one of these an application could act
 * as its visitors, wherever they may go. */

ngx_int_t
kanda_cookie_others(ngx_http_request_t *r, ngx_str_t *value)
{
    size_t                 len;
    u_char                *p;
    ngx_table_elt_t       *h;
    kanda_header_place_t   place;

    len = 0;
    ngx_memzero(&place, sizeof(kanda_header_place_t));

    while ((h = kanda_header_next(r, "cookie", &place))) {
        len += 2 * (h->value.len + 1);
    }

    /* a pair of one byte and its ";" get a blank */

    value->data = p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&place, sizeof(kanda_header_place_t));

    while ((h = kanda_header_next(r, "cookie", &place))) {
        p += kanda_cookie_copy(p, h->value.data, h->value.data + h->value.len);
    }

    value->len = p - value->data;

    if (value->len) {
        value->len -= 2;
    }

    return NGX_OK;
}


/* Pairs that may go on, each with "; " behind it; returns their length. */

static size_t
kanda_cookie_copy(u_char *to, u_char *p, u_char *last)
{
    u_char  *end, *start;

    start = to;

    while (p < last) {
        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (p < end && !kanda_cookie_ours(p, end - p)) {
            to = ngx_cpymem(to, p, end - p);
            to = ngx_cpymem(to, "; ", 2);
        }

        p = end + 1;
    }

    return to - start;
}


static ngx_uint_t
kanda_cookie_ours(const u_char *p, size_t len)
{
    ngx_uint_t  i;

    static const ngx_str_t  names[] = {
        ngx_string("accessToken="), ngx_string("refreshToken="),
        ngx_string("kanda_")
    };

    if (len > 7 && ngx_memcmp(p, "__Host-", 7) == 0) {
        p += 7;
        len -= 7;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len >= names[i].len
            && ngx_memcmp(p, names[i].data, names[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
