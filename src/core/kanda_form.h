/*
 * Fields as HTML forms and queries carry them
 * (application/x-www-form-urlencoded).
 */

#ifndef KANDA_FORM_H
#define KANDA_FORM_H

#include <stddef.h>


#define KANDA_FORM_FIELDS  64


/* Any bytes; neither text ends with a NUL. */
typedef struct {
    const char  *name;
    size_t       name_len;
    const char  *value;
    size_t       value_len;
} kanda_form_field_t;


typedef struct {
    size_t              n;
    kanda_form_field_t  fields[KANDA_FORM_FIELDS];
} kanda_form_t;


typedef enum {
    KANDA_FORM_OK = 0,
    KANDA_FORM_ESCAPE,                  /* '%' without two hex digits */
    KANDA_FORM_TWICE,                   /* the last field's name is not new */
    KANDA_FORM_MANY                     /* more than KANDA_FORM_FIELDS */
} kanda_form_check_t;


/*
 * Takes text[len] apart where it stands: '+' becomes a space, then %XX a byte,
 * once, in names as in values.  A field without '=' has an empty value; nothing
 * between two '&' is no field.  The form points into text, which is changed.
 */
kanda_form_check_t kanda_form_parse(kanda_form_t *form, char *text,
    size_t len);

/* A sentence for people, e.g. "A field is given twice." */
const char *kanda_form_reason(kanda_form_check_t check);

/* The field of that name, or NULL. */
const kanda_form_field_t *kanda_form_find(const kanda_form_t *form,
    const char *name, size_t len);


#endif /* KANDA_FORM_H */
