#include "kanda_api.h"
#include "kanda_base32.h"
#include "kanda_otpauth.h"
#include "kanda_qr.h"
#include "kanda_text.h"

#include <openssl/evp.h>


#define KANDA_ROTATE_TRIES  3


typedef enum {
    KANDA_PICTURE_JSON = 0,
    KANDA_PICTURE_PNG,
    KANDA_PICTURE_SVG
} kanda_picture_t;


static ngx_int_t kanda_secret_fields(kanda_request_t *kr);
static ngx_int_t kanda_secret_imported(kanda_request_t *kr);
static ngx_int_t kanda_secret_fresh(kanda_request_t *kr);
static ngx_int_t kanda_secret_answer(kanda_request_t *kr, ngx_uint_t status);
static ngx_int_t kanda_secret_picture(kanda_request_t *kr);
static size_t kanda_secret_uri(kanda_request_t *kr, char *uri);
static void kanda_secret_json_qr(kanda_json_out_t *out, char *url,
    const kanda_qr_image_t *image);
static kanda_picture_t kanda_secret_accepts(ngx_http_request_t *r);
static u_char *kanda_secret_find(const ngx_str_t *text, const char *what);


ngx_int_t
kanda_api_client_register(kanda_request_t *kr)
{
    kanda_api_client_t  *s;

    s = kr->state;

    kanda_begin(kr);

    kanda_api_need(kanda_secret_fields(kr));
    kanda_api_need(kanda_secret_imported(kr));

    if (s->show.client.totp.secret_len == 0
        && kanda_secret_fresh(kr) != NGX_OK)
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

    return kanda_secret_answer(kr, NGX_HTTP_CREATED);

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
        if (kanda_secret_fresh(kr) != NGX_OK
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

    return kanda_secret_answer(kr, NGX_HTTP_OK);

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
    int                  n;
    ngx_int_t            rc;
    ngx_str_t            text;
    kanda_totp_t        *totp;
    kanda_api_client_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    rc = kanda_field_string(kr, "secret", &text);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    n = (rc == NGX_OK) ? kanda_base32_decode(totp->secret,
                                             KANDA_TOTP_SECRET_MAX,
                                             (char *) text.data, text.len)
                       : -1;

    if (n < KANDA_TOTP_SECRET_MIN) {
        (void) kanda_api_invalid(kr, "secret must be Base32 of 80 to 1024 "
                                 "bits.");
        return NGX_DECLINED;
    }

    totp->secret_len = n;

    return NGX_OK;
}


static ngx_int_t
kanda_secret_fresh(kanda_request_t *kr)
{
    kanda_totp_t        *totp;
    kanda_api_client_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;

    totp->secret_len = kanda_totp_secret_length(totp->hash);

    return kanda_random(totp->secret, totp->secret_len) == 0 ? NGX_OK
                                                             : NGX_ERROR;
}


static size_t
kanda_secret_uri(kanda_request_t *kr, char *uri)
{
    kanda_client_show_t  *show;

    show = &((kanda_api_client_t *) kr->state)->show;

    return kanda_otpauth_uri(uri, KANDA_OTPAUTH_MAX, &show->client.totp,
                             (char *) show->label.data, show->label.len,
                             (char *) show->issuer.data, show->issuer.len,
                             KANDA_OTPAUTH_API);
}


static ngx_int_t
kanda_secret_answer(kanda_request_t *kr, ngx_uint_t status)
{
    char                 uri[KANDA_OTPAUTH_MAX], *url;
    char                 secret[kanda_base32_length(KANDA_TOTP_SECRET_MAX)];
    size_t               len, cap, secret_len;
    ngx_int_t            rc;
    kanda_totp_t        *totp;
    kanda_qr_image_t     image;
    kanda_json_out_t     out;
    kanda_api_client_t  *s;

    s = kr->state;
    totp = &s->show.client.totp;
    rc = NGX_ERROR;

    len = kanda_secret_uri(kr, uri);
    secret_len = kanda_base32_encode(secret, totp->secret, totp->secret_len);

    if (len == 0 || kanda_qr_png(uri, len, &image) != 0) {
        return NGX_ERROR;
    }

    cap = 1024 + KANDA_OTPAUTH_MAX + sizeof(secret) + image.len * 4 / 3;
    url = ngx_pnalloc(kr->request->pool, image.len * 4 / 3 + 64);

    if (url == NULL || kanda_json_begin(kr, &out, cap) != NGX_OK
        || kanda_wipe_later(kr, url, image.len * 4 / 3 + 64) != NGX_OK
        || kanda_wipe_later(kr, out.start, cap) != NGX_OK)
    {
        goto done;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "clientId", &s->id);
    kanda_json_str(&out, "secret", secret, secret_len);
    kanda_json_str(&out, "otpauthUrl", uri, len);
    kanda_secret_json_qr(&out, url, &image);
    kanda_json_close(&out, '}');

    rc = kanda_json_answer(kr, status, &out);

done:

    kanda_qr_free(&image);
    kanda_wipe(uri, sizeof(uri));
    kanda_wipe(secret, sizeof(secret));
    kanda_wipe(totp->secret, sizeof(totp->secret));

    return rc;
}


static ngx_int_t
kanda_secret_picture(kanda_request_t *kr)
{
    int                  drawn;
    char                 uri[KANDA_OTPAUTH_MAX], *url;
    size_t               len, cap;
    ngx_str_t            body;
    kanda_picture_t      picture;
    kanda_qr_image_t     image;
    kanda_json_out_t     out;
    kanda_api_client_t  *s;

    s = kr->state;
    picture = kanda_secret_accepts(kr->request);
    len = kanda_secret_uri(kr, uri);

    drawn = (len && picture == KANDA_PICTURE_SVG)
            ? kanda_qr_svg(uri, len, &image)
            : kanda_qr_png(uri, len, &image);

    kanda_wipe(uri, sizeof(uri));

    if (drawn != 0) {
        return NGX_ERROR;
    }

    cap = 1024 + image.len * 4 / 3;
    url = ngx_pnalloc(kr->request->pool, cap);

    if (url == NULL || kanda_wipe_later(kr, url, cap) != NGX_OK) {
        kanda_qr_free(&image);
        return NGX_ERROR;
    }

    if (picture != KANDA_PICTURE_JSON) {
        ngx_memcpy(url, image.data, image.len);
        body.data = (u_char *) url;
        body.len = image.len;
        kanda_qr_free(&image);

        return kanda_text_answer(kr, NGX_HTTP_OK,
                                 picture == KANDA_PICTURE_PNG
                                 ? "image/png" : "image/svg+xml", &body);
    }

    if (kanda_json_begin(kr, &out, cap) != NGX_OK
        || kanda_wipe_later(kr, out.start, cap) != NGX_OK)
    {
        kanda_qr_free(&image);
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "clientId", &s->id);
    kanda_secret_json_qr(&out, url, &image);
    kanda_json_close(&out, '}');

    kanda_qr_free(&image);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


/* A data URL; url is room for it. */

static void
kanda_secret_json_qr(kanda_json_out_t *out, char *url,
    const kanda_qr_image_t *image)
{
    static const char  head[] = "data:image/png;base64,";

    int    n;
    char  *p;

    p = (char *) ngx_cpymem(url, head, sizeof(head) - 1);
    n = EVP_EncodeBlock((unsigned char *) p, image->data, (int) image->len);

    kanda_json_str(out, "qrDataUrl", url, (size_t) (p - url + n));
}


/* JSON unless an image is asked for; of two images the first. */

static kanda_picture_t
kanda_secret_accepts(ngx_http_request_t *r)
{
    u_char           *png, *svg;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return KANDA_PICTURE_JSON;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == 6
            && ngx_strncasecmp(h[i].key.data, (u_char *) "accept", 6) == 0)
        {
            break;
        }
    }

    png = kanda_secret_find(&h[i].value, "image/png");
    svg = kanda_secret_find(&h[i].value, "image/svg+xml");

    if (kanda_secret_find(&h[i].value, "application/json")
        || (png == NULL && svg == NULL))
    {
        return KANDA_PICTURE_JSON;
    }

    return svg == NULL || (png && png < svg) ? KANDA_PICTURE_PNG
                                             : KANDA_PICTURE_SVG;
}


static u_char *
kanda_secret_find(const ngx_str_t *text, const char *what)
{
    return ngx_strlcasestrn(text->data, text->data + text->len,
                            (u_char *) what, ngx_strlen(what) - 1);
}
