/*
 * What can go wrong, as a client is told (RFC 9457).
 */

#ifndef KANDA_PROBLEM_H
#define KANDA_PROBLEM_H

#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    KANDA_NOT_FOUND = 0,
    KANDA_METHOD_NOT_ALLOWED,
    KANDA_UNAUTHORIZED,
    KANDA_BODY_TOO_LARGE,
    KANDA_UNSUPPORTED_MEDIA_TYPE,
    KANDA_INVALID_JSON,
    KANDA_INVALID_REQUEST,
    KANDA_INSUFFICIENT_SCOPE,
    KANDA_REGISTRATION_CLOSED,
    KANDA_QRCODE_CLOSED,
    KANDA_EMAIL_TAKEN,
    KANDA_CLIENT_EXISTS,
    KANDA_CLIENT_NOT_FOUND,
    KANDA_API_KEY_NOT_FOUND,
    KANDA_INVALID_CREDENTIALS,
    KANDA_INVALID_API_KEY,
    KANDA_LOCKED,
    KANDA_TOO_MANY_ATTEMPTS,
    KANDA_UNAVAILABLE,
    KANDA_INTEGRITY,
    KANDA_INTERNAL_ERROR,
    KANDA_INVALID_CODE,
    KANDA_INVALID_TOKEN,
    KANDA_TWO_FACTOR_REQUIRED,
    KANDA_SIGN_IN_REQUIRED,
    KANDA_STEP_UP_REQUIRED,
    KANDA_NOT_LOCAL,
    KANDA_ACCOUNT_NOT_FOUND,
    KANDA_ACCOUNT_DISABLED,
    KANDA_PROBLEMS
} kanda_problem_t;


typedef struct {
    ngx_uint_t   status;
    ngx_str_t    code;
    const char  *title;
    const char  *detail;
} kanda_problem_info_t;


/* A problem's row; never NULL. */
const kanda_problem_info_t *kanda_problem_info(kanda_problem_t problem);


#endif /* KANDA_PROBLEM_H */
