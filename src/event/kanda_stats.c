#include "kanda_stats.h"


#define KANDA_STATS_STRIPES  16
#define KANDA_STATS_WORKERS  256        /* at once, those that leave included */
#define KANDA_STATS_LINE     64         /* bytes, of a processor's cache */


typedef struct {
    ngx_atomic_t          pid;          /* 0: free */
    ngx_atomic_t          gauges[KANDA_STATS_GAUGES];
} __attribute__((aligned(KANDA_STATS_LINE))) kanda_stats_worker_t;


typedef struct {
    kanda_stats_t         counters;
} __attribute__((aligned(KANDA_STATS_LINE))) kanda_stats_stripe_t;


typedef struct {
    kanda_stats_stripe_t  stripes[KANDA_STATS_STRIPES];
    kanda_stats_worker_t  workers[KANDA_STATS_WORKERS];
    ngx_uint_t            nkeys;        /* the mutex guards these */
    kanda_stats_key_t     keys[KANDA_STATS_KEYS];
} kanda_stats_shared_t;


static ngx_int_t kanda_stats_init(ngx_shm_zone_t *zone, void *data);
static ngx_slab_pool_t *kanda_stats_pool(ngx_shm_zone_t *zone);
static kanda_stats_worker_t *kanda_stats_claim(kanda_stats_shared_t *shared);
static ngx_uint_t kanda_stats_claim_key(kanda_stats_shared_t *shared,
    const kanda_key_t *key);


static kanda_stats_t          kanda_stats_nowhere;
static kanda_stats_worker_t   kanda_stats_nobody;
static kanda_stats_worker_t  *kanda_stats_me = &kanda_stats_nobody;

kanda_stats_t  *kanda_stats = &kanda_stats_nowhere;
ngx_atomic_t   *kanda_stats_gauges = kanda_stats_nobody.gauges;
ngx_uint_t      kanda_stats_keys[KANDA_KEYS_MAX];

const ngx_uint_t  kanda_stats_statuses[KANDA_STATS_STATUSES] = {
    200, 201, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 499, 500, 503,
    0
};

const uint64_t  kanda_stats_times[KANDA_STATS_TIMES] = {
    50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000, 10000000, 25000000, 50000000,
    100000000, 250000000, 500000000, 1000000000
};


ngx_shm_zone_t *
kanda_stats_zone(ngx_conf_t *cf, void *tag)
{
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    ngx_str_set(&name, "kanda");

    zone = ngx_shared_memory_add(cf, &name, sizeof(kanda_stats_shared_t)
                                            + 16 * ngx_pagesize, tag);

    if (zone && zone->init == NULL) {
        zone->init = kanda_stats_init;
    }

    return zone;
}


static ngx_int_t
kanda_stats_init(ngx_shm_zone_t *zone, void *data)
{
    kanda_stats_shared_t *shared = data;

    if (shared == NULL) {
        shared = ngx_slab_calloc(kanda_stats_pool(zone),
                                 sizeof(kanda_stats_shared_t));
        if (shared == NULL) {
            return NGX_ERROR;
        }

        shared->nkeys = 1;
    }

    zone->data = shared;

    return NGX_OK;
}


static ngx_slab_pool_t *
kanda_stats_pool(ngx_shm_zone_t *zone)
{
    return (ngx_slab_pool_t *) zone->shm.addr;
}


void
kanda_stats_start(ngx_shm_zone_t *zone, const kanda_keyring_t *ring)
{
    ngx_uint_t             i;
    ngx_slab_pool_t       *pool;
    kanda_stats_shared_t  *shared;

    shared = zone->data;
    pool = kanda_stats_pool(zone);

    kanda_stats = &shared->stripes[ngx_worker % KANDA_STATS_STRIPES].counters;

    ngx_shmtx_lock(&pool->mutex);

    kanda_stats_me = kanda_stats_claim(shared);

    for (i = 0; i < ring->nseal; i++) {
        kanda_stats_keys[i] = kanda_stats_claim_key(shared, &ring->seal[i]);
    }

    ngx_shmtx_unlock(&pool->mutex);

    kanda_stats_gauges = kanda_stats_me->gauges;
}


/* A free place; that of a worker who was killed is one. */

static kanda_stats_worker_t *
kanda_stats_claim(kanda_stats_shared_t *shared)
{
    ngx_uint_t             i;
    kanda_stats_worker_t  *w, *mine;

    mine = NULL;

    for (i = 0; i < KANDA_STATS_WORKERS; i++) {
        w = &shared->workers[i];

        if (w->pid && kill((ngx_pid_t) w->pid, 0) == -1
            && ngx_errno == NGX_ESRCH)
        {
            ngx_memzero((void *) w, sizeof(kanda_stats_worker_t));
        }

        if (w->pid == 0 && mine == NULL) {
            mine = w;
        }
    }

    if (mine == NULL) {
        return &kanda_stats_nobody;
    }

    mine->pid = (ngx_atomic_uint_t) ngx_pid;

    return mine;
}


/* Places are never given back: a key that is put in again counts on. */

static ngx_uint_t
kanda_stats_claim_key(kanda_stats_shared_t *shared, const kanda_key_t *key)
{
    ngx_uint_t          i;
    kanda_stats_key_t  *k;

    for (i = 1; i < shared->nkeys; i++) {
        k = &shared->keys[i];

        if (k->len == key->id_len && ngx_memcmp(k->id, key->id, k->len) == 0) {
            return i;
        }
    }

    if (i == KANDA_STATS_KEYS) {
        return 0;
    }

    k = &shared->keys[i];
    k->len = key->id_len;
    ngx_memcpy(k->id, key->id, key->id_len);
    shared->nkeys++;

    return i;
}


void
kanda_stats_stop(void)
{
    ngx_memzero((void *) kanda_stats_me, sizeof(kanda_stats_worker_t));

    kanda_stats_me = &kanda_stats_nobody;
    kanda_stats_gauges = kanda_stats_nobody.gauges;
    kanda_stats = &kanda_stats_nowhere;
}


void
kanda_stats_read(ngx_shm_zone_t *zone, kanda_stats_sum_t *sum)
{
    size_t                 n;
    ngx_uint_t             i;
    ngx_atomic_t          *from, *to;
    ngx_slab_pool_t       *pool;
    kanda_stats_shared_t  *shared;

    shared = zone->data;
    pool = kanda_stats_pool(zone);

    ngx_memzero(sum, sizeof(kanda_stats_sum_t));

    to = (ngx_atomic_t *) &sum->counters;

    for (i = 0; i < KANDA_STATS_STRIPES; i++) {
        from = (ngx_atomic_t *) &shared->stripes[i].counters;

        for (n = 0; n < sizeof(kanda_stats_t) / sizeof(ngx_atomic_t); n++) {
            to[n] += from[n];
        }
    }

    for (i = 0; i < KANDA_STATS_WORKERS; i++) {
        for (n = 0; n < KANDA_STATS_GAUGES; n++) {
            sum->gauges[n] += shared->workers[i].gauges[n];
        }
    }

    ngx_shmtx_lock(&pool->mutex);

    sum->nkeys = shared->nkeys;
    ngx_memcpy(sum->keys, shared->keys, sizeof(sum->keys));

    ngx_shmtx_unlock(&pool->mutex);
}


void
kanda_stats_request(ngx_uint_t row, ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; i < KANDA_STATS_STATUSES - 1; i++) {
        if (kanda_stats_statuses[i] == status) {
            break;
        }
    }

    kanda_stats_count(requests[row][i]);
}


void
kanda_stats_step(int64_t step)
{
    ngx_uint_t  i;

    i = (step < -KANDA_STATS_STEP) ? 0
        : (step > KANDA_STATS_STEP) ? 2 * KANDA_STATS_STEP + 1
        : (ngx_uint_t) (step + KANDA_STATS_STEP);

    kanda_stats_count(steps[i]);
    (void) ngx_atomic_fetch_add(&kanda_stats->steps_sum,
                                (ngx_atomic_int_t) step);
}


void
kanda_stats_redis_time(uint64_t ns)
{
    ngx_uint_t  i;

    for (i = 0; i < KANDA_STATS_TIMES; i++) {
        if (ns <= kanda_stats_times[i]) {
            break;
        }
    }

    kanda_stats_count(redis_times[i]);
    (void) ngx_atomic_fetch_add(&kanda_stats->redis_ns, (ngx_atomic_int_t) ns);
}
