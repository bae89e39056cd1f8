#include "ngx_http_kanda.h"
#include "kanda_apikey.h"
#include "kanda_base64url.h"
#include "kanda_text.h"


#define KANDA_AGENT_MAX  200            /* bytes of a user agent in the log */
#define KANDA_JTI_LEN    22             /* base64url of 128 bits */


static ngx_int_t kanda_credentials_find(kanda_request_t *kr,
    ngx_str_t *credentials);
static ngx_uint_t kanda_credentials_is_key(const ngx_str_t *value);
static ngx_int_t kanda_credentials_bearer(ngx_str_t *value);
static ngx_int_t kanda_credentials_token(kanda_request_t *kr,
    const ngx_str_t *token);
static ngx_int_t kanda_credentials_keep(kanda_request_t *kr,
    const kanda_jwt_claims_t *claims);


ngx_int_t
kanda_credentials(kanda_request_t *kr)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = kanda_credentials_find(kr, &value);
    if (rc != NGX_OK) {
        return rc;
    }

    if (kanda_credentials_is_key(&value)) {
        return kanda_credentials_key(kr, &value);
    }

    return kr->conf->dialect->tokens ? kanda_credentials_token(kr, &value)
                                     : NGX_HTTP_UNAUTHORIZED;
}


static ngx_int_t
kanda_credentials_find(kanda_request_t *kr, ngx_str_t *credentials)
{
    ngx_http_request_t  *r;

    r = kr->request;

    if (r->headers_in.authorization && kr->conf->dialect->bearer) {
        *credentials = r->headers_in.authorization->value;
        return kanda_credentials_bearer(credentials);
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
kanda_credentials_token(kanda_request_t *kr, const ngx_str_t *token)
{
    int                  rc;
    ngx_str_t           *realm, *issuer;
    kanda_jwt_claims_t   claims;

    realm = &kr->conf->realm;
    issuer = &kr->conf->issuer;

    rc = kanda_jwt_cache_verify(kr->main->worker.tokens, kr->main->ring,
                                (char *) token->data, token->len,
                                (char *) issuer->data, issuer->len, kr->now,
                                &claims);

    if (rc != 0) {
        return rc == -1 ? NGX_HTTP_UNAUTHORIZED : NGX_ERROR;
    }

    /* nothing here makes sessions, so that a token of one cannot be alive */

    if (claims.use != KANDA_JWT_ACCESS || claims.sid.len
        || claims.realm.len != realm->len
        || ngx_memcmp(claims.realm.data, realm->data, realm->len) != 0
        || !kanda_account_id_valid(claims.sub.data, claims.sub.len))
    {
        return NGX_HTTP_UNAUTHORIZED;
    }

    return kanda_credentials_keep(kr, &claims);
}


static ngx_int_t
kanda_credentials_keep(kanda_request_t *kr, const kanda_jwt_claims_t *claims)
{
    u_char         *p;
    kanda_store_t  *st;

    st = &kr->store;

    p = ngx_pnalloc(kr->request->pool,
                    claims->sub.len + claims->jti.len + claims->key.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    st->kind = KANDA_CALLER_TOKEN;

    st->account.data = p;
    st->account.len = claims->sub.len;
    p = ngx_cpymem(p, claims->sub.data, claims->sub.len);

    st->jti.data = p;
    st->jti.len = claims->jti.len;
    p = ngx_cpymem(p, claims->jti.data, claims->jti.len);

    st->key.data = p;
    st->key.len = claims->key.len;
    ngx_memcpy(p, claims->key.data, claims->key.len);

    kr->token_life = claims->exp - claims->iat;

    return NGX_OK;
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


ngx_int_t
kanda_token_make(kanda_request_t *kr, const ngx_str_t *key, int64_t expires,
    ngx_str_t *token)
{
    char                jti[KANDA_JTI_LEN];
    uint8_t             random[16];
    kanda_store_t      *st;
    kanda_jwt_claims_t  claims;

    st = &kr->store;
    ngx_memzero(&claims, sizeof(kanda_jwt_claims_t));

    if (kanda_random(random, sizeof(random)) != 0) {
        return NGX_ERROR;
    }

    (void) kanda_base64url_encode(jti, random, sizeof(random));

    claims.use = KANDA_JWT_ACCESS;
    claims.iat = kr->now;
    claims.exp = kr->now + kr->conf->token_ttl;

    if (expires) {
        claims.exp = ngx_min(claims.exp, expires / 1000);
    }

    if (kanda_jwt_text_set(&claims.iss, (char *) kr->conf->issuer.data,
                           kr->conf->issuer.len) != 0
        || kanda_jwt_text_set(&claims.sub, (char *) st->account.data,
                              st->account.len) != 0
        || kanda_jwt_text_set(&claims.jti, jti, sizeof(jti)) != 0
        || kanda_jwt_text_set(&claims.realm, (char *) st->realm.data,
                              st->realm.len) != 0
        || kanda_jwt_text_set(&claims.key, (char *) key->data, key->len) != 0)
    {
        return NGX_ERROR;
    }

    token->data = ngx_pnalloc(kr->request->pool, KANDA_JWT_SIGNED_MAX);
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    token->len = kanda_jwt_sign(kr->main->ring, &claims,
                                (char *) token->data);

    return token->len ? NGX_OK : NGX_ERROR;
}
