/*
 * One-time codes, recovery codes and API keys as they are submitted: only the
 * canonical digits, symbols and characters reach a comparison; and a match is
 * what the plain reading of the rule says.
 */

#include "fuzz.h"
#include "kanda_apikey.h"
#include "kanda_base64url.h"
#include "kanda_recovery.h"
#include "kanda_totp.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    if (kanda_crypto_init() != 0) {
        exit(1);
    }

    return 0;
}


static void
totp_code(const char *text, size_t size)
{
    int     n, k;
    char    code[KANDA_TOTP_DIGITS_MAX];
    size_t  i;

    n = kanda_totp_parse(text, size, code);
    if (n < 0) {
        return;
    }

    must(n >= KANDA_TOTP_DIGITS_MIN && n <= KANDA_TOTP_DIGITS_MAX);

    k = 0;

    for (i = 0; i < size; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            must(k < n && code[k] == text[i]);
            k++;

        } else {
            must(text[i] == ' ' || text[i] == '-');
            must(i > 0 && i < size - 1);
        }
    }

    must(k == n);
    must(kanda_totp_parse(code, (size_t) n, code) == n);
}


static void
recovery_code(const char *text, size_t size)
{
    char    symbols[KANDA_RECOVERY_SYMBOLS], again[KANDA_RECOVERY_SYMBOLS];
    size_t  i;

    if (kanda_recovery_parse(text, size, symbols) != 0) {
        return;
    }

    for (i = 0; i < sizeof(symbols); i++) {
        must(symbols[i] != '\0'
             && strchr("0123456789abcdefghjkmnpqrstvwxyz", symbols[i]));
    }

    must(kanda_recovery_parse(symbols, sizeof(symbols), again) == 0);
    must(memcmp(symbols, again, sizeof(again)) == 0);
}


static void
api_key(const char *text, size_t size)
{
    char         again[KANDA_APIKEY_SECRET];
    uint8_t      digest[32], want[32], secret[32];
    const char  *id, *account;

    if (kanda_apikey_parse(text, size, &id, &account, digest) != 0) {
        return;
    }

    must(size == KANDA_APIKEY_LEN && memcmp(text, "kan_", 4) == 0);
    must(id == text + 4 && account == id + KANDA_APIKEY_ID_LEN);
    must(kanda_account_id_valid(account, KANDA_ACCOUNT_ID_LEN));
    must(text[40] == '_');
    must(kanda_base64url_decode(secret, 32, text + 41, 43) == 32);
    must(kanda_base64url_encode(again, secret, 32) == 43);
    must(memcmp(again, text + 41, 43) == 0);
    must(kanda_sha256(text, size, want) == 0 && memcmp(want, digest, 32) == 0);
}


static void
match(const uint8_t *data, size_t size)
{
    char           code[KANDA_TOTP_DIGITS_MAX], right[KANDA_TOTP_DIGITS_MAX];
    int64_t        s, step, last, got, want, any;
    unsigned       window;
    fuzz_input_t   in;
    kanda_totp_t   t;

    in.pos = data;
    in.left = size;

    memset(&t, 0, sizeof(t));
    t.hash = (kanda_hash_t) (fuzz_byte(&in) % KANDA_HASHES);
    t.digits = 1 + fuzz_byte(&in) % 8;
    t.period = 30;
    t.secret_len = fuzz_byte(&in) % 129;
    memset(t.secret, (int) fuzz_byte(&in), t.secret_len);
    window = fuzz_byte(&in) % (KANDA_TOTP_WINDOW_MAX + 1);
    step = fuzz_byte(&in);
    last = (int64_t) fuzz_byte(&in) - 1;

    must(kanda_totp_code(&t, step + (int64_t) fuzz_byte(&in) - 128, code)
         == 0);

    want = KANDA_TOTP_NO_STEP;
    any = KANDA_TOTP_NO_STEP;

    for (s = step + window; s >= step - (int64_t) window && s >= 0; s--) {
        must(kanda_totp_code(&t, s, right) == 0);

        if (memcmp(code, right, t.digits) == 0) {
            want = (s > last) ? s : want;
            any = s;
        }
    }

    must(kanda_totp_match(&t, code, step, window, last, &got) == 0);
    must(want >= 0 ? got == want : (got >= 0) == (any >= 0) && got <= last);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *text;

    text = fuzz_exact(data, size);

    totp_code(text, size);
    recovery_code(text, size);
    api_key(text, size);

    if (size >= 8) {
        match(data, size);
    }

    free(text);

    return 0;
}
