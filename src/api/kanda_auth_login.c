#include "kanda_auth.h"
#include "kanda_cookie.h"
#include "kanda_token.h"


#define KANDA_REFRESH_GRACE  10         /* s that a token's predecessor has */


static ngx_int_t kanda_auth_registered(kanda_request_t *kr);
static ngx_int_t kanda_auth_logged_in(kanda_request_t *kr);
static ngx_int_t kanda_auth_setup_needed(kanda_request_t *kr);
static ngx_int_t kanda_auth_refresh_find(kanda_request_t *kr,
    ngx_str_t *token);


ngx_int_t
kanda_auth_register(kanda_request_t *kr)
{
    return kanda_register(kr, kanda_auth_registered);
}


static ngx_int_t
kanda_auth_registered(kanda_request_t *kr)
{
    kanda_json_out_t  out;

    if (kanda_json_begin(kr, &out, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_bool(&out, "success", 1);
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_CREATED, &out);
}


ngx_int_t
kanda_auth_login(kanda_request_t *kr)
{
    return kanda_auth_foreign(kr)
           ? kanda_auth_error(kr, KANDA_AUTH_FORGED)
           : kanda_login(kr, 1, kanda_auth_logged_in);
}


static ngx_int_t
kanda_auth_logged_in(kanda_request_t *kr)
{
    kanda_session_t       session;
    kanda_login_state_t  *s;

    s = kr->state;

    if (s->login.required) {
        return kanda_auth_setup_needed(kr);
    }

    session.sid = s->login.session.sid;
    session.generation = 1;
    session.email = s->email;
    session.two_factor = 0;
    session.gated = (s->login.session.limits.len != 0);

    return kanda_auth_tokens(kr, &session);
}


static ngx_int_t
kanda_auth_setup_needed(kanda_request_t *kr)
{
    kanda_json_out_t  out;

    if (kanda_login_temp(kr, KANDA_JWT_2FA_SETUP, "requires2FASetup", &out)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_str(&out, "code", "2FA_SETUP_REQUIRED", 18);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_FORBIDDEN, &out);
}


ngx_int_t
kanda_auth_refresh(kanda_request_t *kr)
{
    ngx_int_t              rc;
    ngx_str_t              token;
    kanda_refresh_t        refresh;
    kanda_auth_refresh_t  *s;

    s = kr->state;

    kanda_begin(kr);

    if (kanda_auth_foreign(kr)) {
        return kanda_auth_error(kr, KANDA_AUTH_FORGED);
    }

    rc = kanda_auth_refresh_find(kr, &token);

    if (rc == NGX_DECLINED) {
        return kanda_auth_error(kr, KANDA_AUTH_NO_REFRESH);
    }

    if (rc == NGX_OK) {
        rc = kanda_token_session(kr, KANDA_DIGEST_REFRESH, &token, &refresh);
    }

    if (rc == NGX_DECLINED) {
        return kanda_auth_error(kr, KANDA_AUTH_BAD_REFRESH);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    kr->store.account.data = (u_char *) refresh.account;
    kr->store.account.len = KANDA_ACCOUNT_ID_LEN;
    s->session.sid.data = (u_char *) refresh.session;
    s->session.sid.len = KANDA_SESSION_LEN;
    s->generation = refresh.generation;

    kanda_await(kr, kanda_session_refresh(&kr->store, s->generation,
                                          (int64_t) KANDA_SESSION_TTL * 1000,
                                          KANDA_REFRESH_GRACE * 1000,
                                          &s->session));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_auth_error(kr, KANDA_AUTH_BAD_REFRESH);
    }

    return kanda_auth_tokens(kr, &s->session);

    kanda_end(kr);
}


/* NGX_OK, or NGX_DECLINED when there is none.  What is no string is a token,
 * and a bad one.  What a cookie keeps from scripts is put in no body. */

static ngx_int_t
kanda_auth_refresh_find(kanda_request_t *kr, ngx_str_t *token)
{
    switch (kanda_field_string(kr, "refreshToken", token)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        return kanda_token_bearer_mode(kr)
               ? NGX_DECLINED
               : kanda_cookie_find(kr, KANDA_COOKIE_REFRESH, token);

    default:
        ngx_str_set(token, ".");
        return NGX_OK;
    }
}
