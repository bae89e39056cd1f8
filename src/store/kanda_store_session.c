#include "kanda_store_session.h"


static ngx_int_t kanda_session_read(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target);
static ngx_int_t kanda_session_read_page(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_session_read_info(kanda_store_t *st,
    const redisReply *row, kanda_session_info_t *info);


ngx_int_t
kanda_store_arg_session(kanda_store_t *st, const kanda_session_new_t *session)
{
    kanda_store_arg(st, session->sid.data, session->sid.len);

    if (kanda_store_arg_int(st, session->ms) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, session->limits.data, session->limits.len);

    return NGX_OK;
}


ngx_int_t
kanda_session_refresh(kanda_store_t *st, int64_t generation, int64_t ms,
    int64_t grace, kanda_session_t *session)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, session->sid.data, session->sid.len);

    if (kanda_store_arg_int(st, generation) != NGX_OK
        || kanda_store_arg_int(st, ms) != NGX_OK
        || kanda_store_arg_int(st, grace) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_SESSION_REFRESH,
                            kanda_session_read, session);
}


static ngx_int_t
kanda_session_read(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_session_t *session = target;

    if (n != 3 || kanda_store_string(st, element[1], &session->email) != NGX_OK)
    {
        return NGX_ERROR;
    }

    session->generation = kanda_store_number(element[0]);
    session->two_factor = (kanda_store_number(element[2]) == 1);

    return session->generation > 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
kanda_session_end(kanda_store_t *st, const ngx_str_t *sid)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, sid->data, sid->len);

    return kanda_store_send(st, KANDA_SCRIPT_SESSION_END, NULL, NULL);
}


ngx_int_t
kanda_session_list(kanda_store_t *st, kanda_session_page_t *page)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_SESSION_LIST,
                            kanda_session_read_page, page);
}


static ngx_int_t
kanda_session_read_page(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_session_page_t *page = target;

    ngx_uint_t  i;

    page->n = n;
    page->sessions = ngx_pcalloc(st->pool,
                                 (n + 1) * sizeof(kanda_session_info_t));

    if (page->sessions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (kanda_session_read_info(st, element[i], &page->sessions[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_session_read_info(kanda_store_t *st, const redisReply *row,
    kanda_session_info_t *info)
{
    redisReply  **e;

    if (row->type != REDIS_REPLY_ARRAY || row->elements != 5) {
        return NGX_ERROR;
    }

    e = row->element;

    info->expires = kanda_store_number(e[1]);
    info->created = kanda_store_number(e[2]);

    if (kanda_store_string(st, e[0], &info->sid) != NGX_OK
        || kanda_store_string(st, e[3], &info->ip) != NGX_OK
        || kanda_store_string(st, e[4], &info->agent) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
