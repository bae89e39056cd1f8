#include "kanda_api.h"
#include "kanda_text.h"

#include <cjson/cJSON.h>


#define KANDA_APIKEY_NAME      128      /* bytes */
#define KANDA_APIKEY_REGIONS   16
#define KANDA_APIKEY_TRIES     3
#define KANDA_APIKEY_JSON      (2 * KANDA_APIKEY_NAME + 16 * 40 + 512)


static ngx_int_t kanda_apikeys_fields(kanda_request_t *kr,
    kanda_apikey_t *key);
static ngx_int_t kanda_apikeys_scopes(kanda_request_t *kr,
    kanda_apikey_t *key);
static ngx_int_t kanda_apikeys_regions(kanda_request_t *kr,
    kanda_apikey_t *key);
static void kanda_apikeys_write(kanda_json_out_t *out,
    const kanda_apikey_t *key, const char *text);


static const struct {
    const char  *name;
    ngx_uint_t   bit;
} kanda_apikeys_scope_names[] = {
    { "validate", KANDA_SCOPE_VALIDATE },
    { "clients", KANDA_SCOPE_CLIENTS },
    { "logs", KANDA_SCOPE_LOGS },
    { "keys", KANDA_SCOPE_KEYS },
    { "stateless", KANDA_SCOPE_STATELESS }
};

#define KANDA_SCOPE_NAMES                                                     \
    (sizeof(kanda_apikeys_scope_names) / sizeof(kanda_apikeys_scope_names[0]))


ngx_int_t
kanda_api_apikey_create(kanda_request_t *kr)
{
    kanda_apikey_t      *key;
    kanda_json_out_t     out;
    kanda_api_apikey_t  *s;

    s = kr->state;
    key = &s->key;

    kanda_begin(kr);

    kanda_api_need(kanda_apikeys_fields(kr, key));

    do {
        if (kanda_apikey_make((char *) kr->store.account.data, s->text,
                              s->digest)
            != 0)
        {
            return kanda_problem(kr, KANDA_UNAVAILABLE);
        }

        key->id.data = (u_char *) s->text + 4;
        key->id.len = KANDA_APIKEY_ID_LEN;
        key->prefix.data = (u_char *) s->text;
        key->prefix.len = KANDA_APIKEY_PREFIX;
        key->digest.data = s->digest;
        key->digest.len = sizeof(s->digest);

        kanda_await(kr, kanda_apikey_create(&kr->store, key));

    } while (kr->store.status == KANDA_STATUS_EXISTS
             && ++s->tries < KANDA_APIKEY_TRIES);

    if (kr->store.status == KANDA_STATUS_CLOSED) {
        return kanda_api_invalid(kr, "An account has at most 1000 API keys; "
                                 "revoke one.");
    }

    if (kr->store.status != KANDA_STATUS_OK) {
        return kanda_problem(kr, KANDA_UNAVAILABLE);
    }

    if (kanda_json_begin(kr, &out, KANDA_APIKEY_JSON) != NGX_OK
        || kanda_wipe_later(kr, out.start, KANDA_APIKEY_JSON) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_apikeys_write(&out, key, s->text);

    return kanda_json_answer(kr, NGX_HTTP_CREATED, &out);

    kanda_end(kr);
}


static ngx_int_t
kanda_apikeys_fields(kanda_request_t *kr, kanda_apikey_t *key)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = kanda_field_string(kr, "name", &key->name);

    if (rc == NGX_ERROR || key->name.len > KANDA_APIKEY_NAME
        || !kanda_utf8_clean((char *) key->name.data, key->name.len))
    {
        (void) kanda_api_invalid(kr, "name must be a string of at most 128 "
                                 "bytes without control characters.");
        return NGX_DECLINED;
    }

    rc = kanda_field_string(kr, "expiresAt", &text);

    if (rc == NGX_OK) {
        key->expires = kanda_time_parse((char *) text.data, text.len);
    }

    if (rc == NGX_ERROR
        || (rc == NGX_OK && key->expires / 1000 <= kr->now))
    {
        (void) kanda_api_invalid(kr, "expiresAt must be an RFC 3339 time in "
                                 "the future.");
        return NGX_DECLINED;
    }

    rc = kanda_apikeys_scopes(kr, key);

    return rc == NGX_OK ? kanda_apikeys_regions(kr, key) : rc;
}


static ngx_int_t
kanda_apikeys_scopes(kanda_request_t *kr, kanda_apikey_t *key)
{
    cJSON       *list, *item;
    ngx_uint_t   i;

    list = cJSON_GetObjectItemCaseSensitive(kr->json, "scopes");

    if (list == NULL || cJSON_IsNull(list)) {
        return NGX_OK;
    }

    cJSON_ArrayForEach(item, list) {

        for (i = 0; i < KANDA_SCOPE_NAMES; i++) {
            if (cJSON_IsString(item)
                && ngx_strcmp(item->valuestring,
                              kanda_apikeys_scope_names[i].name) == 0)
            {
                break;
            }
        }

        if (i == KANDA_SCOPE_NAMES
            || (key->scopes & kanda_apikeys_scope_names[i].bit))
        {
            key->scopes = 0;
            break;
        }

        key->scopes |= kanda_apikeys_scope_names[i].bit;
    }

    if (!cJSON_IsArray(list) || key->scopes == 0) {
        (void) kanda_api_invalid(kr, "scopes must be an array of \"validate\", "
                                 "\"clients\", \"logs\", \"keys\" or "
                                 "\"stateless\", each at most once.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
kanda_apikeys_regions(kanda_request_t *kr, kanda_apikey_t *key)
{
    u_char  *p;
    cJSON   *list, *item;
    size_t   n;

    list = cJSON_GetObjectItemCaseSensitive(kr->json, "regions");

    if (list == NULL || cJSON_IsNull(list)) {
        return NGX_OK;
    }

    p = ngx_pnalloc(kr->request->pool,
                    KANDA_APIKEY_REGIONS * (KANDA_REGION_MAX + 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    n = 0;
    key->regions.data = p;

    cJSON_ArrayForEach(item, list) {

        if (!cJSON_IsString(item) || n++ == KANDA_APIKEY_REGIONS
            || !kanda_region_valid(item->valuestring,
                                   ngx_strlen(item->valuestring)))
        {
            n = 0;
            break;
        }

        if (p != key->regions.data) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, item->valuestring, ngx_strlen(item->valuestring));
    }

    if (!cJSON_IsArray(list) || n == 0) {
        (void) kanda_api_invalid(kr, "regions must be an array of 1 to 16 "
                                 "names of [a-z0-9-], at most 32 bytes each.");
        return NGX_DECLINED;
    }

    key->regions.len = p - key->regions.data;

    return NGX_OK;
}


ngx_int_t
kanda_api_apikeys(kanda_request_t *kr)
{
    ngx_uint_t            i;
    kanda_json_out_t      out;
    kanda_apikey_page_t  *page;

    page = kr->state;

    kanda_begin(kr);

    kanda_await(kr, kanda_apikey_list(&kr->store, page));

    if (kanda_json_begin(kr, &out, 64 + page->n * KANDA_APIKEY_JSON)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_json_open(&out, "apiKeys", '[');

    for (i = 0; i < page->n; i++) {
        kanda_apikeys_write(&out, &page->keys[i], NULL);
    }

    kanda_json_close(&out, ']');
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}


/* With text the answer to its making, else a row of the list. */

static void
kanda_apikeys_write(kanda_json_out_t *out, const kanda_apikey_t *key,
    const char *text)
{
    u_char      *p, *last, *end;
    ngx_uint_t   i;

    kanda_json_open(out, NULL, '{');
    kanda_api_text(out, "id", &key->id);

    if (text) {
        kanda_json_str(out, "apiKey", text, KANDA_APIKEY_LEN);
    }

    kanda_api_text(out, "prefix", &key->prefix);
    kanda_api_text(out, "name", &key->name);
    kanda_json_open(out, "scopes", '[');

    for (i = 0; i < KANDA_SCOPE_NAMES; i++) {
        if (key->scopes & kanda_apikeys_scope_names[i].bit) {
            kanda_json_str(out, NULL, kanda_apikeys_scope_names[i].name,
                           ngx_strlen(kanda_apikeys_scope_names[i].name));
        }
    }

    kanda_json_close(out, ']');

    if (key->regions.len == 0) {
        kanda_json_null(out, "regions");

    } else {
        kanda_json_open(out, "regions", '[');
        last = key->regions.data + key->regions.len;

        for (p = key->regions.data; p < last; p = end + 1) {
            end = ngx_strlchr(p, last, ',');
            end = end ? end : last;
            kanda_json_str(out, NULL, (char *) p, end - p);
        }

        kanda_json_close(out, ']');
    }

    kanda_json_time(out, "createdAt", key->created);

    if (text == NULL) {
        kanda_json_time(out, "lastUsedAt", key->used);
    }

    kanda_json_time(out, "expiresAt", key->expires);
    kanda_json_close(out, '}');
}


ngx_int_t
kanda_api_apikey_revoke(kanda_request_t *kr)
{
    kanda_json_out_t  out;

    kanda_begin(kr);

    kanda_await(kr, kanda_apikey_revoke(&kr->store, &kr->segment));

    if (kr->store.status == KANDA_STATUS_UNKNOWN) {
        return kanda_problem(kr, KANDA_API_KEY_NOT_FOUND);
    }

    if (kanda_json_begin(kr, &out, KANDA_APIKEY_JSON) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_json_open(&out, NULL, '{');
    kanda_api_text(&out, "id", &kr->segment);
    kanda_json_bool(&out, "revoked", 1);
    kanda_json_close(&out, '}');

    return kanda_json_answer(kr, NGX_HTTP_OK, &out);

    kanda_end(kr);
}
