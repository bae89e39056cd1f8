#include "ngx_http_kanda.h"
#include "kanda_crypto.h"


#define KANDA_BODY_MIN  1024            /* bytes of a buffer unannounced */


/* The body is read as it comes ("unbuffered"), because nginx's own buffering
 * answers a chunked body that is too long in its own words, after having
 * written it to a file. */

static void kanda_body_post(ngx_http_request_t *r);
static void kanda_body_event(ngx_http_request_t *r);
static void kanda_body_advance(kanda_request_t *kr, ngx_int_t rc);
static ngx_int_t kanda_body_take(kanda_request_t *kr);
static ngx_int_t kanda_body_append(kanda_request_t *kr, u_char *p, size_t n);


ngx_int_t
kanda_body_read(kanda_request_t *kr)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = kr->request;

    if (kr->route->body < KANDA_BODY_JSON
        || r->headers_in.content_length_n > KANDA_BODY_MAX)
    {
        kr->too_large = (kr->route->body >= KANDA_BODY_JSON);

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
        kanda_route_count(kr, rc);
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
