#include "ngx_http_kanda.h"
#include "kanda_apikey.h"
#include "kanda_cookie.h"
#include "kanda_refresh.h"
#include "kanda_token.h"


static ngx_int_t kanda_tenant_find(kanda_request_t *kr);
static ngx_int_t kanda_tenant_token(kanda_request_t *kr, ngx_str_t *token);
static ngx_int_t kanda_tenant_gate(kanda_request_t *kr);


ngx_int_t
kanda_tenant(ngx_http_request_t *r, ngx_str_t *account)
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

    if (kr->main->ring == NULL) {
        return NGX_DECLINED;
    }

    rc = kanda_tenant_find(kr);
    *account = kr->store.account;

    return rc == NGX_HTTP_UNAUTHORIZED ? NGX_DECLINED : rc;
}


static ngx_int_t
kanda_tenant_find(kanda_request_t *kr)
{
    ngx_str_t  value;

    if (kanda_token_bearer(kr, &value) == NGX_OK) {
        return value.len > 4 && ngx_memcmp(value.data, "kan_", 4) == 0
               ? kanda_credentials_key(kr, &value)
               : kanda_tenant_token(kr, &value);
    }

    if (kanda_header_find(kr->request, "x-api-key", &value) == 1) {
        return kanda_credentials_key(kr, &value);
    }

    if (kanda_cookie_find(kr, KANDA_COOKIE_ACCESS, &value) == NGX_OK) {
        return kanda_tenant_token(kr, &value);
    }

    return kanda_tenant_gate(kr);
}


static ngx_int_t
kanda_tenant_token(kanda_request_t *kr, ngx_str_t *token)
{
    ngx_int_t            rc;
    kanda_jwt_claims_t   claims;

    rc = kanda_token_read(kr, token, 0, &claims);

    return rc == NGX_OK ? kanda_token_caller(kr, &claims) : rc;
}


static ngx_int_t
kanda_tenant_gate(kanda_request_t *kr)
{
    int              rc;
    ngx_str_t        cookie;
    kanda_refresh_t  names;

    if (kanda_cookie_find(kr, KANDA_COOKIE_GATE, &cookie) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = kanda_refresh_read(kr->main->ring->hmac[KANDA_DIGEST_GATE],
                            (char *) kr->conf->realm.data, kr->conf->realm.len,
                            (char *) cookie.data, cookie.len, &names);

    if (rc != 0) {
        return rc == -1 ? NGX_DECLINED : NGX_ERROR;
    }

    kr->store.account.data = (u_char *) names.account;
    kr->store.account.len = KANDA_ACCOUNT_ID_LEN;

    return NGX_OK;
}
