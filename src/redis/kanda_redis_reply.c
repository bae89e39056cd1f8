#include "kanda_redis_impl.h"


/* Replies are made in a pool that is emptied after each: hiredis's own objects
 * cost more to allocate than to read.  Types of RESP3, which we never ask for,
 * make no object, and the connection ends; only its null is one as RESP2's,
 * where hiredis knows it.  The largest replies, pages of a thousand clients or
 * API keys, take 1.5 MB; one that takes more than KANDA_REDIS_REPLY_MAX ends
 * the connection, too. */

#define KANDA_REDIS_REPLY_POOL  16384


#if (KANDA_HIREDIS_SIZE)
typedef size_t  kanda_redis_count_t;
#else
typedef int     kanda_redis_count_t;
#endif


static redisReply *kanda_redis_reply(const redisReadTask *task, size_t more);
static void *kanda_redis_reply_string(const redisReadTask *task, char *p,
    size_t len);
static void *kanda_redis_reply_array(const redisReadTask *task,
    kanda_redis_count_t n);
static void *kanda_redis_reply_integer(const redisReadTask *task, long long n);
static void *kanda_redis_reply_nil(const redisReadTask *task);
static void kanda_redis_reply_free(void *reply);
#if (KANDA_HIREDIS_SIZE)
static void *kanda_redis_reply_double(const redisReadTask *task, double value,
    char *p, size_t len);
static void *kanda_redis_reply_bool(const redisReadTask *task, int value);
#endif


static redisReplyObjectFunctions  kanda_redis_reply_functions = {
    .createString = kanda_redis_reply_string,
    .createArray = kanda_redis_reply_array,
    .createInteger = kanda_redis_reply_integer,
    .createNil = kanda_redis_reply_nil,
#if (KANDA_HIREDIS_SIZE)
    .createDouble = kanda_redis_reply_double,
    .createBool = kanda_redis_reply_bool,
#endif
    .freeObject = kanda_redis_reply_free
};


ngx_int_t
kanda_redis_reader_create(kanda_redis_node_t *node)
{
    node->reader = redisReaderCreate();
    if (node->reader == NULL) {
        return NGX_ERROR;
    }

    node->reader->fn = &kanda_redis_reply_functions;
    node->reader->privdata = node;

    kanda_redis_reply_done(node);

    return node->replies ? NGX_OK : NGX_ERROR;
}


void
kanda_redis_reply_done(kanda_redis_node_t *node)
{
    node->reply_size = 0;

    /* a long reply's memory is not kept for the short ones to come */

    if (node->replies && node->replies->d.next) {
        ngx_destroy_pool(node->replies);
        node->replies = NULL;
    }

    if (node->replies) {
        ngx_reset_pool(node->replies);

    } else {
        node->replies = ngx_create_pool(KANDA_REDIS_REPLY_POOL, node->log);
    }
}


/* Makes a reply of which more bytes will be allocated. */

static redisReply *
kanda_redis_reply(const redisReadTask *task, size_t more)
{
    redisReply          *reply, *parent;
    kanda_redis_node_t  *node;

    node = task->privdata;

    node->reply_size += sizeof(redisReply) + more;

    if (node->reply_size > KANDA_REDIS_REPLY_MAX || node->replies == NULL) {
        return NULL;
    }

    reply = ngx_pcalloc(node->replies, sizeof(redisReply));
    if (reply == NULL) {
        return NULL;
    }

    reply->type = task->type;

    if (task->parent) {
        parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }

    return reply;
}


static void *
kanda_redis_reply_string(const redisReadTask *task, char *p, size_t len)
{
    redisReply          *reply;
    kanda_redis_node_t  *node;

    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS
        && task->type != REDIS_REPLY_ERROR)
    {
        return NULL;
    }

    reply = kanda_redis_reply(task, len + 1);
    if (reply == NULL) {
        return NULL;
    }

    node = task->privdata;

    reply->str = ngx_pnalloc(node->replies, len + 1);
    if (reply->str == NULL) {
        return NULL;
    }

    ngx_memcpy(reply->str, p, len);
    reply->str[len] = '\0';
    reply->len = len;

    return reply;
}


static void *
kanda_redis_reply_array(const redisReadTask *task, kanda_redis_count_t n)
{
    redisReply          *reply;
    kanda_redis_node_t  *node;

    /* a bound that hiredis lacks: an array announced is an array allocated */

    if (task->type != REDIS_REPLY_ARRAY || n > KANDA_REDIS_ELEMENTS_MAX) {
        return NULL;
    }

    reply = kanda_redis_reply(task, n > 0 ? n * sizeof(redisReply *) : 0);
    if (reply == NULL) {
        return NULL;
    }

    node = task->privdata;

    if (n > 0) {
        reply->element = ngx_pcalloc(node->replies, n * sizeof(redisReply *));
        if (reply->element == NULL) {
            return NULL;
        }
    }

    reply->elements = n;

    return reply;
}


static void *
kanda_redis_reply_integer(const redisReadTask *task, long long n)
{
    redisReply  *reply;

    reply = kanda_redis_reply(task, 0);

    if (reply) {
        reply->integer = n;
    }

    return reply;
}


static void *
kanda_redis_reply_nil(const redisReadTask *task)
{
    redisReply  *reply;

    reply = kanda_redis_reply(task, 0);

    if (reply) {
        reply->type = REDIS_REPLY_NIL;
    }

    return reply;
}


#if (KANDA_HIREDIS_SIZE)

static void *
kanda_redis_reply_double(const redisReadTask *task, double value, char *p,
    size_t len)
{
    return NULL;
}


static void *
kanda_redis_reply_bool(const redisReadTask *task, int value)
{
    return NULL;
}

#endif


static void
kanda_redis_reply_free(void *reply)
{
    /* goes with the pool */
}
