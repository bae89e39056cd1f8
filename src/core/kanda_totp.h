/*
 * Time-based one-time passwords (RFC 6238) over HOTP (RFC 4226).
 */

#ifndef KANDA_TOTP_H
#define KANDA_TOTP_H

#include <stddef.h>
#include <stdint.h>

#include "kanda_crypto.h"


#define KANDA_TOTP_SECRET_MIN     10    /* bytes of a secret a caller brings */
#define KANDA_TOTP_SECRET_MAX     128
#define KANDA_TOTP_DIGITS_MIN     6
#define KANDA_TOTP_DIGITS_MAX     8
#define KANDA_TOTP_PERIOD_MIN     10    /* seconds */
#define KANDA_TOTP_PERIOD_MAX     300
#define KANDA_TOTP_WINDOW_MAX     10    /* steps to either side */

#define KANDA_TOTP_NO_STEP        (-1)


typedef struct {
    kanda_hash_t   hash;
    unsigned       digits;
    unsigned       period;              /* seconds */
    size_t         secret_len;
    uint8_t        secret[KANDA_TOTP_SECRET_MAX];
} kanda_totp_t;


/* Bytes of a new secret: 20, 32 or 64, what the hash has (RFC 4226, R6). */
size_t kanda_totp_secret_length(kanda_hash_t hash);

/* The name as otpauth spells it: "SHA1", "SHA256", "SHA512". */
const char *kanda_totp_hash_name(kanda_hash_t hash);

/* Reads exactly such a name; 0, or -1 when it is none of them. */
int kanda_totp_hash_parse(const char *name, size_t len, kanda_hash_t *hash);

/* The step that holds the Unix time now (RFC 6238, section 4.2; T0 = 0). */
int64_t kanda_totp_step(const kanda_totp_t *t, int64_t now);

/*
 * Writes the code of a step: t->digits characters with leading zeros and no
 * closing NUL (RFC 4226, section 5.3).  Returns 0, or -1 when the HMAC fails.
 */
int kanda_totp_code(const kanda_totp_t *t, int64_t step, char *code);

/*
 * Looks for code[t->digits], all digits, among the steps step - window to
 * step + window.  Every step is computed and compared, whichever matches, so
 * that time tells nothing.  *match becomes the earliest matching step later
 * than last; failing that, any matching step (a replay); failing that,
 * KANDA_TOTP_NO_STEP.  Steps before 0 never match.  Returns 0, or -1 when the
 * HMAC fails: then nothing was judged.
 */
int kanda_totp_match(const kanda_totp_t *t, const char *code, int64_t step,
    unsigned window, int64_t last, int64_t *match);

/*
 * Takes a submitted code apart: ASCII spaces and hyphens between digits are
 * dropped, anything else makes it malformed.  Writes the digits to code, which
 * holds KANDA_TOTP_DIGITS_MAX characters, and returns their count, or -1 when
 * there are not KANDA_TOTP_DIGITS_MIN to KANDA_TOTP_DIGITS_MAX of them or a
 * separator stands first or last.
 */
int kanda_totp_parse(const char *in, size_t len, char *code);


#endif /* KANDA_TOTP_H */
