#include "kanda_form.h"
#include "tap.h"


/* What a text is taken for: "name=value;" for each field, or why not. */
static size_t
read_form(const char *text, size_t len, char *out)
{
    char                      *copy, *p;
    size_t                     i;
    kanda_form_t               form;
    kanda_form_check_t         check;
    const kanda_form_field_t  *f;

    /* a copy of exactly so many bytes, so that one too many is seen */
    copy = malloc(len + (len == 0));
    if (copy == NULL) {
        exit(1);
    }

    memcpy(copy, text, len);
    check = kanda_form_parse(&form, copy, len);
    p = out;

    for (i = 0; check == KANDA_FORM_OK && i < form.n; i++) {
        f = &form.fields[i];
        memcpy(p, f->name, f->name_len);
        p += f->name_len;
        *p++ = '=';
        memcpy(p, f->value, f->value_len);
        p += f->value_len;
        *p++ = ';';
    }

    if (check != KANDA_FORM_OK) {
        p += sprintf(p, "!%d", (int) check);
    }

    free(copy);

    return (size_t) (p - out);
}


static void
forms(void)
{
    static const struct {
        const char  *text;
        const char  *fields;
    } rows[] = {
        { "", "" },
        { "&", "" },
        { "&&&", "" },
        { "a", "a=;" },
        { "a=", "a=;" },
        { "=", "=;" },
        { "=a", "=a;" },
        { "a=1", "a=1;" },
        { "a=1&b=2", "a=1;b=2;" },
        { "&a=1&&b=2&", "a=1;b=2;" },
        { "a=1=2", "a=1=2;" },
        { "a==", "a==;" },
        { "a=1&b", "a=1;b=;" },
        { "a=b+c", "a=b c;" },
        { "a=+", "a= ;" },
        { "a+b=c", "a b=c;" },
        { "a=%2B", "a=+;" },
        { "a=%2b%2B+", "a=++ ;" },
        { "a=%20", "a= ;" },
        { "a=%41%42", "a=AB;" },
        { "a=%2541", "a=%41;" },
        { "a=%26b%3D1", "a=&b=1;" },
        { "%61=1", "a=1;" },
        { "a%3D=1", "a==1;" },
        { "a%26=1", "a&=1;" },
        { "A=1&a=2", "A=1;a=2;" },
        { "a[]=1&a[0]=2", "a[]=1;a[0]=2;" },
        { "a;b=1", "a;b=1;" },
        { "a=1;b=2", "a=1;b=2;" },
        { "a=\xc3\xa9&b=\xff", "a=\xc3\xa9;b=\xff;" },
        { "a=%C3%A9", "a=\xc3\xa9;" },
        { "a=\r\n", "a=\r\n;" },

        { "a=%", "!1" },
        { "a=%2", "!1" },
        { "a=%&b=1", "!1" },
        { "a=%2&b=1", "!1" },
        { "a=%g0", "!1" },
        { "a=%0g", "!1" },
        { "a=%%41", "!1" },
        { "a=% 1", "!1" },
        { "a=%+1", "!1" },
        { "a=%u0041", "!1" },
        { "%=1", "!1" },
        { "%zz", "!1" },
        { "b=1&a=%", "!1" },

        { "a=1&a=2", "!2" },
        { "a=1&a=1", "!2" },
        { "a=1&b=2&a=3", "!2" },
        { "a&a", "!2" },
        { "a=1&%61=2", "!2" },
        { "%61=1&a", "!2" },
        { "a+b=1&a%20b=2", "!2" },
        { "=1&=2", "!2" },
        { "a=1&a=%", "!1" }
    };

    char    out[64];
    size_t  i, len;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        len = read_form(rows[i].text, strlen(rows[i].text), out);
        tap_is(out, len, rows[i].fields, rows[i].text);
    }

    len = read_form("a\0=%00\0", 7, out);
    tap_ok(len == 6 && memcmp(out, "a\0=\0\0;", 6) == 0, "NUL is a byte");
    len = read_form("a\0=1&a=2", 8, out);
    tap_ok(len == 9 && memcmp(out, "a\0=1;a=2;", 9) == 0,
           "of a name, too");
}


static void
many(void)
{
    char                 text[1024], *p;
    int                  i, n;
    kanda_form_t         form;
    kanda_form_check_t   check;

    for (n = KANDA_FORM_FIELDS; n <= KANDA_FORM_FIELDS + 1; n++) {
        p = text;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "f%d=%d&", i, i);
        }

        check = kanda_form_parse(&form, text, (size_t) (p - text));
        tap_ok(check == (n == KANDA_FORM_FIELDS ? KANDA_FORM_OK
                                                : KANDA_FORM_MANY),
               "%d fields", n);
    }

    tap_ok(form.n == KANDA_FORM_FIELDS, "and no more are kept");
}


static void
lookups(void)
{
    char                       text[] = "one=1&two=%32&=3";
    kanda_form_t               form;
    const kanda_form_field_t  *f;

    (void) kanda_form_parse(&form, text, strlen(text));

    f = kanda_form_find(&form, "two", 3);
    tap_ok(f != NULL && f->value_len == 1 && f->value[0] == '2',
           "a field is found by its name");
    f = kanda_form_find(&form, "", 0);
    tap_ok(f != NULL && f->value[0] == '3', "also by none");
    tap_ok(kanda_form_find(&form, "tw", 2) == NULL
           && kanda_form_find(&form, "twos", 4) == NULL
           && kanda_form_find(&form, "Two", 3) == NULL
           && kanda_form_find(&form, "1", 1) == NULL, "and by nothing else");
}


static void
words(void)
{
    tap_ok(strstr(kanda_form_reason(KANDA_FORM_ESCAPE), "%") != NULL
           && strstr(kanda_form_reason(KANDA_FORM_TWICE), "twice") != NULL
           && strstr(kanda_form_reason(KANDA_FORM_MANY), "64") != NULL,
           "each refusal says why");
}


int
main(void)
{
    forms();
    many();
    lookups();
    words();

    return tap_done();
}
