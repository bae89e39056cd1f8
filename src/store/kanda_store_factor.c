#include "kanda_store_factor.h"


static ngx_int_t kanda_factor_prove(kanda_store_t *st,
    const kanda_proof_t *proof);
static ngx_int_t kanda_factor_read_proof(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);


static const struct {
    const char  *entity;
    const char  *kind;
} kanda_factor_places[] = {
    [KANDA_FACTOR] = { "factor", ":factor" },
    [KANDA_FACTOR_PENDING] = { "pending", ":pending" }
};


ngx_int_t
kanda_factor_read(kanda_store_t *st, kanda_factor_place_t place,
    kanda_client_t *factor)
{
    return kanda_secret_read(st, kanda_factor_places[place].kind, NULL, factor);
}


ngx_int_t
kanda_factor_seal(kanda_store_t *st, kanda_factor_place_t place,
    const kanda_totp_t *totp, kanda_client_secret_t *secret)
{
    return kanda_secret_seal(st, kanda_factor_places[place].entity, NULL, totp,
                             secret);
}


ngx_int_t
kanda_factor_open(kanda_store_t *st, kanda_factor_place_t place,
    kanda_client_t *factor, ngx_str_t *resealed)
{
    return kanda_secret_open(st, kanda_factor_places[place].entity, NULL,
                             factor, resealed);
}


ngx_int_t
kanda_factor_begin(kanda_store_t *st, kanda_proof_t *proof,
    const kanda_client_secret_t *secret, int64_t ms)
{
    if (kanda_factor_prove(st, proof) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, secret->sealed.data, secret->sealed.len);
    kanda_store_arg(st, secret->version.data, secret->version.len);

    if (kanda_store_arg_int(st, ms) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_BEGIN,
                            kanda_factor_read_proof, proof);
}


ngx_int_t
kanda_factor_verify(kanda_store_t *st, kanda_proof_t *proof, int64_t dead,
    const kanda_session_new_t *session)
{
    if (kanda_factor_prove(st, proof) != NGX_OK
        || kanda_store_arg_int(st, dead) != NGX_OK
        || kanda_store_arg_session(st, session) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_VERIFY,
                            kanda_factor_read_proof, proof);
}


ngx_int_t
kanda_factor_step_up(kanda_store_t *st, kanda_proof_t *proof)
{
    if (kanda_factor_prove(st, proof) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_STEP_UP,
                            kanda_factor_read_proof, proof);
}


ngx_int_t
kanda_factor_disable(kanda_store_t *st, kanda_proof_t *proof, int64_t dead)
{
    if (kanda_factor_prove(st, proof) != NGX_OK
        || kanda_store_arg_int(st, dead) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_DISABLE,
                            kanda_factor_read_proof, proof);
}


ngx_int_t
kanda_factor_recovery(kanda_store_t *st, kanda_proof_t *proof,
    const u_char *digests, ngx_uint_t n)
{
    if (kanda_factor_prove(st, proof) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg_digests(st, digests, n);

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_RECOVERY,
                            kanda_factor_read_proof, proof);
}


static ngx_int_t
kanda_factor_prove(kanda_store_t *st, const kanda_proof_t *proof)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, proof->lockout->account.data,
                    proof->lockout->account.len);

    return kanda_store_arg_judgement(st, proof->judgement);
}


static ngx_int_t
kanda_factor_read_proof(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_proof_t *proof = target;

    /* a secret that changed in between proves nothing */

    if (st->status == KANDA_STATUS_STALE) {
        return NGX_OK;
    }

    if (n != 2 || kanda_store_proof(element[0], proof->judgement) != NGX_OK) {
        return NGX_ERROR;
    }

    if (proof->judgement->submitted == KANDA_SUBMITTED_CODE) {
        kanda_store_accepted(st, proof->judgement->digest,
                             proof->judgement->match, proof->judgement->good);
    }

    return kanda_store_string(st, element[1], &proof->email);
}


ngx_int_t
kanda_factor_enable(kanda_store_t *st, const kanda_enrolment_t *e)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, e->version.data, e->version.len);
    kanda_store_arg(st, e->found, ngx_strlen(e->found));
    kanda_store_arg(st, e->secret.sealed.data, e->secret.sealed.len);
    kanda_store_arg(st, e->secret.version.data, e->secret.version.len);

    if (kanda_store_arg_int(st, e->step) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_FACTOR_ENABLE, NULL, NULL);
}
