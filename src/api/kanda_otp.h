/*
 * The stateless form API: the routes of the "otp" dialect.
 */

#ifndef KANDA_OTP_H
#define KANDA_OTP_H

#include "kanda_stateless.h"


extern const kanda_dialect_t  kanda_otp_dialect;


/* Endpoints, each a kanda_handler_pt. */

ngx_int_t kanda_otp_ping(kanda_request_t *kr);
ngx_int_t kanda_otp_qrcode(kanda_request_t *kr);
ngx_int_t kanda_otp_onboard(kanda_request_t *kr);
ngx_int_t kanda_otp_get(kanda_request_t *kr);
ngx_int_t kanda_otp_verify(kanda_request_t *kr);


/* A field that an endpoint needs, and what is said where it is not given. */
typedef struct {
    const char  *name;
    const char  *missing;
} kanda_otp_field_t;


/* Reads n fields into values: NGX_OK; NGX_DECLINED when some are absent or
 * empty, all of which the answer then names; or NGX_ERROR. */
ngx_int_t kanda_otp_need(kanda_request_t *kr, const kanda_otp_field_t *fields,
    ngx_str_t *values, ngx_uint_t n);

/* Answers ping. */
ngx_int_t kanda_otp_pong(kanda_request_t *kr);


#endif /* KANDA_OTP_H */
