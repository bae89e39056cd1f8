/*
 * Codes that were accepted a moment ago, in memory that all workers of this
 * server share and that a reload keeps: a second line for when Redis has lost
 * what it was told last.  It forgets the oldest where it is full.
 */

#ifndef KANDA_REPLAY_H
#define KANDA_REPLAY_H

#include <ngx_config.h>
#include <ngx_core.h>


/* Adds the memory to a configuration; tag is the module.  NULL on failure. */
ngx_shm_zone_t *kanda_replay_zone(ngx_conf_t *cf, void *tag);

/* Has this process use it. */
void kanda_replay_start(ngx_shm_zone_t *zone);

/*
 * Notes that a code was accepted, and for how many seconds it could be again;
 * digest is a keyed one of at least 16 bytes.  Returns whether it was noted
 * before; of several processes that ask at once, one is told that it was not.
 */
ngx_uint_t kanda_replay_seen(const u_char *digest, int64_t step,
    ngx_uint_t seconds);


#endif /* KANDA_REPLAY_H */
