#include "ngx_http_kanda.h"
#include "kanda_text.h"

#include <cjson/cJSON.h>


#define KANDA_DETAIL_MAX  192


static ngx_int_t kanda_field_form(kanda_request_t *kr, const char *name,
    ngx_str_t *out);
static ngx_int_t kanda_field_digits(kanda_request_t *kr, const char *name,
    int64_t min, int64_t max, int64_t *out);
static ngx_int_t kanda_field_bad(kanda_request_t *kr, const char *format,
    const char *name);


ngx_int_t
kanda_field_string(kanda_request_t *kr, const char *name, ngx_str_t *out)
{
    cJSON  *item;

    ngx_str_null(out);

    if (kr->form) {
        return kanda_field_form(kr, name, out);
    }

    item = cJSON_GetObjectItemCaseSensitive(kr->json, name);

    if (item == NULL || cJSON_IsNull(item)) {
        return NGX_DECLINED;
    }

    if (!cJSON_IsString(item)) {
        return NGX_ERROR;
    }

    out->data = (u_char *) item->valuestring;
    out->len = ngx_strlen(item->valuestring);

    return NGX_OK;
}


ngx_int_t
kanda_field_int(kanda_request_t *kr, const char *name, int64_t min,
    int64_t max, int64_t *out)
{
    cJSON  *item;

    if (kr->form) {
        return kanda_field_digits(kr, name, min, max, out);
    }

    item = cJSON_GetObjectItemCaseSensitive(kr->json, name);

    if (item == NULL || cJSON_IsNull(item)) {
        return NGX_DECLINED;
    }

    if (!cJSON_IsNumber(item)
        || !(item->valuedouble >= (double) min
             && item->valuedouble <= (double) max)
        || (double) (int64_t) item->valuedouble != item->valuedouble)
    {
        return NGX_ERROR;
    }

    *out = (int64_t) item->valuedouble;

    return NGX_OK;
}


static ngx_int_t
kanda_field_form(kanda_request_t *kr, const char *name, ngx_str_t *out)
{
    const kanda_form_field_t  *field;

    field = kanda_form_find(kr->form, name, ngx_strlen(name));

    if (field == NULL) {
        return NGX_DECLINED;
    }

    out->data = (u_char *) field->value;
    out->len = field->value_len;

    return NGX_OK;
}


static ngx_int_t
kanda_field_digits(kanda_request_t *kr, const char *name, int64_t min,
    int64_t max, int64_t *out)
{
    ngx_int_t  n;
    ngx_str_t  text;

    if (kanda_field_form(kr, name, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR || n < min || n > max) {
        return NGX_ERROR;
    }

    *out = n;

    return NGX_OK;
}


ngx_int_t
kanda_field_need(kanda_request_t *kr, const char *name, ngx_str_t *out)
{
    switch (kanda_field_string(kr, name, out)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        return kanda_field_bad(kr, "%s is missing.%Z", name);

    default:
        return kanda_field_bad(kr, "%s must be a string.%Z", name);
    }
}


ngx_int_t
kanda_field_client(kanda_request_t *kr, ngx_str_t *out)
{
    ngx_int_t  rc;

    rc = kanda_field_need(kr, "clientId", out);

    if (rc == NGX_OK && !kanda_client_id_valid((char *) out->data, out->len)) {
        return kanda_field_bad(kr, "%s must be 1 to 128 bytes without control "
                               "characters, and not \".\" or \"..\".%Z",
                               "clientId");
    }

    return rc;
}


static ngx_int_t
kanda_field_bad(kanda_request_t *kr, const char *format, const char *name)
{
    u_char  detail[KANDA_DETAIL_MAX];

    (void) ngx_snprintf(detail, sizeof(detail), format, name);

    if (kanda_problem_detail(kr, KANDA_INVALID_REQUEST, (char *) detail)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


ngx_uint_t
kanda_header_find(ngx_http_request_t *r, const char *name, ngx_str_t *value)
{
    ngx_uint_t             found;
    ngx_table_elt_t       *h;
    kanda_header_place_t   place;

    found = 0;
    ngx_memzero(&place, sizeof(kanda_header_place_t));

    for ( ;; ) {
        h = kanda_header_next(r, name, &place);

        if (h == NULL) {
            return found;
        }

        if (found++ == 0) {
            *value = h->value;
        }
    }
}


ngx_table_elt_t *
kanda_header_next(ngx_http_request_t *r, const char *name,
    kanda_header_place_t *place)
{
    size_t            len;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    if (place->part == NULL) {
        place->part = &r->headers_in.headers.part;
    }

    for ( ;; ) {

        if (place->i >= place->part->nelts) {
            if (place->part->next == NULL) {
                return NULL;
            }

            place->part = place->part->next;
            place->i = 0;
            continue;
        }

        h = place->part->elts;
        h += place->i++;

        if (h->key.len == len
            && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0)
        {
            return h;
        }
    }
}


ngx_int_t
kanda_query_text(kanda_request_t *kr, const char *name, ngx_str_t *out)
{
    u_char     *p, *last, *end, *equals;
    int         n;
    size_t      len;
    ngx_int_t   rc;

    rc = NGX_DECLINED;
    len = ngx_strlen(name);
    p = kr->request->args.data;
    last = p + kr->request->args.len;

    ngx_str_null(out);

    while (p < last) {
        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        equals = ngx_strlchr(p, end, '=');

        if (equals == NULL) {
            equals = end;
        }

        if ((size_t) (equals - p) == len && ngx_memcmp(p, name, len) == 0) {

            if (rc == NGX_OK) {
                return NGX_ERROR;
            }

            rc = NGX_OK;
            out->data = ngx_min(equals + 1, end);
            out->len = end - out->data;
        }

        p = end + 1;
    }

    if (rc != NGX_OK || out->len == 0) {
        return rc;
    }

    p = ngx_pnalloc(kr->request->pool, out->len);
    n = p ? kanda_segment_decode((char *) p, (char *) out->data, out->len)
          : -1;

    out->data = p;
    out->len = n;

    return n < 0 ? NGX_ERROR : NGX_OK;
}


ngx_int_t
kanda_query_int(kanda_request_t *kr, const char *name, ngx_int_t min,
    ngx_int_t max, ngx_int_t otherwise, ngx_uint_t *out)
{
    u_char     detail[KANDA_DETAIL_MAX];
    ngx_int_t  n, rc;
    ngx_str_t  text;

    rc = kanda_query_text(kr, name, &text);

    if (rc == NGX_DECLINED) {
        *out = otherwise;
        return NGX_OK;
    }

    n = (rc == NGX_OK) ? ngx_atoi(text.data, text.len) : NGX_ERROR;

    if (n == NGX_ERROR || n < min || n > max) {
        (void) ngx_snprintf(detail, sizeof(detail),
                            "%s must be given once, a number from %i to "
                            "%i.%Z", name, min, max);

        if (kanda_problem_detail(kr, KANDA_INVALID_REQUEST, (char *) detail)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return NGX_DECLINED;
    }

    *out = n;

    return NGX_OK;
}
