#include "kanda_stateless.h"


#define KANDA_TOOLKIT_PERIOD  120       /* s, the most where it may be more */


static ngx_int_t kanda_stateless_valid(kanda_request_t *kr);


ngx_int_t
kanda_stateless_match(kanda_request_t *kr, ngx_uint_t window)
{
    int                 n, rc;
    char                code[KANDA_TOTP_DIGITS_MAX];
    kanda_totp_t       *totp;
    kanda_stateless_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    s->match = KANDA_TOTP_NO_STEP;
    s->step = kanda_totp_step(totp, kr->now);

    n = kanda_totp_parse((char *) s->token.data, s->token.len, code);

    if (totp->digits == 0 && n > 0) {
        totp->digits = (unsigned) n;
    }

    if (n < 0 || (unsigned) n != totp->digits) {
        s->malformed = 1;
        return NGX_OK;
    }

    rc = kanda_totp_match(totp, code, s->step, (unsigned) window,
                          KANDA_TOTP_NO_STEP, &s->match);
    kanda_wipe(code, sizeof(code));

    if (rc != 0) {
        return NGX_ERROR;
    }

    if (s->match == KANDA_TOTP_NO_STEP || !kr->conf->stateless_replay) {
        return NGX_OK;
    }

    if (kanda_stateless_digest(&kr->store, totp, s->digest) != NGX_OK) {
        return NGX_ERROR;
    }

    s->replayed = kanda_replay_known(s->digest, s->match);
    s->once = !s->replayed;

    return NGX_OK;
}


/* A step is remembered until it has left the widest window that its period may
 * have, and for a step more. */

ngx_int_t
kanda_stateless_verify(kanda_request_t *kr, const char *event)
{
    int64_t             steps;
    kanda_stateless_t  *s;

    s = kr->state;

    if (s->once) {
        steps = s->match - s->step + 2
                + (s->show.client.totp.period > KANDA_TOOLKIT_PERIOD
                   ? KANDA_WINDOW_MAX : KANDA_TOTP_WINDOW_MAX);

        return kanda_stateless_once(&kr->store, event, s->digest, s->match,
                                    steps * s->show.client.totp.period * 1000);
    }

    return kanda_stateless_log(&kr->store, event,
                               s->replayed ? "replayed"
                               : s->match != KANDA_TOTP_NO_STEP ? NULL
                               : s->malformed ? "malformed" : "wrong_code");
}


ngx_int_t
kanda_stateless_verdict(kanda_request_t *kr)
{
    ngx_int_t               valid;
    kanda_stateless_t      *s;
    kanda_stats_verdict_t   verdict;

    s = kr->state;
    valid = kanda_stateless_valid(kr);

    if (valid == NGX_ERROR) {
        return valid;
    }

    verdict = valid ? KANDA_STATS_VALID
              : s->once || s->replayed ? KANDA_STATS_REPLAYED
              : s->malformed ? KANDA_STATS_MALFORMED : KANDA_STATS_WRONG;

    kanda_stats_count(verdicts[KANDA_STATS_STATELESS][verdict]);

    if (valid) {
        kanda_stats_step(s->match - s->step);
    }

    return valid;
}


static ngx_int_t
kanda_stateless_valid(kanda_request_t *kr)
{
    kanda_status_t      status;
    kanda_stateless_t  *s;

    s = kr->state;
    status = kr->store.status;

    if (s->once) {
        return status == KANDA_STATUS_VALID ? 1
               : status == KANDA_STATUS_REPLAYED ? 0 : NGX_ERROR;
    }

    return status == KANDA_STATUS_OK
           ? s->match != KANDA_TOTP_NO_STEP && !s->replayed : NGX_ERROR;
}
