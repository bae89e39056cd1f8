/*
 * The one kind of PHC string that we write and read:
 *
 *     $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
 *
 * with 16 bytes of salt and 32 of hash in Base64 without padding.
 */

#ifndef KANDA_PHC_H
#define KANDA_PHC_H

#include <stddef.h>
#include <stdint.h>


#define KANDA_PHC_SALT        16
#define KANDA_PHC_HASH        32

/* What a string may ask for, so that a forged one does not cost gigabytes. */
#define KANDA_PHC_MEMORY_MAX  65536     /* KiB */
#define KANDA_PHC_PASSES_MAX  8
#define KANDA_PHC_LANES_MAX   4


typedef struct {
    uint32_t  memory;                   /* KiB */
    uint32_t  passes;
    uint32_t  lanes;
    uint8_t   salt[KANDA_PHC_SALT];
    uint8_t   hash[KANDA_PHC_HASH];
} kanda_phc_t;


/* Writes a NUL-ended string of at most KANDA_PHC_MAX bytes. */
void kanda_phc_write(const kanda_phc_t *phc, char *out);

/* 0, or -1 when text[len] is no such string or asks for too much. */
int kanda_phc_read(kanda_phc_t *phc, const char *text, size_t len);


#endif /* KANDA_PHC_H */
