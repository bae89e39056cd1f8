#include "kanda_store_apikey.h"


static ngx_int_t kanda_apikey_read_created(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_apikey_read_page(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_apikey_read(kanda_store_t *st, const redisReply *row,
    kanda_apikey_t *key);


ngx_int_t
kanda_apikey_create(kanda_store_t *st, kanda_apikey_t *key)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, key->id.data, key->id.len);
    kanda_store_arg(st, key->digest.data, key->digest.len);
    kanda_store_arg(st, key->prefix.data, key->prefix.len);
    kanda_store_arg(st, key->name.data, key->name.len);

    if (key->scopes == 0) {
        kanda_store_arg(st, NULL, 0);

    } else if (kanda_store_arg_int(st, (int64_t) key->scopes) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, key->regions.data, key->regions.len);

    if (kanda_store_arg_int(st, key->expires) != NGX_OK
        || kanda_store_arg_int(st, KANDA_APIKEYS_MAX) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_APIKEY_CREATE,
                            kanda_apikey_read_created, key);
}


static ngx_int_t
kanda_apikey_read_created(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    kanda_apikey_t *key = target;

    if (n != 4 || kanda_store_string(st, element[3], &key->regions) != NGX_OK)
    {
        return NGX_ERROR;
    }

    key->scopes = (ngx_uint_t) kanda_store_number(element[0]);
    key->created = kanda_store_number(element[1]);
    key->expires = kanda_store_number(element[2]);

    return NGX_OK;
}


ngx_int_t
kanda_apikey_list(kanda_store_t *st, kanda_apikey_page_t *page)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_APIKEY_LIST,
                            kanda_apikey_read_page, page);
}


static ngx_int_t
kanda_apikey_read_page(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_apikey_page_t *page = target;

    ngx_uint_t  i;

    page->n = n;
    page->keys = ngx_pcalloc(st->pool, (n + 1) * sizeof(kanda_apikey_t));

    if (page->keys == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (kanda_apikey_read(st, element[i], &page->keys[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_apikey_read(kanda_store_t *st, const redisReply *row,
    kanda_apikey_t *key)
{
    redisReply  **e;

    if (row->type != REDIS_REPLY_ARRAY || row->elements != 8) {
        return NGX_ERROR;
    }

    e = row->element;

    if (kanda_store_string(st, e[0], &key->id) != NGX_OK
        || kanda_store_string(st, e[1], &key->prefix) != NGX_OK
        || kanda_store_string(st, e[2], &key->name) != NGX_OK
        || kanda_store_string(st, e[4], &key->regions) != NGX_OK)
    {
        return NGX_ERROR;
    }

    key->scopes = (ngx_uint_t) kanda_store_number(e[3]);
    key->created = kanda_store_number(e[5]);
    key->used = kanda_store_number(e[6]);
    key->expires = kanda_store_number(e[7]);

    return NGX_OK;
}


ngx_int_t
kanda_apikey_revoke(kanda_store_t *st, const ngx_str_t *id)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, id->data, id->len);

    return kanda_store_send(st, KANDA_SCRIPT_APIKEY_REVOKE, NULL, NULL);
}
