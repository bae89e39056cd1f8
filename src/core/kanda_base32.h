/*
 * Base32 (RFC 4648, section 6): how a TOTP secret is shown and typed.
 */

#ifndef KANDA_BASE32_H
#define KANDA_BASE32_H

#include <stddef.h>
#include <stdint.h>


/* Characters that len bytes take without padding. */
#define kanda_base32_length(len)  (((len) * 8 + 4) / 5)


/*
 * Writes in[len] as upper-case Base32 without padding and without a closing
 * NUL.  out holds kanda_base32_length(len) characters; returns that count.
 */
size_t kanda_base32_encode(char *out, const uint8_t *in, size_t len);

/*
 * Reads a secret as people bring it: either case, spaces and hyphens between
 * characters (not before or after them), correct padding at the end or none.
 * Returns the number of bytes written to out, or -1 when a character, a length
 * or a non-zero trailing bit is wrong, or when more than cap bytes would be
 * written.
 */
int kanda_base32_decode(uint8_t *out, size_t cap, const char *in, size_t len);


#endif /* KANDA_BASE32_H */
