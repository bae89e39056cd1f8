#include "kanda_base32.h"
#include "kanda_otpauth.h"
#include "kanda_text.h"
#include "tap.h"
#include "uri.h"


static kanda_totp_t
totp(kanda_hash_t hash, unsigned digits, unsigned period, size_t len)
{
    kanda_totp_t  t;

    memset(&t, 0, sizeof(t));
    t.hash = hash;
    t.digits = digits;
    t.period = period;
    t.secret_len = len;
    memcpy(t.secret, "Hello!\xde\xad\xbe\xef", 10);

    return t;
}


static void
forms(void)
{
    static const struct {
        kanda_otpauth_form_t   form;
        kanda_hash_t           hash;
        unsigned               digits;
        unsigned               period;
        const char            *label;
        const char            *issuer;
        const char            *uri;
    } rows[] = {
        { KANDA_OTPAUTH_API, KANDA_SHA1, 6, 30, "alice@example.com", "Acme Co",
          "otpauth://totp/Acme%20Co:alice%40example.com?secret="
          "JBSWY3DPEHPK3PXP&issuer=Acme%20Co&algorithm=SHA1&digits=6"
          "&period=30" },
        { KANDA_OTPAUTH_API, KANDA_SHA512, 8, 300, "a", "",
          "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&algorithm=SHA512&digits=8"
          "&period=300" },
        { KANDA_OTPAUTH_OTP, KANDA_SHA1, 6, 30, "u1", "App",
          "otpauth://totp/App:u1?secret=JBSWY3DPEHPK3PXP&period=30&digits=6"
          "&algorithm=SHA1&issuer=App" },
        { KANDA_OTPAUTH_TOOLKIT, KANDA_SHA256, 8, 60, "u1", "App",
          "otpauth://totp/App:u1?secret=JBSWY3DPEHPK3PXP&issuer=App&digits=8"
          "&period=60&algorithm=SHA256" },
        { KANDA_OTPAUTH_AUTH, KANDA_SHA1, 6, 30, "u1", "App",
          "otpauth://totp/App:u1?secret=JBSWY3DPEHPK3PXP&issuer=App" },
        { KANDA_OTPAUTH_AUTH, KANDA_SHA1, 6, 30, "u1", "",
          "otpauth://totp/u1?secret=JBSWY3DPEHPK3PXP" },
        { KANDA_OTPAUTH_AUTH, KANDA_SHA256, 7, 45, "u1", "App",
          "otpauth://totp/App:u1?secret=JBSWY3DPEHPK3PXP&issuer=App"
          "&algorithm=SHA256&digits=7&period=45" },
        { KANDA_OTPAUTH_AUTH, KANDA_SHA1, 6, 30,
          "x?secret=AAAA&issuer=Evil#%:/\"<>", "A&B=C",
          "otpauth://totp/A%26B%3DC:x%3Fsecret%3DAAAA%26issuer%3DEvil%23%25"
          "%3A%2F%22%3C%3E?secret=JBSWY3DPEHPK3PXP&issuer=A%26B%3DC" },
        { KANDA_OTPAUTH_AUTH, KANDA_SHA1, 6, 30, "\xc3\xa9-._~+ ", "",
          "otpauth://totp/%C3%A9-._~%2B%20?secret=JBSWY3DPEHPK3PXP" }
    };

    char          out[KANDA_OTPAUTH_MAX];
    size_t        i, n;
    kanda_totp_t  t;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        t = totp(rows[i].hash, rows[i].digits, rows[i].period, 10);
        n = kanda_otpauth_uri(out, sizeof(out), &t, rows[i].label,
                              strlen(rows[i].label), rows[i].issuer,
                              strlen(rows[i].issuer), rows[i].form);
        tap_is(out, n, rows[i].uri, "a URI to the letter");
    }
}


/* S64: random labels and issuers come back, and nothing else comes with them */
static void
parse_back(void)
{
    static const char *const  names[][2] = {
        { "secret issuer algorithm digits period ",
          "secret algorithm digits period " },
        { "secret period digits algorithm issuer ",
          "secret period digits algorithm " },
        { "secret issuer digits period algorithm ",
          "secret digits period algorithm " },
        { "secret issuer ", "secret " }
    };

    char           uri[KANDA_OTPAUTH_MAX], label[128], issuer[128];
    size_t         n, i, label_len, issuer_len;
    uri_t          u;
    unsigned       round, form;
    kanda_totp_t   t;
    unsigned long  failed;

    failed = 0;

    for (round = 0; round < 10000; round++) {
        form = round % 4;
        t = totp(KANDA_SHA1, 6, 30, 10);
        label_len = tap_random_text(label, sizeof(label));
        issuer_len = round % 3 ? tap_random_text(issuer, sizeof(issuer)) : 0;

        for (i = 0; i < issuer_len; i++) {
            if (issuer[i] == ':') {
                issuer[i] = ';';
            }
        }

        n = kanda_otpauth_uri(uri, sizeof(uri), &t, label, label_len, issuer,
                              issuer_len, (kanda_otpauth_form_t) form);

        failed += !kanda_otpauth_label_valid(label, label_len, 0)
                  || !kanda_otpauth_label_valid(issuer, issuer_len, 1)
                  || uri_take_apart(&u, uri, n) != 0
                  || u.label_len != label_len
                  || memcmp(u.label, label, label_len) != 0
                  || u.issuer_len != issuer_len
                  || memcmp(u.issuer, issuer, issuer_len) != 0
                  || strcmp(u.names, names[form][issuer_len == 0]) != 0
                  || u.value_len[0] != 16
                  || memcmp(u.value[0], "JBSWY3DPEHPK3PXP", 16) != 0
                  || (issuer_len > 0 && form != KANDA_OTPAUTH_OTP
                      && (u.value_len[1] != issuer_len
                          || memcmp(u.value[1], issuer, issuer_len) != 0));
    }

    tap_sum(10000, failed, "random Unicode comes back, and nothing is added");
}


static void
room(void)
{
    char           out[KANDA_OTPAUTH_MAX + 1], text[128];
    size_t         cap, n, most;
    kanda_totp_t   t;
    unsigned long  failed;

    failed = 0;
    memset(text, '%', sizeof(text));
    t = totp(KANDA_SHA512, 8, 300, KANDA_TOTP_SECRET_MAX);

    most = kanda_otpauth_uri(out, KANDA_OTPAUTH_MAX, &t, text, 128, text, 128,
                             KANDA_OTPAUTH_API);
    tap_ok(most > 0 && most <= KANDA_OTPAUTH_MAX,
           "the longest URI has %lu bytes", (unsigned long) most);

    for (cap = 0; cap <= most; cap++) {
        memset(out, '#', sizeof(out));
        n = kanda_otpauth_uri(out, cap, &t, text, 128, text, 128,
                              KANDA_OTPAUTH_API);
        failed += n != (cap == most ? most : 0) || out[cap] != '#';
    }

    tap_sum(most + 1, failed, "too little room gives no URI");
}


static void
labels(void)
{
    char  text[129];

    memset(text, 'x', sizeof(text));

    tap_ok(kanda_otpauth_label_valid("a", 1, 0)
           && kanda_otpauth_label_valid("a:b", 3, 0)
           && kanda_otpauth_label_valid(text, 128, 0)
           && kanda_otpauth_label_valid("\xf0\x9f\x98\x80", 4, 0),
           "labels");
    tap_ok(!kanda_otpauth_label_valid("", 0, 0)
           && !kanda_otpauth_label_valid(text, 129, 0)
           && !kanda_otpauth_label_valid("a\nb", 3, 0)
           && !kanda_otpauth_label_valid("a\0b", 3, 0)
           && !kanda_otpauth_label_valid("\xff", 1, 0)
           && !kanda_otpauth_label_valid("\xc2\x80", 2, 0), "no labels");
    tap_ok(kanda_otpauth_label_valid("", 0, 1)
           && kanda_otpauth_label_valid("Acme", 4, 1), "issuers");
    tap_ok(!kanda_otpauth_label_valid("a:b", 3, 1)
           && !kanda_otpauth_label_valid(":", 1, 1)
           && !kanda_otpauth_label_valid("a\x7f", 2, 1)
           && !kanda_otpauth_label_valid(text, 129, 1), "no issuers");
}


int
main(void)
{
    forms();
    parse_back();
    room();
    labels();

    return tap_done();
}
