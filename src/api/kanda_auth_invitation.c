#include "kanda_auth.h"
#include "kanda_store_admin.h"


#define KANDA_INVITATION_TRIES   10
#define KANDA_INVITATION_WINDOW  (15 * 60 * 1000)       /* ms */


static ngx_int_t kanda_auth_invitation_read(kanda_request_t *kr,
    const ngx_str_t *text);


/* A password is hashed for nobody but the holder of an invitation that Redis
 * knows, and it is used up with it. */

ngx_int_t
kanda_auth_accept(kanda_request_t *kr)
{
    ngx_int_t             rc;
    ngx_str_t             text, digest;
    kanda_kdf_t          *kdf;
    kanda_auth_accept_t  *s;

    s = kr->state;
    kdf = kr->main->worker.kdf;
    digest.data = s->digest;
    digest.len = sizeof(s->digest);

    kanda_begin(kr);

    kanda_api_need(kanda_field_need(kr, "token", &text));
    kanda_api_need(kanda_login_new_password(kr, "password", &s->email,
                                            &s->password));

    rc = kanda_auth_invitation_read(kr, &text);

    if (rc == NGX_DECLINED) {
        return kanda_auth_error(kr, KANDA_AUTH_BAD_INVITATION);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (kanda_kdf_reserve(kdf, &kr->kdf_slot) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_invitation_begin(&kr->store, &digest,
                                           KANDA_INVITATION_TRIES,
                                           KANDA_INVITATION_WINDOW,
                                           &s->email));

    if (kr->store.status == KANDA_STATUS_LOCKED) {
        return kanda_problem(kr, KANDA_TOO_MANY_ATTEMPTS);
    }

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_auth_error(kr, KANDA_AUTH_BAD_INVITATION);
    }

    kanda_api_need(kanda_login_new_password(kr, "password", &s->email,
                                            &s->password));

    kanda_await(kr, kanda_kdf_hash(kdf, &kr->kdf_slot, &kr->waiter,
                                   &s->password, s->fresh));
    kanda_await(kr, kanda_invitation_end(&kr->store, &digest, s->fresh));

    return kr->store.status == KANDA_STATUS_OK
           ? kanda_auth_done(kr)
           : kanda_auth_error(kr, KANDA_AUTH_BAD_INVITATION);

    kanda_end(kr);
}


/* Points the store at the account that the invitation names: NGX_OK,
 * NGX_DECLINED for what is none, or NGX_ERROR. */

static ngx_int_t
kanda_auth_invitation_read(kanda_request_t *kr, const ngx_str_t *text)
{
    int                   rc;
    const char           *account;
    kanda_auth_accept_t  *s;

    s = kr->state;

    rc = kanda_invitation_parse((char *) text->data, text->len, &account,
                                s->digest);

    if (rc != 0) {
        return rc == -1 ? NGX_DECLINED : NGX_ERROR;
    }

    kr->store.account.data = (u_char *) account;
    kr->store.account.len = KANDA_ACCOUNT_ID_LEN;

    return NGX_OK;
}
