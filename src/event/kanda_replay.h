/*
 * Codes that were accepted a moment ago, in memory that all workers of this
 * server share and that a reload keeps: a second line for when Redis has lost
 * what it was told last.  Where it is full, that is forgotten which would be
 * first.  Beside them, the name of what Redis keeps, for when it has lost all.
 */

#ifndef KANDA_REPLAY_H
#define KANDA_REPLAY_H

#include <ngx_config.h>
#include <ngx_core.h>


#define KANDA_REPLAY_DIGEST  16         /* bytes of a keyed digest */


/* Adds the memory to a configuration; tag is the module.  NULL on failure. */
ngx_shm_zone_t *kanda_replay_zone(ngx_conf_t *cf, void *tag);

/* Has this process use it. */
void kanda_replay_start(ngx_shm_zone_t *zone);

/* Whether a code of that digest was accepted in that step. */
ngx_uint_t kanda_replay_known(const u_char *digest, int64_t step);

/*
 * Notes that it was, and for how many seconds it could be again.  Returns
 * whether that was known; of several processes that note it at once, one is
 * told at most that it was not.
 */
ngx_uint_t kanda_replay_note(const u_char *digest, int64_t step,
    int64_t seconds);

/* Notes the name of what Redis keeps, a random one.  Returns whether it was
 * another before; of several processes, the first is told. */
ngx_uint_t kanda_replay_renamed(uint64_t name);


#endif /* KANDA_REPLAY_H */
