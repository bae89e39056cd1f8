#include "ngx_http_kanda.h"
#include "kanda_apikey.h"
#include "kanda_cookie.h"
#include "kanda_text.h"
#include "kanda_token.h"


#define KANDA_AGENT_MAX  200            /* bytes of a user agent in the log */


static ngx_int_t kanda_credentials_find(kanda_request_t *kr,
    ngx_str_t *credentials);
static ngx_uint_t kanda_credentials_is_key(const ngx_str_t *value);
static ngx_int_t kanda_credentials_bearer(ngx_str_t *value);
static ngx_int_t kanda_credentials_token(kanda_request_t *kr,
    const ngx_str_t *token, ngx_uint_t bearer);
static ngx_int_t kanda_credentials_cookie(kanda_request_t *kr);


ngx_int_t
kanda_credentials(kanda_request_t *kr)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = kanda_credentials_find(kr, &value);

    if (rc == NGX_DECLINED && kr->dialect->cookies) {
        return kanda_credentials_cookie(kr);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (kanda_credentials_is_key(&value)) {
        return kr->route->auth == KANDA_AUTH_CALLER
               ? kanda_credentials_key(kr, &value) : NGX_HTTP_UNAUTHORIZED;
    }

    return kr->dialect->tokens ? kanda_credentials_token(kr, &value, 1)
                               : NGX_HTTP_UNAUTHORIZED;
}


ngx_int_t
kanda_token_bearer(kanda_request_t *kr, ngx_str_t *token)
{
    if (kr->request->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    *token = kr->request->headers_in.authorization->value;

    return kanda_credentials_bearer(token);
}


static ngx_int_t
kanda_credentials_find(kanda_request_t *kr, ngx_str_t *credentials)
{
    ngx_http_request_t  *r;

    r = kr->request;

    if (r->headers_in.authorization && kr->dialect->bearer) {
        *credentials = r->headers_in.authorization->value;
        return kanda_credentials_bearer(credentials);
    }

    if (kr->route->auth != KANDA_AUTH_CALLER) {
        return NGX_DECLINED;
    }

    switch (kanda_header_find(r, "x-api-key", credentials)) {

    case 0:
        return NGX_DECLINED;

    case 1:
        return kanda_credentials_is_key(credentials) ? NGX_OK
                                                     : NGX_HTTP_UNAUTHORIZED;

    default:
        return NGX_HTTP_UNAUTHORIZED;
    }
}


static ngx_uint_t
kanda_credentials_is_key(const ngx_str_t *value)
{
    return value->len > 4 && ngx_memcmp(value->data, "kan_", 4) == 0;
}


/* RFC 6750, section 2.1: "Bearer" in any case, then the token. */

static ngx_int_t
kanda_credentials_bearer(ngx_str_t *value)
{
    if (value->len < sizeof("Bearer ") - 1
        || ngx_strncasecmp(value->data, (u_char *) "Bearer ",
                           sizeof("Bearer ") - 1)
           != 0)
    {
        return NGX_DECLINED;
    }

    value->data += sizeof("Bearer ") - 1;
    value->len -= sizeof("Bearer ") - 1;

    while (value->len && *value->data == ' ') {
        value->data++;
        value->len--;
    }

    return NGX_OK;
}


ngx_int_t
kanda_credentials_key(kanda_request_t *kr, const ngx_str_t *key)
{
    int             rc;
    u_char         *p;
    const char     *id, *account;
    kanda_store_t  *st;

    st = &kr->store;

    p = ngx_pnalloc(kr->request->pool, KANDA_SHA256_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rc = kanda_apikey_parse((char *) key->data, key->len, &id, &account, p);

    if (rc != 0) {
        return rc == -1 ? NGX_HTTP_UNAUTHORIZED : NGX_ERROR;
    }

    st->kind = KANDA_CALLER_KEY;
    st->key.data = (u_char *) id;
    st->key.len = KANDA_APIKEY_ID_LEN;
    st->account.data = (u_char *) account;
    st->account.len = KANDA_ACCOUNT_ID_LEN;
    st->key_digest.data = p;
    st->key_digest.len = KANDA_SHA256_LEN;

    return NGX_OK;
}


static ngx_int_t
kanda_credentials_token(kanda_request_t *kr, const ngx_str_t *token,
    ngx_uint_t bearer)
{
    ngx_int_t            rc;
    ngx_uint_t           session;
    kanda_jwt_claims_t   claims;

    rc = kanda_token_read(kr, token, 0, &claims);
    if (rc != NGX_OK) {
        return rc;
    }

    session = (kr->route->auth != KANDA_AUTH_CALLER || !bearer);

    if (claims.use == KANDA_JWT_ACCESS && (claims.sid.len || !session)) {
        return kanda_token_caller(kr, &claims);
    }

    if (claims.use == KANDA_JWT_2FA_SETUP && bearer
        && kr->route->auth == KANDA_AUTH_SETUP)
    {
        return kanda_token_caller(kr, &claims);
    }

    return NGX_HTTP_UNAUTHORIZED;
}


/* Any page can make a browser send a cookie; only ours can read the other one
 * and say in a header what it is. */

static ngx_int_t
kanda_credentials_cookie(kanda_request_t *kr)
{
    ngx_str_t   token;
    ngx_uint_t  changes, foreign;

    if (kanda_cookie_find(kr, KANDA_COOKIE_ACCESS, &token) != NGX_OK) {
        return NGX_DECLINED;
    }

    changes = !(kr->request->method & (NGX_HTTP_GET|NGX_HTTP_HEAD));
    foreign = changes && kanda_origin_foreign(kr);

    if (kr->dialect->forged == NULL) {
        return !foreign && kanda_csrf_right(kr)
               ? kanda_credentials_token(kr, &token, 0) : NGX_DECLINED;
    }

    if (foreign || (changes && kr->conf->csrf && !kanda_csrf_right(kr))) {
        return NGX_HTTP_FORBIDDEN;
    }

    return kanda_credentials_token(kr, &token, 0);
}


ngx_int_t
kanda_credentials_origin(kanda_request_t *kr)
{
    u_char              *p;
    ngx_table_elt_t     *agent;
    ngx_http_request_t  *r;

    r = kr->request;
    kr->store.ip = r->connection->addr_text;

    agent = r->headers_in.user_agent;

    if (agent == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, KANDA_AGENT_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    kr->store.agent.data = p;
    kr->store.agent.len = kanda_utf8_scrub((char *) p, KANDA_AGENT_MAX,
                                           (char *) agent->value.data,
                                           agent->value.len);

    return NGX_OK;
}
