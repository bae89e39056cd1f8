#include "kanda_store_stateless.h"
#include "kanda_store_client.h"
#include "kanda_base64url.h"


#define KANDA_REPLAY_DIGEST   16        /* bytes */
#define KANDA_REPLAY_SECONDS  3600      /* s that a step may be reached */


static ngx_int_t kanda_stateless_read_verdict(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_stateless_log(kanda_store_t *st, const char *event, const char *reason)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    st->event.data = (u_char *) event;
    st->event.len = ngx_strlen(event);
    kanda_store_arg(st, event, st->event.len);
    kanda_store_arg(st, reason, reason ? ngx_strlen(reason) : 0);

    return kanda_store_send(st, KANDA_SCRIPT_STATELESS, NULL, NULL);
}


ngx_int_t
kanda_stateless_digest(kanda_store_t *st, const kanda_totp_t *totp,
    char out[KANDA_REPLAY_LEN])
{
    int      rc;
    u_char  *p, text[KANDA_ACCOUNT_ID_LEN + 2 + KANDA_TOTP_SECRET_MAX];
    u_char   digest[KANDA_SHA256_LEN];

    p = ngx_cpymem(text, st->account.data, KANDA_ACCOUNT_ID_LEN);
    *p++ = (u_char) (totp->period >> 8);
    *p++ = (u_char) (totp->period & 0xff);
    p = ngx_cpymem(p, totp->secret, totp->secret_len);

    rc = kanda_hmac_sign(st->ring->hmac[KANDA_DIGEST_REPLAY], text, p - text,
                         digest);
    kanda_wipe(text, sizeof(text));

    if (rc != 0) {
        return NGX_ERROR;
    }

    (void) kanda_base64url_encode(out, digest, KANDA_REPLAY_DIGEST);

    return NGX_OK;
}


ngx_int_t
kanda_stateless_once(kanda_store_t *st, const char *event,
    const char digest[KANDA_REPLAY_LEN], int64_t step, int64_t ms)
{
    ngx_str_t  *asked;

    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    st->event.data = (u_char *) event;
    st->event.len = ngx_strlen(event);
    kanda_store_arg(st, event, st->event.len);
    asked = &st->args[st->nargs];
    kanda_store_arg(st, digest, KANDA_REPLAY_LEN);

    if (kanda_store_arg_int(st, step) != NGX_OK
        || kanda_store_arg_int(st, ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_STATELESS_ONCE,
                            kanda_stateless_read_verdict, asked);
}


/* The reply names the digest and the step that were asked about. */

static ngx_int_t
kanda_stateless_read_verdict(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    ngx_str_t *asked = target;

    ngx_uint_t  i;

    if (n != 2) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (element[i]->type != REDIS_REPLY_STRING
            || (size_t) element[i]->len != asked[i].len
            || ngx_memcmp(element[i]->str, asked[i].data, asked[i].len) != 0)
        {
            return NGX_ERROR;
        }
    }

    kanda_store_second_look(st, asked[0].data,
                            kanda_store_number(element[1]),
                            KANDA_REPLAY_SECONDS);

    return NGX_OK;
}
