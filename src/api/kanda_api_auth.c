#include "kanda_api.h"
#include "kanda_password.h"
#include "kanda_store_account.h"
#include "kanda_text.h"


#define KANDA_LOGIN_ATTEMPTS   5
#define KANDA_LOGIN_WINDOW     (15 * 60 * 1000)     /* ms */
#define KANDA_DEAD_GRACE       60                   /* s past a token's exp */


static ngx_int_t kanda_api_email(kanda_request_t *kr, ngx_str_t *email);
static ngx_int_t kanda_api_new_password(kanda_request_t *kr,
    const ngx_str_t *email, ngx_str_t *password);
static ngx_int_t kanda_api_token_answer(kanda_request_t *kr,
    const ngx_str_t *key, int64_t expires);


ngx_int_t
kanda_api_register(kanda_request_t *kr)
{
    kanda_kdf_t           *kdf;
    kanda_json_out_t       out;
    kanda_api_password_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;

    kanda_begin(kr);

    kanda_api_need(kanda_api_email(kr, &s->email));
    kanda_api_need(kanda_api_new_password(kr, &s->email, &s->password));

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
    kanda_await(kr, kanda_account_create(&kr->store, &s->email, s->fresh));

    if (kr->store.status == KANDA_STATUS_EXISTS) {
        return kanda_problem(kr, KANDA_EMAIL_TAKEN);
    }

    if (kanda_json_begin(kr, &out, 256 + 2 * KANDA_EMAIL_MAX) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_api_text(&out, "email", &s->email);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_CREATED, &out);

    kanda_end(kr);
}


/* An unknown email goes the same way as a known one with a wrong password, hash
 * and all: only the scripts know the difference. */

ngx_int_t
kanda_api_login(kanda_request_t *kr)
{
    kanda_kdf_t           *kdf;
    kanda_api_password_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;

    kanda_begin(kr);

    kanda_api_need(kanda_api_email(kr, &s->email));
    kanda_api_need(kanda_field_need(kr, "password", &s->password));

    if (s->password.len > KANDA_PASSWORD_BYTES) {
        return kanda_api_invalid(kr, "password is longer than any can be.");
    }

    /* before the attempt is charged: a full queue is not the caller's fault */

    if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_account_select(&kr->store, &s->email) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_account_login_begin(&kr->store, KANDA_LOGIN_ATTEMPTS,
                                              KANDA_LOGIN_WINDOW, &s->phc));

    if (kr->store.status == KANDA_STATUS_LOCKED) {
        return kanda_problem(kr, KANDA_TOO_MANY_ATTEMPTS);
    }

    if (s->phc.len == 0) {
        s->phc.data = (u_char *) kanda_password_dummy();
        s->phc.len = ngx_strlen(s->phc.data);
    }

    kanda_await(kr, kanda_kdf_verify(kdf, &kr->kdf_slot, &kr->waiter,
                                     &s->password, &s->phc, &s->verdict));

    /* where the queue is full the next login will do */

    if (s->verdict.match && s->verdict.outdated
        && kanda_kdf_reserve(kdf, &kr->kdf_slot) == NGX_OK)
    {
        kanda_await(kr, kanda_kdf_hash(kdf, &kr->kdf_slot, &kr->waiter,
                                       &s->password, s->fresh));
    }

    kanda_await(kr, kanda_account_login_end(&kr->store, s->verdict.match,
                                            &s->phc,
                                            s->fresh[0] ? s->fresh : NULL));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_INVALID_CREDENTIALS);
    }

    return kanda_api_token_answer(kr, &kr->store.key, 0);

    kanda_end(kr);
}


ngx_int_t
kanda_api_token(kanda_request_t *kr)
{
    ngx_str_t  key;
    int64_t   *expires;

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

    return kanda_api_token_answer(kr, &kr->store.key, *expires);

    kanda_end(kr);
}


ngx_int_t
kanda_api_logout(kanda_request_t *kr)
{
    static ngx_str_t  revoked = ngx_string("{\"revoked\":true}");

    int64_t  life;

    kanda_begin(kr);

    if (kr->store.kind != KANDA_CALLER_TOKEN) {
        return kanda_api_invalid(kr, "An API key is revoked, not logged out: "
                                 "DELETE apikeys/:id.");
    }

    /* its whole life, for another host's clock may be behind this one's */

    life = kr->token_life + KANDA_DEAD_GRACE;

    kanda_await(kr, kanda_account_token_revoke(&kr->store, life * 1000));

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
kanda_api_email(kanda_request_t *kr, ngx_str_t *email)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   text;

    rc = kanda_field_need(kr, "email", &text);
    if (rc != NGX_OK) {
        return rc;
    }

    p = ngx_pnalloc(kr->request->pool, text.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (kanda_email_canonical((char *) p, (char *) text.data, text.len) != 0) {
        (void) kanda_api_invalid(kr, "email must be an email address of at "
                                 "most 254 bytes.");
        return NGX_DECLINED;
    }

    email->data = p;
    email->len = text.len;

    return NGX_OK;
}


static ngx_int_t
kanda_api_new_password(kanda_request_t *kr, const ngx_str_t *email,
    ngx_str_t *password)
{
    static const char  *details[] = {
        [KANDA_PASSWORD_SHORT] = "password must have at least 8 characters.",
        [KANDA_PASSWORD_LONG] = "password must have at most 128 characters.",
        [KANDA_PASSWORD_INVALID] = "password must be valid UTF-8.",
        [KANDA_PASSWORD_IS_EMAIL] = "password must not be the email."
    };

    ngx_int_t               rc;
    kanda_password_check_t  check;

    rc = kanda_field_need(kr, "password", password);
    if (rc != NGX_OK) {
        return rc;
    }

    check = kanda_password_check((char *) password->data, password->len,
                                 (char *) email->data, email->len);

    if (check != KANDA_PASSWORD_OK) {
        (void) kanda_api_invalid(kr, details[check]);
        return NGX_DECLINED;
    }

    if (kanda_blocklist_has(kr->main->blocklist, password)) {
        (void) kanda_api_invalid(kr, "password is one of the most common.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
kanda_api_token_answer(kanda_request_t *kr, const ngx_str_t *key,
    int64_t expires)
{
    u_char            *p;
    int64_t            left;
    ngx_str_t          token, body;

    static const char  head[] = "{\"token\":\"";
    static const char  middle[] = "\",\"expiresIn\":\"";

    if (kanda_token_make(kr, key, expires, &token) != NGX_OK) {
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

    left = expires ? expires / 1000 - kr->now : kr->conf->token_ttl;

    if (left < kr->conf->token_ttl) {
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
