/*
 * A URI taken apart gives back the label and the issuer, and exactly the
 * parameters of its dialect, whatever the label tries.
 */

#include "../core/uri.h"
#include "fuzz.h"
#include "kanda_base32.h"
#include "kanda_text.h"


static void
value_is(const uri_t *u, const char *name, const char *want, size_t len)
{
    int          i;
    size_t       n;
    const char  *p;

    n = strlen(name);
    p = u->names;

    for (i = 0; i < u->count; i++) {

        if (strncmp(p, name, n) == 0 && p[n] == ' ') {
            must(u->value_len[i] == len && memcmp(u->value[i], want, len)
                 == 0);
            return;
        }

        p = strchr(p, ' ') + 1;
    }

    must(len == 0);
}


static void
number_is(const uri_t *u, const char *name, unsigned n, int brief,
    unsigned usual)
{
    char  text[16];

    snprintf(text, sizeof(text), "%u", n);
    value_is(u, name, text, brief && n == usual ? 0 : strlen(text));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int            brief;
    char           out[KANDA_OTPAUTH_MAX], secret[256];
    uri_t          u;
    size_t         n, cap, label_len, issuer_len;
    unsigned       form;
    const char    *label, *issuer, *hash;
    fuzz_input_t   in;
    kanda_totp_t   t;

    in.pos = data;
    in.left = size;

    memset(&t, 0, sizeof(t));
    form = fuzz_byte(&in) % 4;
    brief = form == KANDA_OTPAUTH_AUTH;
    t.hash = (kanda_hash_t) (fuzz_byte(&in) % KANDA_HASHES);
    t.digits = 6 + fuzz_byte(&in) % 3;
    t.period = 10 + fuzz_byte(&in) + fuzz_byte(&in) % 36;
    t.secret_len = 10 + fuzz_byte(&in) % 119;
    t.secret[0] = (uint8_t) fuzz_byte(&in);
    cap = fuzz_byte(&in);
    cap = cap < 128 ? cap * 11 : sizeof(out);

    label_len = fuzz_piece(&in, &label, 200);
    issuer_len = fuzz_piece(&in, &issuer, 200);

    if (!kanda_otpauth_label_valid(label, label_len, 0)
        || !kanda_otpauth_label_valid(issuer, issuer_len, 1))
    {
        return 0;
    }

    must(label_len >= 1 && label_len <= KANDA_LABEL_MAX);
    must(kanda_utf8_clean(label, label_len));

    n = kanda_otpauth_uri(out, cap, &t, label, label_len, issuer, issuer_len,
                          (kanda_otpauth_form_t) form);
    must(n <= cap && (n > 0 || cap < sizeof(out)));

    if (n == 0) {
        return 0;
    }

    must(uri_take_apart(&u, out, n) == 0);
    must(u.label_len == label_len && memcmp(u.label, label, label_len) == 0);
    must(u.issuer_len == issuer_len
         && memcmp(u.issuer, issuer, issuer_len) == 0);

    hash = kanda_totp_hash_name(t.hash);

    value_is(&u, "secret", secret,
             kanda_base32_encode(secret, t.secret, t.secret_len));
    value_is(&u, "issuer", issuer, issuer_len);
    value_is(&u, "algorithm", hash,
             brief && t.hash == KANDA_SHA1 ? 0 : strlen(hash));
    number_is(&u, "digits", t.digits, brief, 6);
    number_is(&u, "period", t.period, brief, 30);

    must(u.count == 1 + (issuer_len > 0)
                    + !(brief && t.hash == KANDA_SHA1)
                    + !(brief && t.digits == 6) + !(brief && t.period == 30));

    return 0;
}
