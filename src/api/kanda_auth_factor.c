#include "kanda_auth.h"
#include "kanda_token.h"


static ngx_int_t kanda_auth_verify_prepare(kanda_request_t *kr);
static ngx_int_t kanda_auth_verified(kanda_request_t *kr);
static ngx_int_t kanda_auth_step_up_send(kanda_request_t *kr);
static ngx_int_t kanda_auth_stepped_up(kanda_request_t *kr);
static ngx_int_t kanda_auth_disable_send(kanda_request_t *kr);
static ngx_int_t kanda_auth_disabled(kanda_request_t *kr);
static ngx_int_t kanda_auth_recovery_prepare(kanda_request_t *kr);
static ngx_int_t kanda_auth_recovery_send(kanda_request_t *kr);
static ngx_int_t kanda_auth_recovered(kanda_request_t *kr);


ngx_int_t
kanda_auth_proven(kanda_request_t *kr, kanda_auth_error_t wrong)
{
    ngx_int_t  rc;

    switch (kr->store.status) {

    case KANDA_STATUS_VALID:
        return NGX_OK;

    case KANDA_STATUS_WRONG:
    case KANDA_STATUS_REPLAYED:
    case KANDA_STATUS_MALFORMED:
        rc = kanda_auth_error(kr, wrong);
        break;

    case KANDA_STATUS_NEEDED:
        rc = kanda_auth_error(kr, KANDA_AUTH_CODE_REQUIRED);
        break;

    case KANDA_STATUS_UNKNOWN:
        rc = kanda_auth_error(kr, KANDA_AUTH_NO_FACTOR);
        break;

    case KANDA_STATUS_UNAUTHORIZED:
        rc = kanda_problem(kr, KANDA_INVALID_TOKEN);
        break;

    case KANDA_STATUS_LOCKED:
        rc = kanda_problem(kr, KANDA_LOCKED);
        break;

    default:
        rc = kanda_problem(kr, KANDA_UNAVAILABLE);
        break;
    }

    return rc == NGX_OK ? NGX_DECLINED : NGX_ERROR;
}


ngx_int_t
kanda_auth_verify(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "totpCode", 0, kanda_auth_verify_prepare, kanda_proof_verify,
        kanda_auth_verified
    };

    return kanda_auth_foreign(kr) ? kanda_auth_error(kr, KANDA_AUTH_FORGED)
                                  : kanda_proof(kr, &form);
}


static ngx_int_t
kanda_auth_verify_prepare(kanda_request_t *kr)
{
    kanda_proof_state_t  *s;

    s = kr->state;

    return kanda_session_name(kr, &s->session) == NGX_OK
           ? kanda_proof_temporary(kr) : NGX_ERROR;
}


static ngx_int_t
kanda_auth_verified(kanda_request_t *kr)
{
    kanda_session_t       session;
    kanda_proof_state_t  *s;

    s = kr->state;

    kanda_api_need(kanda_auth_proven(kr, KANDA_AUTH_WRONG_LOGIN));

    session.sid = s->session;
    session.generation = 1;
    session.email = s->proof.email;
    session.two_factor = 1;

    return kanda_auth_tokens(kr, &session);
}


ngx_int_t
kanda_auth_step_up(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "totpCode", 0, NULL, kanda_auth_step_up_send, kanda_auth_stepped_up
    };

    return kanda_proof(kr, &form);
}


static ngx_int_t
kanda_auth_step_up_send(kanda_request_t *kr)
{
    kanda_proof_state_t  *s;

    s = kr->state;

    return kanda_factor_step_up(&kr->store, &s->proof);
}


static ngx_int_t
kanda_auth_stepped_up(kanda_request_t *kr)
{
    kanda_api_need(kanda_auth_proven(kr, KANDA_AUTH_WRONG_LOGIN));

    return kanda_auth_done(kr);
}


ngx_int_t
kanda_auth_disable(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "token", 1, NULL, kanda_auth_disable_send, kanda_auth_disabled
    };

    if (kr->conf->two_factor) {
        return kanda_auth_error(kr, KANDA_AUTH_FACTOR_REQUIRED);
    }

    return kanda_proof(kr, &form);
}


static ngx_int_t
kanda_auth_disable_send(kanda_request_t *kr)
{
    kanda_proof_state_t  *s;

    s = kr->state;

    return kanda_factor_disable(&kr->store, &s->proof, kanda_token_dead(kr));
}


/* The token that called says that there is a factor, and is dead. */

static ngx_int_t
kanda_auth_disabled(kanda_request_t *kr)
{
    kanda_session_t       session;
    kanda_proof_state_t  *s;

    s = kr->state;

    kanda_api_need(kanda_auth_proven(kr, KANDA_AUTH_WRONG_CODE));

    session.sid = kr->store.sid;
    session.generation = 0;
    session.email = s->proof.email;
    session.two_factor = 0;

    return kanda_auth_access(kr, &session) == NGX_OK ? kanda_auth_done(kr)
                                                     : NGX_ERROR;
}


ngx_int_t
kanda_auth_recovery(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "token", 1, kanda_auth_recovery_prepare, kanda_auth_recovery_send,
        kanda_auth_recovered
    };

    return kanda_proof(kr, &form);
}


static ngx_int_t
kanda_auth_recovery_prepare(kanda_request_t *kr)
{
    kanda_auth_recovery_t  *s;

    s = kr->state;

    return kanda_recovery_fresh(kr, NULL, &s->codes);
}


static ngx_int_t
kanda_auth_recovery_send(kanda_request_t *kr)
{
    kanda_auth_recovery_t  *s;

    s = kr->state;

    return kanda_factor_recovery(&kr->store, &s->proof.proof, s->codes.digests,
                                 KANDA_RECOVERY_COUNT);
}


static ngx_int_t
kanda_auth_recovered(kanda_request_t *kr)
{
    kanda_auth_recovery_t  *s;

    s = kr->state;

    kanda_api_need(kanda_auth_proven(kr, KANDA_AUTH_WRONG_CODE));

    return kanda_recovery_answer(kr, NGX_HTTP_OK, NULL, &s->codes);
}
