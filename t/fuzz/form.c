/*
 * Forms: what is taken apart can be put together again, means the same then,
 * and no name stands twice.
 */

#include "fuzz.h"
#include "kanda_form.h"


/* A field with each byte written as an escape. */
static char *
encode(char *p, const char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        p += sprintf(p, "%%%02X", (unsigned char) text[i]);
    }

    return p;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                      *text, *again, *p;
    size_t                     i;
    kanda_form_t               form, other;
    kanda_form_check_t         check;
    const kanda_form_field_t  *f, *g;

    text = fuzz_exact(data, size);
    again = malloc(3 * size + 2 * KANDA_FORM_FIELDS + 1);
    if (again == NULL) {
        exit(1);
    }

    check = kanda_form_parse(&form, text, size);
    must(form.n <= KANDA_FORM_FIELDS);
    must(check == KANDA_FORM_OK || kanda_form_reason(check)[0] != '\0');
    must(check != KANDA_FORM_ESCAPE || memchr(data, '%', size) != NULL);
    must(check != KANDA_FORM_MANY || form.n == KANDA_FORM_FIELDS);
    must(check != KANDA_FORM_TWICE || form.n >= 2);

    for (i = 0, p = again; i < form.n; i++) {
        f = &form.fields[i];
        must(f->name >= text && f->name + f->name_len <= f->value);
        must(f->value + f->value_len <= text + size);

        /* only the last may be somebody else's */
        must((kanda_form_find(&form, f->name, f->name_len) == f)
             == !(check == KANDA_FORM_TWICE && i == form.n - 1));

        p = encode(p, f->name, f->name_len);
        *p++ = '=';
        p = encode(p, f->value, f->value_len);
        *p++ = '&';
    }

    if (check == KANDA_FORM_OK) {
        must(kanda_form_parse(&other, again, (size_t) (p - again))
             == KANDA_FORM_OK);
        must(other.n == form.n);

        for (i = 0; i < form.n; i++) {
            f = &form.fields[i];
            g = &other.fields[i];
            must(f->name_len == g->name_len && f->value_len == g->value_len);
            must(memcmp(f->name, g->name, f->name_len) == 0);
            must(memcmp(f->value, g->value, f->value_len) == 0);
        }
    }

    free(again);
    free(text);

    return 0;
}
