#include "kanda_store_stateless.h"
#include "kanda_store_client.h"
#include "kanda_base64url.h"


/* A step on its way to be taken. */
typedef struct {
    ngx_str_t     *asked;               /* digest and step, as sent */
    const u_char  *digest;
    int64_t        step;
    int64_t        ms;
} kanda_taking_t;


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


/* Many secrets are one key to HMAC, with zeros behind it for instance; what it
 * makes of one tells them apart as far as their codes differ. */

ngx_int_t
kanda_stateless_digest(kanda_store_t *st, const kanda_totp_t *totp,
    u_char out[KANDA_REPLAY_DIGEST])
{
    int      rc;
    u_char  *p, text[KANDA_ACCOUNT_ID_LEN + 2 + KANDA_HASH_MAX];
    u_char   digest[KANDA_SHA256_LEN];

    p = ngx_cpymem(text, st->account.data, KANDA_ACCOUNT_ID_LEN);
    *p++ = (u_char) (totp->period >> 8);
    *p++ = (u_char) (totp->period & 0xff);

    rc = kanda_hmac(totp->hash, totp->secret, totp->secret_len,
                    (const uint8_t *) "kanda", 5, p);
    p += kanda_hash_length(totp->hash);

    if (rc == 0) {
        rc = kanda_hmac_sign(st->ring->hmac[KANDA_DIGEST_REPLAY], text,
                             p - text, digest);
    }

    kanda_wipe(text, sizeof(text));

    if (rc != 0) {
        return NGX_ERROR;
    }

    ngx_memcpy(out, digest, KANDA_REPLAY_DIGEST);

    return NGX_OK;
}


ngx_int_t
kanda_stateless_once(kanda_store_t *st, const char *event,
    const u_char digest[KANDA_REPLAY_DIGEST], int64_t step, int64_t ms)
{
    char              *name;
    kanda_taking_t    *taking;

    taking = ngx_palloc(st->pool, sizeof(kanda_taking_t));
    name = ngx_pnalloc(st->pool, KANDA_REPLAY_LEN);

    if (taking == NULL || name == NULL || kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) kanda_base64url_encode(name, digest, KANDA_REPLAY_DIGEST);

    st->event.data = (u_char *) event;
    st->event.len = ngx_strlen(event);
    kanda_store_arg(st, event, st->event.len);

    taking->asked = &st->args[st->nargs];
    taking->digest = digest;
    taking->step = step;
    taking->ms = ms;

    kanda_store_arg(st, name, KANDA_REPLAY_LEN);

    if (kanda_store_arg_int(st, step) != NGX_OK
        || kanda_store_arg_int(st, ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_STATELESS_ONCE,
                            kanda_stateless_read_verdict, taking);
}


/* The reply names the digest and the step that were asked about. */

static ngx_int_t
kanda_stateless_read_verdict(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    kanda_taking_t *taking = target;

    ngx_str_t   *asked;
    ngx_uint_t   i;

    asked = taking->asked;

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

    kanda_store_accepted(st, taking->digest, taking->step, taking->ms / 1000);

    return NGX_OK;
}
