#include "kanda_api.h"
#include "kanda_password.h"
#include "kanda_text.h"


ngx_int_t
kanda_login_email(kanda_request_t *kr, ngx_str_t *email)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = kanda_field_need(kr, "email", &text);

    return rc == NGX_OK ? kanda_login_canonical(kr, &text, email) : rc;
}


ngx_int_t
kanda_login_canonical(kanda_request_t *kr, const ngx_str_t *text,
    ngx_str_t *email)
{
    u_char  *p;

    p = ngx_pnalloc(kr->request->pool, text->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (kanda_email_canonical((char *) p, (char *) text->data, text->len)
        != 0)
    {
        (void) kanda_api_invalid(kr, "email must be an email address of at "
                                 "most 254 bytes.");
        return NGX_DECLINED;
    }

    email->data = p;
    email->len = text->len;

    return NGX_OK;
}


ngx_int_t
kanda_login_password(kanda_request_t *kr, const char *field,
    ngx_str_t *password)
{
    ngx_int_t  rc;

    rc = kanda_field_need(kr, field, password);

    if (rc == NGX_OK && password->len > KANDA_PASSWORD_BYTES) {
        (void) kanda_api_invalid(kr, "password is longer than any can be.");
        return NGX_DECLINED;
    }

    return rc;
}


ngx_int_t
kanda_login_new_password(kanda_request_t *kr, const char *field,
    const ngx_str_t *email, ngx_str_t *password)
{
    static const char  *details[] = {
        [KANDA_PASSWORD_SHORT] = "password must have at least 8 characters.",
        [KANDA_PASSWORD_LONG] = "password must have at most 128 characters.",
        [KANDA_PASSWORD_INVALID] = "password must be valid UTF-8.",
        [KANDA_PASSWORD_IS_EMAIL] = "password must not be the email."
    };

    ngx_int_t               rc;
    kanda_password_check_t  check;

    rc = kanda_field_need(kr, field, password);
    if (rc != NGX_OK) {
        return rc;
    }

    check = kanda_password_check((char *) password->data, password->len,
                                 (char *) email->data, email->len);

    if (check != KANDA_PASSWORD_OK) {
        (void) kanda_api_invalid(kr, details[check]);
        return NGX_DECLINED;
    }

    if (kanda_blocklist_has(kr->main->blocklist, password)) {
        (void) kanda_api_invalid(kr, "password is one of the most common.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}
