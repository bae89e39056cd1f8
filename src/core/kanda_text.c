#include <string.h>

#include "kanda_text.h"


static int kanda_text_control(int32_t c);
static int kanda_text_space(int32_t c);
static int kanda_text_hex(char c);


int32_t
kanda_utf8_next(const char **p, const char *end)
{
    size_t                i, more;
    int32_t               c, least;
    const unsigned char  *s;

    s = (const unsigned char *) *p;

    if (s[0] < 0x80) {
        *p += 1;
        return s[0];
    }

    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        c = s[0] & 0x1f;
        more = 1;
        least = 0x80;

    } else if ((s[0] & 0xf0) == 0xe0) {
        c = s[0] & 0x0f;
        more = 2;
        least = 0x800;

    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        c = s[0] & 0x07;
        more = 3;
        least = 0x10000;

    } else {
        return -1;
    }

    if ((size_t) (end - *p) <= more) {
        return -1;
    }

    for (i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return -1;
        }

        c = c << 6 | (s[i] & 0x3f);
    }

    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return -1;
    }

    *p += more + 1;

    return c;
}


int
kanda_utf8_length(const char *p, size_t len)
{
    int          n;
    const char  *end;

    n = 0;
    end = p + len;

    while (p < end) {
        if (kanda_utf8_next(&p, end) < 0) {
            return -1;
        }

        n++;
    }

    return n;
}


int
kanda_utf8_clean(const char *p, size_t len)
{
    int32_t      c;
    const char  *end;

    end = p + len;

    while (p < end) {
        c = kanda_utf8_next(&p, end);

        if (c < 0 || kanda_text_control(c)) {
            return 0;
        }
    }

    return 1;
}


size_t
kanda_utf8_scrub(char *out, size_t cap, const char *in, size_t len)
{
    size_t       n, size;
    int32_t      c;
    const char  *p, *end;

    n = 0;
    p = in;
    end = in + len;

    while (p < end) {
        in = p;
        c = kanda_utf8_next(&p, end);

        if (c < 0) {
            p++;
        }

        size = (c < 0 || kanda_text_control(c)) ? 1 : (size_t) (p - in);

        if (size > cap - n) {
            break;
        }

        memcpy(out + n, (c < 0 || kanda_text_control(c)) ? "?" : in, size);
        n += size;
    }

    return n;
}


int
kanda_segment_decode(char *out, const char *in, size_t len)
{
    int     high, low, n;
    size_t  i;

    n = 0;

    for (i = 0; i < len; i++) {

        if (in[i] != '%') {
            out[n++] = in[i];
            continue;
        }

        if (len - i < 3) {
            return -1;
        }

        high = kanda_text_hex(in[i + 1]);
        low = kanda_text_hex(in[i + 2]);

        if (high < 0 || low < 0) {
            return -1;
        }

        out[n++] = (char) (high << 4 | low);
        i += 2;
    }

    return n;
}


int
kanda_client_id_valid(const char *p, size_t len)
{
    if (len == 0 || len > KANDA_CLIENT_ID_MAX) {
        return 0;
    }

    if (p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.'))) {
        return 0;
    }

    return kanda_utf8_clean(p, len);
}


int
kanda_email_canonical(char *out, const char *in, size_t len)
{
    size_t       ats;
    int32_t      c;
    const char  *p, *end;

    if (len < 3 || len > KANDA_EMAIL_MAX || in[0] == '@'
        || in[len - 1] == '@')
    {
        return -1;
    }

    p = in;
    end = in + len;
    ats = 0;

    while (p < end) {
        c = kanda_utf8_next(&p, end);

        if (c < 0 || kanda_text_control(c) || kanda_text_space(c)) {
            return -1;
        }

        if (c == '@') {
            ats++;
        }
    }

    if (ats != 1) {
        return -1;
    }

    for (p = in; p < end; p++) {
        *out++ = (*p >= 'A' && *p <= 'Z') ? (char) (*p | 0x20) : *p;
    }

    return 0;
}


static int
kanda_text_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}


/* Unicode's White_Space that is no control. */
static int
kanda_text_space(int32_t c)
{
    return c == 0x20 || c == 0xa0 || c == 0x1680
           || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029
           || c == 0x202f || c == 0x205f || c == 0x3000;
}


static int
kanda_text_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (char) (c | 0x20);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}
