/*
 * Text that comes from outside: UTF-8, path segments, emails, times.
 */

#ifndef KANDA_TEXT_H
#define KANDA_TEXT_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_CLIENT_ID_MAX   128
#define KANDA_EMAIL_MAX       254
#define KANDA_REALM_MAX       32
#define KANDA_TIME_LEN        24        /* 2026-01-02T03:04:05.678Z */


/*
 * Reads the character at *p, which is before end, and moves *p past it.
 * Returns its code point, or -1 with *p unmoved when it is not valid UTF-8.
 */
int32_t kanda_utf8_next(const char **p, const char *end);

/*
 * Counts the characters of p[len] when it is valid UTF-8 (RFC 3629: no overlong
 * form, no surrogate, nothing past U+10FFFF), else -1.
 */
int kanda_utf8_length(const char *p, size_t len);

/* Whether p[len] is UTF-8 and has no C0, DEL or C1 control character. */
int kanda_utf8_clean(const char *p, size_t len);

/*
 * Copies text for the log: controls and bytes that are not UTF-8 become '?',
 * and a character that would pass cap bytes is left out whole.  Returns the
 * length.
 */
size_t kanda_utf8_scrub(char *out, size_t cap, const char *in, size_t len);

/*
 * Decodes one raw URI segment once (%XX only).  out holds len bytes and may be
 * in.  Returns the length, or -1 on a bad escape.
 */
int kanda_segment_decode(char *out, const char *in, size_t len);

/*
 * Whether p[len] may name a client: 1-128 bytes of UTF-8 without control
 * characters, not "." and not "..".
 */
int kanda_client_id_valid(const char *p, size_t len);

/*
 * Lower-cases an email's ASCII letters into out[len] and checks it: at most 254
 * bytes of clean UTF-8, one '@' with something on both sides, no white space.
 * 0 or -1.
 */
int kanda_email_canonical(char *out, const char *in, size_t len);

/* Writes Unix milliseconds, 0 to the year 9999, as RFC 3339; 24 characters. */
void kanda_time_format(char out[KANDA_TIME_LEN], int64_t ms);

/*
 * Reads an RFC 3339 date-time, any offset, fraction kept to milliseconds.
 * Returns Unix milliseconds, or -1 when it is not one or lies before 1970.
 */
int64_t kanda_time_parse(const char *p, size_t len);


#endif /* KANDA_TEXT_H */
