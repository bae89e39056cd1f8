/*
 * What both kinds of QR image begin and end with.
 */

#ifndef KANDA_QR_CODE_H
#define KANDA_QR_CODE_H

#include <qrencode.h>

#include "kanda_qr.h"


typedef struct {
    uint8_t  *data;
    size_t    len;
    size_t    cap;
} kanda_qr_buf_t;


/* The modules of data[len], or NULL; goes with kanda_qr_drop(). */
QRcode *kanda_qr_encode(const void *data, size_t len);
void kanda_qr_drop(QRcode *code);

/* Appends; 0, or -1 when the buffer is full. */
int kanda_qr_append(kanda_qr_buf_t *b, const void *p, size_t len);

/* Makes an image of the buffer when rc is 0, else frees it; returns rc. */
int kanda_qr_finish(kanda_qr_image_t *image, kanda_qr_buf_t *b, int rc);


#endif /* KANDA_QR_CODE_H */
