#include <string.h>

#include "kanda_base32.h"
#include "kanda_otpauth.h"
#include "kanda_text.h"


#define KANDA_OTPAUTH_DIGITS  6         /* what an app takes for granted */
#define KANDA_OTPAUTH_PERIOD  30


typedef struct {
    char    *pos;
    char    *end;
    int      full;
} kanda_uri_t;


typedef struct {
    const kanda_totp_t  *totp;
    const char          *issuer;
    size_t               issuer_len;
    int                  brief;         /* leave defaults out */
} kanda_uri_query_t;


static void kanda_uri_put(kanda_uri_t *u, const char *p, size_t len);
static void kanda_uri_text(kanda_uri_t *u, const char *p, size_t len);
static void kanda_uri_number(kanda_uri_t *u, const char *name, unsigned n);
static void kanda_uri_secret(kanda_uri_t *u, const kanda_uri_query_t *q);
static void kanda_uri_issuer(kanda_uri_t *u, const kanda_uri_query_t *q);
static void kanda_uri_algorithm(kanda_uri_t *u, const kanda_uri_query_t *q);
static void kanda_uri_digits(kanda_uri_t *u, const kanda_uri_query_t *q);
static void kanda_uri_period(kanda_uri_t *u, const kanda_uri_query_t *q);


typedef void (*kanda_uri_part_t)(kanda_uri_t *u, const kanda_uri_query_t *q);


static const kanda_uri_part_t  kanda_uri_orders[][5] = {
    { kanda_uri_secret, kanda_uri_issuer, kanda_uri_algorithm,
      kanda_uri_digits, kanda_uri_period },
    { kanda_uri_secret, kanda_uri_period, kanda_uri_digits,
      kanda_uri_algorithm, kanda_uri_issuer },
    { kanda_uri_secret, kanda_uri_issuer, kanda_uri_digits, kanda_uri_period,
      kanda_uri_algorithm },
    { kanda_uri_secret, kanda_uri_issuer, kanda_uri_algorithm,
      kanda_uri_digits, kanda_uri_period }
};


size_t
kanda_otpauth_uri(char *out, size_t cap, const kanda_totp_t *t,
    const char *label, size_t label_len, const char *issuer,
    size_t issuer_len, kanda_otpauth_form_t form)
{
    unsigned           i;
    kanda_uri_t        u;
    kanda_uri_query_t  q;

    u.pos = out;
    u.end = out + cap;
    u.full = 0;

    q.totp = t;
    q.issuer = issuer;
    q.issuer_len = issuer_len;
    q.brief = (form == KANDA_OTPAUTH_AUTH);

    kanda_uri_put(&u, "otpauth://totp/", 15);

    if (issuer_len > 0) {
        kanda_uri_text(&u, issuer, issuer_len);
        kanda_uri_put(&u, ":", 1);
    }

    kanda_uri_text(&u, label, label_len);

    for (i = 0; i < 5; i++) {
        kanda_uri_orders[form][i](&u, &q);
    }

    return u.full ? 0 : (size_t) (u.pos - out);
}


int
kanda_otpauth_label_valid(const char *p, size_t len, int is_issuer)
{
    if (len > KANDA_LABEL_MAX || (len == 0 && !is_issuer)) {
        return 0;
    }

    if (is_issuer && len > 0 && memchr(p, ':', len) != NULL) {
        return 0;
    }

    return kanda_utf8_clean(p, len);
}


static void
kanda_uri_put(kanda_uri_t *u, const char *p, size_t len)
{
    if ((size_t) (u->end - u->pos) < len) {
        u->full = 1;
        return;
    }

    memcpy(u->pos, p, len);
    u->pos += len;
}


static void
kanda_uri_text(kanda_uri_t *u, const char *p, size_t len)
{
    static const char  hex[] = "0123456789ABCDEF";

    char           escape[3];
    size_t         i;
    unsigned char  c;

    escape[0] = '%';

    for (i = 0; i < len; i++) {
        c = (unsigned char) p[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_'
            || c == '~')
        {
            kanda_uri_put(u, p + i, 1);
            continue;
        }

        escape[1] = hex[c >> 4];
        escape[2] = hex[c & 15];
        kanda_uri_put(u, escape, 3);
    }
}


static void
kanda_uri_number(kanda_uri_t *u, const char *name, unsigned n)
{
    char    digits[10];
    size_t  i;

    i = sizeof(digits);

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n > 0);

    kanda_uri_put(u, name, strlen(name));
    kanda_uri_put(u, digits + i, sizeof(digits) - i);
}


/* Always the first of the query. */
static void
kanda_uri_secret(kanda_uri_t *u, const kanda_uri_query_t *q)
{
    char    text[kanda_base32_length(KANDA_TOTP_SECRET_MAX)];
    size_t  len;

    len = kanda_base32_encode(text, q->totp->secret, q->totp->secret_len);

    kanda_uri_put(u, "?secret=", 8);
    kanda_uri_put(u, text, len);

    kanda_wipe(text, len);
}


static void
kanda_uri_issuer(kanda_uri_t *u, const kanda_uri_query_t *q)
{
    if (q->issuer_len > 0) {
        kanda_uri_put(u, "&issuer=", 8);
        kanda_uri_text(u, q->issuer, q->issuer_len);
    }
}


static void
kanda_uri_algorithm(kanda_uri_t *u, const kanda_uri_query_t *q)
{
    const char  *name;

    if (q->brief && q->totp->hash == KANDA_SHA1) {
        return;
    }

    name = kanda_totp_hash_name(q->totp->hash);

    kanda_uri_put(u, "&algorithm=", 11);
    kanda_uri_put(u, name, strlen(name));
}


static void
kanda_uri_digits(kanda_uri_t *u, const kanda_uri_query_t *q)
{
    if (!q->brief || q->totp->digits != KANDA_OTPAUTH_DIGITS) {
        kanda_uri_number(u, "&digits=", q->totp->digits);
    }
}


static void
kanda_uri_period(kanda_uri_t *u, const kanda_uri_query_t *q)
{
    if (!q->brief || q->totp->period != KANDA_OTPAUTH_PERIOD) {
        kanda_uri_number(u, "&period=", q->totp->period);
    }
}
