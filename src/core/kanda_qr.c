#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "kanda_crypto.h"
#include "kanda_qr_code.h"


#define KANDA_QR_ROW_MAX   ((177 + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE / 8 + 1)
#define KANDA_QR_PREFIX    16           /* keeps what follows aligned */

/*
 * Z_FILTERED leaves short matches as literals, which have four values and take
 * two bits; a short search among few chains finds the rows above and little
 * else.  Smaller than optipng -o7, in less time than zlib's defaults take.
 */
#define KANDA_QR_LEVEL     4
#define KANDA_QR_STRATEGY  1            /* Z_FILTERED, without <zlib.h> */
#define KANDA_QR_MEMORY    5


static int kanda_qr_draw(png_structp png, png_infop info, const QRcode *code);
static void kanda_qr_row(const QRcode *code, size_t y, uint8_t *row);
static void kanda_qr_fail(png_structp png, png_const_charp text);
static void kanda_qr_warn(png_structp png, png_const_charp text);
static void kanda_qr_write(png_structp png, png_bytep data, size_t len);
static void kanda_qr_flush(png_structp png);
static png_voidp kanda_qr_alloc(png_structp png, png_alloc_size_t len);
static void kanda_qr_release(png_structp png, png_voidp p);


int
kanda_qr_png(const void *data, size_t len, kanda_qr_image_t *image)
{
    int              rc;
    size_t           side;
    QRcode          *code;
    png_infop        info;
    png_structp      png;
    kanda_qr_buf_t   b;

    memset(image, 0, sizeof(kanda_qr_image_t));

    code = kanda_qr_encode(data, len);
    if (code == NULL) {
        return -1;
    }

    /* more than the rows before compression, so that it need not grow */
    side = ((size_t) code->width + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE;

    b.len = 0;
    b.cap = side * side / 7 + 1024;
    b.data = malloc(b.cap);

    info = NULL;
    png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, kanda_qr_fail,
                                    kanda_qr_warn, NULL, kanda_qr_alloc,
                                    kanda_qr_release);
    if (png != NULL) {
        info = png_create_info_struct(png);
    }

    rc = -1;

    if (info != NULL && b.data != NULL) {
        png_set_write_fn(png, &b, kanda_qr_write, kanda_qr_flush);
        rc = kanda_qr_draw(png, info, code);
    }

    png_destroy_write_struct(&png, &info);
    kanda_qr_drop(code);

    return kanda_qr_finish(image, &b, rc);
}


static int
kanda_qr_draw(png_structp png, png_infop info, const QRcode *code)
{
    size_t       modules, y;
    uint8_t      row[KANDA_QR_ROW_MAX];
    unsigned     i;
    png_uint_32  side;

    if (setjmp(png_jmpbuf(png))) {
        return -1;
    }

    modules = (size_t) code->width + 2 * KANDA_QR_QUIET;
    side = (png_uint_32) modules * KANDA_QR_SCALE;

    png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_level(png, KANDA_QR_LEVEL);
    png_set_compression_strategy(png, KANDA_QR_STRATEGY);
    png_set_compression_mem_level(png, KANDA_QR_MEMORY);
    png_write_info(png, info);

    for (y = 0; y < modules; y++) {
        kanda_qr_row(code, y, row);

        for (i = 0; i < KANDA_QR_SCALE; i++) {
            png_write_row(png, row);
        }
    }

    png_write_end(png, NULL);
    kanda_wipe(row, sizeof(row));

    return 0;
}


/* A row of modules as pixels, 1 for white; a module is half a byte. */
static void
kanda_qr_row(const QRcode *code, size_t y, uint8_t *row)
{
    size_t                x, side;
    const unsigned char  *module;

    memset(row, 0xff, KANDA_QR_ROW_MAX);

    side = (size_t) code->width;

    if (y < KANDA_QR_QUIET || y >= KANDA_QR_QUIET + side) {
        return;
    }

    module = code->data + (y - KANDA_QR_QUIET) * side;

    for (x = KANDA_QR_QUIET; x < KANDA_QR_QUIET + side; x++, module++) {
        if (*module & 1) {
            row[x / 2] &= (x % 2) ? 0xf0 : 0x0f;
        }
    }
}


static void
kanda_qr_fail(png_structp png, png_const_charp text)
{
    (void) text;

    png_longjmp(png, 1);
}


static void
kanda_qr_warn(png_structp png, png_const_charp text)
{
    (void) png;
    (void) text;
}


static void
kanda_qr_write(png_structp png, png_bytep data, size_t len)
{
    if (kanda_qr_append(png_get_io_ptr(png), data, len) != 0) {
        png_error(png, "full");
    }
}


static void
kanda_qr_flush(png_structp png)
{
    (void) png;
}


/* The size stands in front, so that a piece can be wiped when it goes. */
static png_voidp
kanda_qr_alloc(png_structp png, png_alloc_size_t len)
{
    size_t  *p;

    (void) png;

    p = malloc(len + KANDA_QR_PREFIX);
    if (p == NULL) {
        return NULL;
    }

    *p = len + KANDA_QR_PREFIX;

    return (uint8_t *) p + KANDA_QR_PREFIX;
}


static void
kanda_qr_release(png_structp png, png_voidp p)
{
    size_t  *start;

    (void) png;

    if (p != NULL) {
        start = (size_t *) ((uint8_t *) p - KANDA_QR_PREFIX);
        kanda_wipe(start, *start);
        free(start);
    }
}
