#include "kanda_store_admin.h"
#include "kanda_store_log.h"


static ngx_int_t kanda_admin_send(kanda_store_t *st, kanda_script_id_t id,
    kanda_account_row_t *row);
static ngx_int_t kanda_admin_read(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target);
static ngx_int_t kanda_admin_invited(kanda_store_t *st, kanda_script_id_t id,
    const kanda_invitation_t *invitation, kanda_account_row_t *row);
static ngx_int_t kanda_invitation_read(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_admin_show(kanda_store_t *st, kanda_account_row_t *row)
{
    return kanda_admin_send(st, KANDA_SCRIPT_ADMIN_SHOW, row);
}


ngx_int_t
kanda_admin_disable(kanda_store_t *st, kanda_account_row_t *row)
{
    return kanda_admin_send(st, KANDA_SCRIPT_ADMIN_DISABLE, row);
}


ngx_int_t
kanda_admin_enable(kanda_store_t *st, kanda_account_row_t *row)
{
    return kanda_admin_send(st, KANDA_SCRIPT_ADMIN_ENABLE, row);
}


ngx_int_t
kanda_admin_reset_factor(kanda_store_t *st, kanda_account_row_t *row)
{
    return kanda_admin_send(st, KANDA_SCRIPT_ADMIN_RESET_FACTOR, row);
}


static ngx_int_t
kanda_admin_send(kanda_store_t *st, kanda_script_id_t id,
    kanda_account_row_t *row)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, id, kanda_admin_read, row);
}


static ngx_int_t
kanda_admin_read(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_account_row_t *row = target;

    if (n != 6 || kanda_store_string(st, element[0], &row->email) != NGX_OK) {
        return NGX_ERROR;
    }

    row->id = st->account;
    row->created = kanda_store_number(element[1]);
    row->disabled = (kanda_store_number(element[2]) == 1);
    row->two_factor = (kanda_store_number(element[3]) == 1);
    row->password = (kanda_store_number(element[4]) == 1);
    row->invited = kanda_store_number(element[5]);

    return NGX_OK;
}


ngx_int_t
kanda_admin_delete(kanda_store_t *st)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_log_event_args(st);

    return kanda_store_send(st, KANDA_SCRIPT_ADMIN_DELETE, NULL, NULL);
}


ngx_int_t
kanda_admin_create(kanda_store_t *st, const ngx_str_t *email,
    const kanda_invitation_t *invitation, kanda_account_row_t *row)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, email->data, email->len);

    return kanda_admin_invited(st, KANDA_SCRIPT_ADMIN_CREATE, invitation, row);
}


ngx_int_t
kanda_admin_invite(kanda_store_t *st, const kanda_invitation_t *invitation,
    kanda_account_row_t *row)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_admin_invited(st, KANDA_SCRIPT_ADMIN_INVITE, invitation, row);
}


static ngx_int_t
kanda_admin_invited(kanda_store_t *st, kanda_script_id_t id,
    const kanda_invitation_t *invitation, kanda_account_row_t *row)
{
    kanda_store_arg(st, invitation->digest.data, invitation->digest.len);

    if (kanda_store_arg_int(st, invitation->ms) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, id, kanda_admin_read, row);
}


ngx_int_t
kanda_invitation_begin(kanda_store_t *st, const ngx_str_t *digest,
    ngx_uint_t tries, ngx_msec_t ms, ngx_str_t *email)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, digest->data, digest->len);

    if (kanda_store_arg_int(st, (int64_t) tries) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) ms) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_INVITATION_BEGIN,
                            kanda_invitation_read, email);
}


static ngx_int_t
kanda_invitation_read(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    return n == 1 ? kanda_store_string(st, element[0], target) : NGX_ERROR;
}


ngx_int_t
kanda_invitation_end(kanda_store_t *st, const ngx_str_t *digest,
    const char *phc)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, digest->data, digest->len);
    kanda_store_arg(st, phc, ngx_strlen(phc));

    return kanda_store_send(st, KANDA_SCRIPT_INVITATION_END, NULL, NULL);
}
