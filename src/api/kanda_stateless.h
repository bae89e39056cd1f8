/*
 * What the two dialects have in common that keep no secret: "otp" and
 * "toolkit".
 */

#ifndef KANDA_STATELESS_H
#define KANDA_STATELESS_H

#include "kanda_api.h"
#include "kanda_store_stateless.h"


/* What their endpoints keep while they wait. */
typedef struct {
    kanda_client_show_t      show;      /* the secret and how to label it */
    ngx_str_t                token;     /* as it was submitted */
    ngx_uint_t               malformed; /* it cannot be a code of the secret */
    int64_t                  step;      /* now */
    int64_t                  match;     /* or KANDA_TOTP_NO_STEP */
    ngx_uint_t               once;      /* the step is to be remembered */
    ngx_uint_t               replayed;  /* this server knows it was used */
    u_char                   digest[KANDA_REPLAY_DIGEST];
} kanda_stateless_t;


/* Whether a label or an issuer is there and as it must be: 1 to 128 bytes of
 * UTF-8 without control characters, an issuer without ':'. */
#define kanda_label_given(text, is_issuer)                                    \
    ((text)->len                                                              \
     && kanda_otpauth_label_valid((char *) (text)->data, (text)->len,         \
                                  is_issuer))

/*
 * Looks for the submitted token among the codes of the secret in kr's state, in
 * so many steps to either side of now.  A digits of 0 is read off the token.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_stateless_match(kanda_request_t *kr, ngx_uint_t window);

/* Asks Redis whether the caller may, and whether the code was used; logs event.
 * Waits. */
ngx_int_t kanda_stateless_verify(kanda_request_t *kr, const char *event);

/* After that: 1 when the code is right, 0 when not, NGX_ERROR when the reply
 * was to another question. */
ngx_int_t kanda_stateless_verdict(kanda_request_t *kr);


#endif /* KANDA_STATELESS_H */
