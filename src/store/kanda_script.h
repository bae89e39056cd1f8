/*
 * The Lua scripts, one for each change of state, compiled in.
 */

#ifndef KANDA_SCRIPT_H
#define KANDA_SCRIPT_H

#include "kanda_redis.h"


typedef enum {
    KANDA_SCRIPT_AUTHORIZE = 0,
    KANDA_SCRIPT_ACCOUNT_CREATE,
    KANDA_SCRIPT_ACCOUNT_GET,
    KANDA_SCRIPT_LOGIN_BEGIN,
    KANDA_SCRIPT_LOGIN_END,
    KANDA_SCRIPT_TOKEN_CREATE,
    KANDA_SCRIPT_TOKEN_REVOKE,
    KANDA_SCRIPT_CLIENT_CREATE,
    KANDA_SCRIPT_CLIENT_LIST,
    KANDA_SCRIPT_CLIENT_SHOW,
    KANDA_SCRIPT_CLIENT_ROTATE,
    KANDA_SCRIPT_CLIENT_UNLOCK,
    KANDA_SCRIPT_CLIENT_DELETE,
    KANDA_SCRIPT_RECOVERY_CREATE,
    KANDA_SCRIPT_JUDGE,
    KANDA_SCRIPT_APIKEY_CREATE,
    KANDA_SCRIPT_APIKEY_LIST,
    KANDA_SCRIPT_APIKEY_REVOKE,
    KANDA_SCRIPT_LOG_LIST,
    KANDA_SCRIPT_STATELESS,
    KANDA_SCRIPT_STATELESS_ONCE,
    KANDA_SCRIPT_SESSION_REFRESH,
    KANDA_SCRIPT_SESSION_END,
    KANDA_SCRIPT_SESSION_LIST,
    KANDA_SCRIPT_PASSWORD_CHANGE,
    KANDA_SCRIPT_ACCOUNT_DELETE,
    KANDA_SCRIPT_FACTOR_BEGIN,
    KANDA_SCRIPT_FACTOR_ENABLE,
    KANDA_SCRIPT_FACTOR_VERIFY,
    KANDA_SCRIPT_FACTOR_STEP_UP,
    KANDA_SCRIPT_FACTOR_DISABLE,
    KANDA_SCRIPT_FACTOR_RECOVERY,
    KANDA_SCRIPT_GATE_TOUCH,
    KANDA_SCRIPT_GATE_TOKEN,
    KANDA_SCRIPT_CANARY,
    KANDA_SCRIPTS
} kanda_script_id_t;


/* Works out the scripts' SHA-1s; once, before a worker connects. */
ngx_int_t kanda_script_init(void);

/* A script of the table; never NULL. */
const kanda_redis_script_t *kanda_script(kanda_script_id_t id);

/* The access-log event that a script writes; empty when that is told to it or
 * there is none. */
const ngx_str_t *kanda_script_event(kanda_script_id_t id);

/*
 * Loads all scripts into Redis as part of a new connection's greeting.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_script_load(kanda_redis_t *rd);


#endif /* KANDA_SCRIPT_H */
