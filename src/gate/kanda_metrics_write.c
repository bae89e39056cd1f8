#include "kanda_metrics.h"


#define KANDA_METRICS_LABEL  64         /* bytes, escaped */


/* One number; place is where a kanda_stats_sum_t has it. */
typedef struct {
    const char         *name;
    const char         *type;
    const char         *help;
    size_t              place;
} kanda_metrics_single_t;


/* Counters side by side, told apart by one label. */
typedef struct {
    const char         *name;
    const char         *help;
    const char         *label;
    const char *const  *values;
    ngx_uint_t          n;
    size_t              place;
} kanda_metrics_row_t;


static void kanda_metrics_requests(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum, const ngx_http_kanda_main_conf_t *kmcf);
static void kanda_metrics_route(kanda_metrics_out_t *out,
    const ngx_atomic_t *counts, const kanda_dialect_t *dialect,
    const kanda_route_t *route);
static void kanda_metrics_verdicts(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum);
static void kanda_metrics_keys(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum, const char *name, const char *help,
    const ngx_atomic_t *counts);
static ngx_uint_t kanda_metrics_number(const kanda_stats_sum_t *sum,
    size_t place);
static char *kanda_metrics_escape(const char *p, size_t len, char *text);


static const char *const  kanda_metrics_kinds[KANDA_STATS_KINDS] = {
    [KANDA_STATS_CLIENT] = "client",
    [KANDA_STATS_ACCOUNT] = "account",
    [KANDA_STATS_STATELESS] = "stateless"
};

static const char *const  kanda_metrics_verdict_names[KANDA_STATS_VERDICTS] = {
    [KANDA_STATS_VALID] = "valid",
    [KANDA_STATS_RECOVERY] = "recovery",
    [KANDA_STATS_WRONG] = "wrong",
    [KANDA_STATS_REPLAYED] = "replayed",
    [KANDA_STATS_MALFORMED] = "malformed",
    [KANDA_STATS_UNKNOWN] = "unknown",
    [KANDA_STATS_LOCKED] = "locked",
    [KANDA_STATS_STALE] = "stale",
    [KANDA_STATS_INTEGRITY] = "integrity"
};

static const char *const  kanda_metrics_reasons[KANDA_STATS_REDIS_ERRORS] = {
    [KANDA_STATS_REDIS_TIMEOUT] = "timeout",
    [KANDA_STATS_REDIS_LOST] = "lost",
    [KANDA_STATS_REDIS_REFUSED] = "refused",
    [KANDA_STATS_REDIS_FULL] = "full",
    [KANDA_STATS_REDIS_ERROR] = "error",
    [KANDA_STATS_REDIS_UNEXPECTED] = "unexpected",
    [KANDA_STATS_REDIS_REPLICAS] = "replicas"
};

static const char *const  kanda_metrics_gates[KANDA_STATS_GATES] = {
    [KANDA_STATS_GATE_PASSED] = "passed",
    [KANDA_STATS_GATE_LOGIN] = "login",
    [KANDA_STATS_GATE_STEP_UP] = "step_up",
    [KANDA_STATS_GATE_UNAVAILABLE] = "unavailable"
};

static const kanda_metrics_row_t  kanda_metrics_rows[] = {

    { "kanda_redis_errors_total",
      "Redis commands without a reply that is of use.",
      "reason", kanda_metrics_reasons, KANDA_STATS_REDIS_ERRORS,
      offsetof(kanda_stats_sum_t, counters.redis_errors) },

    { "kanda_gate_requests_total",
      "Requests that a gate judged.",
      "result", kanda_metrics_gates, KANDA_STATS_GATES,
      offsetof(kanda_stats_sum_t, counters.gate) }
};

static const kanda_metrics_single_t  kanda_metrics_singles[] = {

    { "kanda_redis_connects_total", "counter",
      "Connections to Redis that were made.",
      offsetof(kanda_stats_sum_t, counters.redis_connects) },

    { "kanda_redis_connected", "gauge",
      "Workers that are connected to Redis.",
      offsetof(kanda_stats_sum_t, gauges[KANDA_STATS_CONNECTED]) },

    { "kanda_redis_breaker_open", "gauge",
      "Workers that refuse at once what needs Redis.",
      offsetof(kanda_stats_sum_t, gauges[KANDA_STATS_BROKEN]) },

    { "kanda_redis_wrong_keys", "gauge",
      "Workers whose keys do not open what Redis keeps.",
      offsetof(kanda_stats_sum_t, gauges[KANDA_STATS_WRONG_KEYS]) },

    { "kanda_redis_queue", "gauge",
      "Redis commands that wait for their replies.",
      offsetof(kanda_stats_sum_t, gauges[KANDA_STATS_QUEUE]) },

    { "kanda_password_hash_queue", "gauge",
      "Places taken to hash a password.",
      offsetof(kanda_stats_sum_t, gauges[KANDA_STATS_HASHES]) },

    { "kanda_password_hashes_total", "counter",
      "Passwords that were hashed.",
      offsetof(kanda_stats_sum_t, counters.hashes) },

    { "kanda_password_hash_refused_total", "counter",
      "Requests refused since no place was left to hash a password.",
      offsetof(kanda_stats_sum_t, counters.hashes_refused) }
};


void
kanda_metrics_write(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum,
    const ngx_http_kanda_main_conf_t *kmcf)
{
    size_t                         place;
    ngx_uint_t                     i, k;
    const kanda_metrics_row_t     *row;
    const kanda_metrics_single_t  *single;

    kanda_metrics_requests(out, sum, kmcf);
    kanda_metrics_verdicts(out, sum);
    kanda_metrics_steps(out, sum);
    kanda_metrics_redis(out, sum);

    for (i = 0; i < sizeof(kanda_metrics_rows) / sizeof(kanda_metrics_rows[0]);
         i++)
    {
        row = &kanda_metrics_rows[i];
        kanda_metrics_head(out, row->name, "counter", row->help);

        for (k = 0; k < row->n; k++) {
            place = row->place + k * sizeof(ngx_atomic_t);
            kanda_metrics_line(out, "%s{%s=\"%s\"} %ui", row->name, row->label,
                               row->values[k],
                               kanda_metrics_number(sum, place));
        }
    }

    for (i = 0; i < sizeof(kanda_metrics_singles)
                    / sizeof(kanda_metrics_singles[0]); i++)
    {
        single = &kanda_metrics_singles[i];
        kanda_metrics_head(out, single->name, single->type, single->help);
        kanda_metrics_line(out, "%s %ui", single->name,
                           kanda_metrics_number(sum, single->place));
    }

    kanda_metrics_keys(out, sum, "kanda_sealed_total",
                       "Secrets sealed, by the key's id.",
                       sum->counters.sealed);
    kanda_metrics_keys(out, sum, "kanda_opened_total",
                       "Sealed secrets opened, by the key's id.",
                       sum->counters.opened);
}


static void
kanda_metrics_requests(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum,
    const ngx_http_kanda_main_conf_t *kmcf)
{
    ngx_uint_t              i, k, row;
    const kanda_dialect_t  *dialect;

    kanda_metrics_head(out, "kanda_requests_total", "counter",
                       "Requests, by what they were answered.");

    row = 0;

    for (i = 0; i < kmcf->ndialects; i++) {
        dialect = kmcf->dialects[i];
        kanda_metrics_route(out, sum->counters.requests[row++], dialect, NULL);

        for (k = 0; k < dialect->nroutes; k++) {
            kanda_metrics_route(out, sum->counters.requests[row++], dialect,
                                &dialect->routes[k]);
        }
    }
}


static void
kanda_metrics_route(kanda_metrics_out_t *out, const ngx_atomic_t *counts,
    const kanda_dialect_t *dialect, const kanda_route_t *route)
{
    char         path[KANDA_METRICS_LABEL], status[NGX_INT_T_LEN + 1];
    ngx_uint_t   i;
    const char  *method, *pattern;

    pattern = route ? route->path : "";

    method = (route == NULL) ? ""
             : (route->method == NGX_HTTP_GET) ? "GET"
             : (route->method == NGX_HTTP_POST) ? "POST" : "DELETE";

    for (i = 0; i < KANDA_STATS_STATUSES; i++) {

        if (counts[i] == 0) {
            continue;
        }

        (void) ngx_sprintf((u_char *) status,
                           kanda_stats_statuses[i] ? "%ui%Z" : "other%Z",
                           kanda_stats_statuses[i]);

        kanda_metrics_line(out, "kanda_requests_total{dialect=\"%V\","
                           "method=\"%s\",route=\"%s\",status=\"%s\"} %uA",
                           &dialect->name, method,
                           kanda_metrics_escape(pattern, ngx_strlen(pattern),
                                                path),
                           status, counts[i]);
    }
}


static void
kanda_metrics_verdicts(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum)
{
    ngx_uint_t  i, k;

    kanda_metrics_head(out, "kanda_verdicts_total", "counter",
                       "Codes judged, by whose they were and the verdict.");

    for (i = 0; i < KANDA_STATS_KINDS; i++) {
        for (k = 0; k < KANDA_STATS_VERDICTS; k++) {
            kanda_metrics_line(out, "kanda_verdicts_total{kind=\"%s\","
                               "verdict=\"%s\"} %uA", kanda_metrics_kinds[i],
                               kanda_metrics_verdict_names[k],
                               sum->counters.verdicts[i][k]);
        }
    }
}


static void
kanda_metrics_keys(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum,
    const char *name, const char *help, const ngx_atomic_t *counts)
{
    char                      id[KANDA_METRICS_LABEL];
    ngx_uint_t                i;
    const kanda_stats_key_t  *key;

    kanda_metrics_head(out, name, "counter", help);

    for (i = 1; i < sum->nkeys; i++) {
        key = &sum->keys[i];
        kanda_metrics_line(out, "%s{key=\"%s\"} %uA", name,
                           kanda_metrics_escape(key->id, key->len, id),
                           counts[i]);
    }

    /* no key's id has parentheses */

    if (counts[0]) {
        kanda_metrics_line(out, "%s{key=\"(other)\"} %uA", name, counts[0]);
    }
}


static ngx_uint_t
kanda_metrics_number(const kanda_stats_sum_t *sum, size_t place)
{
    return *(const ngx_uint_t *) ((const u_char *) sum + place);
}


/* A label's value; text has KANDA_METRICS_LABEL, enough for a path or an id. */

static char *
kanda_metrics_escape(const char *p, size_t len, char *text)
{
    char   *to;
    size_t  i;

    to = text;

    for (i = 0; i < len && to - text < KANDA_METRICS_LABEL - 2; i++) {

        if (p[i] == '\\' || p[i] == '"') {
            *to++ = '\\';
        }

        *to++ = p[i];
    }

    *to = '\0';

    return text;
}
