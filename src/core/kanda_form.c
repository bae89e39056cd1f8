#include <string.h>

#include "kanda_form.h"
#include "kanda_text.h"


static kanda_form_check_t kanda_form_add(kanda_form_t *form, char *text,
    size_t len);
static int kanda_form_decode(char *text, size_t len);


kanda_form_check_t
kanda_form_parse(kanda_form_t *form, char *text, size_t len)
{
    char                *end;
    size_t               n;
    kanda_form_check_t   check;

    form->n = 0;

    while (len > 0) {
        end = memchr(text, '&', len);
        n = (end != NULL) ? (size_t) (end - text) : len;

        if (n > 0) {
            check = kanda_form_add(form, text, n);

            if (check != KANDA_FORM_OK) {
                return check;
            }
        }

        n += (end != NULL);
        text += n;
        len -= n;
    }

    return KANDA_FORM_OK;
}


const char *
kanda_form_reason(kanda_form_check_t check)
{
    static const char  *reasons[] = {
        [KANDA_FORM_OK] = "Nothing is wrong.",
        [KANDA_FORM_ESCAPE] = "A '%' stands without two hexadecimal digits.",
        [KANDA_FORM_TWICE] = "A field is given twice.",
        [KANDA_FORM_MANY] = "There are more than 64 fields."
    };

    return reasons[check];
}


const kanda_form_field_t *
kanda_form_find(const kanda_form_t *form, const char *name, size_t len)
{
    size_t                     i;
    const kanda_form_field_t  *field;

    for (i = 0; i < form->n; i++) {
        field = &form->fields[i];

        if (field->name_len == len && memcmp(field->name, name, len) == 0) {
            return field;
        }
    }

    return NULL;
}


static kanda_form_check_t
kanda_form_add(kanda_form_t *form, char *text, size_t len)
{
    int                  name_len, value_len;
    char                *equals;
    size_t               n;
    kanda_form_check_t   check;
    kanda_form_field_t  *field;

    if (form->n == KANDA_FORM_FIELDS) {
        return KANDA_FORM_MANY;
    }

    equals = memchr(text, '=', len);
    n = (equals != NULL) ? (size_t) (equals - text) : len;

    name_len = kanda_form_decode(text, n);

    if (equals != NULL) {
        n++;
    }

    value_len = kanda_form_decode(text + n, len - n);

    if (name_len < 0 || value_len < 0) {
        return KANDA_FORM_ESCAPE;
    }

    check = kanda_form_find(form, text, (size_t) name_len) == NULL
            ? KANDA_FORM_OK : KANDA_FORM_TWICE;

    field = &form->fields[form->n++];
    field->name = text;
    field->name_len = (size_t) name_len;
    field->value = text + n;
    field->value_len = (size_t) value_len;

    return check;
}


/* Decoding never makes a text longer, so that it may stand where it stood. */
static int
kanda_form_decode(char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (text[i] == '+') {
            text[i] = ' ';
        }
    }

    return kanda_segment_decode(text, text, len);
}
