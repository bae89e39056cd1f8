/*
 * QR images: error correction M, a quiet zone of 4 modules.
 */

#ifndef KANDA_QR_H
#define KANDA_QR_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_QR_DATA_MAX   2331        /* bytes that fit version 40, M */
#define KANDA_QR_SCALE      4           /* pixels a module */
#define KANDA_QR_QUIET      4           /* modules of quiet zone */


typedef struct {
    uint8_t  *data;                     /* malloc'ed; kanda_qr_free() */
    size_t    len;
} kanda_qr_image_t;


/*
 * Draws data[len], 1 to KANDA_QR_DATA_MAX bytes of any value, as a 1-bit PNG.
 * Returns 0 and an image that the caller frees, or -1 when the data does not
 * fit or memory fails.
 */
int kanda_qr_png(const void *data, size_t len, kanda_qr_image_t *image);

/* The same picture as an SVG document, one path, UTF-8. */
int kanda_qr_svg(const void *data, size_t len, kanda_qr_image_t *image);

/* Wipes and frees an image: it shows a secret.  Safe on a zeroed one. */
void kanda_qr_free(kanda_qr_image_t *image);


#endif /* KANDA_QR_H */
