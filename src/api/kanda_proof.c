#include "kanda_api.h"
#include "kanda_cookie.h"
#include "kanda_token.h"


static ngx_int_t kanda_proof_open(kanda_request_t *kr, kanda_code_t *code);


ngx_int_t
kanda_proof(kanda_request_t *kr, const kanda_proof_form_t *form)
{
    kanda_proof_state_t  *s;

    s = kr->state;

    kanda_begin(kr);

    if (form->prepare) {
        kanda_api_need(form->prepare(kr));
    }

    kanda_api_need(kanda_code_field(kr, form->field, form->optional,
                                    &s->code));

    s->proof.judgement = &s->code.judgement;
    s->proof.lockout = kr->conf->lockout;

    do {
        if (s->code.judgement.submitted == KANDA_SUBMITTED_CODE) {

            kanda_await(kr, kanda_factor_read(&kr->store, KANDA_FACTOR,
                                              &s->code.secret));

            if (kanda_code_compare(kr, &s->code, kanda_proof_open) != NGX_OK) {
                kanda_stats_count(verdicts[KANDA_STATS_ACCOUNT]
                                          [KANDA_STATS_INTEGRITY]);
                return kanda_problem(kr, KANDA_INTEGRITY);
            }
        }

        kanda_await(kr, form->send(kr));

    } while (kanda_code_again(kr, &s->code));

    kanda_code_count(kr, KANDA_STATS_ACCOUNT, &s->code.judgement);

    return form->answer(kr);

    kanda_end(kr);
}


static ngx_int_t
kanda_proof_open(kanda_request_t *kr, kanda_code_t *code)
{
    return kanda_factor_open(&kr->store, KANDA_FACTOR, &code->secret,
                             &code->judgement.resealed);
}


ngx_int_t
kanda_proof_temporary(kanda_request_t *kr)
{
    ngx_int_t           rc;
    ngx_str_t           text;
    kanda_jwt_claims_t  claims;

    rc = kanda_field_need(kr, "tempToken", &text);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = kanda_token_read(kr, &text, 0, &claims);

    if (rc == NGX_OK && claims.use == KANDA_JWT_2FA
        && claims.jti.len > KANDA_LIFE_LEN)
    {
        return kanda_token_caller(kr, &claims);
    }

    if (rc == NGX_ERROR || kanda_problem(kr, KANDA_INVALID_TOKEN) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


ngx_int_t
kanda_proof_verify(kanda_request_t *kr)
{
    kanda_proof_state_t  *s;

    s = kr->state;

    return kanda_factor_verify(&kr->store, &s->proof, kanda_token_dead(kr),
                               &s->session);
}
