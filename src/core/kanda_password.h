/*
 * Passwords: Argon2id (RFC 9106) over HMAC-SHA256(pepper, password), kept as a
 * PHC string.  kanda_password_hash() and _verify() take tens of milliseconds
 * and are safe in any thread: they touch nothing but their arguments.
 */

#ifndef KANDA_PASSWORD_H
#define KANDA_PASSWORD_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_PASSWORD_MIN       8      /* characters, not bytes */
#define KANDA_PASSWORD_MAX       128
#define KANDA_PASSWORD_BYTES     (KANDA_PASSWORD_MAX * 4)
#define KANDA_PHC_MAX            160    /* bytes of a PHC string with NUL */

#define KANDA_ARGON2_MEMORY      19456  /* KiB: 19 MiB */
#define KANDA_ARGON2_PASSES      2
#define KANDA_ARGON2_LANES       1


typedef enum {
    KANDA_PASSWORD_OK = 0,
    KANDA_PASSWORD_SHORT,
    KANDA_PASSWORD_LONG,
    KANDA_PASSWORD_INVALID,             /* not UTF-8, or holds U+0000 */
    KANDA_PASSWORD_IS_EMAIL
} kanda_password_check_t;


/*
 * Checks a new password's form (not whether it is a common one).  The email is
 * compared without regard to ASCII case.
 */
kanda_password_check_t kanda_password_check(const char *password, size_t len,
    const char *email, size_t email_len);

/*
 * Hashes with a fresh 16-byte salt and the parameters above.  phc holds
 * KANDA_PHC_MAX bytes and gets a NUL-ended string.  0, or -1 when memory or the
 * random generator fails.
 */
int kanda_password_hash(const uint8_t pepper[32], const char *password,
    size_t len, char *phc);

/*
 * 1 when the password is right, 0 when it is wrong, -1 when the string is no
 * PHC string of ours, asks for more than 64 MiB, 8 passes or 4 lanes, or memory
 * fails.  *outdated, when not NULL, becomes 1 if the string was made with other
 * parameters than today's.
 */
int kanda_password_verify(const uint8_t pepper[32], const char *phc,
    size_t phc_len, const char *password, size_t len, int *outdated);

/*
 * A PHC string of today's parameters that no password matches: what is
 * verified for an account that does not exist, so that it costs the same.
 */
const char *kanda_password_dummy(void);


#endif /* KANDA_PASSWORD_H */
