#include "kanda_store.h"
#include "kanda_seal.h"
#include "kanda_stats.h"


/* A sealed word that every server of an installation must be able to open.  One
 * that cannot has the wrong keys, and what it would write nobody could read:
 * its connection is given up, so that it answers 503 and writes nothing. */

#define KANDA_CANARY_KEY   "kanda:canary"
#define KANDA_CANARY_TEXT  "kanda opens this"
#define KANDA_CANARY_EVERY 60           /* s between two alerts */


static ngx_int_t kanda_canary_send(kanda_store_hello_t *hello,
    const redisReply *old);
static ngx_int_t kanda_canary_reply(void *out, const redisReply *reply);


static const kanda_seal_place_t  kanda_canary_place = {
    "", 0, "canary", "", 0, "", 0
};


ngx_int_t
kanda_store_hello(kanda_redis_t *rd, void *data)
{
    kanda_store_hello_t *hello = data;

    hello->redis = rd;

    if (kanda_canary_send(hello, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_script_load(rd);
}


static ngx_int_t
kanda_canary_send(kanda_store_hello_t *hello, const redisReply *old)
{
    int        len;
    u_char     record[sizeof(KANDA_CANARY_TEXT) + KANDA_SEAL_OVERHEAD];
    ngx_str_t  args[6];

    len = kanda_seal(hello->ring, &kanda_canary_place,
                     (const u_char *) KANDA_CANARY_TEXT,
                     sizeof(KANDA_CANARY_TEXT) - 1, record);
    if (len < 0) {
        return NGX_ERROR;
    }

    ngx_str_set(&args[0], "EVAL");
    args[1] = kanda_script(KANDA_SCRIPT_CANARY)->text;
    ngx_str_set(&args[2], "1");
    ngx_str_set(&args[3], KANDA_CANARY_KEY);
    args[4].data = record;
    args[4].len = len;
    args[5].data = (u_char *) (old ? old->str : "");
    args[5].len = old ? (size_t) old->len : 0;

    return kanda_redis_greet(hello->redis, 6, args, kanda_canary_reply, hello);
}


static ngx_int_t
kanda_canary_reply(void *out, const redisReply *reply)
{
    kanda_store_hello_t *hello = out;

    int     len, stale;
    u_char  text[sizeof(KANDA_CANARY_TEXT)];

    len = -1;

    if (reply->type == REDIS_REPLY_STRING) {
        len = kanda_seal_open(hello->ring, &kanda_canary_place,
                              (const u_char *) reply->str, reply->len, text,
                              sizeof(text), &stale);
    }

    /* a worker that leaves may meet the canary of its successor's newer key,
     * which is no reason to drop its last requests */

    if (len < 0 && ngx_exiting && hello->proven) {
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

    /* nor is a key that it takes for an older one older than its own */

    if (stale && !ngx_exiting) {
        return kanda_canary_send(hello, reply);
    }

    return NGX_OK;
}
