#include "kanda_gate.h"
#include "kanda_api.h"


#define KANDA_CHALLENGE_SIZE  256


static ngx_uint_t kanda_gate_browser(ngx_http_request_t *r,
    const ngx_str_t *login);
static ngx_int_t kanda_gate_redirect(ngx_http_request_t *r,
    const ngx_str_t *login, ngx_uint_t step_up);
static void kanda_gate_next(ngx_http_request_t *r, ngx_str_t *next);
static ngx_int_t kanda_gate_challenge(kanda_gate_t *gate,
    const kanda_require_t *require, ngx_uint_t step_up, ngx_str_t *challenge);
static ngx_int_t kanda_gate_status(kanda_gate_t *gate, ngx_http_request_t *r,
    const ngx_str_t *challenge);
static ngx_uint_t kanda_gate_has_page(ngx_http_request_t *r);


const kanda_dialect_t  kanda_gate_dialect = {
    ngx_string("gate"), NULL, 0, 1, 1, kanda_api_problem, 0, NULL, 0,
    NULL
};


/*
 * In an order of its own: a subrequest ends with a status, for whoever made it
 * to judge; a browser goes where it can sign in; others are told what is
 * missing, unless the operator has a page for them.
 */

ngx_int_t
kanda_gate_refuse(kanda_gate_t *gate, ngx_http_request_t *r,
    kanda_gate_verdict_t verdict)
{
    ngx_str_t                   challenge;
    kanda_request_t            *kr;
    kanda_problem_t             problem;
    const kanda_require_t      *require;
    ngx_http_kanda_loc_conf_t  *klcf;

    kr = &gate->kr;
    klcf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);
    require = klcf->require;

    if (verdict == KANDA_GATE_UNAVAILABLE) {
        ngx_str_null(&challenge);
        problem = KANDA_UNAVAILABLE;

    } else {
        if (r == r->main && kanda_gate_browser(r, &require->login)) {
            return kanda_gate_redirect(r, &require->login,
                                       verdict == KANDA_GATE_STEP_UP);
        }

        if (kanda_gate_challenge(gate, require,
                                 verdict == KANDA_GATE_STEP_UP, &challenge)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        problem = (verdict == KANDA_GATE_STEP_UP)
                  ? KANDA_STEP_UP_REQUIRED : KANDA_SIGN_IN_REQUIRED;
    }

    if (r != r->main || (challenge.len && kanda_gate_has_page(r))) {
        return kanda_gate_status(gate, r, &challenge);
    }

    kr->request = r;

    if (gate->challenge) {
        gate->challenge->hash = 0;
    }

    if (kanda_problem(kr, problem) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    kr->answer.authenticate = challenge;
    kanda_request_answer(kr);

    return NGX_DONE;
}


/* A page that asks to sign in must not send to itself, whatever it is served
 * by. */

static ngx_uint_t
kanda_gate_browser(ngx_http_request_t *r, const ngx_str_t *login)
{
    u_char                *query;
    ngx_str_t              asked, *accept;
    ngx_table_elt_t       *h;
    kanda_header_place_t   place;

    asked = r->unparsed_uri;
    query = ngx_strlchr(asked.data, asked.data + asked.len, '?');

    if (query) {
        asked.len = query - asked.data;
    }

    if (r->method != NGX_HTTP_GET || login->len == 0
        || (asked.len == login->len
            && ngx_memcmp(asked.data, login->data, login->len) == 0)
        || (r->uri.len == login->len
            && ngx_memcmp(r->uri.data, login->data, login->len) == 0))
    {
        return 0;
    }

    ngx_memzero(&place, sizeof(kanda_header_place_t));

    for ( ;; ) {
        h = kanda_header_next(r, "accept", &place);

        if (h == NULL) {
            return 0;
        }

        accept = &h->value;

        if (ngx_strlcasestrn(accept->data, accept->data + accept->len,
                             (u_char *) "text/html", sizeof("text/html") - 2))
        {
            return 1;
        }
    }
}


static ngx_int_t
kanda_gate_redirect(ngx_http_request_t *r, const ngx_str_t *login,
    ngx_uint_t step_up)
{
    u_char            *p;
    size_t             escape;
    ngx_str_t          next;
    ngx_table_elt_t   *location;

    static ngx_str_t  no_store = ngx_string("no-store");

    kanda_gate_next(r, &next);
    escape = 2 * ngx_escape_uri(NULL, next.data, next.len,
                                NGX_ESCAPE_URI_COMPONENT);

    location = ngx_list_push(&r->headers_out.headers);
    p = ngx_pnalloc(r->pool, login->len + sizeof("?need=otp&next=") + next.len
                             + escape);

    if (location == NULL || p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(location, sizeof(ngx_table_elt_t));
    location->hash = 1;
    ngx_str_set(&location->key, "Location");
    location->value.data = p;

    p = ngx_sprintf(p, "%V?%snext=", login,
                    step_up ? "need=otp&" : "");
    p = (u_char *) ngx_escape_uri(p, next.data, next.len,
                                  NGX_ESCAPE_URI_COMPONENT);

    location->value.len = p - location->value.data;

    ngx_http_clear_location(r);
    r->headers_out.location = location;

    return kanda_header_add(r, "Cache-Control", &no_store) == NGX_OK
           ? NGX_HTTP_MOVED_TEMPORARILY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Where to go on: what was asked for, unless a browser could take that for
 * another host. */

static void
kanda_gate_next(ngx_http_request_t *r, ngx_str_t *next)
{
    u_char  *p;

    p = r->unparsed_uri.data;

    if (r->unparsed_uri.len == 0 || p[0] != '/'
        || (r->unparsed_uri.len > 1 && (p[1] == '/' || p[1] == '\\')))
    {
        ngx_str_set(next, "/");
        return;
    }

    *next = r->unparsed_uri;
}


/* RFC 6750, section 3; what is missing of a second factor as RFC 9470,
 * section 3, has it. */

static ngx_int_t
kanda_gate_challenge(kanda_gate_t *gate, const kanda_require_t *require,
    ngx_uint_t step_up, ngx_str_t *challenge)
{
    u_char  *p;

    p = ngx_pnalloc(gate->kr.request->pool, KANDA_CHALLENGE_SIZE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    challenge->data = p;
    p = ngx_sprintf(p, "Bearer realm=\"%V\"", &gate->kr.store.realm);

    if (step_up) {
        p = ngx_sprintf(p, ", error=\"insufficient_user_authentication\", "
                        "error_description=\"a second factor is needed\"");

        if (require->max_age) {
            p = ngx_sprintf(p, ", max_age=\"%L\"", require->max_age / 1000);
        }

    } else if (gate->token) {
        p = ngx_sprintf(p, ", error=\"invalid_token\"");
    }

    challenge->len = p - challenge->data;

    return NGX_OK;
}


/* The header stands where auth_request, error pages and "satisfy" look for
 * it. */

static ngx_int_t
kanda_gate_status(kanda_gate_t *gate, ngx_http_request_t *r,
    const ngx_str_t *challenge)
{
    ngx_table_elt_t  *h;

    if (challenge->len == 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    h = (r == r->main) ? gate->challenge : NULL;

    if (h == NULL) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    ngx_str_set(&h->key, "WWW-Authenticate");
    h->value = *challenge;
    r->headers_out.www_authenticate = h;

    if (r == r->main) {
        gate->challenge = h;
    }

    return NGX_HTTP_UNAUTHORIZED;
}


static ngx_uint_t
kanda_gate_has_page(ngx_http_request_t *r)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == NGX_HTTP_UNAUTHORIZED) {
            return 1;
        }
    }

    return 0;
}
