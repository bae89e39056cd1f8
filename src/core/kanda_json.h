/*
 * JSON, strictly (RFC 8259): a scan that stands before cJSON, which is lenient
 * where a security service must not be, and a writer for answers.
 */

#ifndef KANDA_JSON_H
#define KANDA_JSON_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_JSON_DEPTH     8
#define KANDA_JSON_MEMBERS   64         /* of one object */


typedef enum {
    KANDA_JSON_OK = 0,
    KANDA_JSON_EMPTY,                   /* nothing but white space */
    KANDA_JSON_SYNTAX,
    KANDA_JSON_TRAILING,                /* bytes after the value */
    KANDA_JSON_DEEP,
    KANDA_JSON_DUPLICATE,               /* a name twice in one object */
    KANDA_JSON_UTF8,
    KANDA_JSON_NUL,                     /* U+0000, raw or escaped */
    KANDA_JSON_MANY,                    /* too many members */
    KANDA_JSON_NOT_OBJECT               /* the top is no object */
} kanda_json_check_t;


/*
 * Scans text[len] as one JSON object and nothing else.  Names are compared
 * after their escapes are read, so that "a" and "\u0061" are duplicates; lone
 * surrogate escapes are refused.  Uses no heap and bounded stack.
 */
kanda_json_check_t kanda_json_check(const char *text, size_t len);

/* A sentence for people, e.g. "a name appears twice in one object". */
const char *kanda_json_reason(kanda_json_check_t check);

/*
 * Reads one character inside a string, escaped or not, and moves *p past it.
 * Returns its code point, -1 when it is not Unicode, -2 when it is no escape.
 */
int32_t kanda_json_char(const char **p, const char *end);


/* A writer into memory the caller gives; commas are its own business. */
typedef struct {
    char      *pos;
    char      *start;
    char      *end;
    unsigned   comma;
    unsigned   overflow;                /* set when something did not fit */
} kanda_json_out_t;


/* Begins writing into buf[cap]. */
void kanda_json_init(kanda_json_out_t *out, char *buf, size_t cap);

/* Opens and closes; bracket is one of { } [ ].  name is NULL in an array or at
 * the top, else NUL-ended and free of characters that need an escape. */
void kanda_json_open(kanda_json_out_t *out, const char *name, char bracket);
void kanda_json_close(kanda_json_out_t *out, char bracket);

/* A string, escaped (quotes, backslash, controls, U+2028 and U+2029); the value
 * must be UTF-8.  A NULL value is written as null. */
void kanda_json_str(kanda_json_out_t *out, const char *name, const char *p,
    size_t len);

void kanda_json_int(kanda_json_out_t *out, const char *name, int64_t n);
void kanda_json_bool(kanda_json_out_t *out, const char *name, int on);
void kanda_json_null(kanda_json_out_t *out, const char *name);

/* Unix milliseconds as RFC 3339 in UTC with milliseconds; 0 gives null. */
void kanda_json_time(kanda_json_out_t *out, const char *name, int64_t ms);

/* The length written, or 0 when it did not fit. */
size_t kanda_json_length(const kanda_json_out_t *out);


#endif /* KANDA_JSON_H */
