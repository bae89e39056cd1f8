#include "kanda_store_seals.h"
#include "kanda_store_factor.h"
#include "kanda_text.h"


static ngx_int_t kanda_seals_read(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target);
static ngx_int_t kanda_seals_read_one(kanda_store_t *st,
    const redisReply *row, kanda_seal_t *seal);


ngx_int_t
kanda_seals_list(kanda_store_t *st, ngx_uint_t from, kanda_seals_t *page)
{
    if (kanda_store_begin(st) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) from) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_SEALS_LIST, kanda_seals_read,
                            page);
}


static ngx_int_t
kanda_seals_read(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_seals_t *page = target;

    int64_t     next;
    ngx_uint_t  i;

    next = n ? kanda_store_number(element[0]) : -1;
    if (next < 0) {
        return NGX_ERROR;
    }

    page->next = (ngx_uint_t) next;
    page->n = n - 1;
    page->seals = ngx_pcalloc(st->pool, n * sizeof(kanda_seal_t));

    if (page->seals == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        if (kanda_seals_read_one(st, element[i + 1], &page->seals[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_seals_read_one(kanda_store_t *st, const redisReply *row,
    kanda_seal_t *seal)
{
    if (row->type != REDIS_REPLY_ARRAY || row->elements != 3
        || kanda_store_string(st, row->element[0], &seal->id) != NGX_OK
        || kanda_store_string(st, row->element[1], &seal->secret.sealed)
           != NGX_OK
        || (seal->id.len && !kanda_client_id_valid((char *) seal->id.data,
                                                   seal->id.len)))
    {
        return NGX_ERROR;
    }

    return kanda_store_string(st, row->element[2], &seal->secret.version);
}


ngx_int_t
kanda_seal_renew(kanda_store_t *st, kanda_seal_t *seal)
{
    ngx_int_t       rc;
    ngx_str_t       record;
    kanda_client_t  client;

    if (kanda_seal_key(st->ring, seal->secret.sealed.data,
                       seal->secret.sealed.len)
        == 0)
    {
        return NGX_DECLINED;
    }

    client.secret = seal->secret;

    rc = seal->id.len
         ? kanda_client_open(st, &seal->id, &client, &record)
         : kanda_factor_open(st, KANDA_FACTOR, &client, &record);

    kanda_wipe(client.totp.secret, sizeof(client.totp.secret));

    if (rc == NGX_OK) {
        seal->secret.sealed = record;
    }

    return rc;
}


ngx_int_t
kanda_seals_put(kanda_store_t *st, const kanda_seal_t *seal,
    ngx_uint_t first)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, seal->id.data, seal->id.len);
    kanda_store_arg(st, seal->secret.version.data, seal->secret.version.len);
    kanda_store_arg(st, seal->secret.sealed.data, seal->secret.sealed.len);
    kanda_store_arg(st, first ? "1" : "", first);

    return kanda_store_send(st, KANDA_SCRIPT_SEALS_PUT, NULL, NULL);
}
