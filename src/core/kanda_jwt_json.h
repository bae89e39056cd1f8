/*
 * The JSON that a token's header and payload may be made of: one flat object
 * of strings, plain whole numbers, true and false.  Anything else is refused,
 * and so is a name that appears twice.  Of escapes there are but two, in values
 * that nobody here compares: an email may have a quote or a backslash in it.
 */

#ifndef KANDA_JWT_JSON_H
#define KANDA_JWT_JSON_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_JWT_MEMBERS  32


typedef enum {
    KANDA_JWT_STRING = 0,
    KANDA_JWT_NUMBER,
    KANDA_JWT_BOOLEAN
} kanda_jwt_type_t;


typedef struct {
    const char        *name;            /* into the text */
    size_t             name_len;
    kanda_jwt_type_t   type;
    const char        *value;           /* a string's, as it is written */
    size_t             value_len;
    int64_t            number;          /* below 2^53; a boolean's is 0 or 1 */
} kanda_jwt_member_t;


/* Reads text[len]; returns the number of members, or -1. */
int kanda_jwt_json_read(const char *text, size_t len,
    kanda_jwt_member_t members[KANDA_JWT_MEMBERS]);

/* The member of that name among n, or NULL. */
const kanda_jwt_member_t *kanda_jwt_json_find(
    const kanda_jwt_member_t *members, int n, const char *name);

/* Whether there is a member and it is this string. */
int kanda_jwt_json_is(const kanda_jwt_member_t *m, const char *text);

/* Whether text is printable ASCII that JSON need not escape. */
int kanda_jwt_json_plain(const char *p, size_t len);


/* What signing and verifying share. */

#define KANDA_JWT_HEADER     192        /* bytes of a header, decoded */
#define KANDA_JWT_SIGNATURE  43         /* characters */
#define KANDA_JWT_NUMBERS    (INT64_C(1) << 53)
#define KANDA_JWT_NAMES      6
#define KANDA_JWT_USES       3


/* A claim whose value is a text: where it stands in kanda_jwt_claims_t. */
typedef struct {
    const char  *name;
    size_t       offset;
    int          required;
} kanda_jwt_name_t;


extern const kanda_jwt_name_t  kanda_jwt_names[KANDA_JWT_NAMES];
extern const char *const  kanda_jwt_uses[KANDA_JWT_USES];


#endif /* KANDA_JWT_JSON_H */
