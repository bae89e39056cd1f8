#include "kanda_totp.h"
#include "tap.h"


static const char  digits20[] = "12345678901234567890";
static const char  digits64[] =
    "1234567890123456789012345678901234567890123456789012345678901234";


static kanda_totp_t
totp(kanda_hash_t hash, unsigned digits, size_t len)
{
    kanda_totp_t  t;

    memset(&t, 0, sizeof(t));
    t.hash = hash;
    t.digits = digits;
    t.period = 30;
    t.secret_len = len;
    memcpy(t.secret, digits64, len);

    return t;
}


/* RFC 4226, appendix D */
static void
hotp_vectors(void)
{
    static const char  *codes[] = {
        "755224", "287082", "359152", "969429", "338314",
        "254676", "287922", "162583", "399871", "520489"
    };

    char          code[8];
    int64_t       i;
    kanda_totp_t  t;

    t = totp(KANDA_SHA1, 6, strlen(digits20));

    for (i = 0; i < 10; i++) {
        tap_ok(kanda_totp_code(&t, i, code) == 0
               && memcmp(code, codes[i], 6) == 0,
               "RFC 4226 counter %d is %s", (int) i, codes[i]);
    }
}


/* RFC 6238, appendix B */
static void
totp_vectors(void)
{
    static const struct {
        int64_t      time;
        const char  *codes[KANDA_HASHES];
    } rows[] = {
        { 59, { "94287082", "46119246", "90693936" } },
        { 1111111109, { "07081804", "68084774", "25091201" } },
        { 1111111111, { "14050471", "67062674", "99943326" } },
        { 1234567890, { "89005924", "91819424", "93441116" } },
        { 2000000000, { "69279037", "90698825", "38618901" } },
        { 20000000000, { "65353130", "77737706", "47863826" } }
    };

    char          code[8];
    size_t        i, len;
    unsigned      hash;
    kanda_totp_t  t;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (hash = 0; hash < KANDA_HASHES; hash++) {
            len = kanda_totp_secret_length((kanda_hash_t) hash);
            t = totp((kanda_hash_t) hash, 8, len);

            tap_ok(kanda_totp_code(&t, kanda_totp_step(&t, rows[i].time), code)
                   == 0
                   && memcmp(code, rows[i].codes[hash], 8) == 0,
                   "RFC 6238 %s at %lld is %s",
                   kanda_totp_hash_name((kanda_hash_t) hash),
                   (long long) rows[i].time, rows[i].codes[hash]);
        }
    }
}


/* figures of Python's hmac and struct: no 32-bit counter gives them */
static void
steps_beyond_32_bits(void)
{
    static const struct {
        int64_t      step;
        const char  *code;
    } rows[] = {
        { INT64_C(4294967295), "57117190" },
        { INT64_C(4294967296), "55999456" },
        { INT64_C(1099511627776), "57445672" },
        { INT64_C(9007199254740993), "70354518" }
    };

    char          code[8];
    size_t        i;
    int64_t       match;
    kanda_totp_t  t;

    t = totp(KANDA_SHA1, 8, strlen(digits20));

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_ok(kanda_totp_code(&t, rows[i].step, code) == 0
               && memcmp(code, rows[i].code, 8) == 0, "step %lld is %s",
               (long long) rows[i].step, rows[i].code);
        tap_ok(kanda_totp_match(&t, code, rows[i].step, 1, -1, &match) == 0
               && match == rows[i].step, "and matches");
    }

    tap_ok(kanda_totp_step(&t, INT64_C(200000000000)) == INT64_C(6666666666),
           "a time far away has a step beyond 32 bits");
    tap_ok(kanda_totp_step(&t, 29) == 0 && kanda_totp_step(&t, 30) == 1,
           "a step ends at its period");
    tap_ok(kanda_totp_step(&t, -1) == KANDA_TOTP_NO_STEP,
           "no step holds a time before 1970");
}


static void
leading_zeros(void)
{
    char           code[8];
    int64_t        step, match;
    unsigned long  checks, failed, zeros;
    kanda_totp_t   t;

    checks = 0;
    failed = 0;
    zeros = 0;
    t = totp(KANDA_SHA1, 6, strlen(digits20));

    for (step = 0; step < 3000; step++) {

        if (kanda_totp_code(&t, step, code) != 0 || code[0] != '0') {
            continue;
        }

        zeros++;
        checks++;
        failed += kanda_totp_match(&t, code, step, 0, -1, &match) != 0
                  || match != step;
    }

    tap_sum(checks, failed, "codes with leading zeros match");
    tap_ok(zeros > 200 && zeros < 400, "one code in ten has one: %lu", zeros);
}


/* The plain reading of the header's promise. */
static int64_t
expected_match(const kanda_totp_t *t, const char *code, int64_t step,
    unsigned window, int64_t last)
{
    char     right[8];
    int64_t  s, any;

    any = KANDA_TOTP_NO_STEP;

    for (s = step - window; s <= step + (int64_t) window; s++) {
        (void) kanda_totp_code(t, s, right);

        if (s < 0 || memcmp(right, code, t->digits) != 0) {
            continue;
        }

        if (s > last) {
            return s;
        }

        any = s;
    }

    return any;
}


static void
match_window(void)
{
    char           code[8];
    int64_t        step, at, last, match, want;
    unsigned       window;
    unsigned long  checks, failed;
    kanda_totp_t   t;

    checks = 0;
    failed = 0;

    for (window = 0; window <= KANDA_TOTP_WINDOW_MAX; window++) {
        for (at = -12; at <= 12; at++) {
            for (step = 0; step < 40; step += 13) {
                t = totp(KANDA_SHA256, 6, 32);
                (void) kanda_totp_code(&t, step + at, code);

                for (last = step - 3; last <= step + 3; last++) {
                    want = expected_match(&t, code, step, window, last);
                    checks++;
                    failed += kanda_totp_match(&t, code, step, window, last,
                                               &match) != 0
                              || match != want;
                }
            }
        }
    }

    tap_sum(checks, failed, "the window is 2n+1 steps, from step 0 on");
}


/* A one-digit code repeats so often that every choice is seen. */
static void
match_choice(void)
{
    char           code[8];
    int64_t        step, last, match, want;
    unsigned long  checks, failed, replays;
    kanda_totp_t   t;

    checks = 0;
    failed = 0;
    replays = 0;
    t = totp(KANDA_SHA1, 1, 20);

    for (step = 0; step < 60; step++) {
        for (code[0] = '0'; code[0] <= '9'; code[0]++) {
            for (last = step - 12; last <= step + 11; last++) {
                want = expected_match(&t, code, step, 10, last);

                checks++;
                replays += want != KANDA_TOTP_NO_STEP && want <= last;
                failed += kanda_totp_match(&t, code, step, 10, last, &match)
                          != 0
                          || (want > last ? match != want
                              : (want < 0) != (match < 0) || match > last);
            }
        }
    }

    tap_sum(checks, failed, "the earliest fresh step wins, then a replay");
    tap_ok(replays > 100, "replays were among them: %lu", replays);
}


static void
names(void)
{
    kanda_hash_t  hash;

    tap_ok(kanda_totp_hash_parse("SHA1", 4, &hash) == 0 && hash == KANDA_SHA1,
           "SHA1 is read");
    tap_ok(kanda_totp_hash_parse("SHA256", 6, &hash) == 0
           && hash == KANDA_SHA256, "SHA256 is read");
    tap_ok(kanda_totp_hash_parse("SHA512", 6, &hash) == 0
           && hash == KANDA_SHA512, "SHA512 is read");
    tap_ok(kanda_totp_hash_parse("sha1", 4, &hash) != 0
           && kanda_totp_hash_parse("SHA", 3, &hash) != 0
           && kanda_totp_hash_parse("SHA-1", 5, &hash) != 0
           && kanda_totp_hash_parse("SHA11", 5, &hash) != 0
           && kanda_totp_hash_parse("MD5", 3, &hash) != 0
           && kanda_totp_hash_parse("SHA1\0", 5, &hash) != 0
           && kanda_totp_hash_parse("", 0, &hash) != 0, "nothing else is");
    tap_ok(kanda_totp_secret_length(KANDA_SHA1) == 20
           && kanda_totp_secret_length(KANDA_SHA256) == 32
           && kanda_totp_secret_length(KANDA_SHA512) == 64,
           "a new secret is as long as the hash");
}


static void
parse(void)
{
    static const struct {
        const char  *in;
        const char  *code;
    } rows[] = {
        { "123456", "123456" },
        { "1234567", "1234567" },
        { "12345678", "12345678" },
        { "000000", "000000" },
        { "123 456", "123456" },
        { "123-456", "123456" },
        { "1 2-3 4-5  6", "123456" },
        { "12345", NULL },
        { "123456789", NULL },
        { "", NULL },
        { " 123456", NULL },
        { "123456 ", NULL },
        { "-123456", NULL },
        { "123456-", NULL },
        { "+123456", NULL },
        { "123\t456", NULL },
        { "123456\n", NULL },
        { "123456\r\n", NULL },
        { "12345a", NULL },
        { "1e5000", NULL },
        { "0x1234", NULL },
        { "123.456", NULL },
        { "123,456", NULL },
        { "123_456", NULL },
        { "123\xc2\xa0" "456", NULL },
        { "\xef\xbc\x91\xef\xbc\x92" "3456", NULL },
        { "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6", NULL },
        { "------", NULL },
        { "      ", NULL }
    };

    int     n;
    char    code[KANDA_TOTP_DIGITS_MAX];
    size_t  i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        n = kanda_totp_parse(rows[i].in, strlen(rows[i].in), code);

        tap_ok(rows[i].code == NULL ? n == -1
               : n == (int) strlen(rows[i].code)
                 && memcmp(code, rows[i].code, (size_t) n) == 0,
               "row %d is %s", (int) i,
               rows[i].code == NULL ? "malformed" : rows[i].code);
    }

    tap_ok(kanda_totp_parse("123456\0", 7, code) == -1
           && kanda_totp_parse("123\0" "456", 7, code) == -1,
           "a NUL makes a code malformed");
}


int
main(void)
{
    kanda_totp_t  t;
    int64_t       match;

    t = totp(KANDA_SHA1, 6, 20);
    tap_ok(kanda_totp_match(&t, "755224", 0, 1, -1, &match) == -1,
           "nothing is judged before the algorithms are there");

    tap_ok(kanda_crypto_init() == 0, "OpenSSL has what we need");

    hotp_vectors();
    totp_vectors();
    steps_beyond_32_bits();
    leading_zeros();
    match_window();
    match_choice();
    names();
    parse();

    kanda_crypto_done();

    return tap_done();
}
