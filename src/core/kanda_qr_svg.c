#include <stdlib.h>
#include <string.h>

#include "kanda_qr_code.h"


#define KANDA_QR_SVG_RUN   12           /* "m177 0h177", and to spare */
#define KANDA_QR_SVG_HEAD  512


static int kanda_qr_svg_head(kanda_qr_buf_t *b, size_t side);
static int kanda_qr_svg_row(kanda_qr_buf_t *b, const unsigned char *row,
    size_t y, size_t side);
static int kanda_qr_text(kanda_qr_buf_t *b, const char *text);
static int kanda_qr_number(kanda_qr_buf_t *b, size_t n);


int
kanda_qr_svg(const void *data, size_t len, kanda_qr_image_t *image)
{
    int              rc;
    size_t           y, side;
    QRcode          *code;
    kanda_qr_buf_t   b;

    memset(image, 0, sizeof(kanda_qr_image_t));

    code = kanda_qr_encode(data, len);
    if (code == NULL) {
        return -1;
    }

    side = (size_t) code->width;

    b.len = 0;
    b.cap = KANDA_QR_SVG_HEAD + side * (side + 1) / 2 * KANDA_QR_SVG_RUN;
    b.data = malloc(b.cap);

    rc = (b.data == NULL) ? -1 : kanda_qr_svg_head(&b, side);

    for (y = 0; rc == 0 && y < side; y++) {
        rc = kanda_qr_svg_row(&b, code->data + y * side, y, side);
    }

    if (rc == 0) {
        rc = kanda_qr_text(&b, "\"/></svg>");
    }

    kanda_qr_drop(code);

    return kanda_qr_finish(image, &b, rc);
}


static int
kanda_qr_svg_head(kanda_qr_buf_t *b, size_t side)
{
    int  rc;

    side += 2 * KANDA_QR_QUIET;

    rc = kanda_qr_text(b, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    rc |= kanda_qr_text(b, " width=\"");
    rc |= kanda_qr_number(b, side * KANDA_QR_SCALE);
    rc |= kanda_qr_text(b, "\" height=\"");
    rc |= kanda_qr_number(b, side * KANDA_QR_SCALE);
    rc |= kanda_qr_text(b, "\" viewBox=\"0 0 ");
    rc |= kanda_qr_number(b, side);
    rc |= kanda_qr_text(b, " ");
    rc |= kanda_qr_number(b, side);
    rc |= kanda_qr_text(b, "\" shape-rendering=\"crispEdges\">"
                           "<rect width=\"100%\" height=\"100%\""
                           " fill=\"#fff\"/><path stroke=\"#000\" d=\"");

    return rc;
}


/* A dark run is a stroke one module wide along the middle of its row. */
static int
kanda_qr_svg_row(kanda_qr_buf_t *b, const unsigned char *row, size_t y,
    size_t side)
{
    int     rc;
    size_t  x, start, end;

    rc = 0;
    end = 0;

    for (x = 0; x < side; x++) {

        if (!(row[x] & 1)) {
            continue;
        }

        if (end == 0) {
            rc |= kanda_qr_text(b, "M");
            rc |= kanda_qr_number(b, x + KANDA_QR_QUIET);
            rc |= kanda_qr_text(b, " ");
            rc |= kanda_qr_number(b, y + KANDA_QR_QUIET);
            rc |= kanda_qr_text(b, ".5h");

        } else {
            rc |= kanda_qr_text(b, "m");
            rc |= kanda_qr_number(b, x - end);
            rc |= kanda_qr_text(b, " 0h");
        }

        start = x;

        while (x < side && (row[x] & 1)) {
            x++;
        }

        rc |= kanda_qr_number(b, x - start);
        end = x;
    }

    return rc;
}


static int
kanda_qr_text(kanda_qr_buf_t *b, const char *text)
{
    return kanda_qr_append(b, text, strlen(text));
}


static int
kanda_qr_number(kanda_qr_buf_t *b, size_t n)
{
    char      digits[8];
    unsigned  i;

    i = sizeof(digits);

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n > 0 && i > 0);

    return kanda_qr_append(b, digits + i, sizeof(digits) - i);
}
