#include "kanda_gate.h"
#include "kanda_cookie.h"


/* What a variable is made from; NGX_OK, NGX_DECLINED when it has no value
 * here, or NGX_ERROR. */
typedef ngx_int_t (*kanda_variable_pt)(ngx_http_request_t *r, ngx_str_t *value);


static ngx_int_t kanda_variable_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t kanda_variable_user(ngx_http_request_t *r, ngx_str_t *value);
static ngx_int_t kanda_variable_email(ngx_http_request_t *r, ngx_str_t *value);
static ngx_int_t kanda_variable_tenant(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_int_t kanda_variable_amr(ngx_http_request_t *r, ngx_str_t *value);
static ngx_int_t kanda_variable_age(ngx_http_request_t *r, ngx_str_t *value);
static ngx_int_t kanda_variable_event(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_int_t kanda_variable_reason(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_int_t kanda_variable_verdict(const kanda_request_t *kr,
    ngx_str_t *value);
static const kanda_gate_t *kanda_variable_somebody(ngx_http_request_t *r);


static const struct {
    ngx_str_t          name;
    kanda_variable_pt  get;
} kanda_variables[] = {
    { ngx_string("kanda_user"), kanda_variable_user },
    { ngx_string("kanda_email"), kanda_variable_email },
    { ngx_string("kanda_tenant"), kanda_variable_tenant },
    { ngx_string("kanda_amr"), kanda_variable_amr },
    { ngx_string("kanda_auth_age"), kanda_variable_age },
    { ngx_string("kanda_cookies"), kanda_cookie_others },
    { ngx_string("kanda_event"), kanda_variable_event },
    { ngx_string("kanda_reason"), kanda_variable_reason }
};


/* All change on a request's way. */

ngx_int_t
kanda_gate_variables(ngx_conf_t *cf)
{
    ngx_str_t             name;
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    for (i = 0; i < sizeof(kanda_variables) / sizeof(kanda_variables[0]); i++)
    {
        name = kanda_variables[i].name;

        v = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (v == NULL) {
            return NGX_ERROR;
        }

        v->get_handler = kanda_variable_get;
        v->data = i;
    }

    return NGX_OK;
}


static ngx_int_t
kanda_variable_get(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = kanda_variables[data].get(r, &value);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK || value.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value.len;
    v->data = value.data;

    return NGX_OK;
}


static const kanda_gate_t *
kanda_variable_somebody(ngx_http_request_t *r)
{
    const kanda_gate_t  *gate;

    gate = kanda_gate_find(r, KANDA_GATE_EVER);

    return gate && gate->known && gate->who == KANDA_GATE_SOMEBODY ? gate
                                                                   : NULL;
}


/* Behind a gate, whom it knows; in a dialect, a caller whom Redis has found
 * alive. */

static ngx_int_t
kanda_variable_user(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_gate_t     *gate;
    const kanda_request_t  *kr;

    gate = kanda_variable_somebody(r);

    if (gate) {
        *value = gate->kr.store.account;
        return NGX_OK;
    }

    kr = ngx_http_get_module_ctx(r, ngx_http_kanda_module);

    if (kr == NULL || kr->route->auth == KANDA_AUTH_NONE
        || kr->store.kind == KANDA_CALLER_NOBODY
        || !kr->store.answered
        || kr->store.status == KANDA_STATUS_UNAUTHORIZED)
    {
        return NGX_DECLINED;
    }

    *value = kr->store.account;

    return NGX_OK;
}


static ngx_int_t
kanda_variable_email(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_gate_t  *gate;

    gate = kanda_variable_somebody(r);

    if (gate == NULL) {
        return NGX_DECLINED;
    }

    *value = gate->info.email;

    return NGX_OK;
}


static ngx_int_t
kanda_variable_tenant(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_gate_t  *gate;

    gate = kanda_variable_somebody(r);

    if (gate) {
        *value = gate->kr.store.account;
        return NGX_OK;
    }

    return kanda_tenant(r, value);
}


/* Methods as RFC 8176 names them, a blank between; it has no name for a code
 * that was printed. */

static ngx_int_t
kanda_variable_amr(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_gate_t  *gate;

    gate = kanda_variable_somebody(r);

    if (gate == NULL) {
        return NGX_DECLINED;
    }

    if (gate->info.factor == 0) {
        ngx_str_set(value, "pwd");

    } else if (gate->info.recovery) {
        ngx_str_set(value, "pwd recovery mfa");

    } else {
        ngx_str_set(value, "pwd otp mfa");
    }

    return NGX_OK;
}


static ngx_int_t
kanda_variable_age(ngx_http_request_t *r, ngx_str_t *value)
{
    int64_t              age;
    const kanda_gate_t  *gate;

    gate = kanda_variable_somebody(r);
    age = gate ? kanda_gate_age(gate) : -1;

    if (age < 0) {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data, "%L", age) - value->data;

    return NGX_OK;
}


static ngx_int_t
kanda_variable_event(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_request_t  *kr;

    kr = ngx_http_get_module_ctx(r, ngx_http_kanda_module);

    if (kr) {
        *value = kr->store.event;
        return NGX_OK;
    }

    if (kanda_gate_find(r, KANDA_GATE_EVER) == NULL) {
        return NGX_DECLINED;
    }

    ngx_str_set(value, "gate");

    return NGX_OK;
}


static ngx_int_t
kanda_variable_reason(ngx_http_request_t *r, ngx_str_t *value)
{
    const kanda_gate_t     *gate;
    const kanda_request_t  *kr;

    static ngx_str_t  words[] = {
        [KANDA_GATE_PASSED] = ngx_null_string,
        [KANDA_GATE_LOGIN] = ngx_string("sign_in_required"),
        [KANDA_GATE_STEP_UP] = ngx_string("second_factor_required"),
        [KANDA_GATE_UNAVAILABLE] = ngx_string("unavailable")
    };

    kr = ngx_http_get_module_ctx(r, ngx_http_kanda_module);

    if (kr == NULL) {
        gate = kanda_gate_find(r, KANDA_GATE_EVER);

        if (gate == NULL || !gate->known) {
            return NGX_DECLINED;
        }

        *value = words[gate->verdict];

        return NGX_OK;
    }

    if (kanda_variable_verdict(kr, value) == NGX_OK) {
        return NGX_OK;
    }

    value->data = ngx_pnalloc(r->pool, kr->reason.len);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = kr->reason.len;
    ngx_strlow(value->data, kr->reason.data, kr->reason.len);

    return NGX_OK;
}


/* What became of a submitted code, in the access log's words. */

static ngx_int_t
kanda_variable_verdict(const kanda_request_t *kr, ngx_str_t *value)
{
    if (kr->answer.reason) {
        value->data = (u_char *) kr->answer.reason;
        value->len = ngx_strlen(kr->answer.reason);
        return NGX_OK;
    }

    if (!kr->store.answered) {
        return NGX_DECLINED;
    }

    switch (kr->store.status) {

    case KANDA_STATUS_WRONG:
        ngx_str_set(value, "wrong_code");
        break;

    case KANDA_STATUS_REPLAYED:
        ngx_str_set(value, "replayed");
        break;

    case KANDA_STATUS_MALFORMED:
        ngx_str_set(value, "malformed");
        break;

    default:
        return NGX_DECLINED;
    }

    return NGX_OK;
}
