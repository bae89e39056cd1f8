#include "kanda_auth.h"
#include "kanda_text.h"


#define KANDA_PENDING_TTL  (10 * 60 * 1000)     /* ms */


static ngx_int_t kanda_auth_setup_prepare(kanda_request_t *kr);
static ngx_int_t kanda_auth_setup_send(kanda_request_t *kr);
static ngx_int_t kanda_auth_setup_answer(kanda_request_t *kr);
static ngx_str_t kanda_auth_issuer(const ngx_str_t *issuer);
static ngx_int_t kanda_auth_enrol_fields(kanda_request_t *kr);
static ngx_int_t kanda_auth_enrol_open(kanda_request_t *kr,
    kanda_code_t *code);


static const kanda_secret_form_t  kanda_auth_secret = {
    KANDA_OTPAUTH_AUTH,
    { NULL, "secret", "otpauthUrl", "qrCode", NULL }
};


ngx_int_t
kanda_auth_setup(kanda_request_t *kr)
{
    static const kanda_proof_form_t  form = {
        "token", 1, kanda_auth_setup_prepare, kanda_auth_setup_send,
        kanda_auth_setup_answer
    };

    return kanda_proof(kr, &form);
}


static ngx_int_t
kanda_auth_setup_prepare(kanda_request_t *kr)
{
    kanda_totp_t        *totp;
    kanda_auth_setup_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    totp->hash = KANDA_SHA1;
    totp->digits = 6;
    totp->period = 30;

    return kanda_secret_fresh(totp) == NGX_OK
           ? kanda_factor_seal(&kr->store, KANDA_FACTOR_PENDING, totp,
                               &s->sealed)
           : NGX_ERROR;
}


static ngx_int_t
kanda_auth_setup_send(kanda_request_t *kr)
{
    kanda_auth_setup_t  *s;

    s = kr->state;

    return kanda_factor_begin(&kr->store, &s->proof.proof, &s->sealed,
                              KANDA_PENDING_TTL);
}


static ngx_int_t
kanda_auth_setup_answer(kanda_request_t *kr)
{
    u_char              *label;
    ngx_str_t           *email;
    kanda_auth_setup_t  *s;

    s = kr->state;

    kanda_api_need(kanda_auth_proven(kr, KANDA_AUTH_CODE_REQUIRED));

    label = ngx_pnalloc(kr->request->pool, KANDA_LABEL_MAX);
    if (label == NULL) {
        return NGX_ERROR;
    }

    email = &s->proof.proof.email;

    s->show.label.data = label;
    s->show.label.len = kanda_utf8_scrub((char *) label, KANDA_LABEL_MAX,
                                         (char *) email->data, email->len);
    s->show.issuer = kanda_auth_issuer(&kr->conf->issuer);

    return kanda_secret_answer(kr, NGX_HTTP_OK, &kanda_auth_secret, NULL,
                               &s->show);
}


/* What an app shows: of a URL the host, for a ':' would end the name. */

static ngx_str_t
kanda_auth_issuer(const ngx_str_t *issuer)
{
    u_char      *p, *last;
    ngx_str_t    name;
    ngx_uint_t   url;

    p = issuer->data;
    last = issuer->data + issuer->len;

    while (p + 2 < last && ngx_memcmp(p, "://", 3) != 0) {
        p++;
    }

    url = (p + 2 < last);
    name.data = url ? p + 3 : issuer->data;

    for (p = name.data; p < last; p++) {
        if (*p == ':' || (*p == '/' && url)) {
            break;
        }
    }

    name.len = p - name.data;

    return name;
}


/* The secret that counts is the one that the server keeps; what the client says
 * it is only shows that it means the same. */

ngx_int_t
kanda_auth_verify_setup(kanda_request_t *kr)
{
    kanda_enrolment_t   *e;
    kanda_auth_enrol_t  *s;

    s = kr->state;
    e = &s->enrolment;

    kanda_begin(kr);

    kanda_api_need(kanda_auth_enrol_fields(kr));

    kanda_await(kr, kanda_factor_read(&kr->store, KANDA_FACTOR_PENDING,
                                      &s->code.secret));

    if (s->code.secret.known) {
        e->version = s->code.secret.secret.version;
    }

    if (s->code.judgement.submitted == KANDA_SUBMITTED_CODE
        && kanda_code_compare(kr, &s->code, kanda_auth_enrol_open) != NGX_OK)
    {
        kanda_stats_count(verdicts[KANDA_STATS_ACCOUNT]
                                  [KANDA_STATS_INTEGRITY]);
        return kanda_problem(kr, KANDA_INTEGRITY);
    }

    if (e->found == NULL) {
        e->found = (s->code.judgement.match == KANDA_TOTP_NO_STEP)
                   ? "wrong_code" : "right";
    }

    e->step = s->code.judgement.match;

    kanda_await(kr, kanda_factor_enable(&kr->store, e));

    kanda_code_count(kr, KANDA_STATS_ACCOUNT, &s->code.judgement);

    switch (kr->store.status) {

    case KANDA_STATUS_OK:
        return kanda_auth_done(kr);

    case KANDA_STATUS_WRONG:
        return kanda_auth_error(kr, KANDA_AUTH_WRONG_CODE);

    default:
        return kanda_auth_error(kr, KANDA_AUTH_SECRET_MISMATCH);
    }

    kanda_end(kr);
}


static ngx_int_t
kanda_auth_enrol_fields(kanda_request_t *kr)
{
    ngx_int_t            rc;
    kanda_auth_enrol_t  *s;

    s = kr->state;

    rc = kanda_field_need(kr, "secret", &s->secret);

    return rc == NGX_OK ? kanda_code_field(kr, "token", 0, &s->code) : rc;
}


static ngx_int_t
kanda_auth_enrol_open(kanda_request_t *kr, kanda_code_t *code)
{
    ngx_str_t            resealed;
    kanda_totp_t         said;
    kanda_totp_t        *totp;
    kanda_auth_enrol_t  *s;

    s = kr->state;
    totp = &code->secret.totp;

    if (kanda_factor_open(&kr->store, KANDA_FACTOR_PENDING, &code->secret,
                          &resealed)
        != NGX_OK
        || kanda_factor_seal(&kr->store, KANDA_FACTOR, totp,
                             &s->enrolment.secret)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kanda_secret_decode(&said, &s->secret) != NGX_OK
        || said.secret_len != totp->secret_len
        || !kanda_equal(said.secret, totp->secret, totp->secret_len))
    {
        s->enrolment.found = "secret_mismatch";
    }

    kanda_wipe(&said, sizeof(kanda_totp_t));

    return NGX_OK;
}
