#include "kanda_otp.h"


#define KANDA_OTP_ANSWER  1024          /* bytes of a message in JSON */
#define KANDA_OTP_TEXT    640           /* with a service's name in it */


static void kanda_otp_message(kanda_json_out_t *out, const char *type,
    const char *text, size_t len);


static const kanda_route_t  kanda_otp_routes[] = {

    { NGX_HTTP_GET, "ping", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_NONE,
      kanda_otp_ping, 0, 0 },

    { NGX_HTTP_POST, "generateQRCode", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_FORM,
      kanda_otp_qrcode, sizeof(ngx_str_t), 0 },

    { NGX_HTTP_POST, "onboardUser", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_FORM,
      kanda_otp_onboard, sizeof(kanda_stateless_t), 0 },

    { NGX_HTTP_POST, "getOTP", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_FORM,
      kanda_otp_get, sizeof(kanda_stateless_t), 0 },

    { NGX_HTTP_POST, "verifyOTP", KANDA_AUTH_CALLER,
      KANDA_SCOPE_STATELESS, KANDA_BODY_FORM,
      kanda_otp_verify, sizeof(kanda_stateless_t), 0 }
};


/* The document's words.  Its address stays whatever the service is called:
 * whose "documentation.<name>.io" would be is not for us to say. */

static const char  kanda_otp_unsupported[] =
    "Unsupported API request. Please refer to %V documentation for more "
    "details documentation.renda.io";

static const char  kanda_otp_forbidden[] =
    "Please check the following: 1) An *active* %V.io subscription 2) API "
    "being invoked must be *Subscribed* in %V developer portal 3) A valid *API "
    "Key* must be passed in 'x-api-key' request header parameter. Please refer "
    "to %V documentation for more details - https://documentation.renda.io";


/* A 400 is a list of all that is wrong, everything else one object; and what
 * the caller may not do or nobody can is forbidden alike. */

static ngx_int_t
kanda_otp_problem(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail)
{
    u_char             text[KANDA_OTP_TEXT], *p, *last;
    ngx_str_t         *name;
    ngx_uint_t         status;
    kanda_json_out_t   out;

    name = &kr->conf->service_name;
    status = NGX_HTTP_FORBIDDEN;
    last = text + sizeof(text);

    switch (problem) {

    case KANDA_NOT_FOUND:
    case KANDA_METHOD_NOT_ALLOWED:
        ngx_str_null(&kr->answer.allow);
        p = ngx_slprintf(text, last, kanda_otp_unsupported, name);
        break;

    case KANDA_UNAUTHORIZED:
    case KANDA_INSUFFICIENT_SCOPE:
        p = ngx_slprintf(text, last, kanda_otp_forbidden, name, name, name);
        break;

    default:
        status = kanda_problem_info(problem)->status;
        p = ngx_slprintf(text, last, "%s", detail);
    }

    if (kanda_json_begin(kr, &out, KANDA_OTP_ANSWER) != NGX_OK) {
        return NGX_ERROR;
    }

    if (status != NGX_HTTP_BAD_REQUEST) {
        kanda_otp_message(&out, NULL, (char *) text, p - text);
        return kanda_json_answer(kr, status, &out);
    }

    kanda_json_open(&out, NULL, '[');
    kanda_otp_message(&out, "Error", (char *) text, p - text);
    kanda_json_close(&out, ']');

    return kanda_json_answer(kr, status, &out);
}


const kanda_dialect_t  kanda_otp_dialect = {
    ngx_string("otp"),
    kanda_otp_routes,
    sizeof(kanda_otp_routes) / sizeof(kanda_otp_routes[0]),
    0,
    0,
    kanda_otp_problem,
    0,
    NULL,
    0,
    NULL
};


ngx_int_t
kanda_otp_need(kanda_request_t *kr, const kanda_otp_field_t *fields,
    ngx_str_t *values, ngx_uint_t n)
{
    ngx_uint_t        i, missing;
    kanda_json_out_t  out;

    missing = 0;

    for (i = 0; i < n; i++) {
        (void) kanda_field_string(kr, fields[i].name, &values[i]);
        missing += (values[i].len == 0);
    }

    if (missing == 0) {
        return NGX_OK;
    }

    if (kanda_json_begin(kr, &out, KANDA_OTP_ANSWER) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '[');

    for (i = 0; i < n; i++) {
        if (values[i].len == 0) {
            kanda_otp_message(&out, "Error", fields[i].missing,
                              ngx_strlen(fields[i].missing));
        }
    }

    kanda_json_close(&out, ']');

    return kanda_json_answer(kr, NGX_HTTP_BAD_REQUEST, &out) == NGX_OK
           ? NGX_DECLINED : NGX_ERROR;
}


ngx_int_t
kanda_otp_pong(kanda_request_t *kr)
{
    u_char             text[KANDA_OTP_TEXT], *p;
    kanda_json_out_t   out;

    p = ngx_snprintf(text, sizeof(text), "%V.io ping successful",
                     &kr->conf->service_name);

    if (kanda_json_begin(kr, &out, KANDA_OTP_ANSWER) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '[');
    kanda_otp_message(&out, "Success", (char *) text, p - text);
    kanda_json_close(&out, ']');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


static void
kanda_otp_message(kanda_json_out_t *out, const char *type, const char *text,
    size_t len)
{
    kanda_json_open(out, NULL, '{');

    if (type) {
        kanda_json_str(out, "type", type, ngx_strlen(type));
    }

    kanda_json_str(out, "message", text, len);
    kanda_json_close(out, '}');
}
