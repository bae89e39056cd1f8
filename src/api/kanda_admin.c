#include "kanda_admin.h"


static const char *kanda_admin_reason(kanda_status_t status);
static ngx_int_t kanda_admin_end(kanda_request_t *kr,
    const kanda_admin_act_t *act);
static ngx_int_t kanda_admin_send_disable(kanda_request_t *kr);
static ngx_int_t kanda_admin_send_enable(kanda_request_t *kr);
static ngx_int_t kanda_admin_send_reset(kanda_request_t *kr);
static ngx_int_t kanda_admin_send_delete(kanda_request_t *kr);
static ngx_int_t kanda_admin_deleted(kanda_request_t *kr);


/* The log and the account lie in slots of their own.  What is in the log as
 * unfinished was done or not; nothing is done that is not in it. */

ngx_int_t
kanda_admin_act(kanda_request_t *kr, const kanda_admin_act_t *act)
{
    kanda_admin_state_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(act->prepare(kr));

    kanda_await(kr, kanda_admin_log(&kr->store, act->event, &s->entry));

    if (act->first) {
        kanda_await(kr, kanda_accounts_add(&kr->store));
    }

    kanda_await(kr, act->send(kr));

    s->status = kr->store.status;

    kanda_attempt(kr, kanda_admin_logged(&kr->store, act->event, s->entry,
                                         kanda_admin_reason(s->status)));

    if (act->last) {
        kanda_attempt(kr, kanda_accounts_drop(&kr->store, 0));
    }

    return kanda_admin_end(kr, act);

    kanda_end(kr);
}


static const char *
kanda_admin_reason(kanda_status_t status)
{
    switch (status) {

    case KANDA_STATUS_OK:
        return NULL;

    case KANDA_STATUS_EXISTS:
        return "email_taken";

    case KANDA_STATUS_CLOSED:
        return "account_disabled";

    default:
        return "unknown_account";
    }
}


static ngx_int_t
kanda_admin_end(kanda_request_t *kr, const kanda_admin_act_t *act)
{
    kanda_admin_state_t  *s;

    s = kr->state;

    switch (s->status) {

    case KANDA_STATUS_OK:
        return act->answer(kr);

    case KANDA_STATUS_EXISTS:
        return kanda_problem(kr, KANDA_EMAIL_TAKEN);

    case KANDA_STATUS_CLOSED:
        return kanda_problem(kr, KANDA_ACCOUNT_DISABLED);

    default:
        return kanda_problem(kr, KANDA_ACCOUNT_NOT_FOUND);
    }
}


ngx_int_t
kanda_admin_target(kanda_request_t *kr)
{
    if (!kanda_account_id_valid((char *) kr->segment.data, kr->segment.len)) {
        return kanda_problem(kr, KANDA_ACCOUNT_NOT_FOUND) == NGX_OK
               ? NGX_DECLINED : NGX_ERROR;
    }

    kr->store.account = kr->segment;

    return NGX_OK;
}


ngx_int_t
kanda_admin_account_disable(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.disable", kanda_admin_target, kanda_admin_send_disable,
        kanda_admin_answer, 0, 0
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_send_disable(kanda_request_t *kr)
{
    kanda_admin_state_t *s = kr->state;

    return kanda_admin_disable(&kr->store, &s->row);
}


ngx_int_t
kanda_admin_account_enable(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.enable", kanda_admin_target, kanda_admin_send_enable,
        kanda_admin_answer, 0, 0
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_send_enable(kanda_request_t *kr)
{
    kanda_admin_state_t *s = kr->state;

    return kanda_admin_enable(&kr->store, &s->row);
}


ngx_int_t
kanda_admin_account_reset(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.reset_factor", kanda_admin_target, kanda_admin_send_reset,
        kanda_admin_answer, 0, 0
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_send_reset(kanda_request_t *kr)
{
    kanda_admin_state_t *s = kr->state;

    return kanda_admin_reset_factor(&kr->store, &s->row);
}


ngx_int_t
kanda_admin_account_delete(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.delete", kanda_admin_target, kanda_admin_send_delete,
        kanda_admin_deleted, 0, 1
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_send_delete(kanda_request_t *kr)
{
    return kanda_admin_delete(&kr->store);
}


static ngx_int_t
kanda_admin_deleted(kanda_request_t *kr)
{
    kanda_json_out_t  out;

    if (kanda_json_begin(kr, &out, 128) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_json_bool(&out, "deleted", 1);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}
