#include "kanda_store_client.h"


/* The fields of a client's hash are named in scripts/judge.lua. */

static ngx_int_t kanda_client_read_record(void *out, const redisReply *reply);
static ngx_int_t kanda_client_read_params(redisReply **element,
    kanda_totp_t *totp);
static ngx_int_t kanda_client_read_page(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_client_read_info(kanda_store_t *st,
    const redisReply *row, kanda_client_info_t *info);
static ngx_int_t kanda_client_read_show(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_client_read_rotated(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_client_begin(kanda_store_t *st, const ngx_str_t *id)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, id->data, id->len);

    return NGX_OK;
}


ngx_int_t
kanda_client_create(kanda_store_t *st, const ngx_str_t *id,
    const kanda_client_secret_t *secret, const kanda_totp_t *totp,
    const ngx_str_t *label, const ngx_str_t *issuer)
{
    if (kanda_client_begin(st, id) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, secret->sealed.data, secret->sealed.len);
    kanda_store_arg(st, secret->version.data, secret->version.len);

    if (kanda_store_arg_int(st, totp->hash) != NGX_OK
        || kanda_store_arg_int(st, totp->digits) != NGX_OK
        || kanda_store_arg_int(st, totp->period) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_store_arg(st, label->data, label->len);
    kanda_store_arg(st, issuer->data, issuer->len);

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_CREATE, NULL, NULL);
}


ngx_int_t
kanda_client_read(kanda_store_t *st, const ngx_str_t *id,
    kanda_client_t *client)
{
    return kanda_secret_read(st, ":client:", id, client);
}


ngx_int_t
kanda_secret_read(kanda_store_t *st, const char *kind, const ngx_str_t *id,
    kanda_client_t *client)
{
    return kanda_store_fields(st, kind, id, "svadpt", kanda_client_read_record,
                              client);
}


static ngx_int_t
kanda_client_read_record(void *out, const redisReply *reply)
{
    kanda_store_t *st = out;

    redisReply      **e;
    kanda_client_t   *client;

    client = st->target;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 6) {
        return NGX_ERROR;
    }

    e = reply->element;

    if (e[0]->type == REDIS_REPLY_NIL) {
        client->known = 0;
        return NGX_OK;
    }

    client->known = 1;
    client->last = kanda_store_number(e[5]);

    if (kanda_store_string(st, e[0], &client->secret.sealed) != NGX_OK
        || kanda_store_string(st, e[1], &client->secret.version)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_client_read_params(e + 2, &client->totp);
}


static ngx_int_t
kanda_client_read_params(redisReply **element, kanda_totp_t *totp)
{
    int64_t  hash, digits, period;

    hash = kanda_store_number(element[0]);
    digits = kanda_store_number(element[1]);
    period = kanda_store_number(element[2]);

    if (hash < 0 || hash >= KANDA_HASHES
        || digits < KANDA_TOTP_DIGITS_MIN || digits > KANDA_TOTP_DIGITS_MAX
        || period < KANDA_TOTP_PERIOD_MIN || period > KANDA_TOTP_PERIOD_MAX)
    {
        return NGX_ERROR;
    }

    totp->hash = (kanda_hash_t) hash;
    totp->digits = (unsigned) digits;
    totp->period = (unsigned) period;

    return NGX_OK;
}


ngx_int_t
kanda_client_list(kanda_store_t *st, ngx_uint_t offset, ngx_uint_t limit,
    const ngx_str_t *id, kanda_client_page_t *page)
{
    if (kanda_store_begin(st) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) offset) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) limit) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_store_arg(st, id ? id->data : NULL, id ? id->len : 0);

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_LIST,
                            kanda_client_read_page, page);
}


static ngx_int_t
kanda_client_read_page(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_client_page_t *page = target;

    ngx_uint_t  i;

    if (n == 0) {
        return NGX_ERROR;
    }

    page->total = kanda_store_number(element[0]);
    page->n = n - 1;
    page->clients = ngx_pcalloc(st->pool, n * sizeof(kanda_client_info_t));

    if (page->clients == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        if (kanda_client_read_info(st, element[i + 1], &page->clients[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_client_read_info(kanda_store_t *st, const redisReply *row,
    kanda_client_info_t *info)
{
    redisReply    **e;
    kanda_totp_t    totp;

    if (row->type != REDIS_REPLY_ARRAY || row->elements != 11) {
        return NGX_ERROR;
    }

    e = row->element;

    if (kanda_store_string(st, e[0], &info->id) != NGX_OK
        || kanda_store_string(st, e[1], &info->label) != NGX_OK
        || kanda_store_string(st, e[2], &info->issuer) != NGX_OK
        || kanda_client_read_params(e + 3, &totp) != NGX_OK)
    {
        return NGX_ERROR;
    }

    info->hash = totp.hash;
    info->digits = totp.digits;
    info->period = totp.period;
    info->created = kanda_store_number(e[6]);
    info->confirmed = kanda_store_number(e[7]);
    info->used = kanda_store_number(e[8]);
    info->locked = (kanda_store_number(e[9]) == 1);
    info->recovery = (ngx_uint_t) kanda_store_number(e[10]);

    return NGX_OK;
}


ngx_int_t
kanda_client_show(kanda_store_t *st, const ngx_str_t *id,
    const ngx_str_t *policy, kanda_client_show_t *show)
{
    if (kanda_client_begin(st, id) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, policy->data, policy->len);

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_SHOW,
                            kanda_client_read_show, show);
}


static ngx_int_t
kanda_client_read_show(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_client_show_t *show = target;

    kanda_client_t  *client;

    client = &show->client;

    if (n != 7
        || kanda_store_string(st, element[0], &client->secret.sealed) != NGX_OK
        || kanda_store_string(st, element[1], &client->secret.version)
           != NGX_OK
        || kanda_client_read_params(element + 2, &client->totp) != NGX_OK
        || kanda_store_string(st, element[5], &show->label) != NGX_OK
        || kanda_store_string(st, element[6], &show->issuer) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
kanda_client_rotate(kanda_store_t *st, const ngx_str_t *id,
    const kanda_client_secret_t *secret, kanda_client_show_t *show)
{
    if (kanda_client_begin(st, id) != NGX_OK
        || kanda_store_arg_int(st, show->client.totp.hash) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_store_arg(st, secret->sealed.data, secret->sealed.len);
    kanda_store_arg(st, secret->version.data, secret->version.len);

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_ROTATE,
                            kanda_client_read_rotated, show);
}


static ngx_int_t
kanda_client_read_rotated(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    kanda_client_show_t *show = target;

    if (n != 5
        || kanda_client_read_params(element, &show->client.totp) != NGX_OK
        || kanda_store_string(st, element[3], &show->label) != NGX_OK
        || kanda_store_string(st, element[4], &show->issuer) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
kanda_client_unlock(kanda_store_t *st, const ngx_str_t *id)
{
    if (kanda_client_begin(st, id) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_UNLOCK, NULL, NULL);
}


ngx_int_t
kanda_client_delete(kanda_store_t *st, const ngx_str_t *id)
{
    if (kanda_client_begin(st, id) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_CLIENT_DELETE, NULL, NULL);
}


ngx_int_t
kanda_client_recovery(kanda_store_t *st, const ngx_str_t *id,
    const u_char *digests, ngx_uint_t n)
{
    if (kanda_client_begin(st, id) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg_digests(st, digests, n);

    return kanda_store_send(st, KANDA_SCRIPT_RECOVERY_CREATE, NULL, NULL);
}


void
kanda_store_arg_digests(kanda_store_t *st, const u_char *digests, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        kanda_store_arg(st, digests + i * KANDA_RECOVERY_DIGEST,
                        KANDA_RECOVERY_DIGEST);
    }
}
