#include "kanda_store_client.h"


static ngx_int_t kanda_client_read_verdict(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


ngx_int_t
kanda_client_judge(kanda_store_t *st, const ngx_str_t *id,
    const kanda_judgement_t *j, const kanda_lockout_t *lockout)
{
    static const ngx_str_t  modes[] = {
        ngx_string("code"), ngx_string("recovery"), ngx_string("malformed")
    };

    ngx_uint_t        nshared;
    const ngx_str_t  *mode;

    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, lockout->text.data, lockout->text.len);
    nshared = st->nargs;

    mode = &modes[j->submitted];
    kanda_store_arg(st, id->data, id->len);
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

    return kanda_store_share(st, KANDA_SCRIPT_JUDGE, nshared,
                             kanda_client_read_verdict, (void *) j);
}


static ngx_int_t
kanda_client_read_verdict(kanda_store_t *st, redisReply **element,
    ngx_uint_t n, void *target)
{
    const kanda_judgement_t *j = target;

    if (n != 1 || element[0]->type != REDIS_REPLY_STRING
        || (size_t) element[0]->len != sizeof(j->digest)
        || !kanda_equal(element[0]->str, j->digest, sizeof(j->digest)))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
