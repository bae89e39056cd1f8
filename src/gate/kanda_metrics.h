/*
 * What was counted, for Prometheus: the "metrics" dialect.
 */

#ifndef KANDA_METRICS_H
#define KANDA_METRICS_H

#include "ngx_http_kanda.h"


extern const kanda_dialect_t  kanda_metrics_dialect;


/* A text that is written twice, at first with a pos of NULL, to know its
 * length. */
typedef struct {
    u_char  *pos;
    size_t   len;
} kanda_metrics_out_t;


/* Appends a line, whose end is added, of at most KANDA_METRICS_LINE bytes; the
 * format is ngx_sprintf()'s. */
void kanda_metrics_line(kanda_metrics_out_t *out, const char *fmt, ...);

/* Appends the two lines that a metric begins with. */
void kanda_metrics_head(kanda_metrics_out_t *out, const char *name,
    const char *type, const char *help);

/* Append the histograms: accepted codes by their steps, and Redis's replies by
 * their time. */
void kanda_metrics_steps(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum);
void kanda_metrics_redis(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum);

/* Appends everything, in the text format 0.0.4. */
void kanda_metrics_write(kanda_metrics_out_t *out,
    const kanda_stats_sum_t *sum, const ngx_http_kanda_main_conf_t *kmcf);


#define KANDA_METRICS_LINE  512


#endif /* KANDA_METRICS_H */
