#include "kanda_api.h"
#include "kanda_base32.h"


#define KANDA_ROTATE_TRIES  3


static ngx_int_t kanda_secret_fields(kanda_request_t *kr);
static ngx_int_t kanda_secret_imported(kanda_request_t *kr);


static const kanda_secret_form_t  kanda_secret_members = {
    KANDA_OTPAUTH_API,
    { "clientId", "secret", "otpauthUrl", "qrDataUrl", NULL }
};


ngx_int_t
kanda_api_client_register(kanda_request_t *kr)
{
    kanda_api_client_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_secret_fields(kr));
    kanda_api_need(kanda_secret_imported(kr));

    if (s->show.client.totp.secret_len == 0
        && kanda_secret_fresh(&s->show.client.totp) != NGX_OK)
    {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_client_seal(&kr->store, &s->id, &s->show.client.totp, &s->sealed)
        != NGX_OK)
    {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_client_create(&kr->store, &s->id, &s->sealed,
                                        &s->show.client.totp, &s->show.label,
                                        &s->show.issuer));

    if (kr->store.status == KANDA_STATUS_EXISTS) {
        return kanda_problem(kr, KANDA_CLIENT_EXISTS);
    }

    return kanda_secret_answer(kr, NGX_HTTP_CREATED, &kanda_secret_members,
                               &s->id, &s->show);

    kanda_end(kr);
}


/* Most clients use SHA1, so a secret is made for that before the client is
 * known; the script says when it ought to be another. */

ngx_int_t
kanda_api_client_rotate(kanda_request_t *kr)
{
    kanda_api_client_t  *s;

    s = kr->state;

    kanda_begin(kr);

    s->id = kr->segment;

    do {
        if (kanda_secret_fresh(&s->show.client.totp) != NGX_OK
            || kanda_client_seal(&kr->store, &s->id, &s->show.client.totp,
                                 &s->sealed)
               != NGX_OK)
        {
            return kanda_problem(kr, KANDA_UNAVAILABLE);
        }

        kanda_await(kr, kanda_client_rotate(&kr->store, &s->id, &s->sealed,
                                            &s->show));

    } while (kr->store.status == KANDA_STATUS_STALE
             && ++s->tries < KANDA_ROTATE_TRIES);

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);
    }

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    return kanda_secret_answer(kr, NGX_HTTP_OK, &kanda_secret_members, &s->id,
                               &s->show);

    kanda_end(kr);
}


ngx_int_t
kanda_api_client_qrcode(kanda_request_t *kr)
{
    ngx_str_t            resealed;
    kanda_api_client_t  *s;

    s = kr->state;

    kanda_begin(kr);

    s->id = kr->segment;

    kanda_await(kr, kanda_client_show(&kr->store, &s->id, &kr->conf->qrcode,
                                      &s->show));

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_CLIENT_NOT_FOUND);
    }

    if (kr->store.status == KANDA_STATUS_CLOSED) {
        return kanda_problem(kr, KANDA_QRCODE_CLOSED);
    }

    if (kanda_client_open(&kr->store, &s->id, &s->show.client, &resealed)
        != NGX_OK)
    {
        return kanda_problem(kr, KANDA_INTEGRITY);
    }

    return kanda_secret_picture(kr);

    kanda_end(kr);
}


static ngx_int_t
kanda_secret_fields(kanda_request_t *kr)
{
    int64_t              digits, period;
    ngx_int_t            rc;
    ngx_str_t            name;
    kanda_totp_t        *totp;
    kanda_api_client_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    rc = kanda_field_client(kr, &s->id);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = kanda_field_string(kr, "label", &s->show.label);

    if (rc == NGX_DECLINED) {
        s->show.label = s->id;

    } else if (rc == NGX_ERROR
               || !kanda_otpauth_label_valid((char *) s->show.label.data,
                                             s->show.label.len, 0))
    {
        (void) kanda_api_invalid(kr, "label must be a string of 1 to 128 "
                                 "bytes without control characters.");
        return NGX_DECLINED;
    }

    rc = kanda_field_string(kr, "issuer", &s->show.issuer);

    if (rc == NGX_ERROR
        || !kanda_otpauth_label_valid((char *) s->show.issuer.data,
                                      s->show.issuer.len, 1))
    {
        (void) kanda_api_invalid(kr, "issuer must be a string of at most 128 "
                                 "bytes without ':' and control characters.");
        return NGX_DECLINED;
    }

    totp->hash = KANDA_SHA1;
    rc = kanda_field_string(kr, "algorithm", &name);

    if (rc == NGX_ERROR
        || (rc == NGX_OK
            && kanda_totp_hash_parse((char *) name.data, name.len, &totp->hash)
               != 0))
    {
        (void) kanda_api_invalid(kr, "algorithm must be \"SHA1\", \"SHA256\" "
                                 "or \"SHA512\".");
        return NGX_DECLINED;
    }

    digits = 6;
    period = 30;

    if (kanda_field_int(kr, "digits", KANDA_TOTP_DIGITS_MIN,
                        KANDA_TOTP_DIGITS_MAX, &digits)
        == NGX_ERROR)
    {
        (void) kanda_api_invalid(kr, "digits must be a number from 6 to 8.");
        return NGX_DECLINED;
    }

    if (kanda_field_int(kr, "period", KANDA_TOTP_PERIOD_MIN,
                        KANDA_TOTP_PERIOD_MAX, &period)
        == NGX_ERROR)
    {
        (void) kanda_api_invalid(kr, "period must be a number of seconds from "
                                 "10 to 300.");
        return NGX_DECLINED;
    }

    totp->digits = (unsigned) digits;
    totp->period = (unsigned) period;

    return NGX_OK;
}


static ngx_int_t
kanda_secret_imported(kanda_request_t *kr)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    kanda_api_client_t  *s;

    s = kr->state;

    rc = kanda_field_string(kr, "secret", &text);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR
        || kanda_secret_decode(&s->show.client.totp, &text) != NGX_OK)
    {
        (void) kanda_api_invalid(kr, "secret must be Base32 of 80 to 1024 "
                                 "bits.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
kanda_secret_decode(kanda_totp_t *totp, const ngx_str_t *text)
{
    int      n;
    size_t   len;
    u_char  *p;

    p = text->data;
    len = text->len;

    while (len && *p == ' ') {
        p++;
        len--;
    }

    while (len && p[len - 1] == ' ') {
        len--;
    }

    n = kanda_base32_decode(totp->secret, KANDA_TOTP_SECRET_MAX, (char *) p,
                            len);

    if (n < KANDA_TOTP_SECRET_MIN) {
        return NGX_ERROR;
    }

    totp->secret_len = n;

    return NGX_OK;
}


ngx_int_t
kanda_secret_fresh(kanda_totp_t *totp)
{
    totp->secret_len = kanda_totp_secret_length(totp->hash);

    return kanda_random(totp->secret, totp->secret_len) == 0 ? NGX_OK
                                                             : NGX_ERROR;
}
