#include "kanda_api.h"
#include "kanda_password.h"
#include "kanda_store_realm.h"
#include "kanda_token.h"


#define KANDA_LOGIN_ATTEMPTS   5
#define KANDA_LOGIN_WINDOW     (15 * 60 * 1000)     /* ms */


static ngx_int_t kanda_login_prepare(kanda_request_t *kr, ngx_uint_t session);
static ngx_int_t kanda_login_challenge(kanda_request_t *kr);


ngx_int_t
kanda_register(kanda_request_t *kr, kanda_handler_pt answer)
{
    kanda_kdf_t          *kdf;
    kanda_login_state_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;

    kanda_begin(kr);

    kanda_api_need(kanda_login_email(kr, &s->email));
    kanda_api_need(kanda_login_new_password(kr, "password", &s->email,
                                            &s->password));

    if (!kr->conf->registration) {
        return kanda_problem(kr, KANDA_REGISTRATION_CLOSED);
    }

    if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_account_select(&kr->store, &s->email) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_kdf_hash(kdf, &kr->kdf_slot, &kr->waiter,
                                   &s->password, s->fresh));
    kanda_await(kr, kanda_accounts_add(&kr->store));
    kanda_await(kr, kanda_account_create(&kr->store, &s->email, s->fresh));

    if (kr->store.status == KANDA_STATUS_EXISTS) {
        return kanda_problem(kr, KANDA_EMAIL_TAKEN);
    }

    return answer(kr);

    kanda_end(kr);
}


/* An unknown email goes the same way as a known one with a wrong password, hash
 * and all: only the scripts know the difference. */

ngx_int_t
kanda_login(kanda_request_t *kr, ngx_uint_t session, kanda_handler_pt answer)
{
    kanda_kdf_t          *kdf;
    kanda_login_state_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;

    kanda_begin(kr);

    kanda_api_need(kanda_login_email(kr, &s->email));
    kanda_api_need(kanda_login_password(kr, "password", &s->password));

    if (kanda_login_prepare(kr, session) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    /* before the attempt is charged: a full queue is not the caller's fault */

    if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_account_select(&kr->store, &s->email) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_account_login_begin(&kr->store, KANDA_LOGIN_ATTEMPTS,
                                              KANDA_LOGIN_WINDOW,
                                              &s->outcome.phc));

    if (kr->store.status == KANDA_STATUS_LOCKED) {
        return kanda_problem(kr, KANDA_TOO_MANY_ATTEMPTS);
    }

    if (s->outcome.phc.len == 0) {
        s->outcome.phc.data = (u_char *) kanda_password_dummy();
        s->outcome.phc.len = ngx_strlen(s->outcome.phc.data);
    }

    kanda_await(kr, kanda_kdf_verify(kdf, &kr->kdf_slot, &kr->waiter,
                                     &s->password, &s->outcome.phc,
                                     &s->verdict));

    /* where the queue is full the next login will do */

    if (s->verdict.match && s->verdict.outdated
        && kanda_kdf_reserve(kdf, &kr->kdf_slot) == NGX_OK)
    {
        kanda_await(kr, kanda_kdf_hash(kdf, &kr->kdf_slot, &kr->waiter,
                                       &s->password, s->fresh));
    }

    s->outcome.match = s->verdict.match;
    s->outcome.fresh = s->fresh[0] ? s->fresh : NULL;

    kanda_await(kr, kanda_account_login_end(&kr->store, &s->outcome,
                                            &s->login));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_INVALID_CREDENTIALS);
    }

    return s->login.two_factor ? kanda_login_challenge(kr) : answer(kr);

    kanda_end(kr);
}


static ngx_int_t
kanda_login_prepare(kanda_request_t *kr, ngx_uint_t session)
{
    kanda_login_state_t  *s;

    s = kr->state;
    s->login.required = kr->conf->two_factor;

    if (session && kanda_session_prepare(kr, &s->login.session) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_token_life(s->login.life);
}


ngx_int_t
kanda_login_temp(kanda_request_t *kr, kanda_jwt_use_t use, const char *why,
    kanda_json_out_t *out)
{
    ngx_str_t             token;
    kanda_token_t         what;
    kanda_login_state_t  *s;

    s = kr->state;

    ngx_memzero(&what, sizeof(kanda_token_t));
    what.use = use;
    what.ttl = KANDA_TEMP_TTL;
    what.life = s->login.lives;

    if (kanda_token_make(kr, &what, &token) != NGX_OK
        || kanda_json_begin(kr, out, 256 + token.len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(out, NULL, '{');
    kanda_json_bool(out, why, 1);
    kanda_api_text(out, "tempToken", &token);

    return NGX_OK;
}


static ngx_int_t
kanda_login_challenge(kanda_request_t *kr)
{
    kanda_json_out_t      out;
    kanda_login_state_t  *s;

    s = kr->state;

    if (kanda_login_temp(kr, KANDA_JWT_2FA, "requiresTwoFactor", &out)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, "available2faMethods", '[');
    kanda_json_str(&out, NULL, "totp", 4);

    if (s->login.recovery) {
        kanda_json_str(&out, NULL, "recovery", 8);
    }

    kanda_json_close(&out, ']');
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


/* The attempts of a session count with those of logins: whoever has stolen it
 * does not have the password. */

ngx_int_t
kanda_password_use(kanda_request_t *kr, const kanda_password_form_t *form)
{
    kanda_kdf_t          *kdf;
    kanda_login_state_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;

    kanda_begin(kr);

    kanda_api_need(kanda_login_password(kr, form->field, &s->password));

    if (form->next) {
        kanda_await(kr, kanda_account_get(&kr->store, &s->account));
        kanda_api_need(kanda_login_new_password(kr, form->next,
                                                &s->account.email, &s->next));
    }

    if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_account_login_begin(&kr->store, KANDA_LOGIN_ATTEMPTS,
                                              KANDA_LOGIN_WINDOW,
                                              &s->outcome.phc));

    if (kr->store.status == KANDA_STATUS_LOCKED) {
        return kanda_problem(kr, KANDA_TOO_MANY_ATTEMPTS);
    }

    kanda_await(kr, kanda_kdf_verify(kdf, &kr->kdf_slot, &kr->waiter,
                                     &s->password, &s->outcome.phc,
                                     &s->verdict));

    s->outcome.match = s->verdict.match;
    s->outcome.fresh = s->fresh;

    if (s->verdict.match && form->next) {

        if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
            return kanda_problem(kr, KANDA_UNAVAILABLE);
        }

        kanda_await(kr, kanda_kdf_hash(kdf, &kr->kdf_slot, &kr->waiter,
                                       &s->next, s->fresh));
    }

    kanda_await(kr, form->use(&kr->store, &s->outcome));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_INVALID_CREDENTIALS);
    }

    if (form->last) {
        kanda_attempt(kr, kanda_accounts_drop(&kr->store, 0));
    }

    return form->answer(kr);

    kanda_end(kr);
}
