#include "kanda_api.h"
#include "kanda_replay.h"


#define KANDA_CODE_TRIES     4
#define KANDA_RECOVERY_JSON  1024       /* bytes of a set, with a clientId */


static ngx_int_t kanda_code_recovery(kanda_request_t *kr,
    const ngx_str_t *owner, const char *symbols, u_char *digest);


ngx_int_t
kanda_code_submitted(kanda_request_t *kr, kanda_code_t *c,
    const ngx_str_t *text, const ngx_str_t *owner)
{
    int  n;

    c->judgement.match = KANDA_TOTP_NO_STEP;

    n = kanda_totp_parse((char *) text->data, text->len, c->code);

    if (n > 0) {
        c->code_len = n;
        c->judgement.submitted = KANDA_SUBMITTED_CODE;
        return NGX_OK;
    }

    if (kanda_recovery_parse((char *) text->data, text->len, c->code) == 0) {
        c->judgement.submitted = KANDA_SUBMITTED_RECOVERY;
        return kanda_code_recovery(kr, owner, c->code, c->judgement.digest);
    }

    c->judgement.submitted = KANDA_SUBMITTED_MALFORMED;

    return NGX_OK;
}


ngx_int_t
kanda_code_field(kanda_request_t *kr, const char *name, ngx_uint_t optional,
    kanda_code_t *c)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = kanda_field_string(kr, name, &text);

    if (rc == NGX_OK) {
        return kanda_code_submitted(kr, c, &text, NULL);
    }

    if (rc == NGX_DECLINED && !optional) {
        return kanda_field_need(kr, name, &text);
    }

    c->judgement.match = KANDA_TOTP_NO_STEP;
    c->judgement.submitted = (rc == NGX_DECLINED) ? KANDA_SUBMITTED_NOTHING
                                                  : KANDA_SUBMITTED_MALFORMED;

    return NGX_OK;
}


ngx_int_t
kanda_code_compare(kanda_request_t *kr, kanda_code_t *c,
    kanda_code_open_pt open)
{
    ngx_int_t           rc;
    kanda_totp_t       *totp;
    kanda_judgement_t  *j;

    j = &c->judgement;
    totp = &c->secret.totp;

    if (!c->secret.known) {
        return NGX_OK;
    }

    kr->now = ngx_time();
    j->version = c->secret.secret.version;
    j->match = KANDA_TOTP_NO_STEP;
    j->step = kanda_totp_step(totp, kr->now);

    if (c->code_len != totp->digits) {
        j->submitted = KANDA_SUBMITTED_MALFORMED;
        return NGX_OK;
    }

    j->submitted = KANDA_SUBMITTED_CODE;

    if (kanda_client_code_digest(&kr->store, &j->version, c->code, c->code_len,
                                 j->digest)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = open(kr, c);

    if (rc == NGX_OK
        && kanda_totp_match(totp, c->code, j->step, kr->conf->window,
                            c->secret.last, &j->match)
           != 0)
    {
        rc = NGX_ERROR;
    }

    kanda_wipe(totp->secret, sizeof(totp->secret));

    if (rc == NGX_OK && j->match != KANDA_TOTP_NO_STEP) {
        /* in the widest window that a location may have */

        j->good = (j->match - j->step + KANDA_WINDOW_MAX + 1)
                  * (int64_t) totp->period;

        if (kanda_replay_known(j->digest, j->match)) {
            j->submitted = KANDA_SUBMITTED_REPLAYED;
        }
    }

    return rc;
}


ngx_uint_t
kanda_code_again(kanda_request_t *kr, kanda_code_t *c)
{
    if (kr->store.status != KANDA_STATUS_STALE
        || ++c->tries == KANDA_CODE_TRIES)
    {
        return 0;
    }

    /* that it was used before was said of a secret that is gone */

    if (c->judgement.submitted == KANDA_SUBMITTED_REPLAYED) {
        c->judgement.submitted = KANDA_SUBMITTED_CODE;
    }

    return 1;
}


void
kanda_code_count(kanda_request_t *kr, kanda_stats_kind_t kind,
    const kanda_judgement_t *j)
{
    kanda_stats_verdict_t  verdict;

    if (j->submitted == KANDA_SUBMITTED_NOTHING) {
        return;
    }

    switch (kr->store.status) {

    case KANDA_STATUS_OK:
    case KANDA_STATUS_VALID:
        verdict = (j->submitted == KANDA_SUBMITTED_RECOVERY)
                  ? KANDA_STATS_RECOVERY : KANDA_STATS_VALID;
        break;

    case KANDA_STATUS_WRONG:
        verdict = KANDA_STATS_WRONG;
        break;

    case KANDA_STATUS_REPLAYED:
        verdict = KANDA_STATS_REPLAYED;
        break;

    case KANDA_STATUS_MALFORMED:
        verdict = KANDA_STATS_MALFORMED;
        break;

    case KANDA_STATUS_UNKNOWN:
        verdict = KANDA_STATS_UNKNOWN;
        break;

    case KANDA_STATUS_LOCKED:
        verdict = KANDA_STATS_LOCKED;
        break;

    case KANDA_STATUS_STALE:
        verdict = KANDA_STATS_STALE;
        break;

    default:
        return;
    }

    kanda_stats_count(verdicts[kind][verdict]);

    if (verdict == KANDA_STATS_VALID) {
        kanda_stats_step(j->match - j->step);
    }
}


static ngx_int_t
kanda_code_recovery(kanda_request_t *kr, const ngx_str_t *owner,
    const char *symbols, u_char *digest)
{
    kanda_store_t  *st;

    st = &kr->store;

    return kanda_recovery_digest(st->ring->hmac[KANDA_DIGEST_RECOVERY],
                                 (char *) st->account.data, st->account.len,
                                 owner ? (char *) owner->data : NULL,
                                 owner ? owner->len : 0, symbols, digest)
           == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
kanda_recovery_fresh(kanda_request_t *kr, const ngx_str_t *owner,
    kanda_recovery_codes_t *set)
{
    char        symbols[KANDA_RECOVERY_SYMBOLS];
    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = NGX_OK;

    for (i = 0; i < KANDA_RECOVERY_COUNT && rc == NGX_OK; i++) {
        if (kanda_recovery_make(set->codes[i]) != 0
            || kanda_recovery_parse(set->codes[i], KANDA_RECOVERY_LEN, symbols)
               != 0
            || kanda_code_recovery(kr, owner, symbols, set->digests
                                   + i * KANDA_RECOVERY_DIGEST)
               != NGX_OK)
        {
            rc = NGX_ERROR;
        }
    }

    kanda_wipe(symbols, sizeof(symbols));

    return rc;
}


ngx_int_t
kanda_recovery_answer(kanda_request_t *kr, ngx_uint_t status,
    const ngx_str_t *client, const kanda_recovery_codes_t *set)
{
    ngx_uint_t        i;
    kanda_json_out_t  out;

    if (kanda_json_begin(kr, &out, KANDA_RECOVERY_JSON) != NGX_OK
        || kanda_wipe_later(kr, out.start, KANDA_RECOVERY_JSON) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');

    if (client) {
        kanda_api_text(&out, "clientId", client);
    }

    kanda_json_open(&out, "recoveryCodes", '[');

    for (i = 0; i < KANDA_RECOVERY_COUNT; i++) {
        kanda_json_str(&out, NULL, set->codes[i], KANDA_RECOVERY_LEN);
    }

    kanda_json_close(&out, ']');
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, status, &out);
}
