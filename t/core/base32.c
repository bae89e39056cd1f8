#include "kanda_base32.h"
#include "tap.h"


/* RFC 4648, section 10, without padding */
static void
vectors(void)
{
    static const struct {
        const char  *text;
        const char  *code;
        const char  *padded;
    } rows[] = {
        { "", "", "" },
        { "f", "MY", "MY======" },
        { "fo", "MZXQ", "MZXQ====" },
        { "foo", "MZXW6", "MZXW6===" },
        { "foob", "MZXW6YQ", "MZXW6YQ=" },
        { "fooba", "MZXW6YTB", "MZXW6YTB" },
        { "foobar", "MZXW6YTBOI", "MZXW6YTBOI======" }
    };

    int      n;
    char     out[16];
    size_t   i, len;
    uint8_t  back[16];

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        len = kanda_base32_encode(out, (const uint8_t *) rows[i].text,
                                  strlen(rows[i].text));

        tap_is(out, len, rows[i].code, "RFC 4648");
        tap_ok(len == kanda_base32_length(strlen(rows[i].text)), "its length");

        n = kanda_base32_decode(back, sizeof(back), rows[i].code,
                                strlen(rows[i].code));
        tap_ok(n == (int) strlen(rows[i].text)
               && memcmp(back, rows[i].text, (size_t) n) == 0, "and back");

        n = kanda_base32_decode(back, sizeof(back), rows[i].padded,
                                strlen(rows[i].padded));
        tap_ok(n == (int) strlen(rows[i].text)
               && memcmp(back, rows[i].text, (size_t) n) == 0,
               "and back with padding");
    }
}


static void
accepted(void)
{
    static const char *const  texts[] = {
        "JBSWY3DPEHPK3PXP", "jbswy3dpehpk3pxp", "JbSwY3dPeHpK3pXp",
        "JBSW Y3DP EHPK 3PXP", "jbsw-y3dp-ehpk-3pxp", "J B-S  WY3DPEHPK3PXP"
    };

    int      n;
    size_t   i;
    uint8_t  out[16];

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        n = kanda_base32_decode(out, sizeof(out), texts[i], strlen(texts[i]));

        tap_ok(n == 10 && memcmp(out, "Hello!\xde\xad\xbe\xef", 10) == 0,
               "%s is read", texts[i]);
    }
}


static void
refused(void)
{
    static const char *const  texts[] = {
        "M", "MZX", "MZXW6Y",           /* lengths that no bytes have */
        "MZ", "MB", "MZXR", "MZXW7", "MZXW6YR",    /* bits left over */
        "0", "M1", "M8", "M9", "MY=", "MY==", "MY===", "MY====", "MY=====",
        "MY=======", "MY========", "MZXQ======", "MZXQ===", "MZXW6==",
        "MZXW6====", "MZXW6YQ==", "MZXW6YTB=", "MZXW6YTB========", "========",
        "=", "=MY", "M=Y=====", "MY=MY===", "MY======MY======",
        " MY", "MY ", "-MY", "MY-", " ", "-", "MY ======", "MY=== ===",
        "MY\t", "M\nY", "M\r\nY", "M_Y", "M+Y", "M/Y", "M.Y", "M\xc2\xa0Y",
        "M\xc3\x9dY", "M\xef\xbc\xb9"
    };

    size_t   i;
    uint8_t  out[16];

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_ok(kanda_base32_decode(out, sizeof(out), texts[i],
                                   strlen(texts[i]))
               == -1, "row %d is refused", (int) i);
    }

    tap_ok(kanda_base32_decode(out, 16, "MY\0", 3) == -1
           && kanda_base32_decode(out, 16, "\0MY", 3) == -1,
           "a NUL is refused");
}


static void
round_trips(void)
{
    int            n;
    char           text[256];
    size_t         i, len, size;
    uint8_t        in[128], out[128];
    unsigned long  failed, checks;

    failed = 0;
    checks = 0;

    for (i = 0; i < 20000; i++) {
        len = tap_random() % 129;
        tap_random_bytes(in, len);

        size = kanda_base32_encode(text, in, len);
        n = kanda_base32_decode(out, len, text, size);

        checks++;
        failed += n != (int) len || memcmp(in, out, len) != 0
                  || size != kanda_base32_length(len);

        if (len > 0) {
            checks++;
            failed += kanda_base32_decode(out, len - 1, text, size) != -1;
        }
    }

    tap_sum(checks, failed, "random bytes come back, and never more than cap");
}


/* Every text of four characters that is read is the one that is written. */
static void
canonical(void)
{
    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    int            n;
    char           text[4], back[8];
    size_t         i, len;
    uint8_t        out[4];
    unsigned long  failed, read;

    failed = 0;
    read = 0;

    for (i = 0; i < 32 * 32 * 32 * 32; i++) {
        text[0] = alphabet[i & 31];
        text[1] = alphabet[i >> 5 & 31];
        text[2] = alphabet[i >> 10 & 31];
        text[3] = alphabet[i >> 15 & 31];

        n = kanda_base32_decode(out, sizeof(out), text, 4);
        if (n < 0) {
            continue;
        }

        read++;
        len = kanda_base32_encode(back, out, (size_t) n);
        failed += len != 4 || memcmp(text, back, 4) != 0;
    }

    tap_sum(read, failed, "one text for two bytes");
    tap_ok(read == 65536, "and for all of them");
}


int
main(void)
{
    vectors();
    accepted();
    refused();
    round_trips();
    canonical();

    return tap_done();
}
