#include "kanda_replay.h"


#define KANDA_REPLAY_BUCKETS  65536
#define KANDA_REPLAY_PLACES   8         /* of a bucket: a cache line */
#define KANDA_REPLAY_TIME     0xffff    /* s, in the low bits of a place */


/* A place is 0, or what is left of a digest and when it may be forgotten. */
typedef struct {
    ngx_atomic_t  places[KANDA_REPLAY_BUCKETS][KANDA_REPLAY_PLACES];
} kanda_replay_t;


static ngx_int_t kanda_replay_init(ngx_shm_zone_t *zone, void *data);
static ngx_uint_t kanda_replay_put(ngx_atomic_t *places, uint64_t mark);
static ngx_uint_t kanda_replay_found(const ngx_atomic_t *places, uint64_t mark,
    ngx_uint_t before);
static uint64_t kanda_replay_left(uint64_t place);
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


ngx_uint_t
kanda_replay_seen(const u_char *digest, int64_t step, ngx_uint_t seconds)
{
    uint64_t       mark, bucket;
    ngx_uint_t     place;
    ngx_atomic_t  *places;

    if (kanda_replay == NULL) {
        return 0;
    }

    ngx_memcpy(&bucket, digest, sizeof(bucket));
    ngx_memcpy(&mark, digest + 8, sizeof(mark));

    /* the same digits may come again in another step */

    mark ^= (uint64_t) step * 0x9e3779b97f4a7c15;
    mark &= ~(uint64_t) KANDA_REPLAY_TIME;

    if (mark == 0) {
        mark = KANDA_REPLAY_TIME + 1;
    }

    places = kanda_replay->places[bucket % KANDA_REPLAY_BUCKETS];

    if (kanda_replay_found(places, mark, KANDA_REPLAY_PLACES)) {
        return 1;
    }

    place = kanda_replay_put(places, mark
                             | ((kanda_replay_now() + seconds)
                                & KANDA_REPLAY_TIME));

    /* whoever has the first place was first */

    return kanda_replay_found(places, mark, place);
}


/* Takes a free place, or that which would be free next; returns it. */

static ngx_uint_t
kanda_replay_put(ngx_atomic_t *places, uint64_t mark)
{
    uint64_t    left, least, old;
    ngx_uint_t  i, place;

    do {
        place = 0;
        old = places[0];
        least = kanda_replay_left(old);

        for (i = 1; i < KANDA_REPLAY_PLACES && least; i++) {
            left = kanda_replay_left(places[i]);

            if (left < least) {
                place = i;
                old = places[i];
                least = left;
            }
        }

    } while (!ngx_atomic_cmp_set(&places[place], old, mark));

    return place;
}


static ngx_uint_t
kanda_replay_found(const ngx_atomic_t *places, uint64_t mark,
    ngx_uint_t before)
{
    uint64_t    place;
    ngx_uint_t  i;

    for (i = 0; i < before; i++) {
        place = places[i];

        if ((place & ~(uint64_t) KANDA_REPLAY_TIME) == mark
            && kanda_replay_left(place))
        {
            return 1;
        }
    }

    return 0;
}


/* Seconds until a place is free, 0 if it is. */

static uint64_t
kanda_replay_left(uint64_t place)
{
    uint64_t  left;

    if (place == 0) {
        return 0;
    }

    left = (place - kanda_replay_now()) & KANDA_REPLAY_TIME;

    return left <= KANDA_REPLAY_TIME / 2 ? left : 0;
}


/* By a clock that nobody sets and that is the same in all processes. */

static uint64_t
kanda_replay_now(void)
{
    return (uint64_t) ngx_current_msec / 1000;
}
