#include <png.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "kanda_crypto.h"
#include "kanda_qr.h"


#define KANDA_QR_ROW_MAX   ((177 + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE / 8 + 1)
#define KANDA_QR_SVG_RUN   12           /* "m177 0h177", and to spare */
#define KANDA_QR_LEFTOVERS 8

/*
 * Rows repeat, so a window of 512 bytes loses no match and makes every
 * distance short; Z_FILTERED leaves short matches as literals, which are
 * four values and take two bits.  Together they do better than optipng -o7.
 */
#define KANDA_QR_LEVEL     6
#define KANDA_QR_STRATEGY  1            /* Z_FILTERED, without <zlib.h> */
#define KANDA_QR_WINDOW    9
#define KANDA_QR_MEMORY    6


static QRcode *kanda_qr_encode(const void *data, size_t len);
static void kanda_qr_leftovers(size_t len);
static void kanda_qr_drop(QRcode *code);
static int kanda_qr_finish(kanda_qr_image_t *image);
static int kanda_qr_draw(png_structp png, png_infop info, const QRcode *code);
static void kanda_qr_row(const QRcode *code, size_t y, uint8_t *row);
static void kanda_qr_fail(png_structp png, png_const_charp text);
static void kanda_qr_warn(png_structp png, png_const_charp text);
static void kanda_qr_write(png_structp png, png_bytep data, size_t len);
static void kanda_qr_flush(png_structp png);
static png_voidp kanda_qr_alloc(png_structp png, png_alloc_size_t len);
static void kanda_qr_release(png_structp png, png_voidp p);
static void kanda_qr_path(kanda_qr_image_t *image, const QRcode *code);
static void kanda_qr_put(kanda_qr_image_t *image, const char *text);
static void kanda_qr_number(kanda_qr_image_t *image, size_t n);


int
kanda_qr_png(const void *data, size_t len, kanda_qr_image_t *image)
{
    int          rc;
    size_t       side;
    QRcode      *code;
    png_infop    info;
    png_structp  png;

    rc = -1;
    info = NULL;
    png = NULL;

    image->data = NULL;
    image->len = 0;

    code = kanda_qr_encode(data, len);
    if (code == NULL) {
        return -1;
    }

    /* more than the rows before they are compressed: it never has to grow */
    side = ((size_t) code->width + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE;
    image->data = malloc(side * side / 7 + 1024);

    if (image->data != NULL) {
        png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL,
                                        kanda_qr_fail, kanda_qr_warn, NULL,
                                        kanda_qr_alloc, kanda_qr_release);
    }

    if (png != NULL) {
        info = png_create_info_struct(png);
    }

    if (info != NULL) {
        png_set_write_fn(png, image, kanda_qr_write, kanda_qr_flush);
        rc = kanda_qr_draw(png, info, code);
    }

    png_destroy_write_struct(&png, &info);
    kanda_qr_drop(code);

    if (rc == 0) {
        return kanda_qr_finish(image);
    }

    kanda_qr_free(image);

    return -1;
}


int
kanda_qr_svg(const void *data, size_t len, kanda_qr_image_t *image)
{
    size_t   side;
    QRcode  *code;

    image->data = NULL;
    image->len = 0;

    code = kanda_qr_encode(data, len);
    if (code == NULL) {
        return -1;
    }

    side = (size_t) code->width;
    image->data = malloc(side * (side + 2) / 2 * KANDA_QR_SVG_RUN + 1024);

    if (image->data != NULL) {
        kanda_qr_path(image, code);
    }

    kanda_qr_drop(code);

    return kanda_qr_finish(image);
}


void
kanda_qr_free(kanda_qr_image_t *image)
{
    if (image->data != NULL) {
        kanda_wipe(image->data, image->len);
        free(image->data);
        image->data = NULL;
    }

    image->len = 0;
}


static QRcode *
kanda_qr_encode(const void *data, size_t len)
{
    QRcode  *code;

    if (len == 0 || len > KANDA_QR_DATA_MAX) {
        return NULL;
    }

    code = QRcode_encodeData((int) len, data, 0, QR_ECLEVEL_M);
    kanda_qr_leftovers(len);

    return code;
}


/*
 * libqrencode frees its copy of the text as it is.  The allocator hands out
 * first what was freed last, so the copy can be had back and wiped.
 */
static void
kanda_qr_leftovers(size_t len)
{
    void      *p[KANDA_QR_LEFTOVERS];
    unsigned   i;

    for (i = 0; i < KANDA_QR_LEFTOVERS; i++) {
        p[i] = malloc(len);

        if (p[i] != NULL) {
            kanda_wipe(p[i], len);
        }
    }

    for (i = 0; i < KANDA_QR_LEFTOVERS; i++) {
        free(p[i]);
    }
}


static void
kanda_qr_drop(QRcode *code)
{
    kanda_wipe(code->data, (size_t) code->width * (size_t) code->width);
    QRcode_free(code);
}


/* Gives back what the image did not need. */
static int
kanda_qr_finish(kanda_qr_image_t *image)
{
    uint8_t  *p;

    if (image->data == NULL) {
        return -1;
    }

    p = realloc(image->data, image->len);
    if (p != NULL) {
        image->data = p;
    }

    return 0;
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
    png_set_compression_window_bits(png, KANDA_QR_WINDOW);
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
    kanda_qr_image_t  *image;

    image = png_get_io_ptr(png);

    memcpy(image->data + image->len, data, len);
    image->len += len;
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

    p = malloc(len + 16);
    if (p == NULL) {
        return NULL;
    }

    *p = len + 16;

    return (uint8_t *) p + 16;
}


static void
kanda_qr_release(png_structp png, png_voidp p)
{
    size_t  *start;

    (void) png;

    if (p != NULL) {
        start = (size_t *) ((uint8_t *) p - 16);
        kanda_wipe(start, *start);
        free(start);
    }
}


/* Dark runs are strokes of a line one module wide along each row's middle. */
static void
kanda_qr_path(kanda_qr_image_t *image, const QRcode *code)
{
    size_t                x, y, side, start, end;
    const unsigned char  *row;

    side = (size_t) code->width;

    kanda_qr_put(image, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
    kanda_qr_number(image, (side + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE);
    kanda_qr_put(image, "\" height=\"");
    kanda_qr_number(image, (side + 2 * KANDA_QR_QUIET) * KANDA_QR_SCALE);
    kanda_qr_put(image, "\" viewBox=\"0 0 ");
    kanda_qr_number(image, side + 2 * KANDA_QR_QUIET);
    kanda_qr_put(image, " ");
    kanda_qr_number(image, side + 2 * KANDA_QR_QUIET);
    kanda_qr_put(image, "\" shape-rendering=\"crispEdges\">"
                        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
                        "<path stroke=\"#000\" d=\"");

    for (y = 0; y < side; y++) {
        row = code->data + y * side;
        end = side;

        for (x = 0; x < side; x++) {
            if (!(row[x] & 1)) {
                continue;
            }

            if (end == side) {
                kanda_qr_put(image, "M");
                kanda_qr_number(image, x + KANDA_QR_QUIET);
                kanda_qr_put(image, " ");
                kanda_qr_number(image, y + KANDA_QR_QUIET);
                kanda_qr_put(image, ".5h");

            } else {
                kanda_qr_put(image, "m");
                kanda_qr_number(image, x - end);
                kanda_qr_put(image, " 0h");
            }

            for (start = x; x < side && (row[x] & 1); x++) { /* void */ }

            kanda_qr_number(image, x - start);
            end = x;
        }
    }

    kanda_qr_put(image, "\"/></svg>");
}


static void
kanda_qr_put(kanda_qr_image_t *image, const char *text)
{
    size_t  len;

    len = strlen(text);

    memcpy(image->data + image->len, text, len);
    image->len += len;
}


static void
kanda_qr_number(kanda_qr_image_t *image, size_t n)
{
    char      digits[4];
    unsigned  i;

    i = sizeof(digits) - 1;
    digits[i] = '\0';

    do {
        digits[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n > 0);

    kanda_qr_put(image, digits + i);
}
