#include "kanda_store_realm.h"


#define KANDA_REALM_SLOT  "accounts:"


static ngx_int_t kanda_realm_begin(kanda_store_t *st);
static ngx_int_t kanda_realm_read_page(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_realm_read_ids(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_realm_read_number(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_realm_select(kanda_store_t *st)
{
    u_char  *p;
    size_t   len;

    len = sizeof(KANDA_REALM_SLOT) - 1;

    p = ngx_pnalloc(st->pool, len + st->realm.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(p, KANDA_REALM_SLOT, len), st->realm.data,
               st->realm.len);

    st->account.data = p;
    st->account.len = len + st->realm.len;
    st->name.len = 0;

    return NGX_OK;
}


/* The caller's credentials are the account's, and worth nothing here: whoever
 * comes so far has shown them where they count. */

static ngx_int_t
kanda_realm_begin(kanda_store_t *st)
{
    ngx_int_t            rc;
    ngx_str_t            account, key;
    kanda_caller_kind_t  kind;

    account = st->account;
    key = st->key;
    kind = st->kind;

    st->kind = KANDA_CALLER_NOBODY;
    ngx_str_null(&st->key);

    rc = kanda_realm_select(st) == NGX_OK ? kanda_store_begin(st) : NGX_ERROR;

    st->account = account;
    st->key = key;
    st->kind = kind;
    st->name.len = 0;

    return rc;
}


ngx_int_t
kanda_accounts_add(kanda_store_t *st)
{
    if (kanda_realm_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, st->account.data, st->account.len);

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNTS_ADD, NULL, NULL);
}


ngx_int_t
kanda_accounts_drop(kanda_store_t *st, int64_t ms)
{
    if (kanda_realm_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, st->account.data, st->account.len);

    if (kanda_store_arg_int(st, ms) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNTS_DROP, NULL, NULL);
}


ngx_int_t
kanda_accounts_list(kanda_store_t *st, ngx_uint_t offset, ngx_uint_t limit,
    kanda_accounts_t *page)
{
    if (kanda_realm_begin(st) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) offset) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) limit) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNTS_LIST,
                            kanda_realm_read_page, page);
}


static ngx_int_t
kanda_realm_read_page(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    return n <= KANDA_ACCOUNTS_PAGE + 1
           ? kanda_realm_read_ids(st, element, n, target) : NGX_ERROR;
}


ngx_int_t
kanda_accounts_scan(kanda_store_t *st, ngx_uint_t from,
    kanda_accounts_t *page)
{
    if (kanda_realm_begin(st) != NGX_OK
        || kanda_store_arg_int(st, (int64_t) from) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_ACCOUNTS_SCAN,
                            kanda_realm_read_ids, page);
}


static ngx_int_t
kanda_realm_read_ids(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_accounts_t *page = target;

    ngx_str_t  *id;

    page->mark = n ? kanda_store_number(element[0]) : -1;
    if (page->mark < 0) {
        return NGX_ERROR;
    }

    page->ids = ngx_palloc(st->pool, n * sizeof(ngx_str_t));

    if (page->ids == NULL) {
        return NGX_ERROR;
    }

    for (page->n = 0; page->n < n - 1; page->n++) {
        id = &page->ids[page->n];

        if (kanda_store_string(st, element[page->n + 1], id) != NGX_OK
            || !kanda_account_id_valid((char *) id->data, id->len))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
kanda_admin_log(kanda_store_t *st, const char *event, int64_t *entry)
{
    if (kanda_realm_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, event, ngx_strlen(event));
    kanda_store_arg(st, st->account.data, st->account.len);

    return kanda_store_send(st, KANDA_SCRIPT_ADMIN_LOG,
                            kanda_realm_read_number, entry);
}


static ngx_int_t
kanda_realm_read_number(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    int64_t *number = target;

    if (n != 1) {
        return NGX_ERROR;
    }

    *number = kanda_store_number(element[0]);

    return *number < 0 ? NGX_ERROR : NGX_OK;
}


ngx_int_t
kanda_admin_logged(kanda_store_t *st, const char *event, int64_t entry,
    const char *reason)
{
    if (kanda_realm_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, event, ngx_strlen(event));

    if (kanda_store_arg_int(st, entry) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, reason, reason ? ngx_strlen(reason) : 0);

    return kanda_store_send(st, KANDA_SCRIPT_ADMIN_LOGGED, NULL, NULL);
}
