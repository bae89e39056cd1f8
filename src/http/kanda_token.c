#include "kanda_token.h"
#include "kanda_base64url.h"
#include "kanda_cookie.h"


#define KANDA_JTI_LEN   22              /* base64url of 128 bits */
#define KANDA_TEMP_JTI  8               /* of 48 bits: it lives for minutes */


static ngx_int_t kanda_token_jti(const kanda_token_t *what,
    kanda_jwt_text_t *jti);
static ngx_int_t kanda_token_copy(kanda_request_t *kr,
    const kanda_jwt_text_t *text, ngx_str_t *out);


ngx_int_t
kanda_token_make(kanda_request_t *kr, const kanda_token_t *what,
    ngx_str_t *token)
{
    kanda_store_t       *st;
    kanda_jwt_claims_t   claims;

    st = &kr->store;
    ngx_memzero(&claims, sizeof(kanda_jwt_claims_t));

    claims.use = what->use;
    claims.iat = kr->now;
    claims.exp = kr->now + what->ttl;
    claims.profile = what->profile;

    if (what->expires) {
        claims.exp = ngx_min(claims.exp, what->expires / 1000);
    }

    if (kanda_token_jti(what, &claims.jti) != NGX_OK
        || kanda_jwt_text_set(&claims.iss, (char *) kr->conf->issuer.data,
                              kr->conf->issuer.len) != 0
        || kanda_jwt_text_set(&claims.sub, (char *) st->account.data,
                              st->account.len) != 0
        || kanda_jwt_text_set(&claims.realm, (char *) st->realm.data,
                              st->realm.len) != 0
        || kanda_jwt_text_set(&claims.key, (char *) what->key.data,
                              what->key.len) != 0
        || kanda_jwt_text_set(&claims.sid, (char *) what->sid.data,
                              what->sid.len) != 0)
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


/* The life of the account that it was made in, then what makes it one of its
 * own; a token that a client may keep in a URL has less of that. */

static ngx_int_t
kanda_token_jti(const kanda_token_t *what, kanda_jwt_text_t *jti)
{
    char     text[KANDA_LIFE_LEN + KANDA_JTI_LEN];
    size_t   len;
    uint8_t  random[16];

    if (what->life.len > KANDA_LIFE_LEN
        || kanda_random(random, sizeof(random)) != 0)
    {
        return NGX_ERROR;
    }

    if (what->life.len) {
        ngx_memcpy(text, what->life.data, what->life.len);
    }

    len = what->life.len + kanda_base64url_encode(text + what->life.len,
                                                  random, sizeof(random));

    if (what->use != KANDA_JWT_ACCESS) {
        len = what->life.len + KANDA_TEMP_JTI;
    }

    return kanda_jwt_text_set(jti, text, len) == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
kanda_token_read(kanda_request_t *kr, const ngx_str_t *text, ngx_uint_t late,
    kanda_jwt_claims_t *claims)
{
    int         rc;
    char       *token;
    ngx_str_t  *realm, *issuer;

    realm = &kr->conf->realm;
    issuer = &kr->conf->issuer;
    token = (char *) text->data;

    rc = late ? kanda_jwt_verify_late(kr->main->ring, token, text->len,
                                      (char *) issuer->data, issuer->len,
                                      kr->now, claims)
              : kanda_jwt_cache_verify(kr->main->worker.tokens,
                                       kr->main->ring, token, text->len,
                                       (char *) issuer->data, issuer->len,
                                       kr->now, claims);

    if (rc != 0) {
        return rc == -1 ? NGX_HTTP_UNAUTHORIZED : NGX_ERROR;
    }

    if (claims->realm.len != realm->len
        || ngx_memcmp(claims->realm.data, realm->data, realm->len) != 0
        || !kanda_account_id_valid(claims->sub.data, claims->sub.len))
    {
        return NGX_HTTP_UNAUTHORIZED;
    }

    return NGX_OK;
}


ngx_int_t
kanda_token_session(kanda_request_t *kr, kanda_digest_t use,
    const ngx_str_t *token, kanda_refresh_t *session)
{
    int  rc;

    rc = kanda_refresh_read(kr->main->ring->hmac[use],
                            (char *) kr->conf->realm.data, kr->conf->realm.len,
                            (char *) token->data, token->len, session);

    return rc == 0 ? NGX_OK : rc == -1 ? NGX_DECLINED : NGX_ERROR;
}


ngx_int_t
kanda_token_caller(kanda_request_t *kr, const kanda_jwt_claims_t *claims)
{
    kanda_store_t  *st;

    st = &kr->store;

    if (kanda_token_copy(kr, &claims->sub, &st->account) != NGX_OK
        || kanda_token_copy(kr, &claims->jti, &st->jti) != NGX_OK
        || kanda_token_copy(kr, &claims->key, &st->key) != NGX_OK
        || kanda_token_copy(kr, &claims->sid, &st->sid) != NGX_OK)
    {
        return NGX_ERROR;
    }

    st->kind = st->sid.len ? KANDA_CALLER_SESSION : KANDA_CALLER_TOKEN;
    st->name.len = 0;
    kr->token_life = claims->exp - claims->iat;

    return NGX_OK;
}


static ngx_int_t
kanda_token_copy(kanda_request_t *kr, const kanda_jwt_text_t *text,
    ngx_str_t *out)
{
    out->len = text->len;

    if (text->len == 0) {
        out->data = NULL;
        return NGX_OK;
    }

    out->data = ngx_pnalloc(kr->request->pool, text->len);
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(out->data, text->data, text->len);

    return NGX_OK;
}


int64_t
kanda_token_dead(kanda_request_t *kr)
{
    return (kr->token_life + KANDA_DEAD_MORE) * 1000;
}


ngx_int_t
kanda_token_life(char life[KANDA_LIFE_LEN])
{
    uint8_t  random[KANDA_LIFE_LEN / 4 * 3];

    if (kanda_random(random, sizeof(random)) != 0) {
        return NGX_ERROR;
    }

    (void) kanda_base64url_encode(life, random, sizeof(random));

    return NGX_OK;
}


ngx_int_t
kanda_session_prepare(kanda_request_t *kr, kanda_session_new_t *session)
{
    session->ms = (int64_t) KANDA_SESSION_TTL * 1000;
    session->limits = kr->conf->gate_limits;

    session->sid.len = KANDA_SESSION_LEN;
    session->sid.data = ngx_pnalloc(kr->request->pool, KANDA_SESSION_LEN);

    return session->sid.data && kanda_session_make((char *) session->sid.data)
                                == 0
           ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
kanda_token_bearer_mode(kanda_request_t *kr)
{
    ngx_str_t  strategy;

    return kanda_header_find(kr->request, "x-auth-strategy", &strategy) == 1
           && strategy.len == 6
           && ngx_memcmp(strategy.data, "bearer", 6) == 0;
}
