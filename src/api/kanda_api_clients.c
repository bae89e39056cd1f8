#include "kanda_api.h"
#include "kanda_text.h"


#define KANDA_CLIENTS_LIMIT   1000

/* Bytes that one client takes in JSON, at most: two texts and an id, each of
 * whose bytes may want a backslash, and the rest. */
#define KANDA_CLIENT_JSON     (3 * 2 * 128 + 512)


static void kanda_clients_write(kanda_json_out_t *out,
    const kanda_client_info_t *info);
static ngx_int_t kanda_clients_done(kanda_request_t *kr, const char *what);


ngx_int_t
kanda_api_clients(kanda_request_t *kr)
{
    ngx_uint_t            i;
    kanda_json_out_t      out;
    kanda_api_clients_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_api_page(kr, &s->asked, KANDA_CLIENTS_LIMIT,
                                  KANDA_CLIENTS_LIMIT));

    kanda_await(kr, kanda_client_list(&kr->store, s->asked.offset,
                                      s->asked.limit, NULL, &s->page));

    if (kanda_json_begin(kr, &out, 256 + s->page.n * KANDA_CLIENT_JSON)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "clients", '[');

    for (i = 0; i < s->page.n; i++) {
        kanda_clients_write(&out, &s->page.clients[i]);
    }

    kanda_api_page_end(&out, &s->asked, s->page.total);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


ngx_int_t
kanda_api_client(kanda_request_t *kr)
{
    kanda_json_out_t      out;
    kanda_api_clients_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_await(kr, kanda_client_list(&kr->store, 0, 1, &kr->segment,
                                      &s->page));

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);
    }

    if (s->page.n != 1
        || kanda_json_begin(kr, &out, KANDA_CLIENT_JSON) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_clients_write(&out, &s->page.clients[0]);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


static void
kanda_clients_write(kanda_json_out_t *out, const kanda_client_info_t *info)
{
    const char  *hash;

    hash = kanda_totp_hash_name((kanda_hash_t) info->hash);

    kanda_json_open(out, NULL, '{');
    kanda_api_text(out, "clientId", &info->id);
    kanda_api_text(out, "label", &info->label);
    kanda_api_text(out, "issuer", &info->issuer);
    kanda_json_str(out, "algorithm", hash, ngx_strlen(hash));
    kanda_json_int(out, "digits", (int64_t) info->digits);
    kanda_json_int(out, "period", (int64_t) info->period);
    kanda_json_time(out, "createdAt", info->created);
    kanda_json_time(out, "confirmedAt", info->confirmed);
    kanda_json_time(out, "lastUsedAt", info->used);
    kanda_json_bool(out, "locked", info->locked);
    kanda_json_int(out, "recoveryCodesLeft", (int64_t) info->recovery);
    kanda_json_close(out, '}');
}


ngx_int_t
kanda_api_client_unlock(kanda_request_t *kr)
{
    kanda_begin(kr);

    kanda_await(kr, kanda_client_unlock(&kr->store, &kr->segment));

    return kanda_clients_done(kr, "unlocked");

    kanda_end(kr);
}


ngx_int_t
kanda_api_client_delete(kanda_request_t *kr)
{
    kanda_begin(kr);

    kanda_await(kr, kanda_client_delete(&kr->store, &kr->segment));

    return kanda_clients_done(kr, "deleted");

    kanda_end(kr);
}


static ngx_int_t
kanda_clients_done(kanda_request_t *kr, const char *what)
{
    kanda_json_out_t  out;

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);
    }

    if (kanda_json_begin(kr, &out, KANDA_CLIENT_JSON) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "clientId", &kr->segment);
    kanda_json_bool(&out, what, 1);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


ngx_int_t
kanda_api_client_recovery(kanda_request_t *kr)
{
    kanda_recovery_codes_t  *s;

    s = kr->state;

    kanda_begin(kr);

    if (kanda_recovery_fresh(kr, &kr->segment, s) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_client_recovery(&kr->store, &kr->segment, s->digests,
                                          KANDA_RECOVERY_COUNT));

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);
    }

    return kanda_recovery_answer(kr, NGX_HTTP_CREATED, &kr->segment, s);

    kanda_end(kr);
}
