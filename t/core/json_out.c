#include <limits.h>

#include "kanda_json.h"
#include "kanda_text.h"
#include "tap.h"


static void
whole(void)
{
    char              buf[512];
    kanda_json_out_t  out;

    kanda_json_init(&out, buf, sizeof(buf));
    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, "clientId", "user-1", 6);
    kanda_json_str(&out, "label", NULL, 0);
    kanda_json_str(&out, "issuer", "", 0);
    kanda_json_int(&out, "digits", 6);
    kanda_json_bool(&out, "locked", 0);
    kanda_json_bool(&out, "valid", 1);
    kanda_json_time(&out, "createdAt", INT64_C(1767322985678));
    kanda_json_time(&out, "lastUsedAt", 0);
    kanda_json_null(&out, "reason");
    kanda_json_open(&out, "codes", '[');
    kanda_json_str(&out, NULL, "a", 1);
    kanda_json_str(&out, NULL, "b", 1);
    kanda_json_close(&out, ']');
    kanda_json_open(&out, "none", '[');
    kanda_json_close(&out, ']');
    kanda_json_open(&out, "list", '[');
    kanda_json_open(&out, NULL, '{');
    kanda_json_close(&out, '}');
    kanda_json_open(&out, NULL, '{');
    kanda_json_int(&out, "n", 1);
    kanda_json_close(&out, '}');
    kanda_json_close(&out, ']');
    kanda_json_int(&out, "total", 2);
    kanda_json_close(&out, '}');

    tap_is(buf, kanda_json_length(&out),
           "{\"clientId\":\"user-1\",\"label\":null,\"issuer\":\"\","
           "\"digits\":6,\"locked\":false,\"valid\":true,"
           "\"createdAt\":\"2026-01-02T03:03:05.678Z\",\"lastUsedAt\":null,"
           "\"reason\":null,\"codes\":[\"a\",\"b\"],\"none\":[],"
           "\"list\":[{},{\"n\":1}],\"total\":2}", "a whole answer");
    tap_ok(kanda_json_check(buf, kanda_json_length(&out)) == KANDA_JSON_OK,
           "is well-formed");
}


static void
integers(void)
{
    static const struct {
        int64_t      n;
        const char  *text;
    } rows[] = {
        { 0, "0" }, { 1, "1" }, { -1, "-1" }, { 10, "10" }, { 999, "999" },
        { -1000, "-1000" }, { INT32_MAX, "2147483647" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" }
    };

    char              buf[32];
    size_t            i;
    kanda_json_out_t  out;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kanda_json_init(&out, buf, sizeof(buf));
        kanda_json_int(&out, NULL, rows[i].n);
        tap_is(buf, kanda_json_length(&out), rows[i].text, rows[i].text);
    }
}


static void
strings(void)
{
    static const struct {
        const char  *in;
        size_t       len;
        const char  *text;
    } rows[] = {
        { "plain", 5, "\"plain\"" },
        { "\"", 1, "\"\\\"\"" },
        { "\\", 1, "\"\\\\\"" },
        { "/<>&'", 5, "\"/<>&'\"" },
        { "\n\r\t\b\f", 5, "\"\\u000a\\u000d\\u0009\\u0008\\u000c\"" },
        { "\0", 1, "\"\\u0000\"" },
        { "a\x1f" "b", 3, "\"a\\u001fb\"" },
        { "\x7f", 1, "\"\\u007f\"" },
        { "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 8,
          "\"\\u0080\\u009b\\u009f\xc2\xa0\"" },
        { "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 12,
          "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"" },
        { "\xe2\x80", 2, "\"\xe2\x80\"" },
        { "\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
        { "\"\\\"", 3, "\"\\\"\\\\\\\"\"" }
    };

    char              buf[64];
    size_t            i;
    kanda_json_out_t  out;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kanda_json_init(&out, buf, sizeof(buf));
        kanda_json_str(&out, NULL, rows[i].in, rows[i].len);
        tap_is(buf, kanda_json_length(&out), rows[i].text, "escaped");
    }
}


/* What is written is read back: the check reads every character we wrote. */
static void
read_back(void)
{
    char               text[60], buf[600];
    size_t             len, i;
    int32_t            c;
    unsigned           round;
    const char        *p, *q;
    unsigned long      failed;
    kanda_json_out_t   out;

    failed = 0;

    for (round = 0; round < 20000; round++) {
        len = tap_random_text(text, sizeof(text));

        for (i = 0; i < len && round % 2; i++) {
            if (text[i] == 'a' || text[i] == 'b') {
                text[i] = (char) (1 + tap_random() % 0x1f);
            }
        }

        kanda_json_init(&out, buf, sizeof(buf));
        kanda_json_open(&out, NULL, '{');
        kanda_json_str(&out, "x", text, len);
        kanda_json_close(&out, '}');

        if (kanda_json_check(buf, kanda_json_length(&out)) != KANDA_JSON_OK) {
            failed++;
            continue;
        }

        p = buf + strlen("{\"x\":\"");
        q = text;

        while (q < text + len) {
            c = kanda_utf8_next(&q, text + len);

            if (kanda_json_char(&p, out.pos) != c) {
                failed++;
                break;
            }
        }
    }

    tap_sum(20000, failed, "what is written is read back");
}


static size_t
sample(char *buf, size_t cap)
{
    kanda_json_out_t  out;

    kanda_json_init(&out, buf, cap);
    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, "a", "x\n\"y", 4);
    kanda_json_int(&out, "b", -5);
    kanda_json_time(&out, "c", 1);
    kanda_json_bool(&out, "d", 1);
    kanda_json_close(&out, '}');

    return kanda_json_length(&out);
}


static void
overflow(void)
{
    char           buf[128];
    size_t         cap, len;
    unsigned long  failed;

    failed = 0;
    len = sample(buf, sizeof(buf));

    for (cap = 0; cap <= len; cap++) {
        memset(buf, '#', sizeof(buf));
        failed += sample(buf, cap) != (cap == len ? len : 0);
        failed += buf[cap] != '#';
    }

    tap_sum(2 * (len + 1), failed, "what does not fit has no length");
}


int
main(void)
{
    whole();
    integers();
    strings();
    read_back();
    overflow();

    return tap_done();
}
