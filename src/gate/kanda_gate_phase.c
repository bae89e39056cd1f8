#include "kanda_gate.h"


#define KANDA_GATE_GOOD  5000           /* ms that an answer is good for */


static ngx_int_t kanda_gate_access(ngx_http_request_t *r);
static ngx_int_t kanda_gate_preaccess(ngx_http_request_t *r);
static ngx_int_t kanda_gate_pass(ngx_http_request_t *r);
static kanda_gate_t *kanda_gate_create(ngx_http_request_t *r);
static kanda_gate_t **kanda_gate_list(ngx_http_request_t *r,
    ngx_uint_t create);
static void kanda_gate_forget(void *data);


/* Last in the access phase: what is cheaper is asked first, and under "satisfy
 * any" nobody comes after it who could still say yes.  nginx runs a phase's
 * handlers from the last of the array to the first. */

ngx_int_t
kanda_gate_install(ngx_conf_t *cf)
{
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handlers = &cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers;

    if (ngx_array_push(handlers) == NULL) {
        return NGX_ERROR;
    }

    h = handlers->elts;
    ngx_memmove(h + 1, h, (handlers->nelts - 1) * sizeof(*h));
    *h = kanda_gate_access;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = kanda_gate_preaccess;

    return NGX_OK;
}


static ngx_int_t
kanda_gate_access(ngx_http_request_t *r)
{
    return kanda_gate_pass(r);
}


/* nginx takes subrequests past the access phase: they are judged here. */

static ngx_int_t
kanda_gate_preaccess(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r == r->main) {
        return NGX_DECLINED;
    }

    rc = kanda_gate_pass(r);

    return rc == NGX_OK ? NGX_DECLINED : rc;
}


/* NGX_OK, NGX_DECLINED where no gate stands, NGX_AGAIN while it waits, or what
 * the request is to end with. */

static ngx_int_t
kanda_gate_pass(ngx_http_request_t *r)
{
    kanda_gate_t               *gate;
    kanda_gate_verdict_t        verdict;
    const kanda_require_t      *require;
    ngx_http_kanda_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);
    require = kanda_require_rule(klcf);

    if (require == NULL) {
        return NGX_DECLINED;
    }

    gate = (kanda_gate_t *) kanda_gate_find(r, KANDA_GATE_GOOD);

    if (gate == NULL) {
        gate = kanda_gate_create(r);

        if (gate == NULL || kanda_gate_ask(gate) == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (!gate->known) {
        return NGX_AGAIN;
    }

    verdict = kanda_gate_judge(gate, require);

    kanda_stats_count(gate[verdict]);

    if (r == r->main) {
        gate->verdict = verdict;
    }

    return verdict == KANDA_GATE_PASSED ? NGX_OK
                                        : kanda_gate_refuse(gate, r, verdict);
}


/* A list of the main request, which outlives internal redirects: those forget
 * every module's context. */

static kanda_gate_t **
kanda_gate_list(ngx_http_request_t *r, ngx_uint_t create)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == kanda_gate_forget) {
            return cln->data;
        }
    }

    if (!create) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(kanda_gate_t *));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = kanda_gate_forget;
    *(kanda_gate_t **) cln->data = NULL;

    return cln->data;
}


static void
kanda_gate_forget(void *data)
{
    *(kanda_gate_t **) data = NULL;
}


/* One that somebody else waits for is of no use to this request.  The newest
 * comes first. */

const kanda_gate_t *
kanda_gate_find(ngx_http_request_t *r, ngx_msec_t good)
{
    kanda_gate_t               *gate, **list;
    ngx_http_kanda_loc_conf_t  *klcf;

    list = kanda_gate_list(r, 0);

    if (list == NULL) {
        return NULL;
    }

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);

    for (gate = *list; gate; gate = gate->next) {

        if (gate->known ? ngx_current_msec - gate->since > good
                        : gate->kr.request != r)
        {
            continue;
        }

        if (kanda_same(&gate->kr.conf->realm, &klcf->realm)
            && kanda_same(&gate->kr.conf->issuer, &klcf->issuer))
        {
            return gate;
        }
    }

    return NULL;
}


static kanda_gate_t *
kanda_gate_create(ngx_http_request_t *r)
{
    kanda_gate_t  *gate, **list;

    list = kanda_gate_list(r, 1);
    gate = ngx_pcalloc(r->pool, sizeof(kanda_gate_t));

    if (list == NULL || gate == NULL
        || kanda_request_init(&gate->kr, r, &kanda_gate_dialect,
                              kanda_gate_run)
           != NGX_OK)
    {
        return NULL;
    }

    gate->kr.now = ngx_time();
    gate->since = ngx_current_msec;
    gate->next = *list;
    *list = gate;

    return gate;
}
