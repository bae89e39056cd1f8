#include "kanda_base64url.h"
#include "tap.h"


static const char  alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


static void
vectors(void)
{
    static const struct {
        const char  *text;
        const char  *url;
        const char  *standard;
    } rows[] = {
        { "", "", "" },
        { "f", "Zg", "Zg" },
        { "fo", "Zm8", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg", "Zm9vYg" },
        { "fooba", "Zm9vYmE", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "-_-_", "+/+/" },
        { "\xff\xff", "__8", "//8" }
    };

    char     out[16];
    size_t   i, len;
    uint8_t  back[16];

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        len = strlen(rows[i].text);

        tap_is(out, kanda_base64url_encode(out,
               (const uint8_t *) rows[i].text, len), rows[i].url, "base64url");
        tap_is(out, kanda_base64_encode(out, (const uint8_t *) rows[i].text,
               len), rows[i].standard, "base64");

        tap_ok(kanda_base64url_length(len) == strlen(rows[i].url),
               "its length");
        tap_ok(kanda_base64url_decode(back, 16, rows[i].url,
                                      strlen(rows[i].url)) == (int) len
               && memcmp(back, rows[i].text, len) == 0, "and back");
        tap_ok(kanda_base64_decode(back, 16, rows[i].standard,
                                   strlen(rows[i].standard)) == (int) len
               && memcmp(back, rows[i].text, len) == 0, "and back");
    }
}


static void
refused(void)
{
    static const char *const  texts[] = {
        "Z", "Zm9vZ", "Zh", "Zm9", "Zm9vYh", "Zm9vYmF", "Zg==", "Zg=", "Zm8=",
        "Zm9v====", " Zg", "Zg ", "Z g", "Zg\n", "Zm9v\r\n", "Zm9v ", "Zm+v",
        "Zm/v", "Zm.v", "Zm%v", "Zm9v\xc3\xa9", "\xef\xbb\xbfZm9v", "Zm9*",
        "=Zg=", "===="
    };

    size_t   i;
    uint8_t  out[16];

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_ok(kanda_base64url_decode(out, sizeof(out), texts[i],
                                      strlen(texts[i]))
               == -1, "row %d is refused", (int) i);
    }

    tap_ok(kanda_base64url_decode(out, 16, "Zm9\0", 4) == -1,
           "a NUL is refused");
    tap_ok(kanda_base64_decode(out, 16, "-_-_", 4) == -1,
           "the standard alphabet is another one");
}


static void
round_trips(void)
{
    char           text[300];
    size_t         i, len, size;
    uint8_t        in[200], out[200];
    unsigned long  failed, checks;

    failed = 0;
    checks = 0;

    for (i = 0; i < 20000; i++) {
        len = tap_random() % 201;
        tap_random_bytes(in, len);

        size = kanda_base64url_encode(text, in, len);

        checks += 2;
        failed += kanda_base64url_decode(out, len, text, size) != (int) len
                  || memcmp(in, out, len) != 0
                  || size != kanda_base64url_length(len);
        failed += len > 0
                  && kanda_base64url_decode(out, len - 1, text, size) != -1;
    }

    tap_sum(checks, failed, "random bytes come back, and never more than cap");
}


/* S27: of all texts of two and three characters, one for each value. */
static void
canonical(void)
{
    char           text[3], back[8];
    size_t         i, len;
    uint8_t        out[4];
    unsigned long  read2, read3, failed;

    read2 = 0;
    read3 = 0;
    failed = 0;

    for (i = 0; i < 64 * 64 * 64; i++) {
        text[0] = alphabet[i & 63];
        text[1] = alphabet[i >> 6 & 63];
        text[2] = alphabet[i >> 12];

        if (i < 64 * 64 && kanda_base64url_decode(out, 4, text, 2) == 1) {
            read2++;
            len = kanda_base64url_encode(back, out, 1);
            failed += len != 2 || memcmp(text, back, 2) != 0;
        }

        if (kanda_base64url_decode(out, 4, text, 3) == 2) {
            read3++;
            len = kanda_base64url_encode(back, out, 2);
            failed += len != 3 || memcmp(text, back, 3) != 0;
        }
    }

    tap_sum(read2 + read3, failed, "one text for one or two bytes");
    tap_ok(read2 == 256 && read3 == 65536, "and for all of them");
}


/* Every byte value at every place of a group. */
static void
alphabets(void)
{
    char           text[4];
    size_t         place;
    uint8_t        out[4];
    unsigned       c;
    unsigned long  failed;

    failed = 0;

    for (place = 0; place < 4; place++) {
        for (c = 0; c < 256; c++) {
            memcpy(text, "AAAA", 4);
            text[place] = (char) c;

            failed += (kanda_base64url_decode(out, 4, text, 4) == 3)
                      != (c != 0 && strchr(alphabet, (char) c) != NULL);
        }
    }

    tap_sum(1024, failed, "64 characters and no other");
}


int
main(void)
{
    vectors();
    refused();
    round_trips();
    canonical();
    alphabets();

    return tap_done();
}
