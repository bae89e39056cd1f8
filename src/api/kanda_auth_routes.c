#include "kanda_auth.h"


#define KANDA_AUTH_ERROR_SIZE  512


typedef struct {
    ngx_uint_t   status;
    const char  *text;
    const char  *code;                  /* or NULL */
} kanda_auth_text_t;


static ngx_int_t kanda_auth_problem(kanda_request_t *kr,
    kanda_problem_t problem, const char *detail);
static ngx_int_t kanda_auth_forged(kanda_request_t *kr);
static ngx_int_t kanda_auth_answer(kanda_request_t *kr,
    const kanda_auth_text_t *error);


static const kanda_route_t  kanda_auth_routes[] = {

    { NGX_HTTP_POST, "register", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_auth_register, sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_POST, "login", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_auth_login, sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_POST, "accept-invitation", KANDA_AUTH_NONE, 0,
      KANDA_BODY_JSON, kanda_auth_accept, sizeof(kanda_auth_accept_t), 0 },

    { NGX_HTTP_POST, "logout", KANDA_AUTH_NONE, 0, KANDA_BODY_LENIENT,
      kanda_auth_logout, sizeof(kanda_auth_logout_t), 0 },

    { NGX_HTTP_POST, "refresh", KANDA_AUTH_NONE, 0, KANDA_BODY_OPTIONAL,
      kanda_auth_refresh, sizeof(kanda_auth_refresh_t), 0 },

    { NGX_HTTP_GET, "me", KANDA_AUTH_SESSION, 0, KANDA_BODY_NONE,
      kanda_auth_me, sizeof(kanda_account_t), 0 },

    { NGX_HTTP_GET, "sessions", KANDA_AUTH_SESSION, 0, KANDA_BODY_NONE,
      kanda_auth_sessions, sizeof(kanda_session_page_t), 0 },

    { NGX_HTTP_DELETE, "sessions/:", KANDA_AUTH_SESSION, 0, KANDA_BODY_NONE,
      kanda_auth_session_end, 0, 0 },

    { NGX_HTTP_POST, "change-password", KANDA_AUTH_SESSION, 0,
      KANDA_BODY_JSON, kanda_auth_change_password,
      sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_DELETE, "account", KANDA_AUTH_SESSION, 0, KANDA_BODY_JSON,
      kanda_auth_delete_account, sizeof(kanda_login_state_t), 0 },

    { NGX_HTTP_POST, "2fa/setup", KANDA_AUTH_SETUP, 0, KANDA_BODY_OPTIONAL,
      kanda_auth_setup, sizeof(kanda_auth_setup_t), 0 },

    { NGX_HTTP_POST, "2fa/verify-setup", KANDA_AUTH_SETUP, 0,
      KANDA_BODY_JSON, kanda_auth_verify_setup, sizeof(kanda_auth_enrol_t),
      0 },

    { NGX_HTTP_POST, "2fa/verify", KANDA_AUTH_NONE, 0, KANDA_BODY_JSON,
      kanda_auth_verify, sizeof(kanda_proof_state_t), 0 },

    { NGX_HTTP_POST, "2fa/step-up", KANDA_AUTH_SESSION, 0, KANDA_BODY_JSON,
      kanda_auth_step_up, sizeof(kanda_proof_state_t), 0 },

    { NGX_HTTP_POST, "2fa/disable", KANDA_AUTH_SESSION, 0,
      KANDA_BODY_OPTIONAL, kanda_auth_disable, sizeof(kanda_proof_state_t),
      0 },

    { NGX_HTTP_POST, "2fa/recovery-codes", KANDA_AUTH_SESSION, 0,
      KANDA_BODY_OPTIONAL, kanda_auth_recovery,
      sizeof(kanda_auth_recovery_t), 0 }
};


const kanda_dialect_t  kanda_auth_dialect = {
    ngx_string("auth"),
    kanda_auth_routes,
    sizeof(kanda_auth_routes) / sizeof(kanda_auth_routes[0]),
    1,
    1,
    kanda_auth_problem,
    1,
    kanda_auth_forged,
    0,
    NULL
};


/* What can go wrong anywhere, as this dialect's clients know it.  A row without
 * a text takes that of the problem. */

static const struct {
    kanda_problem_t    problem;
    kanda_auth_text_t  said;
} kanda_auth_problems[] = {
    { KANDA_INVALID_JSON, { 400, NULL, "VALIDATION_ERROR" } },
    { KANDA_INVALID_REQUEST, { 400, NULL, "VALIDATION_ERROR" } },
    { KANDA_UNAUTHORIZED,
      { 403, "Invalid or expired access token", NULL } },
    { KANDA_INVALID_CREDENTIALS,
      { 401, "Invalid credentials", "INVALID_CREDENTIALS" } },
    { KANDA_EMAIL_TAKEN,
      { 409, "Email already registered", "EMAIL_EXISTS" } },
    { KANDA_INVALID_TOKEN,
      { 401, "Invalid or expired access token", "INVALID_ACCESS_TOKEN" } },
    { KANDA_LOCKED, { 429, "Too many requests", "RATE_LIMITED" } },
    { KANDA_TOO_MANY_ATTEMPTS, { 429, "Too many requests", "RATE_LIMITED" } }
};


static const kanda_auth_text_t  kanda_auth_errors[KANDA_AUTH_ERRORS] = {
    [KANDA_AUTH_WRONG_CODE] = { 400, "Invalid TOTP code", NULL },
    [KANDA_AUTH_WRONG_LOGIN] = { 401, "Invalid TOTP code", NULL },
    [KANDA_AUTH_SECRET_MISMATCH] = {
        400, "The secret is not the one that is being set up",
        "SECRET_MISMATCH" },
    [KANDA_AUTH_CODE_REQUIRED] = {
        403, "A TOTP code is required", "2FA_CODE_REQUIRED" },
    [KANDA_AUTH_FACTOR_REQUIRED] = {
        403, "Two-factor authentication is required", "2FA_REQUIRED" },
    [KANDA_AUTH_NO_FACTOR] = {
        400, "User not found or 2FA not set up", NULL },
    [KANDA_AUTH_NO_REFRESH] = { 401, "No refresh token provided", NULL },
    [KANDA_AUTH_BAD_REFRESH] = {
        401, "Invalid or expired refresh token", "INVALID_REFRESH_TOKEN" },
    [KANDA_AUTH_NO_SESSION] = {
        404, "Session not found", "SESSION_NOT_FOUND" },
    [KANDA_AUTH_FORGED] = {
        403, "CSRF token validation failed", "CSRF_INVALID" },
    [KANDA_AUTH_BAD_INVITATION] = {
        401, "Invalid or expired invitation", "INVALID_INVITATION" }
};


ngx_int_t
kanda_auth_error(kanda_request_t *kr, kanda_auth_error_t error)
{
    const char  *code;

    code = kanda_auth_errors[error].code;

    if (code) {
        kr->reason.data = (u_char *) code;
        kr->reason.len = ngx_strlen(code);
    }

    return kanda_auth_answer(kr, &kanda_auth_errors[error]);
}


static ngx_int_t
kanda_auth_forged(kanda_request_t *kr)
{
    return kanda_auth_error(kr, KANDA_AUTH_FORGED);
}


static ngx_int_t
kanda_auth_problem(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail)
{
    u_char                       code[64], *p;
    ngx_uint_t                   i;
    kanda_auth_text_t            error;
    const kanda_problem_info_t  *info;

    for (i = 0; i < sizeof(kanda_auth_problems)
                    / sizeof(kanda_auth_problems[0]); i++)
    {
        if (kanda_auth_problems[i].problem == problem) {
            error = kanda_auth_problems[i].said;

            if (problem == KANDA_UNAUTHORIZED && !kr->presented) {
                error.text = "No access token provided";
            }

            if (error.text == NULL) {
                error.text = detail;
            }

            return kanda_auth_answer(kr, &error);
        }
    }

    info = kanda_problem_info(problem);

    p = ngx_cpymem(code, info->code.data,
                   ngx_min(info->code.len, sizeof(code) - 1));
    *p = '\0';

    while (p-- > code) {
        *p = ngx_toupper(*p);
    }

    error.status = info->status;
    error.text = info->title;
    error.code = (char *) code;

    return kanda_auth_answer(kr, &error);
}


static ngx_int_t
kanda_auth_answer(kanda_request_t *kr, const kanda_auth_text_t *error)
{
    kanda_json_out_t  out;

    if (kanda_json_begin(kr, &out, KANDA_AUTH_ERROR_SIZE) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, "error", error->text, ngx_strlen(error->text));

    if (error->code) {
        kanda_json_str(&out, "code", error->code, ngx_strlen(error->code));
    }

    kanda_json_close(&out, '}');

    if (error->status == NGX_HTTP_UNAUTHORIZED) {
        ngx_str_set(&kr->answer.authenticate, "Bearer");
    }

    return kanda_json_answer(kr, error->status, &out);
}
