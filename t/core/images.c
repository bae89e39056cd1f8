/*
 * Draws what qr.t reads back: images FOLDER COUNT draws otpauth URIs with
 * random Unicode in them, and text and bytes of any kind; it prints a line for
 * each: the file's name and what it shows in hex.
 */

#include "kanda_otpauth.h"
#include "kanda_qr.h"
#include "kanda_text.h"
#include "tap.h"


static size_t
uri_of(char *out, size_t label_max)
{
    char           label[KANDA_LABEL_MAX], issuer[KANDA_LABEL_MAX], *colon;
    size_t         label_len, issuer_len;
    kanda_totp_t   t;

    memset(&t, 0, sizeof(t));
    t.hash = (kanda_hash_t) (tap_random() % KANDA_HASHES);
    t.digits = 6 + tap_random() % 3;
    t.period = 10 + tap_random() % 291;
    t.secret_len = kanda_totp_secret_length(t.hash);
    tap_random_bytes(t.secret, t.secret_len);

    label_len = tap_random_text(label, label_max);
    issuer_len = tap_random_text(issuer, label_max);

    while ((colon = memchr(issuer, ':', issuer_len)) != NULL) {
        *colon = ';';
    }

    return kanda_otpauth_uri(out, KANDA_OTPAUTH_MAX, &t, label, label_len,
                             issuer, issuer_len,
                             (kanda_otpauth_form_t) (tap_random() % 4));
}


/* A URI as most are: 112 bytes, a new SHA1 secret, ASCII. */
static size_t
usual_uri(char *out)
{
    char           label[64];
    size_t         n, len;
    kanda_totp_t   t;

    memset(&t, 0, sizeof(t));
    t.digits = 6;
    t.period = 30;
    t.secret_len = 20;
    tap_random_bytes(t.secret, t.secret_len);

    len = 0;

    do {
        label[len++] = (char) ('a' + tap_random() % 26);
        n = kanda_otpauth_uri(out, KANDA_OTPAUTH_MAX, &t, label, len, "Acme",
                              4, KANDA_OTPAUTH_TOOLKIT);
    } while (n < 112);

    return n;
}


static int
draw(const char *folder, const char *kind, int i, const void *data,
    size_t len)
{
    char               name[512];
    FILE              *file;
    size_t             k, written;
    kanda_qr_image_t   image;

    snprintf(name, sizeof(name), "%s/%s-%04d.png", folder, kind, i);

    if (kanda_qr_png(data, len, &image) != 0) {
        return -1;
    }

    file = fopen(name, "wb");
    if (file == NULL) {
        return -1;
    }

    written = fwrite(image.data, 1, image.len, file);

    if (fclose(file) != 0 || written != image.len) {
        return -1;
    }

    kanda_qr_free(&image);
    printf("%s-%04d.png ", kind, i);

    for (k = 0; k < len; k++) {
        printf("%02x", ((const uint8_t *) data)[k]);
    }

    putchar('\n');

    return 0;
}


int
main(int argc, char **argv)
{
    int     i, count, rc;
    char    data[KANDA_OTPAUTH_MAX];

    if (argc != 3) {
        return 2;
    }

    count = atoi(argv[2]);
    rc = 0;

    for (i = 0; i < count && rc == 0; i++) {
        rc = draw(argv[1], "unicode", i, data,
                  uri_of(data, i % 10 ? 40 : KANDA_LABEL_MAX));
    }

    for (i = 0; i < 12 && rc == 0; i++) {
        rc = draw(argv[1], "usual", i, data, usual_uri(data));
    }

    for (i = 0; i < 40 && rc == 0; i++) {
        rc = draw(argv[1], "text", i, data, tap_random_text(data, 300));
    }

    for (i = 0; i < 40 && rc == 0; i++) {
        tap_random_bytes(data, 300);
        rc = draw(argv[1], "bytes", i, data, 1 + tap_random() % 300);
    }

    return rc != 0;
}
