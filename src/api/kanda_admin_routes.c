#include "kanda_admin.h"


static const kanda_route_t  kanda_admin_routes[] = {

    { NGX_HTTP_POST, "accounts", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_admin_account_create, sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_GET, "accounts", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_admin_accounts, sizeof(kanda_admin_accounts_t), 0 },

    { NGX_HTTP_GET, "accounts/:", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_admin_account, sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_DELETE, "accounts/:", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_admin_account_delete, sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_POST, "accounts/:/disable", KANDA_AUTH_NONE, 0,
      KANDA_BODY_NONE, kanda_admin_account_disable,
      sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_POST, "accounts/:/enable", KANDA_AUTH_NONE, 0,
      KANDA_BODY_NONE, kanda_admin_account_enable,
      sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_POST, "accounts/:/reset-factor", KANDA_AUTH_NONE, 0,
      KANDA_BODY_NONE, kanda_admin_account_reset,
      sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_POST, "accounts/:/invitation", KANDA_AUTH_NONE, 0,
      KANDA_BODY_NONE, kanda_admin_account_invite,
      sizeof(kanda_admin_state_t), 0 },

    { NGX_HTTP_GET, "user-ids", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_admin_user_ids, sizeof(kanda_admin_ids_t), 0 },

    { NGX_HTTP_POST, "accounts/:/reseal", KANDA_AUTH_NONE, 0,
      KANDA_BODY_NONE, kanda_admin_account_reseal,
      sizeof(kanda_admin_reseal_t), 0 },

    { NGX_HTTP_GET, "logs", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_admin_logs, sizeof(kanda_api_logs_t), 0 }
};


const kanda_dialect_t  kanda_admin_dialect = {
    ngx_string("admin"),
    kanda_admin_routes,
    sizeof(kanda_admin_routes) / sizeof(kanda_admin_routes[0]),
    0,
    0,
    kanda_api_problem,
    0,
    NULL,
    1,
    NULL
};
