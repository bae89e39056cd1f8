/*
 * S80: the N-th allocation fails, for every N: an error each time, and no
 * crash.  Not under a sanitizer, whose allocator this one would displace.
 */

#include "kanda_password.h"
#include "kanda_qr.h"
#include "keys.h"


static long  countdown = -1;


#if !(TAP_SANITIZED)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);


static int
refused(void)
{
    return countdown >= 0 && countdown-- == 0;
}


void *
malloc(size_t size)
{
    return refused() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return refused() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return refused() ? NULL : __libc_realloc(p, size);
}

#endif


static int
png(void)
{
    int                rc;
    kanda_qr_image_t   image;

    rc = kanda_qr_png("otpauth://totp/a", 16, &image);
    if (rc != 0 && (image.data != NULL || image.len != 0)) {
        return 1;
    }

    kanda_qr_free(&image);

    return rc;
}


static int
svg(void)
{
    int                rc;
    kanda_qr_image_t   image;

    rc = kanda_qr_svg("otpauth://totp/a", 16, &image);
    if (rc != 0 && (image.data != NULL || image.len != 0)) {
        return 1;
    }

    kanda_qr_free(&image);

    return rc;
}


static int
ready(void)
{
    kanda_crypto_done();

    return kanda_crypto_init();
}


static int
open_ring(void)
{
    int              rc;
    char             error[KANDA_KEYRING_ERROR];
    const char      *text;
    kanda_keyring_t  ring;

    text = SEAL_A JWT_1 JWT_2 DIGEST;
    rc = kanda_keyring_parse(&ring, text, strlen(text), error);
    if (rc != 0) {
        return 1;
    }

    rc = kanda_keyring_open(&ring);
    kanda_keyring_wipe(&ring);

    return rc;
}


static int
hash(void)
{
    char     phc[KANDA_PHC_MAX];
    uint8_t  pepper[32];

    memset(pepper, 7, sizeof(pepper));

    return kanda_password_hash(pepper, "password", 8, phc);
}


/* Fails each allocation in turn until the work is done without one. */
static void
starve(const char *name, int (*work)(void))
{
    int   rc;
    long  n, failures, wrong;

    failures = 0;
    wrong = 0;

    for (n = 0; n < 2000; n++) {
        countdown = n;
        rc = work();

        if (countdown >= 0) {
            countdown = -1;
            tap_ok(rc == 0 && wrong == 0 && failures > 0,
                   "%s: %ld allocations, %ld of them needed", name, n,
                   failures);
            return;
        }

        failures += rc == -1;
        wrong += rc > 0;
    }

    countdown = -1;
    tap_ok(0, "%s never comes to an end", name);
}


int
main(void)
{
    if (TAP_SANITIZED) {
        return tap_skip("the sanitizer has an allocator of its own");
    }

    setvbuf(stdout, NULL, _IONBF, 0);

    if (ready() != 0 || png() != 0 || svg() != 0 || hash() != 0) {
        return 1;
    }

    starve("a PNG", png);
    starve("an SVG", svg);
    starve("a password hash", hash);
    starve("a key ring", open_ring);
    starve("the algorithms", ready);

    tap_ok(ready() == 0 && open_ring() == 0, "and all is well again");
    kanda_crypto_done();

    return tap_done();
}
