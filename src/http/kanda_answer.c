#include "ngx_http_kanda.h"
#include "kanda_crypto.h"


#define KANDA_WAIT_UNLOCK  86400        /* s to retry after, locked for good */


static ngx_int_t kanda_answer_headers(kanda_request_t *kr);
static ngx_int_t kanda_answer_header(ngx_http_request_t *r, const char *name,
    const u_char *value, size_t len);
static void kanda_wipe_handler(void *data);


ngx_int_t
kanda_problem(kanda_request_t *kr, kanda_problem_t problem)
{
    return kanda_problem_detail(kr, problem, NULL);
}


ngx_int_t
kanda_problem_detail(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail)
{
    const kanda_problem_info_t  *info;

    info = kanda_problem_info(problem);

    kr->reason = info->code;
    kr->answer.retry_after = 0;
    ngx_str_null(&kr->answer.authenticate);

    if (problem == KANDA_UNAVAILABLE) {
        kr->answer.retry_after = 1;

    } else if (info->status == NGX_HTTP_TOO_MANY_REQUESTS) {
        kr->answer.retry_after = (kr->store.wait < 0)
                                 ? KANDA_WAIT_UNLOCK
                                 : (ngx_int_t) (kr->store.wait + 999) / 1000;
    }

    if (kr->dialect->problem(kr, problem, detail ? detail : info->detail)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kr->answer.status == NGX_HTTP_UNAUTHORIZED) {
        ngx_str_set(&kr->answer.authenticate, "Bearer");
    }

    return NGX_OK;
}


ngx_int_t
kanda_json_begin(kanda_request_t *kr, kanda_json_out_t *out, size_t cap)
{
    char  *buf;

    buf = ngx_pnalloc(kr->request->pool, cap);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    kanda_json_init(out, buf, cap);

    return NGX_OK;
}


ngx_int_t
kanda_json_answer(kanda_request_t *kr, ngx_uint_t status,
    kanda_json_out_t *out)
{
    ngx_str_t  body;

    body.len = kanda_json_length(out);
    body.data = (u_char *) out->start;

    if (body.len == 0) {
        return NGX_ERROR;
    }

    return kanda_text_answer(kr, status, "application/json", &body);
}


ngx_int_t
kanda_text_answer(kanda_request_t *kr, ngx_uint_t status, const char *type,
    const ngx_str_t *body)
{
    kr->answer.status = status;
    kr->answer.type.data = (u_char *) type;
    kr->answer.type.len = ngx_strlen(type);
    kr->answer.body = *body;

    return NGX_OK;
}


ngx_int_t
kanda_answer_send(kanda_request_t *kr)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    kanda_answer_t      *answer;
    ngx_http_request_t  *r;

    r = kr->request;
    answer = &kr->answer;

    r->headers_out.status = answer->status;
    r->headers_out.content_length_n = answer->body.len;
    r->headers_out.content_type = answer->type;
    r->headers_out.content_type_len = answer->type.len;
    r->headers_out.content_type_lowcase = NULL;

    /* what was done was done: no If-Match turns it into a 412 */

    r->disable_not_modified = 1;

    if (kanda_answer_headers(kr) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = answer->body.data;
    b->last = answer->body.data + answer->body.len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
kanda_answer_headers(kanda_request_t *kr)
{
    u_char               seconds[NGX_INT_T_LEN], *p;
    kanda_answer_t      *answer;
    ngx_http_request_t  *r;

    r = kr->request;
    answer = &kr->answer;

    if (kanda_answer_header(r, "Cache-Control", (u_char *) "no-store", 8)
        != NGX_OK
        || kanda_answer_header(r, "X-Content-Type-Options",
                               (u_char *) "nosniff", 7)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (answer->allow.len
        && kanda_answer_header(r, "Allow", answer->allow.data,
                               answer->allow.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (answer->authenticate.len
        && kanda_answer_header(r, "WWW-Authenticate",
                               answer->authenticate.data,
                               answer->authenticate.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (answer->reason
        && kanda_answer_header(r, "Kanda-Reason", (u_char *) answer->reason,
                               ngx_strlen(answer->reason))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (answer->retry_after) {
        p = ngx_sprintf(seconds, "%i", answer->retry_after);

        return kanda_answer_header(r, "Retry-After", seconds, p - seconds);
    }

    return NGX_OK;
}


static ngx_int_t
kanda_answer_header(ngx_http_request_t *r, const char *name,
    const u_char *value, size_t len)
{
    ngx_str_t  copy;

    copy.len = len;
    copy.data = ngx_pnalloc(r->pool, len);

    if (copy.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy.data, value, len);

    return kanda_header_add(r, name, &copy);
}


ngx_int_t
kanda_header_add(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


typedef struct {
    void    *p;
    size_t   len;
} kanda_wipe_t;


ngx_int_t
kanda_wipe_later(kanda_request_t *kr, void *p, size_t len)
{
    kanda_wipe_t        *wipe;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(kr->request->pool, sizeof(kanda_wipe_t));
    if (cln == NULL) {
        kanda_wipe(p, len);
        return NGX_ERROR;
    }

    wipe = cln->data;
    wipe->p = p;
    wipe->len = len;
    cln->handler = kanda_wipe_handler;

    return NGX_OK;
}


static void
kanda_wipe_handler(void *data)
{
    kanda_wipe_t *wipe = data;

    kanda_wipe(wipe->p, wipe->len);
}
