#include "kanda_store_clock.h"


#define KANDA_CLOCK_FRESH  1000         /* ms until it is asked again */
#define KANDA_CLOCK_GOOD   2000         /* ms that what it said is good for */
#define KANDA_CLOCK_MAX    ((int64_t) 1 << 40)     /* s, that no time is past */


struct kanda_clock_s {
    kanda_waiter_t   waiter;            /* first: the waiter is the clock */
    kanda_redis_t   *redis;
    int64_t          reply;
    int64_t          said;              /* Unix ms; 0: never */
    ngx_msec_t       at;                /* ngx_current_msec, of the question */
    ngx_msec_t       asked;
};


static void kanda_clock_ask(kanda_clock_t *clock);
static ngx_int_t kanda_clock_read(void *out, const redisReply *reply);
static void kanda_clock_resume(kanda_waiter_t *w, ngx_int_t rc);


kanda_clock_t *
kanda_clock_create(kanda_redis_t *rd, ngx_log_t *log)
{
    kanda_clock_t  *clock;

    clock = ngx_calloc(sizeof(kanda_clock_t), log);
    if (clock == NULL) {
        return NULL;
    }

    clock->redis = rd;
    clock->waiter.resume = kanda_clock_resume;

    return clock;
}


void
kanda_clock_destroy(kanda_clock_t *clock)
{
    kanda_op_detach(&clock->waiter);
    ngx_free(clock);
}


int64_t
kanda_clock_now(kanda_clock_t *clock)
{
    ngx_msec_t  since;

    since = ngx_current_msec - clock->at;

    if (clock->said == 0 || since >= KANDA_CLOCK_FRESH) {
        kanda_clock_ask(clock);
    }

    return clock->said && since < KANDA_CLOCK_GOOD
           ? clock->said + (int64_t) since : 0;
}


static void
kanda_clock_ask(kanda_clock_t *clock)
{
    kanda_redis_call_t  call;

    static ngx_str_t  time = ngx_string("TIME");

    if (clock->waiter.op) {
        return;
    }

    call.script = NULL;
    call.nargs = 1;
    call.args = &time;
    call.key = NULL;
    call.parse = kanda_clock_read;
    call.out = &clock->reply;
    call.proof = 0;

    clock->asked = ngx_current_msec;

    (void) kanda_redis_call(clock->redis, &clock->waiter, &call);
}


ngx_int_t
kanda_store_time(kanda_store_t *st, int64_t *ms)
{
    st->nargs = 0;
    kanda_store_arg(st, "TIME", 4);

    return kanda_store_command(st, kanda_clock_read, ms);
}


static ngx_int_t
kanda_clock_read(void *out, const redisReply *reply)
{
    int64_t *ms = out;

    int64_t  sec, usec;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        return NGX_ERROR;
    }

    sec = kanda_store_number(reply->element[0]);
    usec = kanda_store_number(reply->element[1]);

    if (sec <= 0 || sec > KANDA_CLOCK_MAX || usec < 0 || usec > 999999) {
        return NGX_ERROR;
    }

    *ms = sec * 1000 + usec / 1000;

    return NGX_OK;
}


/* It is counted on from the question: what an answer took on its way makes it
 * later than it was, so that nothing lasts longer for it. */

static void
kanda_clock_resume(kanda_waiter_t *w, ngx_int_t rc)
{
    kanda_clock_t *clock = (kanda_clock_t *) w;

    if (rc == NGX_OK) {
        clock->said = clock->reply;
        clock->at = clock->asked;
    }
}
