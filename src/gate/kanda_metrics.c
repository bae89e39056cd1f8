#include "kanda_metrics.h"
#include "kanda_api.h"


static ngx_int_t kanda_metrics(kanda_request_t *kr);


static const kanda_route_t  kanda_metrics_routes[] = {

    { NGX_HTTP_GET, "", KANDA_AUTH_NONE, 0, KANDA_BODY_NONE,
      kanda_metrics, sizeof(kanda_stats_sum_t), 0 }
};


const kanda_dialect_t  kanda_metrics_dialect = {
    ngx_string("metrics"),
    kanda_metrics_routes,
    sizeof(kanda_metrics_routes) / sizeof(kanda_metrics_routes[0]),
    0,
    0,
    kanda_api_problem,
    0,
    NULL,
    0,
    NULL
};


static ngx_int_t
kanda_metrics(kanda_request_t *kr)
{
    ngx_str_t             body;
    kanda_stats_sum_t    *sum;
    kanda_metrics_out_t   out;

    sum = kr->state;
    kanda_stats_read(kr->main->stats, sum);

    out.pos = NULL;
    out.len = 0;
    kanda_metrics_write(&out, sum, kr->main);

    body.len = out.len;
    body.data = ngx_pnalloc(kr->request->pool, body.len);
    if (body.data == NULL) {
        return NGX_ERROR;
    }

    out.pos = body.data;
    kanda_metrics_write(&out, sum, kr->main);

    return kanda_text_answer(kr, NGX_HTTP_OK,
                             "text/plain; version=0.0.4; charset=utf-8",
                             &body);
}


void
kanda_metrics_line(kanda_metrics_out_t *out, const char *fmt, ...)
{
    u_char   line[KANDA_METRICS_LINE], *p;
    va_list  args;

    va_start(args, fmt);
    p = ngx_vslprintf(line, line + sizeof(line) - 1, fmt, args);
    va_end(args);

    *p++ = '\n';
    out->len += p - line;

    if (out->pos) {
        out->pos = ngx_cpymem(out->pos, line, p - line);
    }
}


void
kanda_metrics_head(kanda_metrics_out_t *out, const char *name,
    const char *type, const char *help)
{
    kanda_metrics_line(out, "# HELP %s %s", name, help);
    kanda_metrics_line(out, "# TYPE %s %s", name, type);
}
