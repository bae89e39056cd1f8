/*
 * Preloaded: the N-th allocation of one process fails, or all from the N-th on.
 * A file that the test maps too says which process, when, and how many times.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


typedef struct {
    volatile int  pid;          /* 0: nobody */
    volatile int  left;         /* allocations until one fails */
    volatile int  all;          /* and all that follow */
    volatile int  failed;
} control_t;


static control_t  *control;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);

/* dlsym() allocates before we know where the real ones are */
static char    early[65536];
static size_t  early_used;


static void __attribute__((constructor))
start(void)
{
    int          fd;
    const char  *file;

    real_malloc = dlsym(RTLD_NEXT, "malloc");
    real_calloc = dlsym(RTLD_NEXT, "calloc");
    real_realloc = dlsym(RTLD_NEXT, "realloc");
    real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");

    file = getenv("FAILMALLOC");
    fd = file ? open(file, O_RDWR|O_CLOEXEC) : -1;

    if (fd != -1) {
        control = mmap(NULL, sizeof(control_t), PROT_READ|PROT_WRITE,
                       MAP_SHARED, fd, 0);
        close(fd);

        if (control == MAP_FAILED) {
            control = NULL;
        }
    }
}


static int
fails(void)
{
    int  left;

    if (control == NULL || control->pid == 0 || control->pid != getpid()) {
        return 0;
    }

    left = __sync_sub_and_fetch(&control->left, 1);

    if (left == 0 || (left < 0 && control->all)) {
        __sync_add_and_fetch(&control->failed, 1);
        errno = ENOMEM;
        return 1;
    }

    return 0;
}


static void *
early_alloc(size_t size)
{
    void  *p;

    size = (size + 15) & ~(size_t) 15;

    if (size > sizeof(early) - early_used) {
        return NULL;
    }

    p = early + early_used;
    early_used += size;

    return p;
}


void *
malloc(size_t size)
{
    if (real_malloc == NULL) {
        return early_alloc(size);
    }

    return fails() ? NULL : real_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    if (real_calloc == NULL) {
        return early_alloc(n * size);
    }

    return fails() ? NULL : real_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    void  *q;

    if ((char *) p >= early && (char *) p < early + sizeof(early)) {
        q = malloc(size);
        if (q != NULL) {
            memcpy(q, p, size);
        }
        return q;
    }

    return fails() ? NULL : real_realloc(p, size);
}


int
posix_memalign(void **p, size_t align, size_t size)
{
    return fails() ? ENOMEM : real_posix_memalign(p, align, size);
}


void
free(void *p)
{
    static void (*real_free)(void *);

    if ((char *) p >= early && (char *) p < early + sizeof(early)) {
        return;
    }

    if (real_free == NULL) {
        real_free = dlsym(RTLD_NEXT, "free");
    }

    real_free(p);
}
