/*
 * Redis's clock, as a worker knows it without asking each time: what it said a
 * moment ago, and how long that is ago by a clock that nobody sets.
 */

#ifndef KANDA_STORE_CLOCK_H
#define KANDA_STORE_CLOCK_H

#include "kanda_store.h"


typedef struct kanda_clock_s  kanda_clock_t;


/* Makes a worker's; NULL without memory.  It goes before its Redis client. */
kanda_clock_t *kanda_clock_create(kanda_redis_t *rd, ngx_log_t *log);
void kanda_clock_destroy(kanda_clock_t *clock);

/* Unix ms by Redis's clock, or 0 when it was not asked of late; it is then
 * asked for whoever comes next. */
int64_t kanda_clock_now(kanda_clock_t *clock);


/* Asks Redis for its clock: Unix milliseconds.  Waits. */
ngx_int_t kanda_store_time(kanda_store_t *st, int64_t *ms);


#endif /* KANDA_STORE_CLOCK_H */
