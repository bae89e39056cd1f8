#include "kanda_api.h"


#define KANDA_VALIDATE_TRIES  4


static void kanda_validate_submitted(kanda_request_t *kr, ngx_str_t *token);
static ngx_int_t kanda_validate_judge(kanda_request_t *kr);
static ngx_int_t kanda_validate_recovery(kanda_request_t *kr);
static ngx_int_t kanda_validate_answer(kanda_request_t *kr);


/* The client is read first, because only a worker can open its secret; that the
 * caller may ask at all, and that nothing has changed since, is for the script
 * that judges. */

ngx_int_t
kanda_api_validate(kanda_request_t *kr)
{
    ngx_str_t              token;
    kanda_api_validate_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_field_client(kr, &s->id));
    kanda_api_need(kanda_field_need(kr, "token", &token));

    kanda_validate_submitted(kr, &token);

    if (s->judgement.submitted == KANDA_SUBMITTED_RECOVERY
        && kanda_validate_recovery(kr) != NGX_OK)
    {
        return NGX_ERROR;
    }

    do {
        if (s->judgement.submitted == KANDA_SUBMITTED_CODE) {

            kanda_await(kr, kanda_client_read(&kr->store, &s->id, &s->client));

            if (s->client.known && kanda_validate_judge(kr) != NGX_OK) {
                return kanda_problem(kr, KANDA_INTEGRITY);
            }
        }

        kanda_await(kr, kanda_client_judge(&kr->store, &s->id, &s->judgement,
                                           kr->conf->lockout));

    } while (kr->store.status == KANDA_STATUS_STALE
             && ++s->tries < KANDA_VALIDATE_TRIES);

    return kanda_validate_answer(kr);

    kanda_end(kr);
}


static void
kanda_validate_submitted(kanda_request_t *kr, ngx_str_t *token)
{
    int                    n;
    kanda_api_validate_t  *s;

    s = kr->state;
    s->judgement.match = KANDA_TOTP_NO_STEP;

    n = kanda_totp_parse((char *) token->data, token->len, s->code);

    if (n > 0) {
        s->code_len = n;
        s->judgement.submitted = KANDA_SUBMITTED_CODE;

    } else if (kanda_recovery_parse((char *) token->data, token->len, s->code)
               == 0)
    {
        s->judgement.submitted = KANDA_SUBMITTED_RECOVERY;

    } else {
        s->judgement.submitted = KANDA_SUBMITTED_MALFORMED;
    }
}


static ngx_int_t
kanda_validate_judge(kanda_request_t *kr)
{
    ngx_int_t              rc;
    kanda_totp_t          *totp;
    kanda_judgement_t     *j;
    kanda_api_validate_t  *s;

    s = kr->state;
    j = &s->judgement;
    totp = &s->client.totp;

    kr->now = ngx_time();
    j->version = s->client.secret.version;
    j->match = KANDA_TOTP_NO_STEP;
    j->step = kanda_totp_step(totp, kr->now);

    if (s->code_len != totp->digits) {
        j->submitted = KANDA_SUBMITTED_MALFORMED;
        return NGX_OK;
    }

    if (kanda_client_code_digest(&kr->store, &j->version, s->code, s->code_len,
                                 j->digest)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = kanda_client_open(&kr->store, &s->id, &s->client, &j->resealed);

    if (rc == NGX_OK
        && kanda_totp_match(totp, s->code, j->step, kr->conf->window,
                            s->client.last, &j->match)
           != 0)
    {
        rc = NGX_ERROR;
    }

    kanda_wipe(totp->secret, sizeof(totp->secret));

    return rc;
}


static ngx_int_t
kanda_validate_recovery(kanda_request_t *kr)
{
    kanda_store_t         *st;
    kanda_api_validate_t  *s;

    s = kr->state;
    st = &kr->store;

    return kanda_recovery_digest(st->ring->hmac[KANDA_DIGEST_RECOVERY],
                                 (char *) st->account.data, st->account.len,
                                 (char *) s->id.data, s->id.len, s->code,
                                 s->judgement.digest)
           == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_validate_answer(kanda_request_t *kr)
{
    static ngx_str_t  valid = ngx_string("{\"valid\":true}");
    static ngx_str_t  invalid = ngx_string("{\"valid\":false}");

    switch (kr->store.status) {

    case KANDA_STATUS_VALID:
        return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &valid);

    case KANDA_STATUS_WRONG:
        kr->answer.reason = "wrong_code";
        break;

    case KANDA_STATUS_REPLAYED:
        kr->answer.reason = "replayed";
        break;

    case KANDA_STATUS_MALFORMED:
        kr->answer.reason = "malformed";
        break;

    case KANDA_STATUS_LOCKED:
        kr->answer.reason = "locked";
        return kanda_problem(kr, KANDA_LOCKED);

    case KANDA_STATUS_UNKNOWN:
        kr->answer.reason = "unknown_client";
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);

    default:
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &invalid);
}
