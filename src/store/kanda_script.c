#include "kanda_script.h"
#include "kanda_scripts.h"


#define kanda_script_entry(id)                                                \
    [KANDA_SCRIPT_ ## id] = {                                                 \
        { #id, ngx_string(KANDA_LUA_ ## id), { 0 } },                         \
        ngx_string(KANDA_EVENT_ ## id)                                        \
    }


static ngx_int_t kanda_script_loaded(void *out, const redisReply *reply);


static struct {
    kanda_redis_script_t  script;
    ngx_str_t             event;        /* that it logs, or empty */
} kanda_script_table[KANDA_SCRIPTS] = {
    kanda_script_entry(AUTHORIZE),
    kanda_script_entry(ACCOUNT_CREATE),
    kanda_script_entry(ACCOUNT_GET),
    kanda_script_entry(LOGIN_BEGIN),
    kanda_script_entry(LOGIN_END),
    kanda_script_entry(TOKEN_CREATE),
    kanda_script_entry(TOKEN_REVOKE),
    kanda_script_entry(CLIENT_CREATE),
    kanda_script_entry(CLIENT_LIST),
    kanda_script_entry(CLIENT_SHOW),
    kanda_script_entry(CLIENT_ROTATE),
    kanda_script_entry(CLIENT_UNLOCK),
    kanda_script_entry(CLIENT_DELETE),
    kanda_script_entry(RECOVERY_CREATE),
    kanda_script_entry(JUDGE),
    kanda_script_entry(APIKEY_CREATE),
    kanda_script_entry(APIKEY_LIST),
    kanda_script_entry(APIKEY_REVOKE),
    kanda_script_entry(LOG_LIST),
    kanda_script_entry(STATELESS),
    kanda_script_entry(STATELESS_ONCE),
    kanda_script_entry(SESSION_REFRESH),
    kanda_script_entry(SESSION_END),
    kanda_script_entry(SESSION_LIST),
    kanda_script_entry(PASSWORD_CHANGE),
    kanda_script_entry(ACCOUNT_DELETE),
    kanda_script_entry(FACTOR_BEGIN),
    kanda_script_entry(FACTOR_ENABLE),
    kanda_script_entry(FACTOR_VERIFY),
    kanda_script_entry(FACTOR_STEP_UP),
    kanda_script_entry(FACTOR_DISABLE),
    kanda_script_entry(FACTOR_RECOVERY),
    kanda_script_entry(GATE_TOUCH),
    kanda_script_entry(GATE_TOKEN),
    kanda_script_entry(ACCOUNTS_ADD),
    kanda_script_entry(ACCOUNTS_DROP),
    kanda_script_entry(ACCOUNTS_LIST),
    kanda_script_entry(ACCOUNTS_SCAN),
    kanda_script_entry(ADMIN_LOG),
    kanda_script_entry(ADMIN_LOGGED),
    kanda_script_entry(ADMIN_CREATE),
    kanda_script_entry(ADMIN_INVITE),
    kanda_script_entry(ADMIN_SHOW),
    kanda_script_entry(ADMIN_DISABLE),
    kanda_script_entry(ADMIN_ENABLE),
    kanda_script_entry(ADMIN_RESET_FACTOR),
    kanda_script_entry(ADMIN_DELETE),
    kanda_script_entry(SEALS_LIST),
    kanda_script_entry(SEALS_PUT),
    kanda_script_entry(INVITATION_BEGIN),
    kanda_script_entry(INVITATION_END),
    kanda_script_entry(CANARY)
};


ngx_int_t
kanda_script_init(void)
{
    ngx_uint_t  i;

    for (i = 0; i < KANDA_SCRIPTS; i++) {
        if (kanda_redis_script_init(&kanda_script_table[i].script) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


const kanda_redis_script_t *
kanda_script(kanda_script_id_t id)
{
    return &kanda_script_table[id].script;
}


const ngx_str_t *
kanda_script_event(kanda_script_id_t id)
{
    return &kanda_script_table[id].event;
}


ngx_int_t
kanda_script_load(kanda_redis_t *rd)
{
    ngx_uint_t  i;
    ngx_str_t   args[3];

    ngx_str_set(&args[0], "SCRIPT");
    ngx_str_set(&args[1], "LOAD");

    for (i = 0; i < KANDA_SCRIPTS; i++) {
        args[2] = kanda_script_table[i].script.text;

        if (kanda_redis_greet(rd, 3, args, kanda_script_loaded, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
kanda_script_loaded(void *out, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? NGX_OK : NGX_ERROR;
}
