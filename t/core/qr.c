/*
 * What an image is made of; whether it reads back is qr.t's business.
 */

#include <png.h>
#include <qrencode.h>

#include "kanda_qr.h"
#include "tap.h"


#define OTPAUTH                                                               \
    "otpauth://totp/Acme:alice42%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3" \
    "DPEHPK3PXP&issuer=Acme&digits=6&period=30"


static unsigned
number(const uint8_t *p)
{
    return (unsigned) p[0] << 24 | (unsigned) p[1] << 16
           | (unsigned) p[2] << 8 | p[3];
}


/* Whether the picture, module by module, is what libqrencode made. */
static int
png_shows(const kanda_qr_image_t *image, const QRcode *code)
{
    int         wrong;
    size_t      side, x, y, mx, my, n;
    uint8_t    *pixels, dark;
    png_image   png;

    memset(&png, 0, sizeof(png));
    png.version = PNG_IMAGE_VERSION;

    n = (size_t) code->width;
    side = (n + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE;

    if (!png_image_begin_read_from_memory(&png, image->data, image->len)) {
        return 0;
    }

    png.format = PNG_FORMAT_GRAY;
    pixels = malloc(side * side);

    if (pixels == NULL || png.width != side || png.height != side
        || !png_image_finish_read(&png, NULL, pixels, (int) side, NULL))
    {
        free(pixels);
        return 0;
    }

    wrong = 0;

    for (y = 0; y < side; y++) {
        for (x = 0; x < side; x++) {
            mx = x / KANDA_QR_SCALE - KANDA_QR_QUIET;
            my = y / KANDA_QR_SCALE - KANDA_QR_QUIET;
            dark = mx < n && my < n && (code->data[my * n + mx] & 1);
            wrong += pixels[y * side + x] != (dark ? 0 : 255);
        }
    }

    free(pixels);

    return wrong == 0;
}


/* Plays the path into modules and compares. */
static int
svg_shows(const kanda_qr_image_t *image, const QRcode *code)
{
    int          ok, used;
    char        *text, *p, *modules;
    double       y;
    size_t       n, i, wrong;
    unsigned     x, dx, row, run;

    n = (size_t) code->width;
    text = calloc(image->len + 1, 1);
    modules = calloc(n * n, 1);
    ok = text != NULL && modules != NULL;
    x = 0;
    row = 0;

    if (ok) {
        memcpy(text, image->data, image->len);
        p = strstr(text, " d=\"");
        ok = p != NULL;
        p += ok ? 4 : 0;

        while (ok && *p != '"') {
            if (sscanf(p, "M%u %lf%n", &x, &y, &used) == 2) {
                row = (unsigned) y - KANDA_QR_QUIET;
                x -= KANDA_QR_QUIET;

            } else if (sscanf(p, "m%u 0%n", &dx, &used) == 1) {
                x += dx;

            } else if (sscanf(p, "h%u%n", &run, &used) == 1) {
                ok = row < n && x + run <= n;
                memset(modules + row * n + x, 1, ok ? run : 0);
                x += run;

            } else {
                ok = 0;
            }

            p += ok ? used : 0;
        }
    }

    wrong = 0;
    for (i = 0; ok && i < n * n; i++) {
        wrong += modules[i] != (code->data[i] & 1);
    }

    free(text);
    free(modules);

    return ok && wrong == 0;
}


static void
png_form(void)
{
    size_t             side;
    kanda_qr_image_t   image;

    tap_ok(kanda_qr_png(OTPAUTH, strlen(OTPAUTH), &image) == 0,
           "a picture of %lu bytes", (unsigned long) strlen(OTPAUTH));
    tap_ok(strlen(OTPAUTH) == 112 && image.len <= 540,
           "takes %lu, at most 540", (unsigned long) image.len);

    side = (45 + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE;

    tap_ok(memcmp(image.data, "\x89PNG\r\n\x1a\n", 8) == 0
           && number(image.data + 8) == 13
           && memcmp(image.data + 12, "IHDR", 4) == 0
           && number(image.data + 16) == side
           && number(image.data + 20) == side
           && image.data[24] == 1, "is a 1-bit PNG of 212 pixels a side");
    tap_ok(memcmp(image.data + 37, "IDAT", 4) == 0
           && 57 + number(image.data + 33) == image.len
           && memcmp(image.data + image.len - 8, "IEND", 4) == 0,
           "with no chunk but IHDR, IDAT and IEND");

    kanda_qr_free(&image);
    tap_ok(image.data == NULL && image.len == 0, "gone when it is freed");
    kanda_qr_free(&image);
}


static void
svg_form(void)
{
    static const char  head[] =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"212\" "
        "height=\"212\" viewBox=\"0 0 53 53\" shape-rendering=\"crispEdges\">"
        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
        "<path stroke=\"#000\" d=\"M4 4.5h7";

    kanda_qr_image_t  image;

    if (kanda_qr_svg(OTPAUTH, strlen(OTPAUTH), &image) != 0) {
        tap_ok(0, "an SVG of %lu bytes", (unsigned long) strlen(OTPAUTH));
        return;
    }

    tap_ok(image.len > sizeof(head), "an SVG takes %lu bytes",
           (unsigned long) image.len);
    tap_is((char *) image.data, sizeof(head) - 1, head, "and begins well");
    tap_is((char *) image.data + image.len - 9, 9, "\"/></svg>",
           "and ends well");
    kanda_qr_free(&image);
}


static void
pictures(void)
{
    size_t              len;
    QRcode             *code;
    uint8_t             data[KANDA_QR_DATA_MAX];
    unsigned long       failed, checks;
    kanda_qr_image_t    image;

    failed = 0;
    checks = 0;

    for (len = 1; len <= KANDA_QR_DATA_MAX; len += 1 + len / 8) {
        tap_random_bytes(data, len);

        code = QRcode_encodeData((int) len, data, 0, QR_ECLEVEL_M);
        if (code == NULL) {
            failed++;
            continue;
        }

        checks += 2;
        failed += kanda_qr_png(data, len, &image) != 0
                  || !png_shows(&image, code);
        kanda_qr_free(&image);
        failed += kanda_qr_svg(data, len, &image) != 0
                  || !svg_shows(&image, code);
        kanda_qr_free(&image);
        QRcode_free(code);
    }

    tap_sum(checks, failed, "every module of bytes of any value");
}


static void
limits(void)
{
    uint8_t            data[KANDA_QR_DATA_MAX + 1];
    kanda_qr_image_t   image;

    memset(data, 0, sizeof(data));

    image.data = data;
    image.len = 7;
    tap_ok(kanda_qr_png(data, 0, &image) == -1 && image.data == NULL
           && image.len == 0 && kanda_qr_svg(data, 0, &image) == -1,
           "nothing has no picture");
    tap_ok(kanda_qr_png(data, KANDA_QR_DATA_MAX, &image) == 0, "2,331 have");
    kanda_qr_free(&image);
    tap_ok(kanda_qr_svg(data, KANDA_QR_DATA_MAX, &image) == 0, "two");
    kanda_qr_free(&image);
    tap_ok(kanda_qr_png(data, KANDA_QR_DATA_MAX + 1, &image) == -1
           && kanda_qr_svg(data, KANDA_QR_DATA_MAX + 1, &image) == -1
           && kanda_qr_png(data, (size_t) -1, &image) == -1,
           "one more has none");
    tap_ok(kanda_qr_png("\0", 1, &image) == 0, "a NUL has");
    kanda_qr_free(&image);
}


int
main(void)
{
    png_form();
    svg_form();
    pictures();
    limits();

    return tap_done();
}
