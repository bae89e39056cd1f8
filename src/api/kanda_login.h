/*
 * Emails and passwords: what the dialects do alike before each answers in its
 * own way.
 */

#ifndef KANDA_LOGIN_H
#define KANDA_LOGIN_H

#include "ngx_http_kanda.h"
#include "kanda_store_account.h"


/* State of every endpoint that takes a password. */
typedef struct {
    ngx_str_t                 email;
    ngx_str_t                 password;
    ngx_str_t                 next;     /* the password to come */
    kanda_account_t           account;
    kanda_kdf_verdict_t       verdict;
    kanda_password_outcome_t  outcome;
    kanda_login_t             login;
    char                      fresh[KANDA_PHC_MAX];
} kanda_login_state_t;


/* Registers, a fiber; answer makes the answer of the account that is new. */
ngx_int_t kanda_register(kanda_request_t *kr, kanda_handler_pt answer);

/*
 * Logs in, a fiber.  Where the password is enough, the login makes a session if
 * session is set, and answer makes the answer; where a second factor is, the
 * answer asks for it.  With login.required set and no factor, nothing was made
 * and answer says so.
 */
ngx_int_t kanda_login(kanda_request_t *kr, ngx_uint_t session,
    kanda_handler_pt answer);


/*
 * Begins the answer to a login whose password was right but which lacks
 * something: {why:true,"tempToken":"...", with a token for that use alone, from
 * kr->state's login.  The caller adds what more there is and closes it.  NGX_OK
 * or NGX_ERROR.
 */
ngx_int_t kanda_login_temp(kanda_request_t *kr, kanda_jwt_use_t use,
    const char *why, kanda_json_out_t *out);

/* What is done with a verified password of the calling session's account; the
 * store's kanda_account_password or _delete. */
typedef ngx_int_t (*kanda_password_use_pt)(kanda_store_t *st,
    const kanda_password_outcome_t *outcome);

typedef struct {
    const char             *field;      /* that has the password */
    const char             *next;       /* and the one to come, or NULL */
    kanda_password_use_pt   use;
    ngx_uint_t              last;       /* the account goes with it */
    kanda_handler_pt        answer;
} kanda_password_form_t;


/* Verifies the calling session's password and uses it, a fiber.  The one to
 * come is checked first and hashed last. */
ngx_int_t kanda_password_use(kanda_request_t *kr,
    const kanda_password_form_t *form);


/* Fields, each NGX_OK, or NGX_DECLINED with the problem answered, or
 * NGX_ERROR. */

/* The field "email", canonical. */
ngx_int_t kanda_login_email(kanda_request_t *kr, ngx_str_t *email);

/* The same of a text, in the request's pool. */
ngx_int_t kanda_login_canonical(kanda_request_t *kr, const ngx_str_t *text,
    ngx_str_t *email);

/* A password, which may be any. */
ngx_int_t kanda_login_password(kanda_request_t *kr, const char *field,
    ngx_str_t *password);

/* One that is chosen now for the account of an email, if that is known. */
ngx_int_t kanda_login_new_password(kanda_request_t *kr, const char *field,
    const ngx_str_t *email, ngx_str_t *password);


#endif /* KANDA_LOGIN_H */
