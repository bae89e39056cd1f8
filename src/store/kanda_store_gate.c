#include "kanda_store_gate.h"
#include "kanda_text.h"


#define KANDA_GATE_FIELDS  4            /* o, l, f and m of a session */


static ngx_int_t kanda_gate_read_reply(void *out, const redisReply *reply);
static ngx_int_t kanda_gate_read_touched(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_gate_read_token(kanda_store_t *st,
    redisReply **element, ngx_uint_t n, void *target);
static ngx_int_t kanda_gate_parse(kanda_store_t *st, redisReply **element,
    kanda_gate_info_t *info);
static ngx_uint_t kanda_gate_clean(const ngx_str_t *email);
static ngx_int_t kanda_gate_factor(kanda_store_t *st,
    const redisReply *shown, const redisReply *method,
    kanda_gate_info_t *info);
static u_char *kanda_gate_number(u_char *p, u_char *last, int64_t *n);
static int64_t kanda_gate_time(const redisReply *reply);


ngx_int_t
kanda_gate_read(kanda_store_t *st, kanda_gate_info_t *info)
{
    return kanda_store_fields(st, ":session:", &st->sid, "olfm",
                              kanda_gate_read_reply, info);
}


static ngx_int_t
kanda_gate_read_reply(void *out, const redisReply *reply)
{
    kanda_store_t *st = out;

    if (reply->type != REDIS_REPLY_ARRAY
        || reply->elements != KANDA_GATE_FIELDS)
    {
        return NGX_ERROR;
    }

    if (reply->element[0]->type == REDIS_REPLY_NIL) {
        st->status = KANDA_STATUS_CLOSED;
        return NGX_OK;
    }

    return kanda_gate_parse(st, reply->element, st->target);
}


ngx_int_t
kanda_gate_touch(kanda_store_t *st, kanda_gate_info_t *info)
{
    st->kind = KANDA_CALLER_SESSION;

    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_GATE_TOUCH,
                            kanda_gate_read_touched, info);
}


static ngx_int_t
kanda_gate_read_touched(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_gate_info_t *info = target;

    if (n != KANDA_GATE_FIELDS + 1) {
        return NGX_ERROR;
    }

    info->now = kanda_gate_time(element[KANDA_GATE_FIELDS]);

    return info->now ? kanda_gate_parse(st, element, info) : NGX_ERROR;
}


/* A session's fields o, l, f and m. */

static ngx_int_t
kanda_gate_parse(kanda_store_t *st, redisReply **element,
    kanda_gate_info_t *info)
{
    u_char     *p, *last;
    ngx_str_t   opened;

    if (kanda_store_string(st, element[0], &opened) != NGX_OK) {
        return NGX_ERROR;
    }

    last = opened.data + opened.len;
    p = kanda_gate_number(opened.data, last, &info->created);
    p = kanda_gate_number(p, last, &info->ends);
    p = kanda_gate_number(p, last, &info->idle);

    if (p == NULL) {
        return NGX_ERROR;
    }

    info->email.data = p;
    info->email.len = last - p;
    info->seen = kanda_gate_time(element[1]);

    return info->seen && kanda_gate_clean(&info->email)
           ? kanda_gate_factor(st, element[2], element[3], info) : NGX_ERROR;
}


/* What goes into headers is looked at here: Redis may be wrong, too. */

static ngx_uint_t
kanda_gate_clean(const ngx_str_t *email)
{
    return kanda_utf8_clean((char *) email->data, email->len);
}


/* A factor that has no name, or that is yet to come, is none. */

static ngx_int_t
kanda_gate_factor(kanda_store_t *st, const redisReply *shown,
    const redisReply *method, kanda_gate_info_t *info)
{
    ngx_str_t  name;

    if (kanda_store_string(st, method, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    info->factor = kanda_gate_time(shown);
    info->recovery = (name.len == 8
                      && ngx_memcmp(name.data, "recovery", 8) == 0);

    if (!info->recovery
        && !(name.len == 4 && ngx_memcmp(name.data, "code", 4) == 0))
    {
        info->factor = 0;
    }

    if (info->factor > info->now + KANDA_GATE_AHEAD) {
        info->factor = 0;
    }

    return NGX_OK;
}


/* A number and the blank behind it; returns what follows, or NULL. */

static u_char *
kanda_gate_number(u_char *p, u_char *last, int64_t *n)
{
    u_char  *blank;

    blank = p ? ngx_strlchr(p, last, ' ') : NULL;

    if (blank == NULL) {
        return NULL;
    }

    *n = ngx_atoof(p, blank - p);

    return *n < 0 ? NULL : blank + 1;
}


static int64_t
kanda_gate_time(const redisReply *reply)
{
    int64_t  n;

    n = kanda_store_number(reply);

    return n > 0 ? n : 0;
}


ngx_int_t
kanda_gate_token(kanda_store_t *st, kanda_gate_info_t *info)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_GATE_TOKEN, kanda_gate_read_token,
                            info);
}


static ngx_int_t
kanda_gate_read_token(kanda_store_t *st, redisReply **element, ngx_uint_t n,
    void *target)
{
    kanda_gate_info_t *info = target;

    if (n != 5 || kanda_store_string(st, element[0], &info->email) != NGX_OK) {
        return NGX_ERROR;
    }

    info->created = kanda_gate_time(element[1]);
    info->now = kanda_gate_time(element[4]);

    return info->now && kanda_gate_clean(&info->email)
           ? kanda_gate_factor(st, element[2], element[3], info) : NGX_ERROR;
}
