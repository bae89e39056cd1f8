/*
 * A disk that takes its time and forgets, for redis-server: preloaded, each
 * fsync() and fdatasync() of an append-only file waits DUR_DELAY_MS and then
 * notes in DUR_LOG how long the file is on disk, and its name.  Whoever kills
 * the server and cuts the file there has a power cut.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


typedef int (*dur_sync_pt)(int fd);


static int dur_sync(const char *name, int fd);
static void dur_wait(void);
static void dur_note(const char *path, long long size);


int
fsync(int fd)
{
    return dur_sync("fsync", fd);
}


int
fdatasync(int fd)
{
    return dur_sync("fdatasync", fd);
}


/* What is written while the disk is busy may not be on it: size comes first. */

static int
dur_sync(const char *name, int fd)
{
    int          rc;
    char         link[64], path[4096];
    ssize_t      n;
    struct stat  st;
    dur_sync_pt  next;

    next = (dur_sync_pt) dlsym(RTLD_NEXT, name);

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);

    if (n < 0 || fstat(fd, &st) == -1) {
        return next(fd);
    }

    path[n] = '\0';

    if (strstr(path, ".aof") == NULL) {
        return next(fd);
    }

    dur_wait();
    rc = next(fd);

    if (rc == 0) {
        dur_note(path, (long long) st.st_size);
    }

    return rc;
}


static void
dur_wait(void)
{
    long             ms;
    const char      *text;
    struct timespec  ts;

    text = getenv("DUR_DELAY_MS");
    ms = text ? strtol(text, NULL, 10) : 0;

    if (ms > 0) {
        ts.tv_sec = ms / 1000;
        ts.tv_nsec = ms % 1000 * 1000000;
        nanosleep(&ts, NULL);
    }
}


static void
dur_note(const char *path, long long size)
{
    int          fd, n;
    char         line[4200];
    const char  *log;

    log = getenv("DUR_LOG");
    if (log == NULL) {
        return;
    }

    fd = open(log, O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC, 0600);
    if (fd == -1) {
        return;
    }

    n = snprintf(line, sizeof(line), "%lld %s\n", size, path);

    if (n > 0 && write(fd, line, (size_t) n) != n) {
        abort();
    }

    close(fd);
}
