/*
 * The check: a recursive descent that stops at KANDA_JSON_DEPTH.  The text is
 * read once; of each name of an open object only place and hash are kept.
 */

#include <string.h>

#include "kanda_json.h"


typedef struct {
    const char          *pos;
    const char          *end;
    unsigned             depth;
    kanda_json_check_t   error;
} kanda_json_scan_t;


typedef struct {
    const char          *start;         /* after the opening quote */
    uint32_t             hash;          /* of the text without escapes */
} kanda_json_name_t;


static int kanda_json_fail(kanda_json_scan_t *s, kanda_json_check_t error);
static int kanda_json_take(kanda_json_scan_t *s, char c);
static void kanda_json_space(kanda_json_scan_t *s);
static int kanda_json_value(kanda_json_scan_t *s);
static int kanda_json_word(kanda_json_scan_t *s, const char *word);
static int kanda_json_object(kanda_json_scan_t *s);
static int kanda_json_name(kanda_json_scan_t *s, kanda_json_name_t *names,
    size_t n);
static int kanda_json_same(const kanda_json_scan_t *s, const char *a,
    const char *b);
static int kanda_json_array(kanda_json_scan_t *s);
static int kanda_json_string(kanda_json_scan_t *s, uint32_t *hash);
static int kanda_json_number(kanda_json_scan_t *s);
static int kanda_json_digits(kanda_json_scan_t *s);


kanda_json_check_t
kanda_json_check(const char *text, size_t len)
{
    int                object;
    kanda_json_scan_t  s;

    s.pos = text;
    s.end = text + len;
    s.depth = 0;
    s.error = KANDA_JSON_OK;

    kanda_json_space(&s);

    if (s.pos == s.end) {
        return KANDA_JSON_EMPTY;
    }

    object = (*s.pos == '{');

    if (kanda_json_value(&s) != 0) {
        return s.error;
    }

    kanda_json_space(&s);

    if (s.pos != s.end) {
        return KANDA_JSON_TRAILING;
    }

    return object ? KANDA_JSON_OK : KANDA_JSON_NOT_OBJECT;
}


const char *
kanda_json_reason(kanda_json_check_t check)
{
    static const char  *reasons[] = {
        "the JSON is well-formed",
        "the body is empty",
        "the JSON is malformed",
        "something follows the JSON object",
        "the JSON is nested too deeply",
        "a name appears twice in one object",
        "a string is not valid Unicode",
        "a string holds U+0000",
        "an object has too many members",
        "the JSON is not an object"
    };

    return reasons[check];
}


static int
kanda_json_fail(kanda_json_scan_t *s, kanda_json_check_t error)
{
    s->error = error;

    return -1;
}


/* Takes a character if it is the next one. */
static int
kanda_json_take(kanda_json_scan_t *s, char c)
{
    if (s->pos == s->end || *s->pos != c) {
        return 0;
    }

    s->pos++;

    return 1;
}


static void
kanda_json_space(kanda_json_scan_t *s)
{
    while (s->pos < s->end
           && (*s->pos == ' ' || *s->pos == '\t' || *s->pos == '\n'
               || *s->pos == '\r'))
    {
        s->pos++;
    }
}


static int
kanda_json_value(kanda_json_scan_t *s)
{
    uint32_t  hash;

    if (s->pos == s->end) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    switch (*s->pos) {

    case '{':
        return kanda_json_object(s);

    case '[':
        return kanda_json_array(s);

    case '"':
        return kanda_json_string(s, &hash);

    case 't':
        return kanda_json_word(s, "true");

    case 'f':
        return kanda_json_word(s, "false");

    case 'n':
        return kanda_json_word(s, "null");

    case '\0':
        return kanda_json_fail(s, KANDA_JSON_NUL);

    default:
        return kanda_json_number(s);
    }
}


static int
kanda_json_word(kanda_json_scan_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (s->end - s->pos) < len || memcmp(s->pos, word, len) != 0) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    s->pos += len;

    return 0;
}


static int
kanda_json_object(kanda_json_scan_t *s)
{
    size_t             n;
    kanda_json_name_t  names[KANDA_JSON_MEMBERS];

    if (++s->depth > KANDA_JSON_DEPTH) {
        return kanda_json_fail(s, KANDA_JSON_DEEP);
    }

    s->pos++;
    kanda_json_space(s);

    if (!kanda_json_take(s, '}')) {

        for (n = 0; n == 0 || kanda_json_take(s, ','); n++) {

            if (kanda_json_name(s, names, n) != 0
                || kanda_json_value(s) != 0)
            {
                return -1;
            }

            kanda_json_space(s);
        }

        if (!kanda_json_take(s, '}')) {
            return kanda_json_fail(s, KANDA_JSON_SYNTAX);
        }
    }

    s->depth--;

    return 0;
}


/* Reads a member up to its value. */
static int
kanda_json_name(kanda_json_scan_t *s, kanda_json_name_t *names, size_t n)
{
    size_t  i;

    kanda_json_space(s);

    if (s->pos == s->end || *s->pos != '"') {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    if (n == KANDA_JSON_MEMBERS) {
        return kanda_json_fail(s, KANDA_JSON_MANY);
    }

    names[n].start = s->pos + 1;

    if (kanda_json_string(s, &names[n].hash) != 0) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (names[i].hash == names[n].hash
            && kanda_json_same(s, names[i].start, names[n].start))
        {
            return kanda_json_fail(s, KANDA_JSON_DUPLICATE);
        }
    }

    kanda_json_space(s);

    if (!kanda_json_take(s, ':')) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    kanda_json_space(s);

    return 0;
}


/* Compares two names that were scanned already. */
static int
kanda_json_same(const kanda_json_scan_t *s, const char *a, const char *b)
{
    while (*a != '"' && *b != '"') {
        if (kanda_json_char(&a, s->end) != kanda_json_char(&b, s->end)) {
            return 0;
        }
    }

    return *a == *b;
}


static int
kanda_json_array(kanda_json_scan_t *s)
{
    if (++s->depth > KANDA_JSON_DEPTH) {
        return kanda_json_fail(s, KANDA_JSON_DEEP);
    }

    s->pos++;
    kanda_json_space(s);

    if (!kanda_json_take(s, ']')) {

        do {
            kanda_json_space(s);

            if (kanda_json_value(s) != 0) {
                return -1;
            }

            kanda_json_space(s);

        } while (kanda_json_take(s, ','));

        if (!kanda_json_take(s, ']')) {
            return kanda_json_fail(s, KANDA_JSON_SYNTAX);
        }
    }

    s->depth--;

    return 0;
}


static int
kanda_json_string(kanda_json_scan_t *s, uint32_t *hash)
{
    int      raw;
    int32_t  c;

    *hash = 2166136261;

    for (s->pos++; s->pos < s->end && *s->pos != '"'; /* void */ ) {

        raw = (*s->pos != '\\');
        c = kanda_json_char(&s->pos, s->end);

        if (c < 0) {
            return kanda_json_fail(s, c == -1 ? KANDA_JSON_UTF8
                                              : KANDA_JSON_SYNTAX);
        }

        if (c == 0) {
            return kanda_json_fail(s, KANDA_JSON_NUL);
        }

        if (raw && c < 0x20) {
            return kanda_json_fail(s, KANDA_JSON_SYNTAX);
        }

        *hash = (*hash ^ (uint32_t) c) * 16777619;
    }

    if (!kanda_json_take(s, '"')) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    return 0;
}


static int
kanda_json_number(kanda_json_scan_t *s)
{
    (void) kanda_json_take(s, '-');

    if (!kanda_json_take(s, '0') && !kanda_json_digits(s)) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    if (kanda_json_take(s, '.') && !kanda_json_digits(s)) {
        return kanda_json_fail(s, KANDA_JSON_SYNTAX);
    }

    if (kanda_json_take(s, 'e') || kanda_json_take(s, 'E')) {

        (void) (kanda_json_take(s, '+') || kanda_json_take(s, '-'));

        if (!kanda_json_digits(s)) {
            return kanda_json_fail(s, KANDA_JSON_SYNTAX);
        }
    }

    return 0;
}


/* Whether there was a digit at all. */
static int
kanda_json_digits(kanda_json_scan_t *s)
{
    const char  *start;

    start = s->pos;

    while (s->pos < s->end && *s->pos >= '0' && *s->pos <= '9') {
        s->pos++;
    }

    return s->pos > start;
}
