#include "ngx_http_kanda.h"
#include "kanda_crypto.h"
#include "kanda_local.h"

#include <cjson/cJSON.h>


static kanda_request_t *kanda_request_create(ngx_http_request_t *r);
static ngx_int_t kanda_request_advance(kanda_request_t *kr);
static ngx_int_t kanda_request_prepare(kanda_request_t *kr);
static ngx_int_t kanda_request_authenticate(kanda_request_t *kr);
static ngx_int_t kanda_request_confirm(kanda_request_t *kr);
static ngx_int_t kanda_request_unauthorized(kanda_request_t *kr,
    ngx_uint_t presented);
static void kanda_request_resume(kanda_waiter_t *w, ngx_int_t rc);
static void kanda_request_cleanup(void *data);


ngx_int_t
ngx_http_kanda_handler(ngx_http_request_t *r)
{
    kanda_request_t  *kr;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    kr = kanda_request_create(r);
    if (kr == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return kanda_body_read(kr);
}


static const kanda_route_t  kanda_no_route;


static kanda_request_t *
kanda_request_create(ngx_http_request_t *r)
{
    kanda_request_t            *kr;
    ngx_http_kanda_loc_conf_t  *klcf;

    kr = ngx_pcalloc(r->pool, sizeof(kanda_request_t));
    klcf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);

    if (kr == NULL || kanda_request_init(kr, r, klcf->dialect,
                                         kanda_request_run)
                      != NGX_OK)
    {
        return NULL;
    }

    ngx_http_set_ctx(r, kr, ngx_http_kanda_module);

    if (kr->dialect->local && !kanda_local_request(r)) {
        return kanda_problem(kr, KANDA_NOT_LOCAL) == NGX_OK ? kr : NULL;
    }

    switch (kanda_route_find(kr)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        (void) kanda_problem(kr, KANDA_NOT_FOUND);
        break;

    case NGX_HTTP_NOT_ALLOWED:
        (void) kanda_problem(kr, KANDA_METHOD_NOT_ALLOWED);
        break;

    default:
        return NULL;
    }

    if (kr->route->state) {
        kr->state = ngx_pcalloc(r->pool, kr->route->state);
        if (kr->state == NULL) {
            return NULL;
        }
    }

    return kr;
}


ngx_int_t
kanda_request_init(kanda_request_t *kr, ngx_http_request_t *r,
    const kanda_dialect_t *dialect, void (*run)(kanda_request_t *kr))
{
    kanda_store_t               *st;
    ngx_http_cleanup_t          *cln;
    ngx_http_kanda_main_conf_t  *kmcf;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    kmcf = ngx_http_get_module_main_conf(r, ngx_http_kanda_module);

    kr->request = r;
    kr->main = kmcf;
    kr->conf = ngx_http_get_module_loc_conf(r, ngx_http_kanda_module);
    kr->dialect = dialect;
    kr->route = &kanda_no_route;
    kr->run = run;
    kr->waiter.resume = kanda_request_resume;

    cln->handler = kanda_request_cleanup;
    cln->data = kr;

    st = &kr->store;
    st->redis = kmcf->worker.redis;
    st->shares = kmcf->worker.shares;
    st->ring = kmcf->ring;
    st->waiter = &kr->waiter;
    st->pool = r->pool;
    st->log = r->connection->log;
    st->kind = KANDA_CALLER_NOBODY;
    st->realm = kr->conf->realm;
    st->region = kr->conf->region;
    st->keep = kmcf->log_keep;
    st->age = kmcf->log_age;

    return NGX_OK;
}


/* The one way back: answers when there is an answer, else goes on waiting.
 * Nothing of the request may be touched once it is finalized. */

void
kanda_request_run(kanda_request_t *kr)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = kr->request;
    rc = kanda_request_advance(kr);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc != NGX_OK || kr->answer.status == 0) {
        rc = kanda_problem(kr, KANDA_INTERNAL_ERROR);
    }

    kanda_route_count(kr, rc == NGX_OK ? kr->answer.status
                                       : NGX_HTTP_INTERNAL_SERVER_ERROR);

    ngx_http_finalize_request(r, rc == NGX_OK ? kanda_answer_send(kr)
                                            : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


void
kanda_request_answer(kanda_request_t *kr)
{
    ngx_http_request_t  *r;

    r = kr->request;
    r->expect_tested = 1;

    /* what an error page was to be served with is not what it is now */

    r->err_status = 0;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    kanda_request_abort(kr, kanda_answer_send(kr));
}


void
kanda_request_abort(kanda_request_t *kr, ngx_int_t rc)
{
    kanda_route_count(kr, rc);
    ngx_http_finalize_request(kr->request, rc);
}


static void
kanda_request_resume(kanda_waiter_t *w, ngx_int_t rc)
{
    kanda_request_t   *kr;
    ngx_connection_t  *c;

    kr = (kanda_request_t *) w;
    c = kr->request->connection;

    ngx_http_set_log_request(c->log, kr->request);

    kr->rc = rc;
    kr->run(kr);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
kanda_request_advance(kanda_request_t *kr)
{
    ngx_int_t  rc;

    if (kr->confirming) {
        (void) kanda_refused(kr);
        return NGX_OK;
    }

    if (kr->line == 0) {
        rc = kanda_request_prepare(kr);

        if (rc == NGX_DECLINED) {
            return kanda_request_confirm(kr);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = kr->route->handler(kr);

    return rc == NGX_OK ? kanda_request_confirm(kr) : rc;
}


/* The checks before any endpoint, in the contract's order.  NGX_OK;
 * NGX_DECLINED when the answer stands already; NGX_ERROR. */

static ngx_int_t
kanda_request_prepare(kanda_request_t *kr)
{
    ngx_int_t  rc;

    if (kr->answer.status) {
        return NGX_DECLINED;
    }

    /* not earlier: a client may take its time over a body */

    kr->now = ngx_time();

    if (kanda_credentials_origin(kr) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = kanda_request_authenticate(kr);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = kanda_body_parse(kr);
    if (rc != NGX_OK) {
        return rc;
    }

    if (kr->bad_segment) {
        (void) kanda_problem_detail(kr, KANDA_INVALID_REQUEST,
                                    "The path names something that is not 1 "
                                    "to 128 bytes of UTF-8 without control "
                                    "characters.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
kanda_request_authenticate(kanda_request_t *kr)
{
    ngx_int_t  rc;

    if (kr->route->auth == KANDA_AUTH_NONE) {
        return NGX_OK;
    }

    kr->store.scope = kr->route->scope;
    rc = kanda_credentials(kr);

    if (rc == NGX_OK || rc == NGX_ERROR) {
        return rc;
    }

    kr->store.kind = KANDA_CALLER_NOBODY;

    rc = (rc == NGX_HTTP_FORBIDDEN)
         ? kr->dialect->forged(kr)
         : kanda_request_unauthorized(kr, rc == NGX_HTTP_UNAUTHORIZED);

    return rc == NGX_OK ? NGX_DECLINED : NGX_ERROR;
}


static ngx_int_t
kanda_request_unauthorized(kanda_request_t *kr, ngx_uint_t presented)
{
    ngx_int_t  rc;

    kr->presented = presented ? 1 : 0;
    rc = kanda_problem(kr, KANDA_UNAUTHORIZED);

    if (presented && kr->answer.authenticate.len) {
        ngx_str_set(&kr->answer.authenticate,
                    "Bearer error=\"invalid_token\"");
    }

    return rc;
}


/* A caller whose request is refused before any script has run was not yet shown
 * to be alive: a dead token is told so, whatever else is wrong. */

static ngx_int_t
kanda_request_confirm(kanda_request_t *kr)
{
    ngx_int_t  rc;

    if (kr->store.kind == KANDA_CALLER_NOBODY || kr->store.asked
        || kr->answer.status < NGX_HTTP_BAD_REQUEST
        || kr->answer.status == NGX_HTTP_SERVICE_UNAVAILABLE)
    {
        return NGX_OK;
    }

    kr->confirming = 1;
    kr->store.scope = 0;

    rc = kanda_store_authorize(&kr->store);

    if (rc == NGX_ERROR) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    return rc;
}


ngx_uint_t
kanda_refused(kanda_request_t *kr)
{
    if (kr->rc == NGX_ERROR) {
        (void) kanda_problem(kr, KANDA_UNAVAILABLE);
        return 1;
    }

    if (kr->route->auth == KANDA_AUTH_NONE) {
        return 0;
    }

    switch (kr->store.status) {

    case KANDA_STATUS_UNAUTHORIZED:
        (void) kanda_request_unauthorized(kr, 1);
        return 1;

    case KANDA_STATUS_SCOPE:
        (void) kanda_problem(kr, KANDA_INSUFFICIENT_SCOPE);
        return 1;

    default:
        return 0;
    }
}


static void
kanda_request_cleanup(void *data)
{
    kanda_request_t *kr = data;

    /* with no answer yet, the client did not wait for it */

    kanda_route_count(kr, NGX_HTTP_CLIENT_CLOSED_REQUEST);

    kanda_op_detach(&kr->waiter);
    kanda_kdf_release(kr->main->worker.kdf, &kr->kdf_slot);

    kanda_body_forget(kr);

    if (kr->state) {
        kanda_wipe(kr->state, kr->route->state);
    }
}
