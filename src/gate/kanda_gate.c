#include "kanda_gate.h"
#include "kanda_cookie.h"
#include "kanda_token.h"


#define KANDA_GATE_TOUCH  30000         /* ms between two notes, at most */


static ngx_int_t kanda_gate_ask_token(kanda_gate_t *gate);
static ngx_int_t kanda_gate_ask_again(kanda_gate_t *gate);
static ngx_int_t kanda_gate_wait(kanda_gate_t *gate,
    ngx_int_t (*ask)(kanda_store_t *st, kanda_gate_info_t *info));
static void kanda_gate_learn(kanda_gate_t *gate);
static ngx_uint_t kanda_gate_outdated(const kanda_gate_t *gate);


ngx_int_t
kanda_gate_ask(kanda_gate_t *gate)
{
    ngx_int_t         rc;
    ngx_str_t         cookie;
    kanda_store_t    *st;
    kanda_refresh_t   names;
    kanda_request_t  *kr;

    kr = &gate->kr;
    st = &kr->store;

    if (kanda_cookie_find(kr, KANDA_COOKIE_GATE, &cookie) != NGX_OK) {
        return kanda_gate_ask_token(gate);
    }

    rc = kanda_token_session(kr, KANDA_DIGEST_GATE, &cookie, &names);

    if (rc != NGX_OK) {
        gate->known = 1;
        gate->who = KANDA_GATE_STRANGER;
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    st->account.data = (u_char *) names.account;
    st->account.len = KANDA_ACCOUNT_ID_LEN;
    st->sid.data = (u_char *) names.session;
    st->sid.len = KANDA_SESSION_LEN;

    gate->info.now = kanda_clock_now(kr->main->worker.clock);

    return gate->info.now ? kanda_gate_wait(gate, kanda_gate_read)
                          : kanda_gate_ask_again(gate);
}


/* By Redis's own clock. */

static ngx_int_t
kanda_gate_ask_again(kanda_gate_t *gate)
{
    gate->touched = 1;

    return kanda_credentials_origin(&gate->kr) == NGX_OK
           ? kanda_gate_wait(gate, kanda_gate_touch) : NGX_ERROR;
}


static ngx_int_t
kanda_gate_wait(kanda_gate_t *gate,
    ngx_int_t (*ask)(kanda_store_t *st, kanda_gate_info_t *info))
{
    gate->known = 0;

    if (ask(&gate->kr.store, &gate->info) == NGX_ERROR) {
        gate->known = 1;
        gate->who = KANDA_GATE_AWAY;
        return NGX_OK;
    }

    return NGX_AGAIN;
}


/* A token that an API key has made speaks for a program, not for a person. */

static ngx_int_t
kanda_gate_ask_token(kanda_gate_t *gate)
{
    ngx_int_t            rc;
    ngx_str_t            token;
    kanda_request_t     *kr;
    kanda_jwt_claims_t   claims;

    kr = &gate->kr;
    gate->known = 1;

    if (kanda_token_bearer(kr, &token) != NGX_OK) {
        gate->who = KANDA_GATE_NOBODY;
        return NGX_OK;
    }

    gate->token = 1;
    gate->who = KANDA_GATE_STRANGER;

    rc = kanda_token_read(kr, &token, 0, &claims);

    if (rc == NGX_HTTP_UNAUTHORIZED
        || (rc == NGX_OK && (claims.use != KANDA_JWT_ACCESS
                             || claims.key.len)))
    {
        return NGX_OK;
    }

    if (rc != NGX_OK || kanda_token_caller(kr, &claims) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_gate_wait(gate, kanda_gate_token);
}


void
kanda_gate_run(kanda_request_t *kr)
{
    kanda_gate_t *gate = (kanda_gate_t *) kr;

    kanda_gate_learn(gate);

    if (gate->known) {
        ngx_http_core_run_phases(kr->request);
    }
}


static void
kanda_gate_learn(kanda_gate_t *gate)
{
    kanda_request_t  *kr;

    kr = &gate->kr;
    gate->known = 1;
    gate->since = ngx_current_msec;

    if (kr->rc != NGX_OK) {
        gate->who = KANDA_GATE_AWAY;
        return;
    }

    if (kr->store.status != KANDA_STATUS_OK) {
        gate->who = KANDA_GATE_STRANGER;
        return;
    }

    gate->who = KANDA_GATE_SOMEBODY;

    if (!gate->token && !gate->touched && kanda_gate_outdated(gate)
        && kanda_gate_ask_again(gate) == NGX_ERROR)
    {
        gate->known = 1;
        gate->who = KANDA_GATE_AWAY;
    }
}


/* Whether it was last seen so long ago that it is to be noted again, or its
 * limits are near. */

static ngx_uint_t
kanda_gate_outdated(const kanda_gate_t *gate)
{
    int64_t                   unseen, most;
    const kanda_gate_info_t  *info;

    info = &gate->info;
    unseen = info->now - info->seen;
    most = ngx_min(info->idle / 8, KANDA_GATE_TOUCH);

    return unseen > most || unseen < -KANDA_GATE_AHEAD
           || info->now >= info->ends - most;
}


kanda_gate_verdict_t
kanda_gate_judge(const kanda_gate_t *gate, const kanda_require_t *require)
{
    const kanda_gate_info_t  *info;

    info = &gate->info;

    switch (gate->who) {

    case KANDA_GATE_SOMEBODY:
        break;

    case KANDA_GATE_AWAY:
        return KANDA_GATE_UNAVAILABLE;

    default:
        return KANDA_GATE_LOGIN;
    }

    if (require->level == KANDA_REQUIRE_USER) {
        return KANDA_GATE_PASSED;
    }

    return info->factor && (require->max_age == 0
                            || info->now - info->factor <= require->max_age)
           ? KANDA_GATE_PASSED : KANDA_GATE_STEP_UP;
}


int64_t
kanda_gate_age(const kanda_gate_t *gate)
{
    int64_t  since, age;

    since = ngx_max(gate->info.created, gate->info.factor);

    if (since == 0) {
        return -1;
    }

    age = (gate->info.now - since) / 1000;

    return ngx_max(age, 0);
}
