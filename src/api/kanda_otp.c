#include "kanda_otp.h"
#include "kanda_text.h"


#define KANDA_OTP_TOKEN   128           /* bytes of a token that is told back */
#define KANDA_OTP_VERDICT (2 * KANDA_OTP_TOKEN + 256)


static ngx_int_t kanda_otp_params(kanda_request_t *kr, const char *length);
static ngx_int_t kanda_otp_secret(kanda_request_t *kr, const ngx_str_t *text);
static ngx_int_t kanda_otp_codes(kanda_request_t *kr);
static void kanda_otp_times(kanda_request_t *kr, kanda_json_out_t *out);


ngx_int_t
kanda_otp_ping(kanda_request_t *kr)
{
    kanda_begin(kr);

    kanda_await(kr, kanda_store_authorize(&kr->store));

    return kanda_otp_pong(kr);

    kanda_end(kr);
}


ngx_int_t
kanda_otp_qrcode(kanda_request_t *kr)
{
    static const kanda_otp_field_t  fields[] = {
        { "data", "No Data provided to generate QR Code" }
    };

    ngx_str_t         *data;
    kanda_qr_image_t   image;

    data = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_otp_need(kr, fields, data, 1));

    if (data->len > KANDA_QR_DATA_MAX) {
        return kanda_api_invalid(kr, "data must be at most 2331 bytes");
    }

    kanda_await(kr, kanda_store_authorize(&kr->store));

    if (kanda_qr_png(data->data, data->len, &image) != 0) {
        return NGX_ERROR;
    }

    return kanda_image_answer(kr, "image/png", &image);

    kanda_end(kr);
}


ngx_int_t
kanda_otp_onboard(kanda_request_t *kr)
{
    static const kanda_otp_field_t  fields[] = {
        { "userID", "User ID is mandatory" },
        { "applicationID", "Application ID is mandatory" }
    };

    static const kanda_secret_form_t  form = {
        KANDA_OTPAUTH_OTP, { NULL, "secretKey", "otpURL", "QRCode", "token" }
    };

    ngx_str_t           values[2];
    kanda_stateless_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_otp_need(kr, fields, values, 2));

    s->show.label = values[0];
    s->show.issuer = values[1];

    if (!kanda_label_given(&s->show.label, 0)) {
        return kanda_api_invalid(kr, "userID must be at most 128 bytes of "
                                 "UTF-8 without control characters");
    }

    if (!kanda_label_given(&s->show.issuer, 1)) {
        return kanda_api_invalid(kr, "applicationID must be at most 128 bytes "
                                 "of UTF-8 without ':' and control "
                                 "characters");
    }

    kanda_api_need(kanda_otp_params(kr, "tokenLength"));

    if (kanda_secret_fresh(&s->show.client.totp) != NGX_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    kanda_await(kr, kanda_stateless_log(&kr->store, "otp.onboard", NULL));

    return kanda_secret_answer(kr, NGX_HTTP_OK, &form, NULL, &s->show);

    kanda_end(kr);
}


ngx_int_t
kanda_otp_get(kanda_request_t *kr)
{
    static const kanda_otp_field_t  fields[] = {
        { "secret", "secret cannot be empty" }
    };

    ngx_str_t  secret;

    kanda_begin(kr);

    kanda_api_need(kanda_otp_need(kr, fields, &secret, 1));
    kanda_api_need(kanda_otp_secret(kr, &secret));
    kanda_api_need(kanda_otp_params(kr, "tokenLength"));

    kanda_await(kr, kanda_stateless_log(&kr->store, "otp.get", NULL));

    return kanda_otp_codes(kr);

    kanda_end(kr);
}


/* The codes of now, of before and of next, as they are when they are sent. */

static ngx_int_t
kanda_otp_codes(kanda_request_t *kr)
{
    static const char  *names[] = { "previousToken", "currentToken",
                                    "nextToken" };

    char                codes[3][KANDA_TOTP_DIGITS_MAX];
    int64_t             i, step;
    kanda_totp_t       *totp;
    kanda_json_out_t    out;
    kanda_stateless_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    kr->now = ngx_time();
    step = kanda_totp_step(totp, kr->now);

    for (i = 0; i < 3; i++) {
        if (kanda_totp_code(totp, step + i - 1, codes[i]) != 0) {
            return NGX_ERROR;
        }
    }

    if (kanda_json_begin(kr, &out, KANDA_OTP_VERDICT) != NGX_OK
        || kanda_wipe_later(kr, out.start, KANDA_OTP_VERDICT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_str(&out, names[1], codes[1], totp->digits);
    kanda_otp_times(kr, &out);
    kanda_json_str(&out, names[0], codes[0], totp->digits);
    kanda_json_str(&out, names[2], codes[2], totp->digits);
    kanda_json_close(&out, '}');

    kanda_wipe(codes, sizeof(codes));

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


/* The token in the answer is the one that was submitted, so that a wrong guess
 * never learns the right code. */

ngx_int_t
kanda_otp_verify(kanda_request_t *kr)
{
    static const kanda_otp_field_t  fields[] = {
        { "token", "Token cannot be empty" },
        { "secret", "Secret cannot be empty" }
    };

    ngx_int_t           valid;
    ngx_str_t           values[2];
    kanda_json_out_t    out;
    kanda_stateless_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_otp_need(kr, fields, values, 2));

    s->token = values[0];

    if (s->token.len > KANDA_OTP_TOKEN
        || !kanda_utf8_clean((char *) s->token.data, s->token.len))
    {
        return kanda_api_invalid(kr, "token must be at most 128 bytes of "
                                 "UTF-8 without control characters");
    }

    kanda_api_need(kanda_otp_secret(kr, &values[1]));
    kanda_api_need(kanda_otp_params(kr, NULL));

    if (kanda_stateless_match(kr, kr->conf->window) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_await(kr, kanda_stateless_verify(kr, "otp.verify"));

    valid = kanda_stateless_verdict(kr);

    if (valid == NGX_ERROR) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_json_begin(kr, &out, KANDA_OTP_VERDICT) != NGX_OK
        || kanda_wipe_later(kr, out.start, KANDA_OTP_VERDICT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_bool(&out, "isValid", valid == 1);
    kanda_json_str(&out, "token", (char *) s->token.data, s->token.len);
    kanda_otp_times(kr, &out);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* Reads period and, where a field tells them, digits: NGX_OK, or NGX_DECLINED
 * with the problem answered. */

static ngx_int_t
kanda_otp_params(kanda_request_t *kr, const char *length)
{
    int64_t        digits, period;
    kanda_totp_t  *totp;

    digits = length ? 6 : 0;
    period = 30;

    if (kanda_field_int(kr, "tokenValidity", KANDA_TOTP_PERIOD_MIN,
                        KANDA_TOTP_PERIOD_MAX, &period)
        == NGX_ERROR)
    {
        (void) kanda_api_invalid(kr, "tokenValidity must be a number of "
                                 "seconds from 10 to 300");
        return NGX_DECLINED;
    }

    if (length && kanda_field_int(kr, length, KANDA_TOTP_DIGITS_MIN,
                                  KANDA_TOTP_DIGITS_MAX, &digits)
                  == NGX_ERROR)
    {
        (void) kanda_api_invalid(kr, "tokenLength must be a number from 6 to "
                                 "8");
        return NGX_DECLINED;
    }

    totp = &((kanda_stateless_t *) kr->state)->show.client.totp;
    totp->hash = KANDA_SHA1;
    totp->digits = (unsigned) digits;
    totp->period = (unsigned) period;

    return NGX_OK;
}


static ngx_int_t
kanda_otp_secret(kanda_request_t *kr, const ngx_str_t *text)
{
    kanda_stateless_t  *s;

    s = kr->state;

    if (kanda_secret_decode(&s->show.client.totp, text) != NGX_OK) {
        (void) kanda_api_invalid(kr, "secret must be Base32 of 80 to 1024 "
                                 "bits");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
kanda_otp_times(kanda_request_t *kr, kanda_json_out_t *out)
{
    int64_t             period;
    kanda_stateless_t  *s;

    s = kr->state;
    period = s->show.client.totp.period;

    kanda_json_int(out, "timeUsed", kr->now % period);
    kanda_json_int(out, "timeRemaining", period - kr->now % period);
}
