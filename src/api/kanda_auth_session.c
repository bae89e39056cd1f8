#include "kanda_auth.h"
#include "kanda_cookie.h"
#include "kanda_refresh.h"
#include "kanda_text.h"
#include "kanda_token.h"


/* Bytes that one session takes in JSON, at most: its user agent may be 200
 * bytes that each want a backslash. */
#define KANDA_SESSION_JSON  (2 * 200 + 512)


static ngx_int_t kanda_auth_access_make(kanda_request_t *kr,
    const kanda_session_t *session, ngx_str_t *token);
static ngx_int_t kanda_auth_session_token(kanda_request_t *kr,
    const kanda_session_t *session, kanda_digest_t use, int64_t generation,
    ngx_str_t *token);
static ngx_int_t kanda_auth_gate(kanda_request_t *kr,
    const kanda_session_t *session);
static ngx_int_t kanda_auth_deleted(kanda_request_t *kr);


ngx_int_t
kanda_auth_tokens(kanda_request_t *kr, const kanda_session_t *session)
{
    ngx_str_t         access, refresh;
    kanda_json_out_t  out;

    if (kanda_auth_access_make(kr, session, &access) != NGX_OK
        || kanda_auth_session_token(kr, session, KANDA_DIGEST_REFRESH,
                                    session->generation, &refresh)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!kanda_token_bearer_mode(kr)) {
        return kanda_cookie_set(kr, KANDA_COOKIE_ACCESS, &access) == NGX_OK
               && kanda_cookie_set(kr, KANDA_COOKIE_REFRESH, &refresh)
                  == NGX_OK
               && kanda_csrf_set(kr) == NGX_OK
               && kanda_auth_gate(kr, session) == NGX_OK
               ? kanda_auth_done(kr) : NGX_ERROR;
    }

    if (kanda_json_begin(kr, &out, 128 + access.len + refresh.len) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_bool(&out, "success", 1);
    kanda_api_text(&out, "accessToken", &access);
    kanda_api_text(&out, "refreshToken", &refresh);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


static ngx_int_t
kanda_auth_gate(kanda_request_t *kr, const kanda_session_t *session)
{
    ngx_str_t  cookie;

    if (!session->gated) {
        return NGX_OK;
    }

    if (kanda_auth_session_token(kr, session, KANDA_DIGEST_GATE, 1, &cookie)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_cookie_set(kr, KANDA_COOKIE_GATE, &cookie);
}


ngx_int_t
kanda_auth_access(kanda_request_t *kr, const kanda_session_t *session)
{
    ngx_str_t  access;

    if (kanda_cookie_find(kr, KANDA_COOKIE_ACCESS, &access) != NGX_OK) {
        return NGX_OK;
    }

    if (kanda_auth_access_make(kr, session, &access) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_cookie_set(kr, KANDA_COOKIE_ACCESS, &access);
}


static ngx_int_t
kanda_auth_access_make(kanda_request_t *kr, const kanda_session_t *session,
    ngx_str_t *token)
{
    kanda_token_t        what;
    kanda_jwt_profile_t  profile;

    profile.email = (char *) session->email.data;
    profile.email_len = session->email.len;
    profile.totp = session->two_factor;

    ngx_memzero(&what, sizeof(kanda_token_t));
    what.use = KANDA_JWT_ACCESS;
    what.ttl = KANDA_ACCESS_TTL;
    what.sid = session->sid;
    what.profile = &profile;

    return kanda_token_make(kr, &what, token);
}


/* What names a session to whoever brings it: to refresh, a refresh token; to a
 * gate, a cookie of the same form. */

static ngx_int_t
kanda_auth_session_token(kanda_request_t *kr, const kanda_session_t *session,
    kanda_digest_t use, int64_t generation, ngx_str_t *token)
{
    token->data = ngx_pnalloc(kr->request->pool, KANDA_REFRESH_MAX);
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    token->len = kanda_refresh_make(kr->main->ring->hmac[use],
                                    (char *) kr->conf->realm.data,
                                    kr->conf->realm.len,
                                    (char *) kr->store.account.data,
                                    (char *) session->sid.data,
                                    generation, (char *) token->data);

    return token->len ? NGX_OK : NGX_ERROR;
}


/* That header comes from our own pages and from apps alone: a browser asks the
 * server before a page may send it elsewhere, and we never say yes. */

ngx_uint_t
kanda_auth_foreign(kanda_request_t *kr)
{
    return !kanda_token_bearer_mode(kr) && kanda_origin_foreign(kr);
}


ngx_int_t
kanda_auth_done(kanda_request_t *kr)
{
    static ngx_str_t  success = ngx_string("{\"success\":true}");

    return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &success);
}


ngx_int_t
kanda_auth_me(kanda_request_t *kr)
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
    kanda_api_text(&out, "sub", &kr->store.account);
    kanda_api_text(&out, "email", &account->email);
    kanda_json_str(&out, "loginProvider", "local", 5);
    kanda_json_bool(&out, "isEmailVerified", 0);
    kanda_json_bool(&out, "isTotpEnabled", account->two_factor);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


ngx_int_t
kanda_auth_sessions(kanda_request_t *kr)
{
    ngx_uint_t             i;
    kanda_json_out_t       out;
    kanda_session_info_t  *info;
    kanda_session_page_t  *page;

    page = kr->state;

    kanda_begin(kr);

    kanda_await(kr, kanda_session_list(&kr->store, page));

    if (kanda_json_begin(kr, &out, 64 + page->n * KANDA_SESSION_JSON) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "sessions", '[');

    for (i = 0; i < page->n; i++) {
        info = &page->sessions[i];

        kanda_json_open(&out, NULL, '{');
        kanda_api_text(&out, "sessionHandle", &info->sid);
        kanda_api_text(&out, "userId", &kr->store.account);
        kanda_api_text(&out, "userAgent", &info->agent);
        kanda_api_text(&out, "ipAddress", &info->ip);
        kanda_json_time(&out, "expiresAt", info->expires);
        kanda_json_time(&out, "createdAt", info->created);
        kanda_json_close(&out, '}');
    }

    kanda_json_close(&out, ']');
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


ngx_int_t
kanda_auth_session_end(kanda_request_t *kr)
{
    kanda_begin(kr);

    kanda_await(kr, kanda_session_end(&kr->store, &kr->segment));

    return kr->store.status == KANDA_STATUS_OK
           ? kanda_auth_done(kr) : kanda_auth_error(kr, KANDA_AUTH_NO_SESSION);

    kanda_end(kr);
}


ngx_int_t
kanda_auth_change_password(kanda_request_t *kr)
{
    static const kanda_password_form_t  form = {
        "currentPassword", "newPassword", kanda_account_password, 0,
        kanda_auth_done
    };

    return kanda_password_use(kr, &form);
}


ngx_int_t
kanda_auth_delete_account(kanda_request_t *kr)
{
    static const kanda_password_form_t  form = {
        "password", NULL, kanda_account_delete, 1, kanda_auth_deleted
    };

    return kanda_password_use(kr, &form);
}


static ngx_int_t
kanda_auth_deleted(kanda_request_t *kr)
{
    return kanda_cookie_clear(kr) == NGX_OK ? kanda_auth_done(kr) : NGX_ERROR;
}
