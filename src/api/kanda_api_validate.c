#include "kanda_api.h"


static ngx_int_t kanda_validate_open(kanda_request_t *kr, kanda_code_t *c);
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

    if (kanda_code_submitted(kr, &s->code, &token, &s->id) != NGX_OK) {
        return NGX_ERROR;
    }

    do {
        if (s->code.judgement.submitted == KANDA_SUBMITTED_CODE) {

            kanda_await(kr, kanda_client_read(&kr->store, &s->id,
                                              &s->code.secret));

            if (kanda_code_compare(kr, &s->code, kanda_validate_open)
                != NGX_OK)
            {
                kanda_stats_count(verdicts[KANDA_STATS_CLIENT]
                                          [KANDA_STATS_INTEGRITY]);
                return kanda_problem(kr, KANDA_INTEGRITY);
            }
        }

        kanda_await(kr, kanda_client_judge(&kr->store, &s->id,
                                           &s->code.judgement,
                                           kr->conf->lockout));

    } while (kanda_code_again(kr, &s->code));

    kanda_code_count(kr, KANDA_STATS_CLIENT, &s->code.judgement);

    return kanda_validate_answer(kr);

    kanda_end(kr);
}


static ngx_int_t
kanda_validate_open(kanda_request_t *kr, kanda_code_t *c)
{
    kanda_api_validate_t  *s;

    s = kr->state;

    return kanda_client_open(&kr->store, &s->id, &c->secret,
                             &c->judgement.resealed);
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
