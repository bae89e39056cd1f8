#include "kanda_script.h"
#include "kanda_scripts.h"


#define kanda_script_entry(id)                                                \
    [KANDA_SCRIPT_ ## id] = { #id, ngx_string(KANDA_LUA_ ## id), { 0 } }


static ngx_int_t kanda_script_loaded(void *out, const redisReply *reply);


#define kanda_event_entry(id)                                                 \
    [KANDA_SCRIPT_ ## id] = ngx_string(KANDA_EVENT_ ## id)


static kanda_redis_script_t  kanda_script_table[KANDA_SCRIPTS] = {
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
    kanda_script_entry(ADMIN_LOG),
    kanda_script_entry(ADMIN_LOGGED),
    kanda_script_entry(ADMIN_CREATE),
    kanda_script_entry(ADMIN_INVITE),
    kanda_script_entry(ADMIN_SHOW),
    kanda_script_entry(ADMIN_DISABLE),
    kanda_script_entry(ADMIN_ENABLE),
    kanda_script_entry(ADMIN_RESET_FACTOR),
    kanda_script_entry(ADMIN_DELETE),
    kanda_script_entry(INVITATION_BEGIN),
    kanda_script_entry(INVITATION_END),
    kanda_script_entry(CANARY)
};


static const ngx_str_t  kanda_script_events[KANDA_SCRIPTS] = {
    kanda_event_entry(AUTHORIZE),
    kanda_event_entry(ACCOUNT_CREATE),
    kanda_event_entry(ACCOUNT_GET),
    kanda_event_entry(LOGIN_BEGIN),
    kanda_event_entry(LOGIN_END),
    kanda_event_entry(TOKEN_CREATE),
    kanda_event_entry(TOKEN_REVOKE),
    kanda_event_entry(CLIENT_CREATE),
    kanda_event_entry(CLIENT_LIST),
    kanda_event_entry(CLIENT_SHOW),
    kanda_event_entry(CLIENT_ROTATE),
    kanda_event_entry(CLIENT_UNLOCK),
    kanda_event_entry(CLIENT_DELETE),
    kanda_event_entry(RECOVERY_CREATE),
    kanda_event_entry(JUDGE),
    kanda_event_entry(APIKEY_CREATE),
    kanda_event_entry(APIKEY_LIST),
    kanda_event_entry(APIKEY_REVOKE),
    kanda_event_entry(LOG_LIST),
    kanda_event_entry(STATELESS),
    kanda_event_entry(STATELESS_ONCE),
    kanda_event_entry(SESSION_REFRESH),
    kanda_event_entry(SESSION_END),
    kanda_event_entry(SESSION_LIST),
    kanda_event_entry(PASSWORD_CHANGE),
    kanda_event_entry(ACCOUNT_DELETE),
    kanda_event_entry(FACTOR_BEGIN),
    kanda_event_entry(FACTOR_ENABLE),
    kanda_event_entry(FACTOR_VERIFY),
    kanda_event_entry(FACTOR_STEP_UP),
    kanda_event_entry(FACTOR_DISABLE),
    kanda_event_entry(FACTOR_RECOVERY),
    kanda_event_entry(GATE_TOUCH),
    kanda_event_entry(GATE_TOKEN),
    kanda_event_entry(ACCOUNTS_ADD),
    kanda_event_entry(ACCOUNTS_DROP),
    kanda_event_entry(ACCOUNTS_LIST),
    kanda_event_entry(ADMIN_LOG),
    kanda_event_entry(ADMIN_LOGGED),
    kanda_event_entry(ADMIN_CREATE),
    kanda_event_entry(ADMIN_INVITE),
    kanda_event_entry(ADMIN_SHOW),
    kanda_event_entry(ADMIN_DISABLE),
    kanda_event_entry(ADMIN_ENABLE),
    kanda_event_entry(ADMIN_RESET_FACTOR),
    kanda_event_entry(ADMIN_DELETE),
    kanda_event_entry(INVITATION_BEGIN),
    kanda_event_entry(INVITATION_END),
    kanda_event_entry(CANARY)
};


ngx_int_t
kanda_script_init(void)
{
    ngx_uint_t  i;

    for (i = 0; i < KANDA_SCRIPTS; i++) {
        if (kanda_redis_script_init(&kanda_script_table[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


const kanda_redis_script_t *
kanda_script(kanda_script_id_t id)
{
    return &kanda_script_table[id];
}


const ngx_str_t *
kanda_script_event(kanda_script_id_t id)
{
    return &kanda_script_events[id];
}


ngx_int_t
kanda_script_load(kanda_redis_t *rd)
{
    ngx_uint_t  i;
    ngx_str_t   args[3];

    ngx_str_set(&args[0], "SCRIPT");
    ngx_str_set(&args[1], "LOAD");

    for (i = 0; i < KANDA_SCRIPTS; i++) {
        args[2] = kanda_script_table[i].text;

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
