/*
 * The otpauth:// URI that authenticator apps scan.
 */

#ifndef KANDA_OTPAUTH_H
#define KANDA_OTPAUTH_H

#include <stddef.h>

#include "kanda_totp.h"


#define KANDA_LABEL_MAX   128           /* bytes of a label or an issuer */

/* Room for every URI of a label, an issuer and a secret within their limits. */
#define KANDA_OTPAUTH_MAX  1440


/* In which order, and how fully, a dialect writes the query. */
typedef enum {
    KANDA_OTPAUTH_API = 0,  /* secret issuer algorithm digits period */
    KANDA_OTPAUTH_OTP,      /* secret period digits algorithm issuer */
    KANDA_OTPAUTH_TOOLKIT,  /* secret issuer digits period algorithm */
    KANDA_OTPAUTH_AUTH      /* secret issuer, then only what is no default */
} kanda_otpauth_form_t;


/*
 * Writes otpauth://totp/[issuer:]label?secret=... with every part
 * percent-encoded but for RFC 3986's unreserved characters; an empty issuer
 * gives neither prefix nor parameter.  No closing NUL.  Returns the length, or
 * 0 when cap is too small.
 */
size_t kanda_otpauth_uri(char *out, size_t cap, const kanda_totp_t *t,
    const char *label, size_t label_len, const char *issuer,
    size_t issuer_len, kanda_otpauth_form_t form);

/*
 * Whether a label (or, with is_issuer, an issuer, which may be empty and holds
 * no ':') is 1-128 bytes of UTF-8 without control characters.
 */
int kanda_otpauth_label_valid(const char *p, size_t len, int is_issuer);


#endif /* KANDA_OTPAUTH_H */
