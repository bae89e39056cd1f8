#include "ngx_http_kanda.h"

#include <cjson/cJSON.h>


#define KANDA_FORM_NAME    15           /* letters of a name to repeat */
#define KANDA_FORM_DETAIL  64


static ngx_int_t kanda_body_json(kanda_request_t *kr);
static ngx_int_t kanda_body_lenient(kanda_request_t *kr);
static ngx_int_t kanda_body_form(kanda_request_t *kr);
static ngx_int_t kanda_body_query(kanda_request_t *kr);
static ngx_int_t kanda_body_fields(kanda_request_t *kr, const ngx_str_t *text);
static void kanda_body_bad_form(kanda_request_t *kr, const kanda_form_t *form,
    kanda_form_check_t check);
static ngx_uint_t kanda_body_is(ngx_http_request_t *r, const char *expected);
static void kanda_body_wipe(cJSON *item);
static ngx_uint_t kanda_body_is_utf8(u_char *p, u_char *last);


ngx_int_t
kanda_body_parse(kanda_request_t *kr)
{
    if (kr->too_large && kr->route->body != KANDA_BODY_LENIENT) {
        (void) kanda_problem(kr, KANDA_BODY_TOO_LARGE);
        return NGX_DECLINED;
    }

    if (kr->bad_body) {
        (void) kanda_problem_detail(kr, KANDA_INVALID_REQUEST,
                                    "The body is not sent as HTTP wants it.");
        return NGX_DECLINED;
    }

    switch (kr->route->body) {

    case KANDA_BODY_JSON:
    case KANDA_BODY_OPTIONAL:
        return kanda_body_json(kr);

    case KANDA_BODY_LENIENT:
        return kanda_body_lenient(kr);

    case KANDA_BODY_FORM:
        return kanda_body_form(kr);

    case KANDA_BODY_QUERY:
        return kanda_body_query(kr);

    default:
        return NGX_OK;
    }
}


static ngx_int_t
kanda_body_json(kanda_request_t *kr)
{
    kanda_json_check_t  check;

    if (!kanda_body_is(kr->request, "application/json")) {
        (void) kanda_problem(kr, KANDA_UNSUPPORTED_MEDIA_TYPE);
        return NGX_DECLINED;
    }

    if (kr->body.len == 0 && kr->route->body == KANDA_BODY_OPTIONAL) {
        return NGX_OK;
    }

    check = kanda_json_check((char *) kr->body.data, kr->body.len);

    if (check != KANDA_JSON_OK) {
        (void) kanda_problem_detail(kr, KANDA_INVALID_JSON,
                                    kanda_json_reason(check));
        return NGX_DECLINED;
    }

    kr->json = cJSON_ParseWithLength((char *) kr->body.data, kr->body.len);

    return kr->json ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_body_lenient(kanda_request_t *kr)
{
    if (kr->too_large
        || kanda_json_check((char *) kr->body.data, kr->body.len)
           != KANDA_JSON_OK)
    {
        return NGX_OK;
    }

    kr->json = cJSON_ParseWithLength((char *) kr->body.data, kr->body.len);

    return kr->json ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
kanda_body_form(kanda_request_t *kr)
{
    if (!kanda_body_is(kr->request, "application/x-www-form-urlencoded")) {
        (void) kanda_problem_detail(kr, KANDA_UNSUPPORTED_MEDIA_TYPE,
                                    "The body must be "
                                    "application/x-www-form-urlencoded in "
                                    "UTF-8.");
        return NGX_DECLINED;
    }

    return kanda_body_fields(kr, &kr->body);
}


static ngx_int_t
kanda_body_query(kanda_request_t *kr)
{
    ngx_str_t  text;

    text.len = kr->request->args.len;
    text.data = ngx_pstrdup(kr->request->pool, &kr->request->args);

    return text.data ? kanda_body_fields(kr, &text) : NGX_ERROR;
}


static ngx_int_t
kanda_body_fields(kanda_request_t *kr, const ngx_str_t *text)
{
    kanda_form_t        *form;
    kanda_form_check_t   check;

    form = ngx_palloc(kr->request->pool, sizeof(kanda_form_t));
    if (form == NULL) {
        return NGX_ERROR;
    }

    check = kanda_form_parse(form, (char *) text->data, text->len);

    if (check != KANDA_FORM_OK) {
        kanda_body_bad_form(kr, form, check);
        return NGX_DECLINED;
    }

    kr->form = form;

    return NGX_OK;
}


/* Names the field that came twice, unless it may be something to keep quiet
 * about: no secret is as short as this and has letters alone. */

static void
kanda_body_bad_form(kanda_request_t *kr, const kanda_form_t *form,
    kanda_form_check_t check)
{
    u_char                     detail[KANDA_FORM_DETAIL];
    size_t                     i, len;
    const char                *reason, *name;
    const kanda_form_field_t  *field;

    reason = kanda_form_reason(check);

    if (check == KANDA_FORM_TWICE) {
        field = &form->fields[form->n - 1];
        name = field->name;
        len = field->name_len;

        for (i = 0; i < len; i++) {
            if (name[i] != '_' && !((name[i] | 0x20) >= 'a'
                                    && (name[i] | 0x20) <= 'z'))
            {
                break;
            }
        }

        if (i == len && len > 0 && len <= KANDA_FORM_NAME) {
            (void) ngx_snprintf(detail, sizeof(detail), "%*s is given twice.%Z",
                                len, name);
            reason = (char *) detail;
        }
    }

    (void) kanda_problem_detail(kr, KANDA_INVALID_REQUEST, reason);
}


static ngx_uint_t
kanda_body_is(ngx_http_request_t *r, const char *expected)
{
    size_t      len;
    u_char     *p, *last, *semicolon;
    ngx_str_t   type;

    switch (kanda_header_find(r, "content-type", &type)) {

    case 0:
        return 1;

    case 1:
        break;

    default:
        return 0;
    }

    last = type.data + type.len;
    semicolon = ngx_strlchr(type.data, last, ';');
    p = semicolon ? semicolon : last;

    while (p > type.data && (p[-1] == ' ' || p[-1] == '\t')) {
        p--;
    }

    len = ngx_strlen(expected);

    if ((size_t) (p - type.data) != len
        || ngx_strncasecmp(type.data, (u_char *) expected, len) != 0)
    {
        return 0;
    }

    return semicolon == NULL || kanda_body_is_utf8(semicolon, last);
}


/* Parameters mean nothing to us, but another charset would. */

static ngx_uint_t
kanda_body_is_utf8(u_char *p, u_char *last)
{
    size_t   len;
    u_char  *value, *end;

    while (p < last) {
        p++;

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');

        if (end == NULL) {
            end = last;
        }

        if (end - p >= 8
            && ngx_strncasecmp(p, (u_char *) "charset=", 8) == 0)
        {
            value = p + 8;
            len = end - value;

            while (len && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
                len--;
            }

            if (len > 1 && value[0] == '"' && value[len - 1] == '"') {
                value++;
                len -= 2;
            }

            if (len != 5 || ngx_strncasecmp(value, (u_char *) "utf-8", 5) != 0)
            {
                return 0;
            }
        }

        p = end;
    }

    return 1;
}


void
kanda_body_forget(kanda_request_t *kr)
{
    if (kr->json) {
        kanda_body_wipe(kr->json);
        cJSON_Delete(kr->json);
        kr->json = NULL;
    }
}


static void
kanda_body_wipe(cJSON *item)
{
    for ( /* void */ ; item; item = item->next) {

        if (item->valuestring) {
            kanda_wipe(item->valuestring, ngx_strlen(item->valuestring));
        }

        if (item->child) {
            kanda_body_wipe(item->child);
        }
    }
}
