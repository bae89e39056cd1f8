#include "kanda_api.h"
#include "kanda_text.h"
#include "kanda_token.h"


static ngx_int_t kanda_api_registered(kanda_request_t *kr);
static ngx_int_t kanda_api_logged_in(kanda_request_t *kr);
static ngx_int_t kanda_api_2fa_verified(kanda_request_t *kr);
static ngx_int_t kanda_api_token_answer(kanda_request_t *kr,
    kanda_token_t *what);


ngx_int_t
kanda_api_register(kanda_request_t *kr)
{
    return kanda_register(kr, kanda_api_registered);
}


static ngx_int_t
kanda_api_registered(kanda_request_t *kr)
{
    kanda_json_out_t      out;
    kanda_login_state_t  *s;

    s = kr->state;

    if (kanda_json_begin(kr, &out, 256 + 2 * KANDA_EMAIL_MAX) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_api_text(&out, "email", &s->email);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_CREATED, &out);
}


ngx_int_t
kanda_api_login(kanda_request_t *kr)
{
    return kanda_login(kr, 0, kanda_api_logged_in);
}


static ngx_int_t
kanda_api_logged_in(kanda_request_t *kr)
{
    kanda_token_t         what;
    kanda_login_state_t  *s;

    s = kr->state;

    if (s->login.required) {
        return kanda_problem(kr, KANDA_TWO_FACTOR_REQUIRED);
    }

    ngx_memzero(&what, sizeof(kanda_token_t));
    what.life = s->login.lives;

    return kanda_api_token_answer(kr, &what);
}


ngx_int_t
kanda_api_2fa_verify(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "totpCode", 0, kanda_proof_temporary, kanda_proof_verify,
        kanda_api_2fa_verified
    };

    return kanda_proof(kr, &form);
}


static ngx_int_t
kanda_api_2fa_verified(kanda_request_t *kr)
{
    kanda_token_t  what;

    switch (kr->store.status) {

    case KANDA_STATUS_VALID:
        ngx_memzero(&what, sizeof(kanda_token_t));
        what.life = kr->store.jti;
        what.life.len = KANDA_LIFE_LEN;

        return kanda_api_token_answer(kr, &what);

    case KANDA_STATUS_WRONG:
    case KANDA_STATUS_REPLAYED:
    case KANDA_STATUS_MALFORMED:
        return kanda_problem(kr, KANDA_INVALID_CODE);

    case KANDA_STATUS_LOCKED:
        return kanda_problem(kr, KANDA_LOCKED);

    case KANDA_STATUS_UNKNOWN:
    case KANDA_STATUS_UNAUTHORIZED:
        return kanda_problem(kr, KANDA_INVALID_TOKEN);

    default:
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }
}


ngx_int_t
kanda_api_token(kanda_request_t *kr)
{
    int64_t        *expires;
    ngx_str_t       key;
    kanda_token_t   what;

    expires = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_field_need(kr, "apiKey", &key));

    switch (kanda_credentials_key(kr, &key)) {

    case NGX_OK:
        break;

    case NGX_HTTP_UNAUTHORIZED:
        return kanda_problem(kr, KANDA_INVALID_API_KEY);

    default:
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_account_token_create(&kr->store, expires));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_INVALID_API_KEY);
    }

    ngx_memzero(&what, sizeof(kanda_token_t));
    what.key = kr->store.key;
    what.expires = *expires;

    return kanda_api_token_answer(kr, &what);

    kanda_end(kr);
}


ngx_int_t
kanda_api_logout(kanda_request_t *kr)
{
    static ngx_str_t  revoked = ngx_string("{\"revoked\":true}");

    kanda_begin(kr);

    if (kr->store.kind == KANDA_CALLER_KEY) {
        return kanda_api_invalid(kr, "An API key is revoked, not logged out: "
                                 "DELETE apikeys/:id.");
    }

    kanda_await(kr, kanda_account_token_revoke(&kr->store,
                                               kanda_token_dead(kr)));

    return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &revoked);

    kanda_end(kr);
}


ngx_int_t
kanda_api_me(kanda_request_t *kr)
{
    kanda_account_t   *account;
    kanda_json_out_t   out;

    account = kr->state;

    kanda_begin(kr);

    kanda_await(kr, kanda_account_get(&kr->store, account));

    if (kanda_json_begin(kr, &out, 256 + 2 * KANDA_EMAIL_MAX) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_api_text(&out, "email", &account->email);
    kanda_json_time(&out, "createdAt", account->created);
    kanda_json_bool(&out, "twoFactorEnabled", account->two_factor);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


static ngx_int_t
kanda_api_token_answer(kanda_request_t *kr, kanda_token_t *what)
{
    u_char            *p;
    int64_t            left;
    ngx_str_t          token, body;

    static const char  head[] = "{\"token\":\"";
    static const char  middle[] = "\",\"expiresIn\":\"";

    what->use = KANDA_JWT_ACCESS;
    what->ttl = kr->conf->token_ttl;

    if (kanda_token_make(kr, what, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    body.len = sizeof(head) + token.len + sizeof(middle) + NGX_INT64_LEN
               + kr->conf->token_ttl_text.len + sizeof("s\"}");

    body.data = ngx_pnalloc(kr->request->pool, body.len);
    if (body.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(body.data, head, sizeof(head) - 1);
    p = ngx_cpymem(p, token.data, token.len);
    p = ngx_cpymem(p, middle, sizeof(middle) - 1);

    left = what->expires ? what->expires / 1000 - kr->now : what->ttl;

    if (left < what->ttl) {
        p = ngx_sprintf(p, "%Ls", ngx_max(left, 0));

    } else {
        p = ngx_cpymem(p, kr->conf->token_ttl_text.data,
                       kr->conf->token_ttl_text.len);
    }

    *p++ = '"';
    *p++ = '}';
    body.len = p - body.data;

    return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &body);
}
