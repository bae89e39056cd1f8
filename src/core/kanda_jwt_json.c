#include <string.h>

#include "kanda_jwt_json.h"
#include "kanda_text.h"


#define KANDA_JWT_NUMBER_END  (INT64_C(1) << 53)


typedef struct {
    const char  *pos;
    const char  *end;
} kanda_jwt_scan_t;


static int kanda_jwt_take(kanda_jwt_scan_t *s, char c);
static int kanda_jwt_member(kanda_jwt_scan_t *s, kanda_jwt_member_t *m);
static int kanda_jwt_value(kanda_jwt_scan_t *s, kanda_jwt_member_t *m);
static int kanda_jwt_string(kanda_jwt_scan_t *s, const char **p, size_t *len,
    int escapes);
static int kanda_jwt_number(kanda_jwt_scan_t *s, int64_t *number);
static int kanda_jwt_word(kanda_jwt_scan_t *s, const char *word);


int
kanda_jwt_json_read(const char *text, size_t len,
    kanda_jwt_member_t members[KANDA_JWT_MEMBERS])
{
    int               i, n;
    kanda_jwt_scan_t  s;

    s.pos = text;
    s.end = text + len;

    if (!kanda_jwt_take(&s, '{')) {
        return -1;
    }

    if (kanda_jwt_take(&s, '}')) {
        return s.pos == s.end ? 0 : -1;
    }

    for (n = 0; n == 0 || kanda_jwt_take(&s, ','); n++) {

        if (n == KANDA_JWT_MEMBERS
            || kanda_jwt_member(&s, &members[n]) != 0)
        {
            return -1;
        }

        for (i = 0; i < n; i++) {
            if (members[i].name_len == members[n].name_len
                && memcmp(members[i].name, members[n].name,
                          members[n].name_len)
                   == 0)
            {
                return -1;
            }
        }
    }

    if (!kanda_jwt_take(&s, '}') || s.pos != s.end) {
        return -1;
    }

    return n;
}


const kanda_jwt_member_t *
kanda_jwt_json_find(const kanda_jwt_member_t *members, int n,
    const char *name)
{
    int     i;
    size_t  len;

    len = strlen(name);

    for (i = 0; i < n; i++) {
        if (members[i].name_len == len
            && memcmp(members[i].name, name, len) == 0)
        {
            return &members[i];
        }
    }

    return NULL;
}


int
kanda_jwt_json_is(const kanda_jwt_member_t *m, const char *text)
{
    return m != NULL && m->type == KANDA_JWT_STRING
           && m->value_len == strlen(text)
           && memcmp(m->value, text, m->value_len) == 0;
}


int
kanda_jwt_json_plain(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\') {
            return 0;
        }
    }

    return 1;
}


/* Takes a character of the grammar, with the white space around it. */
static int
kanda_jwt_take(kanda_jwt_scan_t *s, char c)
{
    const char  *p;

    for (p = s->pos; p < s->end; p++) {
        if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
            break;
        }
    }

    if (p == s->end || *p != c) {
        return 0;
    }

    for (p++; p < s->end; p++) {
        if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
            break;
        }
    }

    s->pos = p;

    return 1;
}


static int
kanda_jwt_member(kanda_jwt_scan_t *s, kanda_jwt_member_t *m)
{
    if (kanda_jwt_string(s, &m->name, &m->name_len, 0) != 0
        || !kanda_jwt_take(s, ':'))
    {
        return -1;
    }

    return kanda_jwt_value(s, m);
}


static int
kanda_jwt_value(kanda_jwt_scan_t *s, kanda_jwt_member_t *m)
{
    m->value = NULL;
    m->value_len = 0;
    m->number = 0;

    if (s->pos == s->end) {
        return -1;
    }

    if (*s->pos == '"') {
        m->type = KANDA_JWT_STRING;
        return kanda_jwt_string(s, &m->value, &m->value_len, 1);
    }

    if (*s->pos >= '0' && *s->pos <= '9') {
        m->type = KANDA_JWT_NUMBER;
        return kanda_jwt_number(s, &m->number);
    }

    m->type = KANDA_JWT_BOOLEAN;

    if (kanda_jwt_word(s, "true")) {
        m->number = 1;
        return 0;
    }

    return kanda_jwt_word(s, "false") ? 0 : -1;
}


/* With escapes, a backslash may stand before a quote or another one, and stays
 * in what is returned. */
static int
kanda_jwt_string(kanda_jwt_scan_t *s, const char **p, size_t *len, int escapes)
{
    int             ascii;
    const char     *start;
    unsigned char   c;

    if (s->pos == s->end || *s->pos != '"') {
        return -1;
    }

    start = ++s->pos;
    ascii = 1;

    for ( /* void */ ; s->pos < s->end; s->pos++) {
        c = (unsigned char) *s->pos;

        if (c == '"') {
            *p = start;
            *len = (size_t) (s->pos - start);
            s->pos++;

            return (ascii || kanda_utf8_length(start, *len) >= 0) ? 0 : -1;
        }

        if (c == '\\' && escapes && s->end - s->pos > 1
            && (s->pos[1] == '"' || s->pos[1] == '\\'))
        {
            s->pos++;
            continue;
        }

        if (c < 0x20 || c == '\\') {
            return -1;
        }

        if (c >= 0x80) {
            ascii = 0;
        }
    }

    return -1;
}


static int
kanda_jwt_number(kanda_jwt_scan_t *s, int64_t *number)
{
    int64_t      n;
    const char  *start;

    n = 0;

    for (start = s->pos; s->pos < s->end; s->pos++) {

        if (*s->pos < '0' || *s->pos > '9') {
            break;
        }

        n = n * 10 + (*s->pos - '0');

        if (n >= KANDA_JWT_NUMBER_END) {
            return -1;
        }
    }

    if (*start == '0' && s->pos - start > 1) {
        return -1;
    }

    *number = n;

    return 0;
}


static int
kanda_jwt_word(kanda_jwt_scan_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (s->end - s->pos) < len || memcmp(s->pos, word, len) != 0) {
        return 0;
    }

    s->pos += len;

    return 1;
}
