#include "kanda_cookie.h"
#include "kanda_crypto.h"


#define KANDA_CSRF_LEN    32            /* hex digits */
#define KANDA_COOKIE_MAX  256           /* bytes beside value and path */


static const char *kanda_cookie_name(kanda_request_t *kr,
    kanda_cookie_t cookie, ngx_uint_t secure);
static ngx_uint_t kanda_cookie_take(kanda_cookie_place_t *place,
    const char *name, ngx_str_t *value);
static ngx_int_t kanda_cookie_write(kanda_request_t *kr, kanda_cookie_t cookie,
    ngx_uint_t secure, const ngx_str_t *value);
static ngx_int_t kanda_csrf_next(kanda_request_t *kr,
    kanda_cookie_place_t *place, ngx_str_t *value);


static const struct {
    const char  *names[2];              /* as it comes, and over TLS */
    ngx_uint_t   max_age;               /* s */
    ngx_uint_t   mount;                 /* for the location alone */
    ngx_uint_t   script;                /* scripts may read it */
} kanda_cookies[KANDA_COOKIES] = {
    { { "accessToken", "__Host-accessToken" }, KANDA_ACCESS_TTL, 0, 0 },
    { { "refreshToken", "__Host-refreshToken" }, KANDA_SESSION_TTL, 1, 0 },
    { { "csrf-token", "csrf-token" }, KANDA_SESSION_TTL, 0, 1 },
    { { NULL, NULL }, 0, 0, 0 }         /* as the location says */
};


ngx_uint_t
kanda_cookie_secure(ngx_http_request_t *r)
{
#if (NGX_HTTP_SSL)
    return r->connection->ssl != NULL;
#else
    return 0;
#endif
}


static const char *
kanda_cookie_name(kanda_request_t *kr, kanda_cookie_t cookie,
    ngx_uint_t secure)
{
    return cookie == KANDA_COOKIE_GATE
           ? (char *) kr->conf->gate_cookies[secure].data
           : kanda_cookies[cookie].names[secure];
}


ngx_int_t
kanda_cookie_find(kanda_request_t *kr, kanda_cookie_t cookie, ngx_str_t *value)
{
    ngx_str_t             other;
    kanda_cookie_place_t  place;

    ngx_memzero(&place, sizeof(kanda_cookie_place_t));

    if (kanda_cookie_next(kr, cookie, &place, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    while (kanda_cookie_next(kr, cookie, &place, &other) == NGX_OK) {
        if (other.len != value->len
            || !kanda_equal(other.data, value->data, other.len))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_int_t
kanda_cookie_next(kanda_request_t *kr, kanda_cookie_t cookie,
    kanda_cookie_place_t *place, ngx_str_t *value)
{
    const char       *name;
    ngx_table_elt_t  *h;

    name = kanda_cookie_name(kr, cookie, kanda_cookie_secure(kr->request));

    for ( ;; ) {
        while (place->p < place->last) {
            if (kanda_cookie_take(place, name, value) && value->len) {
                return NGX_OK;
            }
        }

        h = kanda_header_next(kr->request, "cookie", &place->header);

        if (h == NULL) {
            return NGX_DECLINED;
        }

        place->p = h->value.data;
        place->last = h->value.data + h->value.len;
    }
}


/* Takes the next pair; RFC 6265, section 4.2.1: they are parted by "; ". */

static ngx_uint_t
kanda_cookie_take(kanda_cookie_place_t *place, const char *name,
    ngx_str_t *value)
{
    size_t   len;
    u_char  *p, *end;

    len = ngx_strlen(name);
    p = place->p;

    while (p < place->last && (*p == ' ' || *p == '\t' || *p == ';')) {
        p++;
    }

    end = ngx_strlchr(p, place->last, ';');

    if (end == NULL) {
        end = place->last;
    }

    place->p = end;

    if ((size_t) (end - p) <= len || p[len] != '='
        || ngx_memcmp(p, name, len) != 0)
    {
        return 0;
    }

    value->data = p + len + 1;
    value->len = end - value->data;

    while (value->len && (value->data[value->len - 1] == ' '
                          || value->data[value->len - 1] == '\t'))
    {
        value->len--;
    }

    return 1;
}


ngx_int_t
kanda_cookie_set(kanda_request_t *kr, kanda_cookie_t cookie,
    const ngx_str_t *value)
{
    return kanda_cookie_write(kr, cookie, kanda_cookie_secure(kr->request),
                              value);
}


ngx_int_t
kanda_cookie_clear(kanda_request_t *kr)
{
    static ngx_str_t  nothing = ngx_null_string;

    ngx_uint_t   i, secure;
    const char  *name, *other;

    for (i = 0; i < KANDA_COOKIES; i++) {
        for (secure = 0; secure < 2; secure++) {
            name = kanda_cookie_name(kr, i, secure);
            other = kanda_cookie_name(kr, i, 0);

            if (secure && ngx_strcmp(name, other) == 0) {
                break;
            }

            if (kanda_cookie_write(kr, i, secure, &nothing) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_cookie_write(kanda_request_t *kr, kanda_cookie_t cookie,
    ngx_uint_t secure, const ngx_str_t *value)
{
    u_char      *p;
    ngx_str_t    path, text;
    ngx_uint_t   max_age;

    static ngx_str_t  root = ngx_string("/");

    path = (kanda_cookies[cookie].mount && !secure && kr->conf->prefix.len)
           ? kr->conf->prefix : root;

    max_age = (cookie == KANDA_COOKIE_GATE)
              ? (ngx_uint_t) kr->conf->gate_absolute
              : kanda_cookies[cookie].max_age;

    p = ngx_pnalloc(kr->request->pool,
                    KANDA_COOKIE_MAX + path.len + value->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text.data = p;

    p = ngx_sprintf(p, "%s=%V; Max-Age=%ui; Path=%V; SameSite=Lax",
                    kanda_cookie_name(kr, cookie, secure), value,
                    value->len ? max_age : 0, &path);

    if (!kanda_cookies[cookie].script) {
        p = ngx_cpymem(p, "; HttpOnly", sizeof("; HttpOnly") - 1);
    }

    if (secure) {
        p = ngx_cpymem(p, "; Secure", sizeof("; Secure") - 1);
    }

    text.len = p - text.data;

    return kanda_header_add(kr->request, "Set-Cookie", &text);
}


ngx_int_t
kanda_csrf_set(kanda_request_t *kr)
{
    u_char                *p;
    uint8_t                random[KANDA_CSRF_LEN / 2];
    ngx_str_t              value;
    kanda_cookie_place_t   place;

    if (!kr->conf->csrf) {
        return NGX_OK;
    }

    ngx_memzero(&place, sizeof(kanda_cookie_place_t));

    if (kanda_csrf_next(kr, &place, &value) != NGX_OK) {
        p = ngx_pnalloc(kr->request->pool, KANDA_CSRF_LEN);

        if (p == NULL || kanda_random(random, sizeof(random)) != 0) {
            return NGX_ERROR;
        }

        (void) ngx_hex_dump(p, random, sizeof(random));
        value.data = p;
        value.len = KANDA_CSRF_LEN;
    }

    return kanda_cookie_set(kr, KANDA_COOKIE_CSRF, &value);
}


/* Another host or port may have put a cookie of that name beside ours, which
 * must not lock anybody out.  It opens nothing: what counts is that a page
 * could set the header. */

ngx_uint_t
kanda_csrf_right(kanda_request_t *kr)
{
    ngx_str_t             cookie, header;
    kanda_cookie_place_t  place;

    if (kanda_header_find(kr->request, "x-csrf-token", &header) != 1
        || header.len != KANDA_CSRF_LEN)
    {
        return 0;
    }

    ngx_memzero(&place, sizeof(kanda_cookie_place_t));

    while (kanda_csrf_next(kr, &place, &cookie) == NGX_OK) {
        if (kanda_equal(header.data, cookie.data, KANDA_CSRF_LEN)) {
            return 1;
        }
    }

    return 0;
}


/* One of the form that we give out; others would be taken for it by nobody. */

static ngx_int_t
kanda_csrf_next(kanda_request_t *kr, kanda_cookie_place_t *place,
    ngx_str_t *value)
{
    ngx_uint_t  i;

    while (kanda_cookie_next(kr, KANDA_COOKIE_CSRF, place, value) == NGX_OK) {

        if (value->len != KANDA_CSRF_LEN) {
            continue;
        }

        for (i = 0; i < KANDA_CSRF_LEN; i++) {
            if (ngx_hextoi(&value->data[i], 1) == NGX_ERROR
                || value->data[i] != ngx_tolower(value->data[i]))
            {
                break;
            }
        }

        if (i == KANDA_CSRF_LEN) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
