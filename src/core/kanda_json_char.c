#include <string.h>

#include "kanda_json.h"
#include "kanda_text.h"


static int32_t kanda_json_escape(const char **p, const char *end);
static int32_t kanda_json_unit(const char *p, const char *end);


int32_t
kanda_json_char(const char **p, const char *end)
{
    if (**p != '\\') {
        return kanda_utf8_next(p, end);
    }

    return kanda_json_escape(p, end);
}


static int32_t
kanda_json_escape(const char **p, const char *end)
{
    static const char  from[] = "\"\\/bfnrt";
    static const char  to[] = "\"\\/\b\f\n\r\t";

    int32_t      c, low;
    const char  *found;

    if (end - *p < 2) {
        return -2;
    }

    if ((*p)[1] != 'u') {
        found = memchr(from, (*p)[1], sizeof(from) - 1);
        *p += 2;
        return found != NULL ? to[found - from] : -2;
    }

    c = kanda_json_unit(*p, end);
    if (c < 0) {
        return c;
    }

    *p += 6;

    if (c < 0xd800 || c > 0xdfff) {
        return c;
    }

    low = kanda_json_unit(*p, end);

    if (c > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return -1;
    }

    *p += 6;

    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}


/* The UTF-16 code unit of a \u escape, or -2. */
static int32_t
kanda_json_unit(const char *p, const char *end)
{
    int      i;
    char     h;
    int32_t  c;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -2;
    }

    c = 0;

    for (i = 2; i < 6; i++) {
        h = (char) (p[i] | 0x20);

        if (p[i] >= '0' && p[i] <= '9') {
            c = c << 4 | (p[i] - '0');

        } else if (h >= 'a' && h <= 'f') {
            c = c << 4 | (h - 'a' + 10);

        } else {
            return -2;
        }
    }

    return c;
}
