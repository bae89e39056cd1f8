/*
 * Access tokens: JWS compact serialisation (RFC 7515) of a JWT (RFC 7519),
 * HS256 and nothing else (RFC 8725, section 3.1).
 */

#ifndef KANDA_JWT_H
#define KANDA_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_keyring.h"


#define KANDA_JWT_MAX    4096           /* bytes of a token we look at */
#define KANDA_JWT_SIGNED_MAX  2048      /* bytes of a token we make */


/* A claim's text: within the limits below, no escapes needed in JSON. */
typedef struct {
    size_t  len;
    char    data[128];
} kanda_jwt_text_t;


typedef enum {
    KANDA_JWT_ACCESS = 0,               /* "access" */
    KANDA_JWT_2FA,                      /* "2fa" */
    KANDA_JWT_2FA_SETUP                 /* "2fa-setup" */
} kanda_jwt_use_t;


/* Whose session a token is of: told to its holder, and never read back. */
typedef struct {
    const char       *email;            /* UTF-8 */
    size_t            email_len;
    int               totp;             /* there is a second factor */
} kanda_jwt_profile_t;


typedef struct {
    kanda_jwt_text_t  iss;
    kanda_jwt_text_t  sub;              /* account id */
    kanda_jwt_text_t  jti;
    kanda_jwt_text_t  realm;
    kanda_jwt_text_t  key;              /* API key id, or empty */
    kanda_jwt_text_t  sid;              /* session id, or empty */
    kanda_jwt_use_t   use;
    int64_t           iat;              /* Unix seconds */
    int64_t           exp;
    const kanda_jwt_profile_t  *profile;    /* to sign, or NULL */
} kanda_jwt_claims_t;


/*
 * Signs the claims with the ring's first jwt key.  out holds
 * KANDA_JWT_SIGNED_MAX bytes.  Returns the token's length, or 0 when the claims
 * do not fit, hold a character that JSON would escape, or OpenSSL fails.
 */
size_t kanda_jwt_sign(const kanda_keyring_t *ring,
    const kanda_jwt_claims_t *claims, char *out);

/*
 * Verifies a token: three canonical base64url parts, at most KANDA_JWT_MAX
 * bytes; the signature before anything else is believed; header exactly alg
 * HS256, typ JWT and a kid of the ring, no crit and no duplicate name; every
 * claim present, of the right type and within its length; iss as given; exp
 * later than now, iat at most 60 s ahead of it, and no aud.  The header is
 * parsed for its kid alone before the signature is checked.  Returns 0 and the
 * claims; -1 for a worthless token, why being nobody's business; or -2 when
 * OpenSSL fails and nothing was judged.
 */
int kanda_jwt_verify(const kanda_keyring_t *ring, const char *token,
    size_t len, const char *iss, size_t iss_len, int64_t now,
    kanda_jwt_claims_t *claims);

/* The same for a token whose time may be over: exp is not looked at. */
int kanda_jwt_verify_late(const kanda_keyring_t *ring, const char *token,
    size_t len, const char *iss, size_t iss_len, int64_t now,
    kanda_jwt_claims_t *claims);

/* Whether text may stand in a claim: printable ASCII but for '"' and '\\'. */
int kanda_jwt_text_set(kanda_jwt_text_t *t, const char *p, size_t len);


#endif /* KANDA_JWT_H */
