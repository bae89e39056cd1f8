#include "kanda_api.h"
#include "kanda_base32.h"

#include <openssl/evp.h>


typedef enum {
    KANDA_PICTURE_JSON = 0,
    KANDA_PICTURE_PNG,
    KANDA_PICTURE_SVG
} kanda_picture_t;


static size_t kanda_secret_uri(const kanda_client_show_t *show,
    kanda_otpauth_form_t form, char *uri);
static void kanda_secret_json_qr(kanda_json_out_t *out, const char *name,
    char *url, const kanda_qr_image_t *image);
static kanda_picture_t kanda_secret_accepts(ngx_http_request_t *r);
static u_char *kanda_secret_find(const ngx_str_t *text, const char *what);


ngx_int_t
kanda_secret_answer(kanda_request_t *kr, ngx_uint_t status,
    const kanda_secret_form_t *form, const ngx_str_t *id,
    kanda_client_show_t *show)
{
    char                 uri[KANDA_OTPAUTH_MAX], *url;
    char                 secret[kanda_base32_length(KANDA_TOTP_SECRET_MAX)];
    char                 code[KANDA_TOTP_DIGITS_MAX];
    size_t               len, cap, secret_len;
    ngx_int_t            rc;
    kanda_totp_t        *totp;
    kanda_qr_image_t     image;
    kanda_json_out_t     out;
    const char *const   *members;

    totp = &show->client.totp;
    members = form->members;
    rc = NGX_ERROR;

    len = kanda_secret_uri(show, form->uri, uri);
    secret_len = kanda_base32_encode(secret, totp->secret, totp->secret_len);

    ngx_memzero(&image, sizeof(kanda_qr_image_t));

    if (len == 0 || kanda_qr_png(uri, len, &image) != 0
        || (members[KANDA_SECRET_CODE]
            && kanda_totp_code(totp, kanda_totp_step(totp, ngx_time()), code)
               != 0))
    {
        goto done;
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

    if (members[KANDA_SECRET_ID]) {
        kanda_api_text(&out, members[KANDA_SECRET_ID], id);
    }

    kanda_json_str(&out, members[KANDA_SECRET_TEXT], secret, secret_len);
    kanda_json_str(&out, members[KANDA_SECRET_URI], uri, len);
    kanda_secret_json_qr(&out, members[KANDA_SECRET_PICTURE], url, &image);

    if (members[KANDA_SECRET_CODE]) {
        kanda_json_str(&out, members[KANDA_SECRET_CODE], code, totp->digits);
    }

    kanda_json_close(&out, '}');

    rc = kanda_json_answer(kr, status, &out);

done:

    kanda_qr_free(&image);
    kanda_wipe(uri, sizeof(uri));
    kanda_wipe(secret, sizeof(secret));
    kanda_wipe(code, sizeof(code));
    kanda_wipe(totp->secret, sizeof(totp->secret));

    return rc;
}


ngx_int_t
kanda_secret_picture(kanda_request_t *kr)
{
    int                  drawn;
    char                 uri[KANDA_OTPAUTH_MAX], *url;
    size_t               len, cap;
    kanda_picture_t      picture;
    kanda_qr_image_t     image;
    kanda_json_out_t     out;
    kanda_api_client_t  *s;

    s = kr->state;
    picture = kanda_secret_accepts(kr->request);
    len = kanda_secret_uri(&s->show, KANDA_OTPAUTH_API, uri);

    drawn = (len && picture == KANDA_PICTURE_SVG)
            ? kanda_qr_svg(uri, len, &image)
            : kanda_qr_png(uri, len, &image);

    kanda_wipe(uri, sizeof(uri));

    if (drawn != 0) {
        return NGX_ERROR;
    }

    if (picture != KANDA_PICTURE_JSON) {
        return kanda_image_answer(kr, picture == KANDA_PICTURE_PNG
                                      ? "image/png" : "image/svg+xml", &image);
    }

    cap = 1024 + image.len * 4 / 3;
    url = ngx_pnalloc(kr->request->pool, cap);

    if (url == NULL || kanda_json_begin(kr, &out, cap) != NGX_OK
        || kanda_wipe_later(kr, url, cap) != NGX_OK
        || kanda_wipe_later(kr, out.start, cap) != NGX_OK)
    {
        kanda_qr_free(&image);
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "clientId", &s->id);
    kanda_secret_json_qr(&out, "qrDataUrl", url, &image);
    kanda_json_close(&out, '}');

    kanda_qr_free(&image);

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);
}


ngx_int_t
kanda_image_answer(kanda_request_t *kr, const char *type,
    kanda_qr_image_t *image)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = NGX_ERROR;
    body.len = image->len;
    body.data = ngx_pnalloc(kr->request->pool, body.len);

    if (body.data && kanda_wipe_later(kr, body.data, body.len) == NGX_OK) {
        ngx_memcpy(body.data, image->data, image->len);
        rc = kanda_text_answer(kr, NGX_HTTP_OK, type, &body);
    }

    kanda_qr_free(image);

    return rc;
}


static size_t
kanda_secret_uri(const kanda_client_show_t *show, kanda_otpauth_form_t form,
    char *uri)
{
    return kanda_otpauth_uri(uri, KANDA_OTPAUTH_MAX, &show->client.totp,
                             (char *) show->label.data, show->label.len,
                             (char *) show->issuer.data, show->issuer.len,
                             form);
}


/* A data URL; url is room for it. */

static void
kanda_secret_json_qr(kanda_json_out_t *out, const char *name, char *url,
    const kanda_qr_image_t *image)
{
    static const char  head[] = "data:image/png;base64,";

    int    n;
    char  *p;

    p = (char *) ngx_cpymem(url, head, sizeof(head) - 1);
    n = EVP_EncodeBlock((unsigned char *) p, image->data, (int) image->len);

    kanda_json_str(out, name, url, (size_t) (p - url + n));
}


/* JSON unless an image is asked for; of two images the first. */

static kanda_picture_t
kanda_secret_accepts(ngx_http_request_t *r)
{
    u_char     *png, *svg;
    ngx_str_t   accept;

    if (kanda_header_find(r, "accept", &accept) == 0) {
        return KANDA_PICTURE_JSON;
    }

    png = kanda_secret_find(&accept, "image/png");
    svg = kanda_secret_find(&accept, "image/svg+xml");

    if (kanda_secret_find(&accept, "application/json")
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
