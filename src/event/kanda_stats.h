/*
 * What is counted and how things stand, in memory that all workers share and
 * that a reload keeps.  A worker counts into a stripe that it shares with few
 * or none; atomically, since at a reload its successor does, too.  How things
 * stand (gauges) is kept for each worker, and forgotten when it leaves.
 */

#ifndef KANDA_STATS_H
#define KANDA_STATS_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "kanda_keyring.h"


#define KANDA_STATS_ROWS      96        /* routes, and one for each dialect */
#define KANDA_STATS_STATUSES  16
#define KANDA_STATS_KEYS      32        /* the first: all that found no place */
#define KANDA_STATS_STEP      2         /* farthest step of a bucket */
#define KANDA_STATS_TIMES     14        /* bounds of kanda_stats_times */


typedef enum {
    KANDA_STATS_CLIENT = 0,
    KANDA_STATS_ACCOUNT,
    KANDA_STATS_STATELESS,
    KANDA_STATS_KINDS
} kanda_stats_kind_t;

typedef enum {
    KANDA_STATS_VALID = 0,
    KANDA_STATS_RECOVERY,               /* valid: a recovery code */
    KANDA_STATS_WRONG,
    KANDA_STATS_REPLAYED,
    KANDA_STATS_MALFORMED,
    KANDA_STATS_UNKNOWN,
    KANDA_STATS_LOCKED,
    KANDA_STATS_STALE,
    KANDA_STATS_INTEGRITY,
    KANDA_STATS_VERDICTS
} kanda_stats_verdict_t;

/* Why a command had no reply that is of use. */
typedef enum {
    KANDA_STATS_REDIS_TIMEOUT = 0,
    KANDA_STATS_REDIS_LOST,             /* with its connection */
    KANDA_STATS_REDIS_REFUSED,          /* not sent: Redis is away */
    KANDA_STATS_REDIS_FULL,             /* nor here: too many wait */
    KANDA_STATS_REDIS_ERROR,            /* an error reply */
    KANDA_STATS_REDIS_UNEXPECTED,       /* or one to another question */
    KANDA_STATS_REDIS_REPLICAS,         /* done, but on too few */
    KANDA_STATS_REDIS_ERRORS
} kanda_stats_redis_t;

typedef enum {
    KANDA_STATS_GATE_PASSED = 0,
    KANDA_STATS_GATE_LOGIN,
    KANDA_STATS_GATE_STEP_UP,
    KANDA_STATS_GATE_UNAVAILABLE,
    KANDA_STATS_GATES
} kanda_stats_gate_t;

typedef enum {
    KANDA_STATS_CONNECTED = 0,          /* 1: Redis is */
    KANDA_STATS_BROKEN,                 /* 1: the breaker is open */
    KANDA_STATS_QUEUE,                  /* commands without a reply */
    KANDA_STATS_HASHES,                 /* passwords to be hashed */
    KANDA_STATS_WRONG_KEYS,             /* 1: they do not open what is kept */
    KANDA_STATS_GAUGES
} kanda_stats_gauge_t;


/* Nothing but counters: it is added up word by word. */
typedef struct {
    ngx_atomic_t  requests[KANDA_STATS_ROWS][KANDA_STATS_STATUSES];
    ngx_atomic_t  verdicts[KANDA_STATS_KINDS][KANDA_STATS_VERDICTS];
    ngx_atomic_t  steps[2 * KANDA_STATS_STEP + 2];  /* the last: beyond */
    ngx_atomic_t  steps_sum;            /* signed */
    ngx_atomic_t  redis_times[KANDA_STATS_TIMES + 1];
    ngx_atomic_t  redis_ns;
    ngx_atomic_t  redis_errors[KANDA_STATS_REDIS_ERRORS];
    ngx_atomic_t  redis_connects;
    ngx_atomic_t  hashes;
    ngx_atomic_t  hashes_refused;
    ngx_atomic_t  sealed[KANDA_STATS_KEYS];
    ngx_atomic_t  opened[KANDA_STATS_KEYS];
    ngx_atomic_t  gate[KANDA_STATS_GATES];
} kanda_stats_t;


typedef struct {
    size_t        len;
    char          id[KANDA_KEY_ID_MAX];
} kanda_stats_key_t;


/* All workers together, at one moment. */
typedef struct {
    kanda_stats_t      counters;
    ngx_uint_t         gauges[KANDA_STATS_GAUGES];
    ngx_uint_t         nkeys;
    kanda_stats_key_t  keys[KANDA_STATS_KEYS];
} kanda_stats_sum_t;


/* Where this process counts; never NULL, but nobody reads it before
 * kanda_stats_start() or after kanda_stats_stop(). */
extern kanda_stats_t  *kanda_stats;
extern ngx_atomic_t   *kanda_stats_gauges;

/* The counters of the ring's seal keys, by their places in the ring. */
extern ngx_uint_t      kanda_stats_keys[KANDA_KEYS_MAX];

/* Statuses in the order of requests[][]; the last, 0, is any other. */
extern const ngx_uint_t  kanda_stats_statuses[KANDA_STATS_STATUSES];

/* Upper bounds of redis_times[], in ns; what is above all comes last. */
extern const uint64_t  kanda_stats_times[KANDA_STATS_TIMES];


/* Adds 1 to a member of kanda_stats_t. */
#define kanda_stats_count(counter)                                            \
    (void) ngx_atomic_fetch_add(&kanda_stats->counter, 1)

#define kanda_stats_set(gauge, value)                                         \
    kanda_stats_gauges[gauge] = (ngx_atomic_uint_t) (value)


/* Adds the memory to a configuration; tag is the module.  NULL on failure. */
ngx_shm_zone_t *kanda_stats_zone(ngx_conf_t *cf, void *tag);

/* Has this worker count there, and finds the counters of its seal keys. */
void kanda_stats_start(ngx_shm_zone_t *zone, const kanda_keyring_t *ring);

/* Ends that, and forgets how things stood. */
void kanda_stats_stop(void);

/* Adds everything up. */
void kanda_stats_read(ngx_shm_zone_t *zone, kanda_stats_sum_t *sum);

/* Counts a request's end: row is that of its route. */
void kanda_stats_request(ngx_uint_t row, ngx_uint_t status);

/* Counts an accepted code: step is its distance from now. */
void kanda_stats_step(int64_t step);

/* Counts a reply of Redis that took so long, in ns. */
void kanda_stats_redis_time(uint64_t ns);


/* A clock to measure with, in ns: that of nginx's timers, finer and anew. */
static ngx_inline uint64_t
kanda_stats_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


#endif /* KANDA_STATS_H */
