/*
 * Base64url without padding (RFC 4648, section 5; RFC 7515, section 2).
 */

#ifndef KANDA_BASE64URL_H
#define KANDA_BASE64URL_H

#include <stddef.h>
#include <stdint.h>


/* Characters that len bytes take. */
#define kanda_base64url_length(len)  (((len) * 4 + 2) / 3)


/*
 * Writes in[len] without padding or a closing NUL.  out holds
 * kanda_base64url_length(len) characters; returns that count.
 */
size_t kanda_base64url_encode(char *out, const uint8_t *in, size_t len);

/*
 * Reads the one canonical form: no padding, no white space, unused bits zero.
 * Returns the number of bytes written to out, or -1 when the text is not
 * canonical or more than cap bytes would be written.
 */
int kanda_base64url_decode(uint8_t *out, size_t cap, const char *in,
    size_t len);

/* The same two with '+' and '/' (RFC 4648, section 4), as PHC strings and key
 * files have it; padding is the caller's business. */
size_t kanda_base64_encode(char *out, const uint8_t *in, size_t len);
int kanda_base64_decode(uint8_t *out, size_t cap, const char *in, size_t len);


#endif /* KANDA_BASE64URL_H */
