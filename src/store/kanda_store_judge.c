#include "kanda_store_client.h"
#include "kanda_replay.h"


static ngx_int_t kanda_client_read_verdict(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_client_judge(kanda_store_t *st, const ngx_str_t *id,
    const kanda_judgement_t *j, const kanda_lockout_t *lockout)
{
    ngx_uint_t  nshared;

    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, lockout->text.data, lockout->text.len);
    nshared = st->nargs;

    kanda_store_arg(st, id->data, id->len);

    if (kanda_store_arg_judgement(st, j) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_share(st, KANDA_SCRIPT_JUDGE, nshared,
                             kanda_client_read_verdict, (void *) j);
}


ngx_int_t
kanda_store_arg_judgement(kanda_store_t *st, const kanda_judgement_t *j)
{
    static const ngx_str_t  modes[] = {
        ngx_string("code"), ngx_string("recovery"), ngx_string("malformed"),
        ngx_null_string, ngx_string("replayed")
    };

    const ngx_str_t  *mode;

    mode = &modes[j->submitted];
    kanda_store_arg(st, mode->data, mode->len);
    kanda_store_arg(st, j->version.data, j->version.len);

    if (j->match == KANDA_TOTP_NO_STEP) {
        kanda_store_arg(st, NULL, 0);

    } else if (kanda_store_arg_int(st, j->match) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kanda_store_arg_int(st, j->step) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, j->digest, sizeof(j->digest));
    kanda_store_arg(st, j->resealed.data, j->resealed.len);

    return NGX_OK;
}


static ngx_int_t
kanda_client_read_verdict(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    const kanda_judgement_t *j = target;

    /* a secret that changed in between is judged anew */

    if (st->status == KANDA_STATUS_STALE) {
        return NGX_OK;
    }

    /* what matched no step cannot have become valid, whoever says so */

    if (j->submitted != KANDA_SUBMITTED_RECOVERY
        && j->match == KANDA_TOTP_NO_STEP)
    {
        return NGX_ERROR;
    }

    if (n != 1 || kanda_store_proof(element[0], j) != NGX_OK) {
        return NGX_ERROR;
    }

    if (j->submitted == KANDA_SUBMITTED_CODE) {
        kanda_store_accepted(st, j->digest, j->match, j->good);
    }

    return NGX_OK;
}


void
kanda_store_accepted(kanda_store_t *st, const u_char *digest, int64_t step,
    int64_t seconds)
{
    if (kanda_replay_note(digest, step, seconds)) {
        st->status = KANDA_STATUS_REPLAYED;
        kanda_store_lost(st);
    }
}


ngx_int_t
kanda_store_proof(const redisReply *reply, const kanda_judgement_t *j)
{
    if (reply->type != REDIS_REPLY_STRING
        || (size_t) reply->len != sizeof(j->digest)
        || !kanda_equal(reply->str, j->digest, sizeof(j->digest)))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
