#include "kanda_store_account.h"
#include "kanda_store_log.h"


static ngx_int_t kanda_account_read(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target);
static ngx_int_t kanda_account_read_string(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_account_outcome(kanda_store_t *st,
    const kanda_password_outcome_t *outcome);
static ngx_int_t kanda_account_read_login(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_account_read_number(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_account_select(kanda_store_t *st, const ngx_str_t *email)
{
    u_char  *p;

    p = ngx_pnalloc(st->pool, KANDA_ACCOUNT_ID_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (kanda_account_id(st->ring->hmac[KANDA_DIGEST_ACCOUNT],
                         (char *) st->realm.data, st->realm.len,
                         (char *) email->data, email->len, (char *) p)
        != 0)
    {
        return NGX_ERROR;
    }

    st->account.data = p;
    st->account.len = KANDA_ACCOUNT_ID_LEN;
    st->name.len = 0;

    return NGX_OK;
}


ngx_int_t
kanda_account_create(kanda_store_t *st, const ngx_str_t *email,
    const char *phc)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, email->data, email->len);
    kanda_store_arg(st, phc, ngx_strlen(phc));

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNT_CREATE, NULL, NULL);
}


ngx_int_t
kanda_account_get(kanda_store_t *st, kanda_account_t *account)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNT_GET, kanda_account_read,
                            account);
}


static ngx_int_t
kanda_account_read(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_account_t *account = target;

    if (n != 3 || kanda_store_string(st, element[0], &account->email) != NGX_OK)
    {
        return NGX_ERROR;
    }

    account->created = kanda_store_number(element[1]);
    account->two_factor = (kanda_store_number(element[2]) == 1);

    return NGX_OK;
}


ngx_int_t
kanda_account_login_begin(kanda_store_t *st, ngx_uint_t attempts,
    ngx_msec_t ms, ngx_str_t *phc)
{
    if (kanda_store_begin(st) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) attempts) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_LOGIN_BEGIN,
                            kanda_account_read_string, phc);
}


static ngx_int_t
kanda_account_read_string(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    return n == 1 ? kanda_store_string(st, element[0], target) : NGX_ERROR;
}


ngx_int_t
kanda_account_login_end(kanda_store_t *st,
    const kanda_password_outcome_t *outcome, kanda_login_t *login)
{
    if (kanda_account_outcome(st, outcome) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, outcome->fresh,
                    outcome->fresh ? ngx_strlen(outcome->fresh) : 0);
    kanda_store_arg(st, login->life, KANDA_LIFE_LEN);
    kanda_store_arg(st, "required", login->required ? 8 : 0);

    if (kanda_store_arg_session(st, &login->session) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_LOGIN_END,
                            kanda_account_read_login, login);
}


static ngx_int_t
kanda_account_outcome(kanda_store_t *st,
    const kanda_password_outcome_t *outcome)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, outcome->match ? "1" : "0", 1);
    kanda_store_arg(st, outcome->phc.data, outcome->phc.len);

    return NGX_OK;
}


static ngx_int_t
kanda_account_read_login(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_login_t *login = target;

    if (n != 3 || kanda_store_string(st, element[0], &login->lives) != NGX_OK)
    {
        return NGX_ERROR;
    }

    login->two_factor = (kanda_store_number(element[1]) == 1);
    login->recovery = (ngx_uint_t) kanda_store_number(element[2]);

    return NGX_OK;
}


ngx_int_t
kanda_account_password(kanda_store_t *st,
    const kanda_password_outcome_t *outcome)
{
    if (kanda_account_outcome(st, outcome) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, outcome->fresh, ngx_strlen(outcome->fresh));

    return kanda_store_send(st, KANDA_SCRIPT_PASSWORD_CHANGE, NULL, NULL);
}


ngx_int_t
kanda_account_delete(kanda_store_t *st,
    const kanda_password_outcome_t *outcome)
{
    if (kanda_account_outcome(st, outcome) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_log_event_args(st);

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNT_DELETE, NULL, NULL);
}


ngx_int_t
kanda_account_token_create(kanda_store_t *st, int64_t *expires)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, NULL, 0);

    return kanda_store_share(st, KANDA_SCRIPT_TOKEN_CREATE, st->nargs - 1,
                             kanda_account_read_number, expires);
}


static ngx_int_t
kanda_account_read_number(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    int64_t *number = target;

    if (n != 1) {
        return NGX_ERROR;
    }

    *number = kanda_store_number(element[0]);

    return *number < 0 ? NGX_ERROR : NGX_OK;
}


ngx_int_t
kanda_account_token_revoke(kanda_store_t *st, int64_t ms)
{
    if (kanda_store_begin(st) != NGX_OK
        || kanda_store_arg_int(st, ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_TOKEN_REVOKE, NULL, NULL);
}
