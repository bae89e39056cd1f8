#include "kanda_admin.h"


/* An account is listed before it is made: what has not come after so many ms is
 * taken off the list. */
#define KANDA_ACCOUNTS_PATIENCE  60000


static ngx_int_t kanda_admin_email(kanda_request_t *kr, ngx_str_t *email);


/* The list lies in the realm's slot, each account in its own. */

ngx_int_t
kanda_admin_accounts(kanda_request_t *kr)
{
    kanda_json_out_t         out;
    kanda_admin_accounts_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_api_page(kr, &s->asked, KANDA_ACCOUNTS_PAGE,
                                  KANDA_ACCOUNTS_PAGE));
    kanda_api_need(kanda_admin_email(kr, &s->email));

    if (s->email.len) {
        s->page.ids = &kr->store.account;
        s->page.n = 1;

    } else {
        kanda_await(kr, kanda_accounts_list(&kr->store, s->asked.offset,
                                            s->asked.limit, &s->page));
    }

    for (s->i = 0; s->i < s->page.n; s->i++) {
        kr->store.account = s->page.ids[s->i];
        kr->store.name.len = 0;

        kanda_await(kr, kanda_admin_show(&kr->store, &s->rows[s->n]));

        if (kr->store.status == KANDA_STATUS_OK) {
            s->n++;

        } else {
            kanda_attempt(kr, kanda_accounts_drop(&kr->store,
                                                  KANDA_ACCOUNTS_PATIENCE));
        }
    }

    if (kanda_json_begin(kr, &out, 128 + s->n * KANDA_ADMIN_JSON) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "accounts", '[');

    for (s->i = 0; s->i < s->n; s->i++) {
        kanda_admin_write(&out, &s->rows[s->i]);
    }

    kanda_api_page_end(&out, &s->asked,
                       s->email.len ? (int64_t) s->n : s->page.mark);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* Points the store at the account of the query's email, if it has one: NGX_OK,
 * or NGX_DECLINED with the problem answered, or NGX_ERROR. */

static ngx_int_t
kanda_admin_email(kanda_request_t *kr, ngx_str_t *email)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = kanda_query_text(kr, "email", &text);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        (void) kanda_api_invalid(kr, "email must be given once, well encoded.");
        return NGX_DECLINED;
    }

    rc = kanda_login_canonical(kr, &text, email);

    return rc == NGX_OK ? kanda_account_select(&kr->store, email) : rc;
}


ngx_int_t
kanda_admin_account(kanda_request_t *kr)
{
    kanda_admin_state_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_admin_target(kr));

    kanda_await(kr, kanda_admin_show(&kr->store, &s->row));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_ACCOUNT_NOT_FOUND);
    }

    return kanda_admin_answer(kr);

    kanda_end(kr);
}


ngx_int_t
kanda_admin_answer(kanda_request_t *kr)
{
    kanda_json_out_t      out;
    kanda_admin_state_t  *s;

    s = kr->state;

    if (kanda_json_begin(kr, &out, KANDA_ADMIN_JSON) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_admin_write(&out, &s->row);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


void
kanda_admin_write(kanda_json_out_t *out, const kanda_account_row_t *row)
{
    kanda_json_open(out, NULL, '{');
    kanda_api_text(out, "userId", &row->id);
    kanda_api_text(out, "email", &row->email);
    kanda_json_time(out, "createdAt", row->created);
    kanda_json_bool(out, "disabled", row->disabled);
    kanda_json_bool(out, "twoFactor", row->two_factor);
    kanda_json_bool(out, "hasPassword", row->password);
    kanda_json_bool(out, "invited", row->invited != 0);
    kanda_json_time(out, "invitationExpiresAt", row->invited);
    kanda_json_close(out, '}');
}


ngx_int_t
kanda_admin_logs(kanda_request_t *kr)
{
    if (kanda_realm_select(&kr->store) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_logs(kr, "userId");
}
