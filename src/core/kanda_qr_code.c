#include <stdlib.h>
#include <string.h>

#include "kanda_crypto.h"
#include "kanda_qr_code.h"


#define KANDA_QR_LEFTOVERS  8


static void kanda_qr_leftovers(size_t len);


QRcode *
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


void
kanda_qr_drop(QRcode *code)
{
    kanda_wipe(code->data, (size_t) code->width * (size_t) code->width);
    QRcode_free(code);
}


int
kanda_qr_append(kanda_qr_buf_t *b, const void *p, size_t len)
{
    if (len > b->cap - b->len) {
        return -1;
    }

    memcpy(b->data + b->len, p, len);
    b->len += len;

    return 0;
}


int
kanda_qr_finish(kanda_qr_image_t *image, kanda_qr_buf_t *b, int rc)
{
    uint8_t  *p;

    image->data = b->data;
    image->len = b->len;

    if (b->data == NULL || rc != 0) {
        kanda_qr_free(image);
        return -1;
    }

    /* gives back what the image did not need */
    p = realloc(b->data, b->len);
    if (p != NULL) {
        image->data = p;
    }

    return 0;
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
