#include "kanda_json.h"
#include "tap.h"


#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))

#define OK         KANDA_JSON_OK
#define EMPTY      KANDA_JSON_EMPTY
#define SYNTAX     KANDA_JSON_SYNTAX
#define TRAILING   KANDA_JSON_TRAILING
#define DEEP       KANDA_JSON_DEEP
#define DUPLICATE  KANDA_JSON_DUPLICATE
#define UTF8       KANDA_JSON_UTF8
#define NUL        KANDA_JSON_NUL
#define MANY       KANDA_JSON_MANY
#define NO_OBJECT  KANDA_JSON_NOT_OBJECT


static const struct {
    const char          *text;
    kanda_json_check_t   check;
} rows[] = {

    /* well-formed, however odd */
    { "{}", OK },
    { " \t\r\n{ \t\r\n} \t\r\n", OK },
    { "{\"a\":1}", OK },
    { "{ \"a\" : 1 , \"b\" : [ ] , \"c\" : { } }", OK },
    { "{\"a\":true,\"b\":false,\"c\":null}", OK },
    { "{\"a\":0,\"b\":-0,\"c\":10,\"d\":-1.5,\"e\":1e5,\"f\":1E+5}", OK },
    { "{\"a\":0.0,\"b\":0e0,\"c\":1.25e-10,\"d\":123456789012345678901}", OK },
    { "{\"a\":1e999,\"b\":1e-400}", OK },
    { "{\"\":1}", OK },
    { "{\"a\":\"\"}", OK },
    { "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}", OK },
    { "{\"a\":\"\\ud83d\\ude00\"}", OK },
    { "{\"a\":\"\\uD83D\\uDE00\"}", OK },
    { "{\"a\":\"\xf0\x9f\x98\x80 \xc3\xa9 \xe2\x82\xac\"}", OK },
    { "{\"a\":\"\x7f\"}", OK },
    { "{\"a\":\"\xe2\x80\xa8\xe2\x80\xa9\"}", OK },
    { "{\"a\":\"\\uffff\\u0001\"}", OK },
    { "{\"a\":\"/* no comment */ // none\"}", OK },
    { "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}", OK },
    { "{\"a\":[1,\"2\",[3],{\"a\":4},null,true]}", OK },
    { "{\"a\":1,\"A\":2}", OK },
    { "{\"a\":1,\"\\u0061\\u0061\":2}", OK },
    { "{\"a\":1,\"ab\":2,\"abc\":3}", OK },

    /* nothing there */
    { "", EMPTY },
    { " ", EMPTY },
    { "\t\r\n ", EMPTY },

    /* not an object */
    { "[]", NO_OBJECT },
    { "[{}]", NO_OBJECT },
    { "\"a\"", NO_OBJECT },
    { "1", NO_OBJECT },
    { "-0.5e1", NO_OBJECT },
    { "true", NO_OBJECT },
    { "false", NO_OBJECT },
    { "null", NO_OBJECT },

    /* something after it */
    { "{}{}", TRAILING },
    { "{} {}", TRAILING },
    { "{}x", TRAILING },
    { "{},", TRAILING },
    { "{}]", TRAILING },
    { "{}}", TRAILING },
    { "{}\x0b", TRAILING },
    { "{}\xc2\xa0", TRAILING },
    { "{}//", TRAILING },
    { "1 2", TRAILING },

    /* malformed */
    { "{", SYNTAX },
    { "}", SYNTAX },
    { "{\"", SYNTAX },
    { "{\"a", SYNTAX },
    { "{\"a\"", SYNTAX },
    { "{\"a\":", SYNTAX },
    { "{\"a\":1", SYNTAX },
    { "{\"a\":1,", SYNTAX },
    { "{\"a\":1,}", SYNTAX },
    { "{,}", SYNTAX },
    { "{,\"a\":1}", SYNTAX },
    { "{\"a\":1,,\"b\":2}", SYNTAX },
    { "{\"a\" 1}", SYNTAX },
    { "{\"a\"::1}", SYNTAX },
    { "{\"a\":}", SYNTAX },
    { "{\"a\":1 \"b\":2}", SYNTAX },
    { "{\"a\":1;\"b\":2}", SYNTAX },
    { "{\"a\"}", SYNTAX },
    { "{1:2}", SYNTAX },
    { "{null:2}", SYNTAX },
    { "{a:1}", SYNTAX },
    { "{'a':1}", SYNTAX },
    { "{\"a\":'b'}", SYNTAX },
    { "{\"a\":b}", SYNTAX },
    { "{\"a\":[1,]}", SYNTAX },
    { "{\"a\":[,1]}", SYNTAX },
    { "{\"a\":[1 2]}", SYNTAX },
    { "{\"a\":[1}", SYNTAX },
    { "{\"a\":[}", SYNTAX },
    { "{\"a\":[1]]", SYNTAX },
    { "{\"a\":{]}", SYNTAX },
    { "[", SYNTAX },
    { "[1,", SYNTAX },
    { "{/* c */}", SYNTAX },
    { "{\"a\":1 // c\n}", SYNTAX },
    { "# c\n{}", SYNTAX },
    { "\xef\xbb\xbf{}", SYNTAX },
    { "\xfe\xff{}", SYNTAX },
    { "{\"a\":tru}", SYNTAX },
    { "{\"a\":True}", SYNTAX },
    { "{\"a\":TRUE}", SYNTAX },
    { "{\"a\":truex}", SYNTAX },
    { "{\"a\":nul}", SYNTAX },
    { "{\"a\":undefined}", SYNTAX },
    { "{\"a\":NaN}", SYNTAX },
    { "{\"a\":Infinity}", SYNTAX },
    { "{\"a\":-Infinity}", SYNTAX },

    /* numbers */
    { "{\"a\":007}", SYNTAX },
    { "{\"a\":00}", SYNTAX },
    { "{\"a\":-01}", SYNTAX },
    { "{\"a\":+1}", SYNTAX },
    { "{\"a\":-}", SYNTAX },
    { "{\"a\":--1}", SYNTAX },
    { "{\"a\":1.}", SYNTAX },
    { "{\"a\":.5}", SYNTAX },
    { "{\"a\":-.5}", SYNTAX },
    { "{\"a\":1.e5}", SYNTAX },
    { "{\"a\":1e}", SYNTAX },
    { "{\"a\":1e+}", SYNTAX },
    { "{\"a\":1e5.5}", SYNTAX },
    { "{\"a\":0x10}", SYNTAX },
    { "{\"a\":1_000}", SYNTAX },
    { "{\"a\":1,5}", SYNTAX },
    { "{\"a\":1f}", SYNTAX },
    { "{\"a\":\xd9\xa1}", SYNTAX },

    /* strings */
    { "{\"a\":\"b}", SYNTAX },
    { "{\"a\":\"b\\", SYNTAX },
    { "{\"a\":\"b\\\"}", SYNTAX },
    { "{\"a\":\"\\x41\"}", SYNTAX },
    { "{\"a\":\"\\'\"}", SYNTAX },
    { "{\"a\":\"\\0\"}", SYNTAX },
    { "{\"a\":\"\\a\"}", SYNTAX },
    { "{\"a\":\"\\N\"}", SYNTAX },
    { "{\"a\":\"\\U0041\"}", SYNTAX },
    { "{\"a\":\"\\u\"}", SYNTAX },
    { "{\"a\":\"\\u004\"}", SYNTAX },
    { "{\"a\":\"\\u004g\"}", SYNTAX },
    { "{\"a\":\"\\u+041\"}", SYNTAX },
    { "{\"a\":\"\\u 041\"}", SYNTAX },
    { "{\"a\":\"\\u00", SYNTAX },
    { "{\"a\":\"\t\"}", SYNTAX },
    { "{\"a\":\"\n\"}", SYNTAX },
    { "{\"a\":\"\x01\"}", SYNTAX },
    { "{\"a\":\"\x1f\"}", SYNTAX },
    { "{\"a\nb\":1}", SYNTAX },

    /* not Unicode */
    { "{\"a\":\"\x80\"}", UTF8 },
    { "{\"a\":\"\xc0\x80\"}", UTF8 },
    { "{\"a\":\"\xe0\x80\x80\"}", UTF8 },
    { "{\"a\":\"\xf0\x80\x80\x80\"}", UTF8 },
    { "{\"a\":\"\xed\xa0\x80\"}", UTF8 },
    { "{\"a\":\"\xf4\x90\x80\x80\"}", UTF8 },
    { "{\"a\":\"\xc3\"}", UTF8 },
    { "{\"a\":\"\xff\"}", UTF8 },
    { "{\"\xff\":1}", UTF8 },
    { "{\"a\":\"\\ud83d\"}", UTF8 },
    { "{\"a\":\"\\ude00\"}", UTF8 },
    { "{\"a\":\"\\ude00\\ud83d\"}", UTF8 },
    { "{\"a\":\"\\ud83d\\ud83d\"}", UTF8 },
    { "{\"a\":\"\\ud83dx\"}", UTF8 },
    { "{\"a\":\"\\ud83d\\n\"}", UTF8 },
    { "{\"a\":\"\\ud83d\\u0041\"}", UTF8 },
    { "{\"a\":\"\\ud83d\\ude0\"}", UTF8 },
    { "{\"\\udfff\":1}", UTF8 },
    { "{\"a\":\"\\u0000\"}", NUL },
    { "{\"a\":\"b\\u0000c\"}", NUL },
    { "{\"\\u0000\":1}", NUL },

    /* names twice */
    { "{\"a\":1,\"a\":2}", DUPLICATE },
    { "{\"a\":1,\"b\":2,\"a\":1}", DUPLICATE },
    { "{\"\":1,\"\":2}", DUPLICATE },
    { "{\"a\":1,\"\\u0061\":2}", DUPLICATE },
    { "{\"tok\\u0065n\":1,\"token\":2}", DUPLICATE },
    { "{\"/\":1,\"\\/\":2}", DUPLICATE },
    { "{\"\\n\":1,\"\\u000a\":2}", DUPLICATE },
    { "{\"\\u000A\":1,\"\\u000a\":2}", DUPLICATE },
    { "{\"\xc3\xa9\":1,\"\\u00e9\":2}", DUPLICATE },
    { "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", DUPLICATE },
    { "{\"b\":{\"a\":1,\"a\":2}}", DUPLICATE },
    { "{\"b\":[{\"a\":1,\"a\":2}]}", DUPLICATE },
    { "[{\"a\":1,\"a\":2}]", DUPLICATE }
};


static void
table(void)
{
    size_t              i;
    kanda_json_check_t  check;

    for (i = 0; i < ROWS(rows); i++) {
        check = kanda_json_check(rows[i].text, strlen(rows[i].text));

        tap_ok(check == rows[i].check, "row %d: %s", (int) i,
               kanda_json_reason(rows[i].check));
    }

    tap_ok(kanda_json_check("{\"a\":\"\0\"}", 9) == NUL, "a raw NUL");
    tap_ok(kanda_json_check("{\"a\":\0}", 7) == NUL, "a NUL for a value");
    tap_ok(kanda_json_check("\0", 1) == NUL, "a NUL for everything");
    tap_ok(kanda_json_check("{}\0", 3) == TRAILING, "a NUL behind");
    tap_ok(kanda_json_check("{\0}", 3) == SYNTAX, "a NUL inside");
}


/* Every well-formed row, cut short anywhere, is not well-formed. */
static void
truncation(void)
{
    size_t         i, cut, last;
    unsigned long  failed, checks;

    failed = 0;
    checks = 0;

    for (i = 0; i < ROWS(rows) && rows[i].check == OK; i++) {
        last = (size_t) (strrchr(rows[i].text, '}') - rows[i].text);

        for (cut = 0; cut <= last; cut++) {
            checks++;
            failed += kanda_json_check(rows[i].text, cut) == OK;
        }
    }

    tap_sum(checks, failed, "cut short");
}


static char *
nested(size_t depth, const char *open, const char *close, size_t *len)
{
    char    *text, *p;
    size_t   i;

    text = malloc(depth * (strlen(open) + strlen(close)) + 16);
    if (text == NULL) {
        exit(1);
    }

    p = text;
    p += sprintf(p, "{\"x\":");

    for (i = 1; i < depth; i++) {
        p += sprintf(p, "%s", open);
    }

    p += sprintf(p, "1");

    for (i = 1; i < depth; i++) {
        p += sprintf(p, "%s", close);
    }

    p += sprintf(p, "}");
    *len = (size_t) (p - text);

    return text;
}


static void
depth(void)
{
    static const size_t  depths[] = { 1, 2, 8, 9, 10, 100, 1001, 100000 };

    char                *text;
    size_t               i, len;
    kanda_json_check_t   want;

    for (i = 0; i < ROWS(depths); i++) {
        want = depths[i] <= KANDA_JSON_DEPTH ? OK : DEEP;

        text = nested(depths[i], "[", "]", &len);
        tap_ok(kanda_json_check(text, len) == want, "%lu deep in arrays",
               (unsigned long) depths[i]);
        free(text);

        text = nested(depths[i], "{\"a\":", "}", &len);
        tap_ok(kanda_json_check(text, len) == want, "%lu deep in objects",
               (unsigned long) depths[i]);
        free(text);
    }
}


static void
members(void)
{
    char    text[8192], *p;
    size_t  i, n;

    for (n = KANDA_JSON_MEMBERS - 1; n <= KANDA_JSON_MEMBERS + 1; n++) {
        p = text;
        *p++ = '{';

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s\"m%lu\":{\"a\":[1,2,3]}", i > 0 ? "," : "",
                         (unsigned long) i);
        }

        *p++ = '}';

        tap_ok(kanda_json_check(text, (size_t) (p - text))
               == (n <= KANDA_JSON_MEMBERS ? OK : MANY), "%lu members",
               (unsigned long) n);
    }

    p = text;
    p += sprintf(p, "{\"a\":[0");
    for (i = 0; i < 1000; i++) {
        p += sprintf(p, ",%lu", (unsigned long) i);
    }

    p += sprintf(p, "]}");
    tap_ok(kanda_json_check(text, (size_t) (p - text)) == OK,
           "an array may be long");

    /* the last of 64 names is the first again */
    p = text;
    *p++ = '{';
    for (i = 0; i < 63; i++) {
        p += sprintf(p, "\"m%lu\":0,", (unsigned long) i);
    }

    p += sprintf(p, "\"\\u006d0\":0}");
    tap_ok(kanda_json_check(text, (size_t) (p - text)) == DUPLICATE,
           "the 64th name is the first");
}


static void
reasons(void)
{
    int                 i, j;
    unsigned long       failed;

    failed = 0;

    for (i = OK; i <= NO_OBJECT; i++) {
        for (j = OK; j < i; j++) {
            failed += strcmp(kanda_json_reason((kanda_json_check_t) i),
                             kanda_json_reason((kanda_json_check_t) j)) == 0;
        }
    }

    tap_sum(NO_OBJECT, failed, "every reason has words of its own");
}


int
main(void)
{
    table();
    truncation();
    depth();
    members();
    reasons();

    return tap_done();
}
