#include "kanda_health.h"
#include "kanda_api.h"


#define KANDA_HEALTH_CLOCK   5000       /* ms off Redis's clock, at most */
#define KANDA_HEALTH_WRONG   2000       /* ms: connects are more often */
#define KANDA_HEALTH_ANSWER  192        /* bytes */


static ngx_int_t kanda_health_live(kanda_request_t *kr);
static ngx_int_t kanda_health_ready(kanda_request_t *kr);
static ngx_int_t kanda_health_answer(kanda_request_t *kr);
static void kanda_health_word(kanda_json_out_t *out, const char *name,
    const char *word);
static ngx_uint_t kanda_health_wrong_keys(kanda_request_t *kr);


static const kanda_route_t  kanda_health_routes[] = {

    { NGX_HTTP_GET, "live", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_health_live, 0, 0 },

    { NGX_HTTP_GET, "ready", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_health_ready, sizeof(int64_t), 0 }
};


const kanda_dialect_t  kanda_health_dialect = {
    ngx_string("health"),
    kanda_health_routes,
    sizeof(kanda_health_routes) / sizeof(kanda_health_routes[0]),
    0,
    0,
    kanda_api_problem,
    0,
    NULL,
    0,
    NULL
};


static ngx_int_t
kanda_health_live(kanda_request_t *kr)
{
    static ngx_str_t  live = ngx_string("{\"status\":\"live\"}");

    return kanda_text_answer(kr, NGX_HTTP_OK, "application/json", &live);
}


static ngx_int_t
kanda_health_ready(kanda_request_t *kr)
{
    int64_t  *theirs;

    theirs = kr->state;

    kanda_begin(kr);

    kanda_attempt(kr, kanda_store_time(&kr->store, theirs));

    return kanda_health_answer(kr);

    kanda_end(kr);
}


/* A reply shows that the keys are right, too: before a connection carries
 * commands, they have opened the canary. */

static ngx_int_t
kanda_health_answer(kanda_request_t *kr)
{
    int64_t            offset;
    ngx_time_t        *tp;
    ngx_uint_t         up, wrong, off;
    kanda_json_out_t   out;

    up = (kr->rc == NGX_OK);
    wrong = !up && kanda_health_wrong_keys(kr);

    tp = ngx_timeofday();
    offset = (int64_t) tp->sec * 1000 + (int64_t) tp->msec
             - *(int64_t *) kr->state;
    off = (offset > KANDA_HEALTH_CLOCK || offset < -KANDA_HEALTH_CLOCK);

    if (kanda_json_begin(kr, &out, KANDA_HEALTH_ANSWER) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_health_word(&out, "status", up && !off ? "ready" : "unready");
    kanda_json_open(&out, "checks", '{');
    kanda_health_word(&out, "redis", up || wrong ? "ok" : "down");
    kanda_health_word(&out, "keys", up ? "ok" : wrong ? "wrong" : "unknown");
    kanda_health_word(&out, "clock", !up ? "unknown" : off ? "off" : "ok");
    kanda_json_close(&out, '}');

    if (up) {
        kanda_json_int(&out, "clockOffsetMs", offset);

    } else {
        kanda_json_null(&out, "clockOffsetMs");
    }

    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, up && !off ? NGX_HTTP_OK
                                            : NGX_HTTP_SERVICE_UNAVAILABLE,
                             &out);
}


static void
kanda_health_word(kanda_json_out_t *out, const char *name, const char *word)
{
    kanda_json_str(out, name, word, ngx_strlen(word));
}


/* A Redis that keeps what our keys do not open is up, but never lets a command
 * through; one that was stopped since is not greeted any more. */

static ngx_uint_t
kanda_health_wrong_keys(kanda_request_t *kr)
{
    const kanda_store_hello_t  *hello;

    hello = &kr->main->worker.hello;

    return hello->wrong
           && ngx_current_msec - hello->wrong_at < KANDA_HEALTH_WRONG;
}
