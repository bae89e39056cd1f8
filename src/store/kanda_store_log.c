#include "kanda_store_log.h"


/* An entry's fields, in the order in which prelude.lua joins them. */
enum {
    KANDA_LOG_ID = 0,
    KANDA_LOG_TIME,
    KANDA_LOG_EVENT,
    KANDA_LOG_SUCCESS,
    KANDA_LOG_CLIENT,
    KANDA_LOG_REASON,
    KANDA_LOG_IP,
    KANDA_LOG_AGENT,
    KANDA_LOG_KEY,
    KANDA_LOG_COUNT,
    KANDA_LOG_FIELDS
};

#define KANDA_LOG_SEPARATOR  '\x1f'


static ngx_int_t kanda_log_read_page(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target);
static ngx_int_t kanda_log_read_entry(kanda_store_t *st,
    const redisReply *reply, kanda_log_entry_t *entry);


static const ngx_str_t  kanda_log_events[] = {
    ngx_string("auth.register"),
    ngx_string("auth.login"),
    ngx_string("auth.token"),
    ngx_string("auth.logout"),
    ngx_string("auth.invitation"),
    ngx_string("auth.2fa.enable"),
    ngx_string("auth.2fa.disable"),
    ngx_string("auth.2fa.verify"),
    ngx_string("totp.register"),
    ngx_string("totp.validate"),
    ngx_string("totp.qrcode"),
    ngx_string("totp.rotate"),
    ngx_string("totp.unlock"),
    ngx_string("totp.recovery"),
    ngx_string("totp.delete"),
    ngx_string("apikey.create"),
    ngx_string("apikey.revoke"),
    ngx_string("otp.onboard"),
    ngx_string("otp.get"),
    ngx_string("otp.verify"),
    ngx_string("toolkit.generate"),
    ngx_string("toolkit.verify"),
    ngx_string("admin.create"),
    ngx_string("admin.invite"),
    ngx_string("admin.disable"),
    ngx_string("admin.enable"),
    ngx_string("admin.reset_factor"),
    ngx_string("admin.reseal"),
    ngx_string("admin.delete")
};


ngx_uint_t
kanda_log_event_known(const ngx_str_t *event)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(kanda_log_events) / sizeof(ngx_str_t); i++) {
        if (kanda_log_events[i].len == event->len
            && ngx_memcmp(kanda_log_events[i].data, event->data, event->len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
kanda_log_event_args(kanda_store_t *st)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(kanda_log_events) / sizeof(ngx_str_t); i++) {
        kanda_store_arg(st, kanda_log_events[i].data, kanda_log_events[i].len);
    }
}


ngx_int_t
kanda_log_list(kanda_store_t *st, const ngx_str_t *event, ngx_uint_t offset,
    ngx_uint_t limit, kanda_log_page_t *page)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, event->data, event->len);

    if (kanda_store_arg_int(st, (int64_t) offset) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) limit) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_LOG_LIST, kanda_log_read_page,
                            page);
}


static ngx_int_t
kanda_log_read_page(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_log_page_t *page = target;

    ngx_uint_t  i;

    if (n == 0) {
        return NGX_ERROR;
    }

    page->total = kanda_store_number(element[0]);
    page->n = n - 1;
    page->entries = ngx_pcalloc(st->pool, n * sizeof(kanda_log_entry_t));

    if (page->entries == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        if (kanda_log_read_entry(st, element[i + 1], &page->entries[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_log_read_entry(kanda_store_t *st, const redisReply *reply,
    kanda_log_entry_t *entry)
{
    u_char     *p, *last, *end;
    ngx_str_t   text, field[KANDA_LOG_FIELDS];
    ngx_uint_t  i;

    if (kanda_store_string(st, reply, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    p = text.data;
    last = text.data + text.len;

    for (i = 0; i < KANDA_LOG_FIELDS; i++) {

        if (p == NULL || p > last) {
            return NGX_ERROR;
        }

        end = ngx_strlchr(p, last, KANDA_LOG_SEPARATOR);

        if (end == NULL) {
            end = last;
        }

        field[i].data = p;
        field[i].len = end - p;
        p = end + 1;
    }

    entry->id = field[KANDA_LOG_ID];
    entry->time = ngx_atoof(field[KANDA_LOG_TIME].data,
                            field[KANDA_LOG_TIME].len);
    entry->event = field[KANDA_LOG_EVENT];
    entry->success = (field[KANDA_LOG_SUCCESS].len == 1
                      && field[KANDA_LOG_SUCCESS].data[0] == '1');
    entry->client = field[KANDA_LOG_CLIENT];
    entry->reason = field[KANDA_LOG_REASON];
    entry->ip = field[KANDA_LOG_IP];
    entry->agent = field[KANDA_LOG_AGENT];
    entry->key = field[KANDA_LOG_KEY];
    entry->count = ngx_atoof(field[KANDA_LOG_COUNT].data,
                             field[KANDA_LOG_COUNT].len);

    return NGX_OK;
}
