#include "kanda_api.h"


#define KANDA_LOGS_LIMIT    200
#define KANDA_LOGS_DEFAULT  50

/* Bytes of one entry in JSON: an agent of 200 and a clientId of 128 bytes, each
 * of which may want a backslash, and the rest. */
#define KANDA_LOG_JSON      (2 * 200 + 2 * 128 + 512)


static void kanda_logs_write(kanda_json_out_t *out,
    const kanda_log_entry_t *entry, const char *subject);


ngx_int_t
kanda_api_logs(kanda_request_t *kr)
{
    return kanda_logs(kr, "clientId");
}


ngx_int_t
kanda_logs(kanda_request_t *kr, const char *subject)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    kanda_json_out_t   out;
    kanda_api_logs_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_api_page(kr, &s->asked, KANDA_LOGS_LIMIT,
                                  KANDA_LOGS_DEFAULT));

    rc = kanda_query_text(kr, "event", &s->event);

    if (rc == NGX_ERROR
        || (s->event.len && !kanda_log_event_known(&s->event)))
    {
        return kanda_api_invalid(kr, "event must be given once, the whole "
                                 "name of an event.");
    }

    kanda_await(kr, kanda_log_list(&kr->store, &s->event, s->asked.offset,
                                   s->asked.limit, &s->page));

    if (kanda_json_begin(kr, &out, 256 + s->page.n * KANDA_LOG_JSON)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "logs", '[');

    for (i = 0; i < s->page.n; i++) {
        kanda_logs_write(&out, &s->page.entries[i], subject);
    }

    kanda_api_page_end(&out, &s->asked, s->page.total);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* An entry that stands for many refusals says for how many. */

static void
kanda_logs_write(kanda_json_out_t *out, const kanda_log_entry_t *entry,
    const char *subject)
{
    kanda_json_open(out, NULL, '{');
    kanda_api_text(out, "id", &entry->id);
    kanda_json_time(out, "timestamp", entry->time);
    kanda_api_text(out, "event", &entry->event);
    kanda_json_bool(out, "success", entry->success);
    kanda_api_text(out, subject, &entry->client);
    kanda_api_text(out, "reason", &entry->reason);
    kanda_api_text(out, "ip", &entry->ip);
    kanda_api_text(out, "userAgent", &entry->agent);
    kanda_api_text(out, "apiKeyId", &entry->key);

    if (entry->count > 1) {
        kanda_json_int(out, "count", entry->count);
    }

    kanda_json_close(out, '}');
}
