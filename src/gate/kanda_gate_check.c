#include "kanda_gate.h"
#include "kanda_api.h"


static ngx_int_t kanda_gate_check(ngx_http_request_t *r);


const kanda_dialect_t  kanda_check_dialect = {
    ngx_string("check"), NULL, 0, 0, 0, kanda_api_problem, 0, NULL, 0,
    kanda_gate_check
};


/* For auth_request, here or from another nginx.  That it stands behind a gate
 * was seen to when the configuration was read; that this request has passed
 * it, is seen to now. */

static ngx_int_t
kanda_gate_check(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    const kanda_gate_t               *gate;
    const kanda_require_t            *require;
    const ngx_http_kanda_loc_conf_t  *klcf;

    klcf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);
    require = kanda_require_rule(klcf);
    gate = kanda_gate_find(r, KANDA_GATE_EVER);

    if (gate == NULL || !gate->known || require == NULL
        || kanda_gate_judge(gate, require) != KANDA_GATE_PASSED)
    {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_discard_request_body(r);

    return rc == NGX_OK ? NGX_HTTP_NO_CONTENT : rc;
}
