#include <string.h>

#include "kanda_json.h"
#include "kanda_text.h"


static void kanda_json_put(kanda_json_out_t *out, const char *p, size_t len);
static void kanda_json_begin(kanda_json_out_t *out, const char *name);
static size_t kanda_json_plain(const char *p, size_t len);
static size_t kanda_json_odd(const char *p, size_t len);


void
kanda_json_init(kanda_json_out_t *out, char *buf, size_t cap)
{
    out->pos = buf;
    out->start = buf;
    out->end = buf + cap;
    out->comma = 0;
    out->overflow = 0;
}


size_t
kanda_json_length(const kanda_json_out_t *out)
{
    return out->overflow ? 0 : (size_t) (out->pos - out->start);
}


void
kanda_json_open(kanda_json_out_t *out, const char *name, char bracket)
{
    kanda_json_begin(out, name);
    kanda_json_put(out, &bracket, 1);
    out->comma = 0;
}


void
kanda_json_close(kanda_json_out_t *out, char bracket)
{
    kanda_json_put(out, &bracket, 1);
    out->comma = 1;
}


void
kanda_json_str(kanda_json_out_t *out, const char *name, const char *p,
    size_t len)
{
    size_t    n;
    char      escape[6];
    int32_t   c;
    unsigned  i;

    if (p == NULL) {
        kanda_json_null(out, name);
        return;
    }

    kanda_json_begin(out, name);
    kanda_json_put(out, "\"", 1);

    while (len > 0) {
        n = kanda_json_plain(p, len);
        kanda_json_put(out, p, n);
        p += n;
        len -= n;

        if (len == 0) {
            break;
        }

        if (*p == '"' || *p == '\\') {
            escape[0] = '\\';
            escape[1] = *p;
            kanda_json_put(out, escape, 2);
            p++;
            len--;
            continue;
        }

        n = kanda_json_odd(p, len);
        c = (n == 1) ? *p : (n == 2) ? (uint8_t) p[1] : 0x2000 + (p[2] & 0x3f);

        memcpy(escape, "\\u", 2);
        for (i = 0; i < 4; i++) {
            escape[2 + i] = "0123456789abcdef"[c >> (12 - 4 * i) & 15];
        }

        kanda_json_put(out, escape, 6);
        p += n;
        len -= n;
    }

    kanda_json_put(out, "\"", 1);
}


void
kanda_json_int(kanda_json_out_t *out, const char *name, int64_t n)
{
    char      digits[20], *p;
    uint64_t  u;

    p = digits + sizeof(digits);
    u = (n < 0) ? 0 - (uint64_t) n : (uint64_t) n;

    do {
        *--p = (char) ('0' + u % 10);
        u /= 10;
    } while (u > 0);

    if (n < 0) {
        *--p = '-';
    }

    kanda_json_begin(out, name);
    kanda_json_put(out, p, (size_t) (digits + sizeof(digits) - p));
}


void
kanda_json_bool(kanda_json_out_t *out, const char *name, int on)
{
    kanda_json_begin(out, name);
    kanda_json_put(out, on ? "true" : "false", on ? 4 : 5);
}


void
kanda_json_null(kanda_json_out_t *out, const char *name)
{
    kanda_json_begin(out, name);
    kanda_json_put(out, "null", 4);
}


void
kanda_json_time(kanda_json_out_t *out, const char *name, int64_t ms)
{
    char  text[KANDA_TIME_LEN];

    if (ms == 0) {
        kanda_json_null(out, name);
        return;
    }

    kanda_time_format(text, ms);
    kanda_json_str(out, name, text, sizeof(text));
}


static void
kanda_json_put(kanda_json_out_t *out, const char *p, size_t len)
{
    if ((size_t) (out->end - out->pos) < len) {
        out->overflow = 1;
        return;
    }

    memcpy(out->pos, p, len);
    out->pos += len;
}


/* What stands before a value. */
static void
kanda_json_begin(kanda_json_out_t *out, const char *name)
{
    if (out->comma) {
        kanda_json_put(out, ",", 1);
    }

    if (name != NULL) {
        kanda_json_put(out, "\"", 1);
        kanda_json_put(out, name, strlen(name));
        kanda_json_put(out, "\":", 2);
    }

    out->comma = 1;
}


/* How many bytes need no escape. */
static size_t
kanda_json_plain(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] == '"' || p[i] == '\\' || kanda_json_odd(p + i, len - i)) {
            break;
        }
    }

    return i;
}


/*
 * Bytes of the character at p if it is one that we never write as it is: a
 * control (C0, DEL, C1) or a line separator of JavaScript; else 0.
 */
static size_t
kanda_json_odd(const char *p, size_t len)
{
    unsigned char  c;

    c = (unsigned char) p[0];

    if (c < 0x20 || c == 0x7f) {
        return 1;
    }

    if (c == 0xc2 && len >= 2 && (unsigned char) p[1] < 0xa0) {
        return 2;
    }

    if (len >= 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0
                     || memcmp(p, "\xe2\x80\xa9", 3) == 0))
    {
        return 3;
    }

    return 0;
}
