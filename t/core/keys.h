/*
 * A ring that the tests share.
 */

#ifndef KEYS_H
#define KEYS_H

#include "kanda_keyring.h"
#include "tap.h"


#define SEAL_A  "seal a MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
#define SEAL_B  "seal b YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=\n"
#define JWT_1   "jwt k1 c2lnbi1zaWduLXNpZ24tc2lnbi1zaWduLXNpZ24tMzI=\n"
#define JWT_2   "jwt k2 U0lHTi1TSUdOLVNJR04tU0lHTi1TSUdOLVNJR04tMzI=\n"
#define DIGEST  "digest ZGlnZXN0LWRpZ2VzdC1kaWdlc3QtZGlnZXN0LTMyYnk=\n"


/* Reads a ring and makes it ready, or ends the test. */
static inline void
ring_of(kanda_keyring_t *ring, const char *text)
{
    char  error[KANDA_KEYRING_ERROR];

    if (kanda_keyring_parse(ring, text, strlen(text), error) != 0
        || kanda_keyring_open(ring) != 0)
    {
        printf("Bail out! no key ring: %s\n", error);
        exit(1);
    }
}


#endif /* KEYS_H */
