#include "kanda_admin.h"


#define KANDA_ID_JSON  (26 + sizeof(",\"\""))


static ngx_int_t kanda_reseal_answer(kanda_request_t *kr);
static void kanda_reseal_cursor(kanda_json_out_t *out, ngx_uint_t next);


/* A page by number would move on while accounts come and go, and leave some
 * out. */

ngx_int_t
kanda_admin_user_ids(kanda_request_t *kr)
{
    ngx_uint_t          i;
    kanda_json_out_t    out;
    kanda_admin_ids_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_query_int(kr, "cursor", 0, NGX_MAX_INT_T_VALUE, 0,
                                   &s->from));

    kanda_await(kr, kanda_accounts_scan(&kr->store, s->from, &s->page));

    if (kanda_json_begin(kr, &out, 128 + s->page.n * KANDA_ID_JSON) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "userIds", '[');

    for (i = 0; i < s->page.n; i++) {
        kanda_api_text(&out, NULL, &s->page.ids[i]);
    }

    kanda_json_close(&out, ']');
    kanda_reseal_cursor(&out, (ngx_uint_t) s->page.mark);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* Nothing is logged where nothing is to be done, so that walking over accounts
 * that are through leaves the log alone. */

ngx_int_t
kanda_admin_account_reseal(kanda_request_t *kr)
{
    static const char      event[] = "admin.reseal";
    ngx_int_t              rc;
    kanda_admin_reseal_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_admin_target(kr));
    kanda_api_need(kanda_query_int(kr, "cursor", 0, NGX_MAX_INT_T_VALUE, 0,
                                   &s->from));

    kanda_await(kr, kanda_seals_list(&kr->store, s->from, &s->page));

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_ACCOUNT_NOT_FOUND);
    }

    for (s->i = 0; s->i < s->page.n; s->i++) {

        rc = kanda_seal_renew(&kr->store, &s->page.seals[s->i]);

        if (rc != NGX_OK) {
            s->lost += (rc == NGX_ERROR);
            continue;
        }

        if (s->entry == 0) {
            kanda_await(kr, kanda_admin_log(&kr->store, event, &s->entry));
        }

        kanda_await(kr, kanda_seals_put(&kr->store, &s->page.seals[s->i],
                                        s->resealed == 0));

        s->resealed += (kr->store.status == KANDA_STATUS_OK);
    }

    if (s->entry) {
        kanda_attempt(kr, kanda_admin_logged(&kr->store, event, s->entry,
                                             NULL));
    }

    return kanda_reseal_answer(kr);

    kanda_end(kr);
}


static ngx_int_t
kanda_reseal_answer(kanda_request_t *kr)
{
    kanda_json_out_t       out;
    kanda_admin_reseal_t  *s;

    s = kr->state;

    if (kanda_json_begin(kr, &out, 256) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &kr->store.account);
    kanda_json_int(&out, "secrets", (int64_t) s->page.n);
    kanda_json_int(&out, "resealed", (int64_t) s->resealed);
    kanda_json_int(&out, "unreadable", (int64_t) s->lost);
    kanda_reseal_cursor(&out, s->page.next);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


static void
kanda_reseal_cursor(kanda_json_out_t *out, ngx_uint_t next)
{
    if (next) {
        kanda_json_int(out, "cursor", (int64_t) next);

    } else {
        kanda_json_str(out, "cursor", NULL, 0);
    }
}
