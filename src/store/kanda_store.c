#include "kanda_store.h"


#define KANDA_STORE_PREFIX      "kanda:{"
#define KANDA_STORE_LOST_EVERY  10      /* s between two alerts */


static ngx_int_t kanda_store_arg_scope(kanda_store_t *st);
static ngx_int_t kanda_store_status(kanda_store_t *st,
    const redisReply *word);


static const struct {
    ngx_str_t       word;
    kanda_status_t  status;
} kanda_store_words[] = {
    { ngx_string("ok"), KANDA_STATUS_OK },
    { ngx_string("valid"), KANDA_STATUS_VALID },
    { ngx_string("wrong"), KANDA_STATUS_WRONG },
    { ngx_string("unauthorized"), KANDA_STATUS_UNAUTHORIZED },
    { ngx_string("scope"), KANDA_STATUS_SCOPE },
    { ngx_string("exists"), KANDA_STATUS_EXISTS },
    { ngx_string("unknown"), KANDA_STATUS_UNKNOWN },
    { ngx_string("stale"), KANDA_STATUS_STALE },
    { ngx_string("closed"), KANDA_STATUS_CLOSED },
    { ngx_string("locked"), KANDA_STATUS_LOCKED },
    { ngx_string("invalid"), KANDA_STATUS_INVALID },
    { ngx_string("replayed"), KANDA_STATUS_REPLAYED },
    { ngx_string("malformed"), KANDA_STATUS_MALFORMED },
    { ngx_string("needed"), KANDA_STATUS_NEEDED },
    { ngx_string("forgotten"), KANDA_STATUS_FORGOTTEN }
};


ngx_int_t
kanda_store_authorize(kanda_store_t *st)
{
    if (kanda_store_begin(st) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_store_send(st, KANDA_SCRIPT_AUTHORIZE, NULL, NULL);
}


ngx_int_t
kanda_store_name(kanda_store_t *st, ngx_str_t *out, const char *kind,
    const ngx_str_t *id)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(kind);

    out->len = sizeof(KANDA_STORE_PREFIX) - 1 + st->account.len + 1 + len
               + (id ? id->len : 0);

    p = ngx_pnalloc(st->pool, out->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    out->data = p;

    p = ngx_cpymem(p, KANDA_STORE_PREFIX, sizeof(KANDA_STORE_PREFIX) - 1);
    p = ngx_cpymem(p, st->account.data, st->account.len);
    *p++ = '}';
    p = ngx_cpymem(p, kind, len);

    if (id) {
        ngx_memcpy(p, id->data, id->len);
    }

    return NGX_OK;
}


ngx_int_t
kanda_store_begin(kanda_store_t *st)
{
    static u_char  kinds[] = "-jks";

    u_char     *kind;
    ngx_str_t  *proof;

    if (st->name.len == 0
        && kanda_store_name(st, &st->name, "", NULL) != NGX_OK)
    {
        return NGX_ERROR;
    }

    kind = ngx_strlchr(kinds, kinds + sizeof(kinds) - 1, st->kind);
    proof = (st->kind == KANDA_CALLER_SESSION) ? &st->sid : &st->key_digest;

    st->nargs = 0;
    kanda_store_arg(st, st->name.data, st->name.len);
    kanda_store_arg(st, kind, 1);
    kanda_store_arg(st, st->jti.data, st->jti.len);
    kanda_store_arg(st, st->key.data, st->key.len);
    kanda_store_arg(st, proof->data, proof->len);
    kanda_store_arg(st, st->realm.data, st->realm.len);

    if (kanda_store_arg_scope(st) != NGX_OK) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, st->ip.data, st->ip.len);
    kanda_store_arg(st, st->agent.data, st->agent.len);
    kanda_store_arg(st, st->keep.data, st->keep.len);
    kanda_store_arg(st, st->age.data, st->age.len);

    return NGX_OK;
}


static ngx_int_t
kanda_store_arg_scope(kanda_store_t *st)
{
    u_char  *p;

    if (st->region.len == 0 || st->scope == 0) {
        return kanda_store_arg_int(st, (int64_t) st->scope);
    }

    p = ngx_pnalloc(st->pool, NGX_INT64_LEN + 1 + st->region.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, p, ngx_sprintf(p, "%ui %V", st->scope, &st->region)
                           - p);

    return NGX_OK;
}


void
kanda_store_arg(kanda_store_t *st, const void *p, size_t len)
{
    ngx_str_t  *arg;

    arg = &st->args[st->nargs++];
    arg->data = (u_char *) p;
    arg->len = len;
}


ngx_int_t
kanda_store_arg_int(kanda_store_t *st, int64_t n)
{
    u_char  *p;

    p = ngx_pnalloc(st->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    kanda_store_arg(st, p, ngx_sprintf(p, "%L", n) - p);

    return NGX_OK;
}


void
kanda_store_event(kanda_store_t *st, kanda_script_id_t id)
{
    const ngx_str_t  *event;

    event = kanda_script_event(id);

    if (event->len) {
        st->event = *event;
    }
}


ngx_int_t
kanda_store_send(kanda_store_t *st, kanda_script_id_t id,
    kanda_store_read_pt read, void *target)
{
    kanda_redis_call_t  call;

    st->read = read;
    st->target = target;
    kanda_store_event(st, id);

    if (st->kind != KANDA_CALLER_NOBODY) {
        st->asked = 1;
    }

    call.script = kanda_script(id);
    call.args = st->args;
    call.nargs = st->nargs;
    call.key = &st->args[0];
    call.parse = kanda_store_parse;
    call.out = st;
    call.proof = 0;

    return kanda_redis_call(st->redis, st->waiter, &call);
}


ngx_int_t
kanda_store_command(kanda_store_t *st, kanda_redis_parse_pt parse,
    void *target)
{
    kanda_redis_call_t  call;

    st->status = KANDA_STATUS_OK;

    call.script = NULL;
    call.args = st->args;
    call.nargs = st->nargs;
    call.key = st->nargs > 1 ? &st->args[1] : NULL;
    call.parse = parse;
    call.out = target;
    call.proof = 0;

    return kanda_redis_call(st->redis, st->waiter, &call);
}


ngx_int_t
kanda_store_fields(kanda_store_t *st, const char *kind, const ngx_str_t *id,
    const char *fields, kanda_redis_parse_pt parse, void *target)
{
    ngx_str_t  name;

    if (kanda_store_name(st, &name, kind, id) != NGX_OK) {
        return NGX_ERROR;
    }

    st->target = target;
    st->nargs = 0;
    kanda_store_arg(st, "HMGET", 5);
    kanda_store_arg(st, name.data, name.len);

    for ( /* void */ ; *fields; fields++) {
        kanda_store_arg(st, fields, 1);
    }

    return kanda_store_command(st, parse, st);
}


ngx_int_t
kanda_store_parse(void *out, const redisReply *reply)
{
    kanda_store_t *st = out;

    ngx_uint_t  n;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0
        || kanda_store_status(st, reply->element[0]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = reply->elements - 1;

    if (st->status == KANDA_STATUS_LOCKED) {

        if (n == 0) {
            return NGX_ERROR;
        }

        st->wait = kanda_store_number(reply->element[1]);
        return NGX_OK;
    }

    if (st->read
        && (st->status == KANDA_STATUS_OK || st->status == KANDA_STATUS_STALE
            || st->status == KANDA_STATUS_VALID))
    {
        return st->read(st, reply->element + 1, n, st->target);
    }

    return NGX_OK;
}


static ngx_int_t
kanda_store_status(kanda_store_t *st, const redisReply *word)
{
    ngx_uint_t  i;

    if (word->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(kanda_store_words) / sizeof(kanda_store_words[0]);
         i++)
    {
        if (kanda_store_words[i].word.len == (size_t) word->len
            && ngx_memcmp(kanda_store_words[i].word.data, word->str,
                          word->len)
               == 0)
        {
            st->status = kanda_store_words[i].status;
            st->answered = 1;

            if (st->status == KANDA_STATUS_FORGOTTEN) {
                st->status = KANDA_STATUS_REPLAYED;
                kanda_store_lost(st);
            }

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


void
kanda_store_lost(kanda_store_t *st)
{
    static time_t  told;

    if (ngx_time() - told >= KANDA_STORE_LOST_EVERY) {
        told = ngx_time();
        ngx_log_error(NGX_LOG_ALERT, st->log, 0,
                      "kanda: Redis does not know of a code that it has "
                      "accepted before, so it has lost data; the code was "
                      "refused");
    }
}


ngx_int_t
kanda_store_string(kanda_store_t *st, const redisReply *reply, ngx_str_t *out)
{
    u_char  *p;

    if (reply->type == REDIS_REPLY_NIL) {
        ngx_str_null(out);
        return NGX_OK;
    }

    if (reply->type == REDIS_REPLY_INTEGER) {
        p = ngx_pnalloc(st->pool, NGX_INT64_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        out->data = p;
        out->len = ngx_sprintf(p, "%L", (int64_t) reply->integer) - p;
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(st->pool, reply->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, reply->str, reply->len);
    out->data = p;
    out->len = reply->len;

    return NGX_OK;
}


int64_t
kanda_store_number(const redisReply *reply)
{
    off_t    n;
    u_char  *p;
    size_t   len;

    if (reply->type == REDIS_REPLY_INTEGER) {
        return reply->integer;
    }

    if (reply->type != REDIS_REPLY_STRING) {
        return -1;
    }

    p = (u_char *) reply->str;
    len = reply->len;
    n = ngx_atoof(p, len);

    return n == NGX_ERROR ? -1 : n;
}
