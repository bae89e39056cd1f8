#include "kanda_problem.h"


static const kanda_problem_info_t  kanda_problem_table[KANDA_PROBLEMS] = {

    [KANDA_NOT_FOUND] = {
        404, ngx_string("not_found"), "Not found",
        "There is nothing at this path." },

    [KANDA_METHOD_NOT_ALLOWED] = {
        405, ngx_string("method_not_allowed"), "Method not allowed",
        "This path does not answer that method; the Allow header lists those "
        "that it does." },

    [KANDA_UNAUTHORIZED] = {
        401, ngx_string("unauthorized"), "Unauthorized",
        "A valid token or API key is needed." },

    [KANDA_BODY_TOO_LARGE] = {
        413, ngx_string("body_too_large"), "Body too large",
        "A body may have at most 65536 bytes." },

    [KANDA_UNSUPPORTED_MEDIA_TYPE] = {
        415, ngx_string("unsupported_media_type"), "Unsupported media type",
        "The body must be application/json in UTF-8." },

    [KANDA_INVALID_JSON] = {
        400, ngx_string("invalid_json"), "Invalid JSON",
        "The body is not a JSON object." },

    [KANDA_INVALID_REQUEST] = {
        400, ngx_string("invalid_request"), "Invalid request",
        "The request is malformed." },

    [KANDA_INSUFFICIENT_SCOPE] = {
        403, ngx_string("insufficient_scope"), "Insufficient scope",
        "This API key may not do that, or not in this region." },

    [KANDA_REGISTRATION_CLOSED] = {
        403, ngx_string("registration_closed"), "Registration closed",
        "This server does not let anybody register." },

    [KANDA_QRCODE_CLOSED] = {
        403, ngx_string("qrcode_closed"), "QR code closed",
        "This server does not show this secret again; rotate it for a new "
        "one." },

    [KANDA_EMAIL_TAKEN] = {
        409, ngx_string("email_taken"), "Email taken",
        "An account with this email exists." },

    [KANDA_CLIENT_EXISTS] = {
        409, ngx_string("client_exists"), "Client exists",
        "A client with this clientId exists; its secret is untouched. Rotate "
        "it for a new one." },

    [KANDA_CLIENT_NOT_FOUND] = {
        404, ngx_string("client_not_found"), "Client not found",
        "There is no client with this clientId." },

    [KANDA_API_KEY_NOT_FOUND] = {
        404, ngx_string("api_key_not_found"), "API key not found",
        "There is no API key with this id." },

    [KANDA_INVALID_CREDENTIALS] = {
        401, ngx_string("invalid_credentials"), "Invalid credentials",
        "Email or password is wrong." },

    [KANDA_INVALID_API_KEY] = {
        401, ngx_string("invalid_api_key"), "Invalid API key",
        "The API key is unknown, revoked or expired." },

    [KANDA_LOCKED] = {
        429, ngx_string("locked"), "Locked",
        "Too many wrong codes; no code is checked until the lock ends." },

    [KANDA_TOO_MANY_ATTEMPTS] = {
        429, ngx_string("too_many_attempts"), "Too many attempts",
        "Too many logins were tried for this account; wait and try again." },

    [KANDA_UNAVAILABLE] = {
        503, ngx_string("unavailable"), "Unavailable",
        "The service cannot decide this right now; try again." },

    [KANDA_INTEGRITY] = {
        500, ngx_string("integrity"), "Integrity error",
        "What is stored for this client cannot be trusted." },

    [KANDA_INTERNAL_ERROR] = {
        500, ngx_string("internal_error"), "Internal error",
        "Something went wrong on the server." },

    [KANDA_INVALID_CODE] = {
        401, ngx_string("invalid_code"), "Invalid code",
        "The code is wrong, or was used before." },

    [KANDA_INVALID_TOKEN] = {
        401, ngx_string("invalid_token"), "Invalid token",
        "The token is wrong, or its time is over: log in again." },

    [KANDA_TWO_FACTOR_REQUIRED] = {
        403, ngx_string("two_factor_required"), "Second factor required",
        "This account has no second factor, and a login here needs one; it is "
        "set up where the server has its login router." },

    [KANDA_SIGN_IN_REQUIRED] = {
        401, ngx_string("sign_in_required"), "Sign-in required",
        "Nobody is signed in here, or the session is over." },

    [KANDA_STEP_UP_REQUIRED] = {
        401, ngx_string("second_factor_required"), "Second factor required",
        "This session has not shown a second factor, or not of late." },

    [KANDA_NOT_LOCAL] = {
        403, ngx_string("not_local"), "Not local",
        "This is for programs of this machine, by a name of this machine, and "
        "not for web pages." },

    [KANDA_ACCOUNT_NOT_FOUND] = {
        404, ngx_string("account_not_found"), "Account not found",
        "There is no account with this userId." },

    [KANDA_ACCOUNT_DISABLED] = {
        409, ngx_string("account_disabled"), "Account disabled",
        "This account is disabled; enable it first." }
};


const kanda_problem_info_t *
kanda_problem_info(kanda_problem_t problem)
{
    return &kanda_problem_table[problem];
}
