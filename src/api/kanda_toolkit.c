#include "kanda_toolkit.h"


#define KANDA_TOOLKIT_PERIOD_MAX  120   /* seconds */
#define KANDA_TOOLKIT_ANSWER      128   /* bytes of a verdict */


static ngx_int_t kanda_toolkit_generate(kanda_request_t *kr);
static ngx_int_t kanda_toolkit_verify(kanda_request_t *kr);
static ngx_int_t kanda_toolkit_label(kanda_request_t *kr, const char *name,
    ngx_str_t *out, ngx_uint_t is_issuer);
static ngx_int_t kanda_toolkit_params(kanda_request_t *kr);
static ngx_int_t kanda_toolkit_window(kanda_request_t *kr, int64_t *window);
static ngx_int_t kanda_toolkit_bad(kanda_request_t *kr, const char *detail);


static const kanda_route_t  kanda_toolkit_routes[] = {

    { NGX_HTTP_GET, "totp-generate", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_QUERY,
      kanda_toolkit_generate, sizeof(kanda_stateless_t), 0 },

    { NGX_HTTP_POST, "totp-verify", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_JSON,
      kanda_toolkit_verify, sizeof(kanda_stateless_t), 0 }
};


const kanda_dialect_t  kanda_toolkit_dialect = {
    ngx_string("toolkit"),
    kanda_toolkit_routes,
    sizeof(kanda_toolkit_routes) / sizeof(kanda_toolkit_routes[0]),
    1,
    0,
    kanda_api_problem,
    0,
    NULL,
    0,
    NULL
};


static ngx_int_t
kanda_toolkit_generate(kanda_request_t *kr)
{
    static const kanda_secret_form_t  form = {
        KANDA_OTPAUTH_TOOLKIT,
        { NULL, "secret", "uri", "qr_code", "current_code" }
    };

    kanda_stateless_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_toolkit_label(kr, "issuer", &s->show.issuer, 1));
    kanda_api_need(kanda_toolkit_label(kr, "account_name", &s->show.label, 0));
    kanda_api_need(kanda_toolkit_params(kr));

    if (kanda_secret_fresh(&s->show.client.totp) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_stateless_log(&kr->store, "toolkit.generate", NULL));

    return kanda_secret_answer(kr, NGX_HTTP_OK, &form, NULL, &s->show);

    kanda_end(kr);
}


/* Drift says how far off the clock of the user is whose code this was. */

static ngx_int_t
kanda_toolkit_verify(kanda_request_t *kr)
{
    int64_t             window, drift;
    ngx_int_t           valid;
    ngx_str_t           secret;
    kanda_json_out_t    out;
    kanda_stateless_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_field_need(kr, "secret", &secret));
    kanda_api_need(kanda_field_need(kr, "code", &s->token));

    if (kanda_secret_decode(&s->show.client.totp, &secret) != NGX_OK) {
        return kanda_api_invalid(kr, "secret must be Base32 of 80 to 1024 "
                                 "bits.");
    }

    kanda_api_need(kanda_toolkit_window(kr, &window));
    kanda_api_need(kanda_toolkit_params(kr));

    if (kanda_stateless_match(kr, (ngx_uint_t) window) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_stateless_verify(kr, "toolkit.verify"));

    valid = kanda_stateless_verdict(kr);

    if (valid == NGX_ERROR) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    drift = valid ? (s->match - s->step) * s->show.client.totp.period : 0;

    if (kanda_json_begin(kr, &out, KANDA_TOOLKIT_ANSWER) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_bool(&out, "valid", valid == 1);
    kanda_json_int(&out, "drift", drift);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* These three: NGX_OK, or NGX_DECLINED with the problem answered, or
 * NGX_ERROR. */

static ngx_int_t
kanda_toolkit_label(kanda_request_t *kr, const char *name, ngx_str_t *out,
    ngx_uint_t is_issuer)
{
    ngx_int_t  rc;

    rc = kanda_field_need(kr, name, out);

    if (rc != NGX_OK || kanda_label_given(out, (int) is_issuer)) {
        return rc;
    }

    return kanda_toolkit_bad(kr, is_issuer
                                 ? "issuer must be 1 to 128 bytes of UTF-8 "
                                   "without ':' and control characters."
                                 : "account_name must be 1 to 128 bytes of "
                                   "UTF-8 without control characters.");
}


static ngx_int_t
kanda_toolkit_params(kanda_request_t *kr)
{
    int64_t        digits, period;
    ngx_int_t      rc;
    ngx_str_t      name;
    kanda_totp_t  *totp;

    totp = &((kanda_stateless_t *) kr->state)->show.client.totp;

    digits = 6;
    period = 30;
    totp->hash = KANDA_SHA1;

    if (kanda_field_int(kr, "digits", 6, 8, &digits) == NGX_ERROR
        || digits == 7)
    {
        return kanda_toolkit_bad(kr, "digits must be 6 or 8.");
    }

    if (kanda_field_int(kr, "period", KANDA_TOTP_PERIOD_MIN,
                        KANDA_TOOLKIT_PERIOD_MAX, &period)
        == NGX_ERROR)
    {
        return kanda_toolkit_bad(kr, "period must be a number of seconds from "
                                 "10 to 120.");
    }

    rc = kanda_field_string(kr, "algorithm", &name);

    if (rc == NGX_ERROR
        || (rc == NGX_OK
            && kanda_totp_hash_parse((char *) name.data, name.len, &totp->hash)
               != 0))
    {
        return kanda_toolkit_bad(kr, "algorithm must be SHA1, SHA256 or "
                                 "SHA512.");
    }

    totp->digits = (unsigned) digits;
    totp->period = (unsigned) period;

    return NGX_OK;
}


static ngx_int_t
kanda_toolkit_window(kanda_request_t *kr, int64_t *window)
{
    *window = 1;

    if (kanda_field_int(kr, "window", 0, KANDA_TOTP_WINDOW_MAX, window)
        == NGX_ERROR)
    {
        return kanda_toolkit_bad(kr, "window must be a number of steps from 0 "
                                 "to 10.");
    }

    return NGX_OK;
}


static ngx_int_t
kanda_toolkit_bad(kanda_request_t *kr, const char *detail)
{
    return kanda_api_invalid(kr, detail) == NGX_OK ? NGX_DECLINED : NGX_ERROR;
}
