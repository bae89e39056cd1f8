/*
 * The login and 2FA router: the routes of the "auth" dialect, for browsers and
 * apps.
 */

#ifndef KANDA_AUTH_H
#define KANDA_AUTH_H

#include "kanda_api.h"
#include "kanda_invitation.h"
#include "kanda_refresh.h"
#include "kanda_store_session.h"


extern const kanda_dialect_t  kanda_auth_dialect;


/* What goes wrong in this dialect alone, in its own words. */
typedef enum {
    KANDA_AUTH_WRONG_CODE = 0,
    KANDA_AUTH_WRONG_LOGIN,             /* the same, on the way in */
    KANDA_AUTH_SECRET_MISMATCH,
    KANDA_AUTH_CODE_REQUIRED,
    KANDA_AUTH_FACTOR_REQUIRED,
    KANDA_AUTH_NO_FACTOR,
    KANDA_AUTH_NO_REFRESH,
    KANDA_AUTH_BAD_REFRESH,
    KANDA_AUTH_NO_SESSION,
    KANDA_AUTH_FORGED,
    KANDA_AUTH_BAD_INVITATION,
    KANDA_AUTH_ERRORS
} kanda_auth_error_t;


/* Sessions that a logout ends: those of the header and the body, and as many of
 * each of three cookies as may have been planted beside ours. */
#define KANDA_AUTH_PLANTED  4
#define KANDA_AUTH_NAMED    (2 + 3 * KANDA_AUTH_PLANTED)

typedef struct {
    ngx_uint_t               n;
    ngx_uint_t               i;
    ngx_str_t                accounts[KANDA_AUTH_NAMED];
    ngx_str_t                sids[KANDA_AUTH_NAMED];
} kanda_auth_logout_t;


typedef struct {
    kanda_session_t          session;
    int64_t                  generation;    /* of the token that came */
} kanda_auth_refresh_t;


typedef struct {
    kanda_proof_state_t      proof;
    kanda_client_show_t      show;
    kanda_client_secret_t    sealed;
} kanda_auth_setup_t;


typedef struct {
    kanda_code_t             code;
    kanda_enrolment_t        enrolment;
    ngx_str_t                secret;        /* as the client says it */
} kanda_auth_enrol_t;


typedef struct {
    kanda_proof_state_t      proof;
    kanda_recovery_codes_t   codes;
} kanda_auth_recovery_t;


typedef struct {
    ngx_str_t                password;
    ngx_str_t                email;         /* of the account, once known */
    u_char                   digest[KANDA_SHA256_LEN];
    char                     fresh[KANDA_PHC_MAX];
} kanda_auth_accept_t;


/* Endpoints, each a kanda_handler_pt. */

ngx_int_t kanda_auth_register(kanda_request_t *kr);
ngx_int_t kanda_auth_login(kanda_request_t *kr);
ngx_int_t kanda_auth_logout(kanda_request_t *kr);
ngx_int_t kanda_auth_refresh(kanda_request_t *kr);
ngx_int_t kanda_auth_me(kanda_request_t *kr);
ngx_int_t kanda_auth_sessions(kanda_request_t *kr);
ngx_int_t kanda_auth_session_end(kanda_request_t *kr);
ngx_int_t kanda_auth_change_password(kanda_request_t *kr);
ngx_int_t kanda_auth_delete_account(kanda_request_t *kr);
ngx_int_t kanda_auth_accept(kanda_request_t *kr);

ngx_int_t kanda_auth_setup(kanda_request_t *kr);
ngx_int_t kanda_auth_verify_setup(kanda_request_t *kr);
ngx_int_t kanda_auth_verify(kanda_request_t *kr);
ngx_int_t kanda_auth_step_up(kanda_request_t *kr);
ngx_int_t kanda_auth_disable(kanda_request_t *kr);
ngx_int_t kanda_auth_recovery(kanda_request_t *kr);


/* Answers with one of the dialect's own errors: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_auth_error(kanda_request_t *kr, kanda_auth_error_t error);

/* For kanda_api_need(): NGX_OK when the script found the factor proven; else
 * the answer stands, a wrong code's being that error. */
ngx_int_t kanda_auth_proven(kanda_request_t *kr, kanda_auth_error_t wrong);

/* Answers {"success":true}: a kanda_handler_pt. */
ngx_int_t kanda_auth_done(kanda_request_t *kr);

/* Answers with a session's tokens, in cookies or in the body, as the request
 * wants it: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_auth_tokens(kanda_request_t *kr,
    const kanda_session_t *session);

/* The same for a session's access token alone, which is a cookie or nothing. */
ngx_int_t kanda_auth_access(kanda_request_t *kr,
    const kanda_session_t *session);

/* Whether a page of another origin asks for a session's cookies, or by them. */
ngx_uint_t kanda_auth_foreign(kanda_request_t *kr);


#endif /* KANDA_AUTH_H */
