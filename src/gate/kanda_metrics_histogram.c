#include "kanda_metrics.h"


#define KANDA_METRICS_SECONDS  32       /* bytes of a number of them */


static char *kanda_metrics_seconds(uint64_t ns, char *text);


void
kanda_metrics_steps(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum)
{
    ngx_int_t   step;
    ngx_uint_t  n;

    kanda_metrics_head(out, "kanda_matched_step", "histogram",
                       "Steps from now to that of an accepted code.");

    n = 0;

    for (step = -KANDA_STATS_STEP; step <= KANDA_STATS_STEP; step++) {
        n += sum->counters.steps[step + KANDA_STATS_STEP];
        kanda_metrics_line(out, "kanda_matched_step_bucket{le=\"%i\"} %ui",
                           step, n);
    }

    n += sum->counters.steps[2 * KANDA_STATS_STEP + 1];

    kanda_metrics_line(out, "kanda_matched_step_bucket{le=\"+Inf\"} %ui", n);
    kanda_metrics_line(out, "kanda_matched_step_sum %i",
                       (ngx_int_t) sum->counters.steps_sum);
    kanda_metrics_line(out, "kanda_matched_step_count %ui", n);
}


void
kanda_metrics_redis(kanda_metrics_out_t *out, const kanda_stats_sum_t *sum)
{
    char        text[KANDA_METRICS_SECONDS];
    ngx_uint_t  i, n;

    kanda_metrics_head(out, "kanda_redis_duration_seconds", "histogram",
                       "Time from sending a command to Redis to its reply.");

    n = 0;

    for (i = 0; i < KANDA_STATS_TIMES; i++) {
        n += sum->counters.redis_times[i];
        kanda_metrics_line(out, "kanda_redis_duration_seconds_bucket"
                           "{le=\"%s\"} %ui",
                           kanda_metrics_seconds(kanda_stats_times[i], text),
                           n);
    }

    n += sum->counters.redis_times[i];

    kanda_metrics_line(out, "kanda_redis_duration_seconds_bucket"
                       "{le=\"+Inf\"} %ui", n);
    kanda_metrics_line(out, "kanda_redis_duration_seconds_sum %s",
                       kanda_metrics_seconds(sum->counters.redis_ns, text));
    kanda_metrics_line(out, "kanda_redis_duration_seconds_count %ui", n);
}


/* In decimal, without zeros at the end; text has KANDA_METRICS_SECONDS. */

static char *
kanda_metrics_seconds(uint64_t ns, char *text)
{
    u_char  *p;

    p = ngx_sprintf((u_char *) text, "%uL.%09uL", ns / 1000000000,
                    ns % 1000000000);

    while (p[-1] == '0') {
        p--;
    }

    if (p[-1] == '.') {
        p--;
    }

    *p = '\0';

    return text;
}
