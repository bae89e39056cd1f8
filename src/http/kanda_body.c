#include "ngx_http_kanda.h"
#include "kanda_crypto.h"

#include <cjson/cJSON.h>


#define KANDA_BODY_MIN  1024            /* bytes of a buffer unannounced */


/* The body is read as it comes ("unbuffered"), because nginx's own buffering
 * answers a chunked body that is too long in its own words, after having
 * written it to a file. */

static void kanda_body_post(ngx_http_request_t *r);
static void kanda_body_event(ngx_http_request_t *r);
static void kanda_body_advance(kanda_request_t *kr, ngx_int_t rc);
static ngx_int_t kanda_body_take(kanda_request_t *kr);
static ngx_int_t kanda_body_append(kanda_request_t *kr, u_char *p, size_t n);
static ngx_uint_t kanda_body_is_json(ngx_http_request_t *r);
static ngx_uint_t kanda_body_is_utf8(u_char *p, u_char *last);


ngx_int_t
kanda_body_read(kanda_request_t *kr)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = kr->request;

    if (kr->route->body == KANDA_BODY_NONE
        || r->headers_in.content_length_n > KANDA_BODY_MAX)
    {
        kr->too_large = (kr->route->body != KANDA_BODY_NONE);

        rc = ngx_http_discard_request_body(r);

    } else {
        r->request_body_no_buffering = 1;
        rc = ngx_http_read_client_request_body(r, kanda_body_post);

        if (rc < NGX_HTTP_SPECIAL_RESPONSE) {
            return NGX_DONE;
        }
    }

    if (rc == NGX_HTTP_BAD_REQUEST) {
        kr->bad_body = 1;
        r->keepalive = 0;

    } else if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;
    kanda_request_run(kr);

    return NGX_DONE;
}


static void
kanda_body_post(ngx_http_request_t *r)
{
    kanda_request_t  *kr;

    kr = ngx_http_get_module_ctx(r, ngx_http_kanda_module);
    r->read_event_handler = kanda_body_event;

    kanda_body_advance(kr, r->reading_body ? NGX_AGAIN : NGX_OK);
}


static void
kanda_body_event(ngx_http_request_t *r)
{
    kanda_request_t  *kr;

    kr = ngx_http_get_module_ctx(r, ngx_http_kanda_module);

    kanda_body_advance(kr, ngx_http_read_unbuffered_request_body(r));
}


/* Takes what has come and reads on until there is no more for now. */

static void
kanda_body_advance(kanda_request_t *kr, ngx_int_t rc)
{
    ngx_int_t            taken;
    ngx_http_request_t  *r;

    r = kr->request;

    for ( ;; ) {

        if (rc == NGX_HTTP_BAD_REQUEST) {
            kr->bad_body = 1;
            break;
        }

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            r->read_event_handler = ngx_http_block_reading;
            kanda_request_abort(kr, rc);
            return;
        }

        taken = kanda_body_take(kr);

        if (taken == NGX_ERROR) {
            r->read_event_handler = ngx_http_block_reading;
            kanda_request_abort(kr, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        if (kr->too_large || rc == NGX_OK) {
            break;
        }

        if (taken == NGX_DECLINED) {
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);
    }

    r->read_event_handler = ngx_http_block_reading;

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    kanda_request_run(kr);
}


/* NGX_OK when there was something, NGX_DECLINED when not, or NGX_ERROR. */

static ngx_int_t
kanda_body_take(kanda_request_t *kr)
{
    size_t                    n;
    ngx_int_t                 rc;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rc = NGX_DECLINED;
    rb = kr->request->request_body;

    if (rb == NULL) {
        return rc;
    }

    for (cl = rb->bufs; cl; cl = cl->next) {

        n = cl->buf->last - cl->buf->pos;

        if (cl->buf->in_file) {
            kr->too_large = 1;
            continue;
        }

        if (n == 0) {
            continue;
        }

        rc = NGX_OK;

        if (kr->body.len + n > KANDA_BODY_MAX) {
            kr->too_large = 1;

        } else if (kanda_body_append(kr, cl->buf->pos, n) != NGX_OK) {
            return NGX_ERROR;
        }

        kanda_wipe(cl->buf->pos, n);
        cl->buf->pos = cl->buf->last;
    }

    rb->bufs = NULL;

    return rc;
}


/* The length that a client announces serves as a hint for the first allocation
 * alone: of a chunked body nginx itself counts it up as the chunks come. */

static ngx_int_t
kanda_body_append(kanda_request_t *kr, u_char *p, size_t n)
{
    off_t    announced;
    size_t   size;
    u_char  *data;

    if (kr->body_size - kr->body.len < n) {

        announced = kr->request->headers_in.content_length_n;
        size = ngx_max((kr->body.len + n) * 2, KANDA_BODY_MIN);

        if (kr->body.len == 0 && announced >= (off_t) n
            && announced <= KANDA_BODY_MAX)
        {
            size = (size_t) announced;
        }

        data = ngx_pnalloc(kr->request->pool, size);
        if (data == NULL || kanda_wipe_later(kr, data, size) != NGX_OK) {
            return NGX_ERROR;
        }

        if (kr->body.len) {
            ngx_memcpy(data, kr->body.data, kr->body.len);
        }

        kr->body.data = data;
        kr->body_size = size;
    }

    ngx_memcpy(kr->body.data + kr->body.len, p, n);
    kr->body.len += n;

    return NGX_OK;
}


ngx_int_t
kanda_body_parse(kanda_request_t *kr)
{
    kanda_json_check_t  check;

    if (kr->too_large) {
        (void) kanda_problem(kr, KANDA_BODY_TOO_LARGE);
        return NGX_DECLINED;
    }

    if (kr->bad_body) {
        (void) kanda_problem_detail(kr, KANDA_INVALID_REQUEST,
                                    "The body is not sent as HTTP wants it.");
        return NGX_DECLINED;
    }

    if (kr->route->body == KANDA_BODY_NONE) {
        return NGX_OK;
    }

    if (!kanda_body_is_json(kr->request)) {
        (void) kanda_problem(kr, KANDA_UNSUPPORTED_MEDIA_TYPE);
        return NGX_DECLINED;
    }

    check = kanda_json_check((char *) kr->body.data, kr->body.len);

    if (check != KANDA_JSON_OK) {
        (void) kanda_problem_detail(kr, KANDA_INVALID_JSON,
                                    kanda_json_reason(check));
        return NGX_DECLINED;
    }

    kr->json = cJSON_ParseWithLength((char *) kr->body.data, kr->body.len);

    return kr->json ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
kanda_body_is_json(ngx_http_request_t *r)
{
    u_char     *p, *last, *semicolon;
    ngx_str_t   type;

    switch (kanda_header_find(r, "content-type", &type)) {

    case 0:
        return 1;

    case 1:
        break;

    default:
        return 0;
    }

    last = type.data + type.len;
    semicolon = ngx_strlchr(type.data, last, ';');
    p = semicolon ? semicolon : last;

    while (p > type.data && (p[-1] == ' ' || p[-1] == '\t')) {
        p--;
    }

    if (p - type.data != sizeof("application/json") - 1
        || ngx_strncasecmp(type.data, (u_char *) "application/json",
                           sizeof("application/json") - 1)
           != 0)
    {
        return 0;
    }

    return semicolon == NULL || kanda_body_is_utf8(semicolon, last);
}


/* Parameters mean nothing to us, but another charset would. */

static ngx_uint_t
kanda_body_is_utf8(u_char *p, u_char *last)
{
    size_t   len;
    u_char  *value, *end;

    while (p < last) {
        p++;

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        if (end - p >= 8
            && ngx_strncasecmp(p, (u_char *) "charset=", 8) == 0)
        {
            value = p + 8;
            len = end - value;

            while (len && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
                len--;
            }

            if (len > 1 && value[0] == '"' && value[len - 1] == '"') {
                value++;
                len -= 2;
            }

            if (len != 5 || ngx_strncasecmp(value, (u_char *) "utf-8", 5) != 0)
            {
                return 0;
            }
        }

        p = end;
    }

    return 1;
}
