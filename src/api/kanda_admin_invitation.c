#include "kanda_admin.h"


#define KANDA_INVITED_JSON  (2 * (254 + 512) + KANDA_INVITATION_LEN * 2 + 256)


static ngx_int_t kanda_admin_create_prepare(kanda_request_t *kr);
static ngx_int_t kanda_admin_create_send(kanda_request_t *kr);
static ngx_int_t kanda_admin_invite_prepare(kanda_request_t *kr);
static ngx_int_t kanda_admin_invite_send(kanda_request_t *kr);
static ngx_int_t kanda_admin_invitation(kanda_request_t *kr);
static ngx_int_t kanda_admin_invited_answer(kanda_request_t *kr);
static ngx_int_t kanda_admin_link(kanda_request_t *kr, ngx_str_t *link);


ngx_int_t
kanda_admin_account_create(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.create", kanda_admin_create_prepare, kanda_admin_create_send,
        kanda_admin_invited_answer, 1, 0
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_create_prepare(kanda_request_t *kr)
{
    ngx_int_t             rc;
    kanda_admin_state_t  *s;

    s = kr->state;

    rc = kanda_login_email(kr, &s->email);
    if (rc != NGX_OK) {
        return rc;
    }

    return kanda_account_select(&kr->store, &s->email) == NGX_OK
           ? kanda_admin_invitation(kr) : NGX_ERROR;
}


static ngx_int_t
kanda_admin_create_send(kanda_request_t *kr)
{
    kanda_admin_state_t *s = kr->state;

    return kanda_admin_create(&kr->store, &s->email, &s->invitation, &s->row);
}


ngx_int_t
kanda_admin_account_invite(kanda_request_t *kr)
{
    static const kanda_admin_act_t  act = {
        "admin.invite", kanda_admin_invite_prepare, kanda_admin_invite_send,
        kanda_admin_invited_answer, 0, 0
    };

    return kanda_admin_act(kr, &act);
}


static ngx_int_t
kanda_admin_invite_prepare(kanda_request_t *kr)
{
    ngx_int_t  rc;

    rc = kanda_admin_target(kr);

    return rc == NGX_OK ? kanda_admin_invitation(kr) : rc;
}


static ngx_int_t
kanda_admin_invite_send(kanda_request_t *kr)
{
    kanda_admin_state_t *s = kr->state;

    return kanda_admin_invite(&kr->store, &s->invitation, &s->row);
}


static ngx_int_t
kanda_admin_invitation(kanda_request_t *kr)
{
    kanda_admin_state_t  *s;

    s = kr->state;

    if (kanda_invitation_make((char *) kr->store.account.data, s->text,
                              s->digest)
        != 0)
    {
        return kanda_problem(kr, KANDA_UNAVAILABLE) == NGX_OK ? NGX_DECLINED
                                                              : NGX_ERROR;
    }

    s->invitation.digest.data = s->digest;
    s->invitation.digest.len = sizeof(s->digest);
    s->invitation.ms = kr->conf->invitation_ttl;

    return NGX_OK;
}


static ngx_int_t
kanda_admin_invited_answer(kanda_request_t *kr)
{
    ngx_str_t             link;
    kanda_json_out_t      out;
    kanda_admin_state_t  *s;

    s = kr->state;

    if (kanda_admin_link(kr, &link) != NGX_OK
        || kanda_json_begin(kr, &out, KANDA_INVITED_JSON) != NGX_OK
        || kanda_wipe_later(kr, out.start, KANDA_INVITED_JSON) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "userId", &s->row.id);
    kanda_api_text(&out, "email", &s->row.email);
    kanda_json_str(&out, "invitation", s->text, sizeof(s->text));
    kanda_api_text(&out, "link", &link);
    kanda_json_time(&out, "expiresAt", s->row.invited);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_CREATED, &out);
}


static ngx_int_t
kanda_admin_link(kanda_request_t *kr, ngx_str_t *link)
{
    u_char               *p;
    ngx_str_t            *page;
    kanda_admin_state_t  *s;

    s = kr->state;
    page = &kr->conf->invitation_link;

    ngx_str_null(link);

    if (page->len == 0) {
        return NGX_OK;
    }

    link->len = page->len + 1 + sizeof(s->text);

    p = ngx_pnalloc(kr->request->pool, link->len);
    if (p == NULL || kanda_wipe_later(kr, p, link->len) != NGX_OK) {
        return NGX_ERROR;
    }

    link->data = p;
    p = ngx_cpymem(p, page->data, page->len);
    *p++ = '#';
    ngx_memcpy(p, s->text, sizeof(s->text));

    return NGX_OK;
}
