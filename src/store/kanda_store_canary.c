#include "kanda_store.h"
#include "kanda_crypto.h"
#include "kanda_replay.h"
#include "kanda_seal.h"
#include "kanda_stats.h"


/* A sealed word that every server of an installation must be able to open.  One
 * that cannot has the wrong keys, and what it would write nobody could read:
 * its connection is given up, so that it answers 503 and writes nothing.  The
 * word is a random one, by which a Redis that came back empty is told from the
 * one that it was. */

#define KANDA_CANARY_KEY   "kanda:canary"
#define KANDA_CANARY_EVERY 60           /* s between two alerts */
#define KANDA_CANARY_AGAIN 1            /* s, of other data each time */


static ngx_int_t kanda_canary_word(kanda_store_hello_t *hello);
static ngx_int_t kanda_canary_make(kanda_store_hello_t *hello);
static ngx_int_t kanda_canary_send(kanda_store_hello_t *hello);
static ngx_int_t kanda_canary_reply(void *out, const redisReply *reply);
static ngx_int_t kanda_canary_proof(void *out, const redisReply *reply);
static void kanda_canary_resume(kanda_waiter_t *w, ngx_int_t rc);
static ngx_int_t kanda_canary_open(kanda_store_hello_t *hello,
    const redisReply *reply);
static void kanda_canary_compare(kanda_store_hello_t *hello);


static const kanda_seal_place_t  kanda_canary_place = {
    "", 0, "canary", "", 0, "", 0
};


ngx_int_t
kanda_store_hello(kanda_redis_t *rd, void *data)
{
    kanda_store_hello_t *hello = data;

    hello->redis = rd;

    /* in a cluster, one node has it, and is asked by kanda_store_prove() */

    if (!kanda_redis_is_cluster(rd)) {
        if (kanda_canary_word(hello) != NGX_OK
            || kanda_canary_send(hello) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return kanda_script_load(rd);
}


/* For a Redis that has none. */

static ngx_int_t
kanda_canary_word(kanda_store_hello_t *hello)
{
    hello->stale = 0;
    hello->old.len = 0;

    return kanda_random(hello->word, sizeof(hello->word)) == 0 ? NGX_OK
                                                                : NGX_ERROR;
}


void
kanda_store_prove(kanda_redis_t *rd, void *data)
{
    kanda_store_hello_t *hello = data;

    kanda_redis_call_t  call;

    if (hello->waiter.op) {
        return;
    }

    hello->redis = rd;
    hello->waiter.resume = kanda_canary_resume;

    call.script = NULL;
    call.nargs = 6;
    call.args = hello->args;
    call.key = &hello->args[3];
    call.parse = kanda_canary_proof;
    call.out = hello;
    call.proof = 1;

    if ((!hello->stale && kanda_canary_word(hello) != NGX_OK)
        || kanda_canary_make(hello) != NGX_OK
        || kanda_redis_call(rd, &hello->waiter, &call) != NGX_AGAIN)
    {
        kanda_redis_proven(rd, NGX_ERROR);
    }
}


static ngx_int_t
kanda_canary_proof(void *out, const redisReply *reply)
{
    /* NGX_DECLINED is an answer, too */

    return kanda_canary_open(out, reply) == NGX_OK ? NGX_OK : NGX_DECLINED;
}


static void
kanda_canary_resume(kanda_waiter_t *w, ngx_int_t rc)
{
    kanda_store_hello_t *hello = (kanda_store_hello_t *) w;

    kanda_redis_proven(hello->redis, rc);

    if (rc == NGX_OK && hello->stale) {
        kanda_store_prove(hello->redis, hello);
    }
}


static ngx_int_t
kanda_canary_make(kanda_store_hello_t *hello)
{
    int  len;

    len = kanda_seal(hello->ring, &kanda_canary_place, hello->word,
                     sizeof(hello->word), hello->record);
    if (len < 0) {
        return NGX_ERROR;
    }

    ngx_str_set(&hello->args[0], "EVAL");
    hello->args[1] = kanda_script(KANDA_SCRIPT_CANARY)->text;
    ngx_str_set(&hello->args[2], "1");
    ngx_str_set(&hello->args[3], KANDA_CANARY_KEY);
    hello->args[4].data = hello->record;
    hello->args[4].len = len;
    hello->args[5] = hello->old;

    return NGX_OK;
}


static ngx_int_t
kanda_canary_send(kanda_store_hello_t *hello)
{
    if (kanda_canary_make(hello) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_redis_greet(hello->redis, 6, hello->args, kanda_canary_reply,
                             hello);
}


static ngx_int_t
kanda_canary_reply(void *out, const redisReply *reply)
{
    kanda_store_hello_t *hello = out;

    if (kanda_canary_open(hello, reply) != NGX_OK) {
        return NGX_ERROR;
    }

    return hello->stale ? kanda_canary_send(hello) : NGX_OK;
}


static ngx_int_t
kanda_canary_open(kanda_store_hello_t *hello, const redisReply *reply)
{
    int     len, stale;
    u_char  word[KANDA_STORE_WORD];

    len = -1;
    stale = 0;

    if (reply->type == REDIS_REPLY_STRING) {
        len = kanda_seal_open(hello->ring, &kanda_canary_place,
                              (const u_char *) reply->str, reply->len, word,
                              sizeof(word), &stale);
    }

    if (len != (int) sizeof(word)) {
        len = -1;
    }

    /* a worker that leaves may meet the canary of its successor's newer key,
     * which is no reason to drop its last requests */

    if (len < 0 && ngx_exiting && hello->proven) {
        hello->stale = 0;
        return NGX_OK;
    }

    kanda_stats_set(KANDA_STATS_WRONG_KEYS, len < 0);

    if (len < 0) {
        hello->wrong = 1;
        hello->wrong_at = ngx_current_msec;

        if (ngx_time() - hello->alerted >= KANDA_CANARY_EVERY) {
            hello->alerted = ngx_time();
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                          "kanda: the kanda_keys file does not open what this "
                          "Redis keeps; answering 503 until it does");
        }

        return NGX_ERROR;
    }

    hello->proven = 1;
    hello->wrong = 0;

    ngx_memcpy(hello->word, word, sizeof(word));
    kanda_canary_compare(hello);

    /* nor is a key that it takes for an older one older than its own; what was
     * made anew and is old again is left to whoever does that */

    hello->stale = stale && !hello->stale && !ngx_exiting
                   && (size_t) reply->len <= sizeof(hello->old_data);

    if (hello->stale) {
        ngx_memcpy(hello->old_data, reply->str, reply->len);
        hello->old.data = hello->old_data;
        hello->old.len = reply->len;
    }

    return NGX_OK;
}


/* One that leaves may be of a configuration with another Redis. */

static void
kanda_canary_compare(kanda_store_hello_t *hello)
{
    uint64_t  name;

    ngx_memcpy(&name, hello->word, sizeof(name));

    if (!ngx_exiting && kanda_replay_renamed(name)
        && ngx_time() - hello->told >= KANDA_CANARY_AGAIN)
    {
        hello->told = ngx_time();
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "kanda: Redis does not keep what it kept before: it has "
                      "lost its data, or is not the one it was; accounts and "
                      "clients that it lacks are unknown from here on; if it "
                      "should have them, stop it and restore its data");
    }
}
