#include "ngx_http_kanda.h"
#include "kanda_apikey.h"
#include "kanda_cookie.h"
#include "kanda_token.h"


/* NGX_OK with the account of kr->store, NGX_DECLINED or NGX_ERROR. */
typedef ngx_int_t (*kanda_tenant_source_pt)(kanda_request_t *kr);


static ngx_int_t kanda_tenant_find(kanda_request_t *kr);
static ngx_int_t kanda_tenant_bearer(kanda_request_t *kr);
static ngx_int_t kanda_tenant_key(kanda_request_t *kr);
static ngx_int_t kanda_tenant_of_key(kanda_request_t *kr,
    const ngx_str_t *key);
static ngx_int_t kanda_tenant_cookie(kanda_request_t *kr);
static ngx_int_t kanda_tenant_token(kanda_request_t *kr, ngx_str_t *token);
static ngx_int_t kanda_tenant_gate(kanda_request_t *kr);


ngx_int_t
kanda_tenant(ngx_http_request_t *r, ngx_str_t *tenant)
{
    ngx_int_t         rc;
    kanda_request_t  *kr;

    kr = ngx_pcalloc(r->pool, sizeof(kanda_request_t));
    if (kr == NULL) {
        return NGX_ERROR;
    }

    kr->request = r;
    kr->main = ngx_http_get_module_main_conf(r, ngx_http_kanda_module);
    kr->conf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);
    kr->store.realm = kr->conf->realm;
    kr->now = ngx_time();

    if (kr->main->worker.tokens == NULL) {
        return NGX_DECLINED;
    }

    rc = kanda_tenant_find(kr);

    if (rc == NGX_OK) {
        *tenant = kr->store.account;
    }

    return rc;
}


/* The first that is right: one that is not is refused, or passed over, by
 * whoever looks at it, and must not hide another.  A gate looks at its cookie
 * first. */

static ngx_int_t
kanda_tenant_find(kanda_request_t *kr)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    const kanda_tenant_source_pt   *sources;

    static const kanda_tenant_source_pt  gated[] = {
        kanda_tenant_gate, kanda_tenant_bearer, kanda_tenant_key,
        kanda_tenant_cookie, NULL
    };

    static const kanda_tenant_source_pt  served[] = {
        kanda_tenant_bearer, kanda_tenant_key, kanda_tenant_cookie,
        kanda_tenant_gate, NULL
    };

    sources = kanda_require_rule(kr->conf) ? gated : served;

    for (i = 0; sources[i]; i++) {
        rc = sources[i](kr);

        if (rc == NGX_OK || rc == NGX_ERROR) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
kanda_tenant_bearer(kanda_request_t *kr)
{
    ngx_str_t  value;

    if (kanda_token_bearer(kr, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    return value.len > 4 && ngx_memcmp(value.data, "kan_", 4) == 0
           ? kanda_tenant_of_key(kr, &value) : kanda_tenant_token(kr, &value);
}


static ngx_int_t
kanda_tenant_key(kanda_request_t *kr)
{
    ngx_str_t  value;

    return kanda_header_find(kr->request, "x-api-key", &value) == 1
           ? kanda_tenant_of_key(kr, &value) : NGX_DECLINED;
}


/* Anybody can write a key that names an account.  With its own id it is no
 * other key, so that nobody uses up a limit of somebody else's. */

static ngx_int_t
kanda_tenant_of_key(kanda_request_t *kr, const ngx_str_t *key)
{
    u_char         *p;
    ngx_int_t       rc;
    kanda_store_t  *st;

    rc = kanda_credentials_key(kr, key);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_DECLINED;
    }

    st = &kr->store;

    p = ngx_pnalloc(kr->request->pool, st->account.len + 1 + st->key.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    st->account.len = ngx_sprintf(p, "%V.%V", &st->account, &st->key) - p;
    st->account.data = p;

    return NGX_OK;
}


static ngx_int_t
kanda_tenant_cookie(kanda_request_t *kr)
{
    ngx_str_t  value;

    return kanda_cookie_find(kr, KANDA_COOKIE_ACCESS, &value) == NGX_OK
           ? kanda_tenant_token(kr, &value) : NGX_DECLINED;
}


/* Half a login is nobody yet. */

static ngx_int_t
kanda_tenant_token(kanda_request_t *kr, ngx_str_t *token)
{
    ngx_int_t            rc;
    kanda_jwt_claims_t   claims;

    rc = kanda_token_read(kr, token, 0, &claims);

    if (rc == NGX_OK && claims.use == KANDA_JWT_ACCESS) {
        return kanda_token_caller(kr, &claims);
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_DECLINED;
}


static ngx_int_t
kanda_tenant_gate(kanda_request_t *kr)
{
    ngx_int_t        rc;
    ngx_str_t        cookie;
    kanda_refresh_t  names;

    if (kanda_cookie_find(kr, KANDA_COOKIE_GATE, &cookie) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = kanda_token_session(kr, KANDA_DIGEST_GATE, &cookie, &names);

    if (rc != NGX_OK) {
        return rc;
    }

    kr->store.account.data = (u_char *) names.account;
    kr->store.account.len = KANDA_ACCOUNT_ID_LEN;

    return NGX_OK;
}
