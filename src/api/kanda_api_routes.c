#include "kanda_api.h"
#include "kanda_store_account.h"


#define KANDA_PROBLEM_SIZE  640
#define KANDA_OFFSET_MAX    1000000


/* A clientId may be called like a route: method and path are matched together,
 * and the first row that fits is taken. */

static const kanda_route_t  kanda_api_routes[] = {

    { NGX_HTTP_POST, "auth/register", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_api_register, sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_POST, "auth/login", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_api_login, sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_POST, "auth/2fa/verify", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_api_2fa_verify, sizeof(kanda_proof_state_t), 0 },

    { NGX_HTTP_POST, "auth/token", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_api_token, sizeof(int64_t), 0 },

    { NGX_HTTP_POST, "auth/logout", KANDA_AUTH_CALLER, 0, KANDA_BODY_NONE,
      kanda_api_logout, 0, 0 },

    { NGX_HTTP_GET, "auth/me", KANDA_AUTH_CALLER, 0, KANDA_BODY_NONE,
      kanda_api_me, sizeof(kanda_account_t), 0 },

    { NGX_HTTP_POST, "totp/register", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_JSON,
      kanda_api_client_register, sizeof(kanda_api_client_t), 0 },

    { NGX_HTTP_POST, "totp/validate", KANDA_AUTH_CALLER,
      KANDA_SCOPE_VALIDATE, KANDA_BODY_JSON,
      kanda_api_validate, sizeof(kanda_api_validate_t), 1 },

    { NGX_HTTP_GET, "totp/qrcode/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client_qrcode, sizeof(kanda_api_client_t), 0 },

    { NGX_HTTP_GET, "totp", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_clients, sizeof(kanda_api_clients_t), 0 },

    { NGX_HTTP_GET, "totp/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client, sizeof(kanda_api_clients_t), 0 },

    { NGX_HTTP_DELETE, "totp/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client_delete, 0, 0 },

    { NGX_HTTP_POST, "totp/rotate/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client_rotate, sizeof(kanda_api_client_t), 0 },

    { NGX_HTTP_POST, "totp/unlock/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client_unlock, 0, 0 },

    { NGX_HTTP_POST, "totp/recovery/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_CLIENTS, KANDA_BODY_NONE,
      kanda_api_client_recovery, sizeof(kanda_recovery_codes_t), 0 },

    { NGX_HTTP_POST, "apikeys", KANDA_AUTH_CALLER,
      KANDA_SCOPE_KEYS, KANDA_BODY_JSON,
      kanda_api_apikey_create, sizeof(kanda_api_apikey_t), 0 },

    { NGX_HTTP_GET, "apikeys", KANDA_AUTH_CALLER,
      KANDA_SCOPE_KEYS, KANDA_BODY_NONE,
      kanda_api_apikeys, sizeof(kanda_apikey_page_t), 0 },

    { NGX_HTTP_DELETE, "apikeys/:", KANDA_AUTH_CALLER,
      KANDA_SCOPE_KEYS, KANDA_BODY_NONE,
      kanda_api_apikey_revoke, 0, 0 },

    { NGX_HTTP_GET, "logs", KANDA_AUTH_CALLER,
      KANDA_SCOPE_LOGS, KANDA_BODY_NONE,
      kanda_api_logs, sizeof(kanda_api_logs_t), 0 }
};


const kanda_dialect_t  kanda_api_dialect = {
    ngx_string("api"),
    kanda_api_routes,
    sizeof(kanda_api_routes) / sizeof(kanda_api_routes[0]),
    1,
    1,
    kanda_api_problem,
    1,
    NULL,
    0,
    NULL
};


ngx_int_t
kanda_api_page(kanda_request_t *kr, kanda_api_page_t *page, ngx_int_t most,
    ngx_int_t usual)
{
    ngx_int_t  rc;

    rc = kanda_query_int(kr, "limit", 1, most, usual, &page->limit);

    return rc == NGX_OK ? kanda_query_int(kr, "offset", 0, KANDA_OFFSET_MAX, 0,
                                          &page->offset)
                        : rc;
}


void
kanda_api_page_end(kanda_json_out_t *out, const kanda_api_page_t *page,
    int64_t total)
{
    kanda_json_close(out, ']');
    kanda_json_int(out, "total", total);
    kanda_json_int(out, "limit", (int64_t) page->limit);
    kanda_json_int(out, "offset", (int64_t) page->offset);
    kanda_json_close(out, '}');
}


/* RFC 9457.  A failed validate says "valid": false besides, for clients that
 * look at nothing else. */

ngx_int_t
kanda_api_problem(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail)
{
    u_char                       type[64], *p;
    ngx_str_t                    body;
    kanda_json_out_t             out;
    const kanda_problem_info_t  *info;

    info = kanda_problem_info(problem);

    if (kanda_json_begin(kr, &out, KANDA_PROBLEM_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_snprintf(type, sizeof(type), "urn:kanda:problem:%V", &info->code);

    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, "type", (char *) type, p - type);
    kanda_json_str(&out, "title", info->title, ngx_strlen(info->title));
    kanda_json_int(&out, "status", (int64_t) info->status);
    kanda_json_str(&out, "detail", detail, ngx_strlen(detail));
    kanda_json_str(&out, "code", (char *) info->code.data, info->code.len);

    if (kr->route->verdict) {
        kanda_json_bool(&out, "valid", 0);
    }

    kanda_json_close(&out, '}');

    body.data = (u_char *) out.start;
    body.len = kanda_json_length(&out);

    return kanda_text_answer(kr, info->status, "application/problem+json",
                             &body);
}
