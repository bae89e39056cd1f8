#include "kanda_replay.h"
#include "kanda_stats.h"


#define KANDA_REPLAY_BUCKETS  65536
#define KANDA_REPLAY_PLACES   8         /* of a bucket: a cache line */
#define KANDA_REPLAY_TIME     0xffff    /* s, in the low bits of a place */
#define KANDA_REPLAY_MOST     8191      /* s that are kept, at most */


/* A place is 0, or what is left of a digest and when it may be forgotten. */
typedef struct {
    uint64_t  places[KANDA_REPLAY_BUCKETS][KANDA_REPLAY_PLACES];
    uint64_t  name;                     /* of what Redis keeps; 0: not known */
} kanda_replay_t;


static ngx_int_t kanda_replay_init(ngx_shm_zone_t *zone, void *data);
static uint64_t *kanda_replay_bucket(const u_char *digest, int64_t step,
    uint64_t *mark);
static ngx_uint_t kanda_replay_put(uint64_t *places, uint64_t mark,
    uint64_t place, ngx_uint_t *at);
static ngx_uint_t kanda_replay_found(uint64_t *places, uint64_t mark,
    ngx_uint_t but);
static uint64_t kanda_replay_left(uint64_t place, uint64_t now);
static uint64_t kanda_replay_now(void);


static kanda_replay_t  *kanda_replay;


ngx_shm_zone_t *
kanda_replay_zone(ngx_conf_t *cf, void *tag)
{
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "kanda_replay");

    zone = ngx_shared_memory_add(cf, &name, sizeof(kanda_replay_t)
                                            + 16 * ngx_pagesize, tag);

    if (zone && zone->init == NULL) {
        zone->init = kanda_replay_init;
    }

    return zone;
}


static ngx_int_t
kanda_replay_init(ngx_shm_zone_t *zone, void *data)
{
    zone->data = data ? data
                      : ngx_slab_calloc((ngx_slab_pool_t *) zone->shm.addr,
                                        sizeof(kanda_replay_t));

    return zone->data ? NGX_OK : NGX_ERROR;
}


void
kanda_replay_start(ngx_shm_zone_t *zone)
{
    kanda_replay = zone->data;
}


/* The same digits may come again in another step. */

static uint64_t *
kanda_replay_bucket(const u_char *digest, int64_t step, uint64_t *mark)
{
    uint64_t  bucket;

    ngx_memcpy(&bucket, digest, sizeof(bucket));
    ngx_memcpy(mark, digest + sizeof(bucket), sizeof(*mark));

    *mark ^= (uint64_t) step * 0x9e3779b97f4a7c15;
    *mark &= ~(uint64_t) KANDA_REPLAY_TIME;

    if (*mark == 0) {
        *mark = KANDA_REPLAY_TIME + 1;
    }

    return kanda_replay->places[bucket % KANDA_REPLAY_BUCKETS];
}


ngx_uint_t
kanda_replay_known(const u_char *digest, int64_t step)
{
    uint64_t  mark, *places;

    if (kanda_replay == NULL) {
        return 0;
    }

    places = kanda_replay_bucket(digest, step, &mark);

    return kanda_replay_found(places, mark, KANDA_REPLAY_PLACES);
}


ngx_uint_t
kanda_replay_renamed(uint64_t name)
{
    uint64_t  before;

    if (kanda_replay == NULL) {
        return 0;
    }

    before = __atomic_exchange_n(&kanda_replay->name, name, __ATOMIC_SEQ_CST);

    return before && before != name;
}


ngx_uint_t
kanda_replay_note(const u_char *digest, int64_t step, int64_t seconds)
{
    uint64_t    mark, until, *places;
    ngx_uint_t  at;

    if (kanda_replay == NULL) {
        return 0;
    }

    places = kanda_replay_bucket(digest, step, &mark);
    until = kanda_replay_now()
            + (uint64_t) ngx_max(1, ngx_min(seconds, KANDA_REPLAY_MOST));

    /* whoever meets another's note was not the first, or not the only one */

    return kanda_replay_put(places, mark, mark | (until & KANDA_REPLAY_TIME),
                            &at)
           || kanda_replay_found(places, mark, at);
}


/* Takes a free place, or that which would be free next, unless the mark turns
 * up meanwhile: whether it did. */

static ngx_uint_t
kanda_replay_put(uint64_t *places, uint64_t mark, uint64_t place,
    ngx_uint_t *at)
{
    uint64_t    seen, old, left, least, now;
    ngx_uint_t  i;

    do {
        now = kanda_replay_now();
        old = 0;
        least = KANDA_REPLAY_MOST + 1;

        for (i = 0; i < KANDA_REPLAY_PLACES; i++) {
            seen = __atomic_load_n(&places[i], __ATOMIC_SEQ_CST);
            left = kanda_replay_left(seen, now);

            if (left && (seen & ~(uint64_t) KANDA_REPLAY_TIME) == mark) {
                return 1;
            }

            if (left < least) {
                *at = i;
                old = seen;
                least = left;
            }
        }

    } while (!__atomic_compare_exchange_n(&places[*at], &old, place, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));

    return 0;
}


static ngx_uint_t
kanda_replay_found(uint64_t *places, uint64_t mark, ngx_uint_t but)
{
    uint64_t    place, now;
    ngx_uint_t  i;

    now = kanda_replay_now();

    for (i = 0; i < KANDA_REPLAY_PLACES; i++) {
        place = __atomic_load_n(&places[i], __ATOMIC_SEQ_CST);

        if (i != but && (place & ~(uint64_t) KANDA_REPLAY_TIME) == mark
            && kanda_replay_left(place, now))
        {
            return 1;
        }
    }

    return 0;
}


/* Seconds until a place is free, 0 if it is: more than are ever kept are those
 * of a time that came round. */

static uint64_t
kanda_replay_left(uint64_t place, uint64_t now)
{
    uint64_t  left;

    if (place == 0) {
        return 0;
    }

    left = (place - now) & KANDA_REPLAY_TIME;

    return left <= KANDA_REPLAY_MOST ? left : 0;
}


/* By a clock that nobody sets and that is the same in all processes. */

static uint64_t
kanda_replay_now(void)
{
    return kanda_stats_now() / 1000000000;
}
