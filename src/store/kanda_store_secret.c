#include "kanda_store_client.h"
#include "kanda_stats.h"


static void kanda_secret_place(kanda_store_t *st, const char *entity,
    const ngx_str_t *id, const ngx_str_t *version, kanda_seal_place_t *place);


ngx_int_t
kanda_client_seal(kanda_store_t *st, const ngx_str_t *id,
    const kanda_totp_t *totp, kanda_client_secret_t *secret)
{
    return kanda_secret_seal(st, "client", id, totp, secret);
}


ngx_int_t
kanda_client_open(kanda_store_t *st, const ngx_str_t *id,
    kanda_client_t *client, ngx_str_t *resealed)
{
    return kanda_secret_open(st, "client", id, client, resealed);
}


ngx_int_t
kanda_secret_seal(kanda_store_t *st, const char *entity, const ngx_str_t *id,
    const kanda_totp_t *totp, kanda_client_secret_t *secret)
{
    int                 len;
    u_char             *p;
    kanda_seal_place_t  place;

    p = ngx_pnalloc(st->pool, KANDA_CLIENT_VERSION + KANDA_CLIENT_RECORD);
    if (p == NULL || kanda_random(p, KANDA_CLIENT_VERSION) != 0) {
        return NGX_ERROR;
    }

    secret->version.data = p;
    secret->version.len = KANDA_CLIENT_VERSION;
    secret->sealed.data = p + KANDA_CLIENT_VERSION;

    kanda_secret_place(st, entity, id, &secret->version, &place);

    len = kanda_seal(st->ring, &place, totp->secret, totp->secret_len,
                     secret->sealed.data);
    if (len < 0) {
        return NGX_ERROR;
    }

    secret->sealed.len = len;
    kanda_stats_count(sealed[kanda_stats_keys[0]]);

    return NGX_OK;
}


ngx_int_t
kanda_secret_open(kanda_store_t *st, const char *entity, const ngx_str_t *id,
    kanda_client_t *client, ngx_str_t *resealed)
{
    int                 len, key, stale;
    u_char             *p;
    ngx_str_t           none;
    kanda_seal_place_t  place;

    ngx_str_null(&none);
    ngx_str_null(resealed);
    kanda_secret_place(st, entity, id, &client->secret.version, &place);

    stale = 0;
    len = kanda_seal_open(st->ring, &place, client->secret.sealed.data,
                          client->secret.sealed.len, client->totp.secret,
                          KANDA_TOTP_SECRET_MAX, &stale);
    if (len <= 0) {
        ngx_log_error(NGX_LOG_ALERT, st->log, 0,
                      "kanda: a %s's sealed secret does not open: its "
                      "record was altered, moved or sealed by a key that "
                      "kanda_keys lacks; account %V%s%V", entity,
                      &st->account, id ? ", " : "", id ? id : &none);
        return NGX_ERROR;
    }

    client->totp.secret_len = len;

    key = kanda_seal_key(st->ring, client->secret.sealed.data,
                         client->secret.sealed.len);
    kanda_stats_count(opened[kanda_stats_keys[key]]);

    if (stale) {
        p = ngx_pnalloc(st->pool, KANDA_CLIENT_RECORD);
        if (p == NULL) {
            return NGX_ERROR;
        }

        len = kanda_seal(st->ring, &place, client->totp.secret, len, p);
        if (len < 0) {
            return NGX_ERROR;
        }

        resealed->data = p;
        resealed->len = len;
        kanda_stats_count(sealed[kanda_stats_keys[0]]);
    }

    return NGX_OK;
}


static void
kanda_secret_place(kanda_store_t *st, const char *entity, const ngx_str_t *id,
    const ngx_str_t *version, kanda_seal_place_t *place)
{
    place->account = (char *) st->account.data;
    place->account_len = st->account.len;
    place->entity = entity;
    place->id = id ? (char *) id->data : "";
    place->id_len = id ? id->len : 0;
    place->version = (char *) version->data;
    place->version_len = version->len;
}


ngx_int_t
kanda_client_code_digest(kanda_store_t *st, const ngx_str_t *version,
    const char *code, size_t len, u_char *out)
{
    u_char  *p, text[KANDA_CLIENT_VERSION + KANDA_TOTP_DIGITS_MAX];
    u_char   digest[KANDA_SHA256_LEN];

    if (version->len > KANDA_CLIENT_VERSION || len > KANDA_TOTP_DIGITS_MAX) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(text, version->data, version->len);
    p = ngx_cpymem(p, code, len);

    if (kanda_hmac_sign(st->ring->hmac[KANDA_DIGEST_CODE], text, p - text,
                        digest)
        != 0)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(out, digest, KANDA_RECOVERY_DIGEST);
    kanda_wipe(text, sizeof(text));

    return NGX_OK;
}
