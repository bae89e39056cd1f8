/*
 * What the harnesses share.  Each checks what must hold for every input; where
 * it does not hold, the harness aborts and libFuzzer keeps the input.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define must(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: this must hold: %s\n", __FILE__,          \
                    __LINE__, #condition);                                    \
            abort();                                                          \
        }                                                                     \
    } while (0)


/* The input piece by piece; what is not there is zero or empty. */
typedef struct {
    const uint8_t  *pos;
    size_t          left;
} fuzz_input_t;


static inline unsigned
fuzz_byte(fuzz_input_t *in)
{
    if (in->left == 0) {
        return 0;
    }

    in->left--;

    return *in->pos++;
}


/* Up to max bytes, ending before a byte 0xff, which is dropped. */
static inline size_t
fuzz_piece(fuzz_input_t *in, const char **p, size_t max)
{
    size_t          n;
    const uint8_t  *end;

    if (max > in->left) {
        max = in->left;
    }

    end = (max > 0) ? memchr(in->pos, 0xff, max) : NULL;
    n = (end != NULL) ? (size_t) (end - in->pos) : max;

    *p = (const char *) in->pos;
    in->pos += n + (end != NULL);
    in->left -= n + (end != NULL);

    return n;
}


/* A copy of exactly so many bytes, so that one too many is seen. */
static inline void *
fuzz_exact(const void *p, size_t len)
{
    void  *copy;

    copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) {
        exit(1);
    }

    if (len > 0) {
        memcpy(copy, p, len);
    }

    return copy;
}


#endif /* FUZZ_H */
