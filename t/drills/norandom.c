/*
 * A generator of random bytes that has none to give, for nginx: preloaded, it
 * fails while the file that NO_RANDOM names is there.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>


typedef int (*random_bytes_pt)(unsigned char *buf, int num);


static int random_bytes(const char *name, unsigned char *buf, int num);


int
RAND_bytes(unsigned char *buf, int num)
{
    return random_bytes("RAND_bytes", buf, num);
}


int
RAND_priv_bytes(unsigned char *buf, int num)
{
    return random_bytes("RAND_priv_bytes", buf, num);
}


static int
random_bytes(const char *name, unsigned char *buf, int num)
{
    const char       *file;
    random_bytes_pt   next;

    file = getenv("NO_RANDOM");

    if (file && access(file, F_OK) == 0) {
        return 0;
    }

    next = (random_bytes_pt) dlsym(RTLD_NEXT, name);

    return next ? next(buf, num) : 0;
}
