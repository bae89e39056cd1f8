#include "kanda_store.h"


#define KANDA_SHARE_QUESTIONS  64
#define KANDA_SHARE_ARGS       512
#define KANDA_SHARE_POOL       16384
#define KANDA_SHARES_OPEN      64


/* One caller's question, and who waits for the answer. */
typedef struct {
    kanda_op_t         op;
    kanda_store_t     *st;              /* while op.waiter */
    ngx_int_t          rc;
} kanda_share_question_t;


/* One run of a script to come; lives in a pool of its own. */
typedef struct {
    kanda_waiter_t          waiter;     /* first: the waiter is the share */
    ngx_queue_t             queue;
    ngx_pool_t             *pool;
    kanda_script_id_t       id;
    ngx_uint_t              nshared;
    ngx_uint_t              nargs;
    ngx_uint_t              n;
    kanda_share_question_t  questions[KANDA_SHARE_QUESTIONS];
    ngx_str_t               args[KANDA_SHARE_ARGS];
} kanda_share_t;


struct kanda_shares_s {
    ngx_queue_t       open;
    ngx_uint_t        n;                /* of those open */
    kanda_redis_t    *redis;
    ngx_log_t        *log;
};


static kanda_share_t *kanda_share_find(kanda_store_t *st, kanda_script_id_t id,
    ngx_uint_t nshared);
static kanda_share_t *kanda_share_open(kanda_store_t *st, kanda_script_id_t id,
    ngx_uint_t nshared);
static ngx_int_t kanda_share_copy(kanda_share_t *share, const ngx_str_t *args,
    ngx_uint_t n);
static ngx_int_t kanda_share_send(kanda_shares_t *shares, kanda_share_t *share);
static void kanda_share_gather(void *data);
static ngx_int_t kanda_share_parse(void *out, const redisReply *reply);
static ngx_uint_t kanda_share_answered(kanda_share_t *share,
    const redisReply *reply);
static ngx_int_t kanda_share_answer(kanda_store_t *st, const redisReply *reply,
    ngx_uint_t n);
static void kanda_share_resume(kanda_waiter_t *w, ngx_int_t rc);


kanda_shares_t *
kanda_shares_create(kanda_redis_t *rd, ngx_log_t *log)
{
    kanda_shares_t  *shares;

    shares = ngx_calloc(sizeof(kanda_shares_t), log);
    if (shares == NULL) {
        return NULL;
    }

    ngx_queue_init(&shares->open);
    shares->redis = rd;
    shares->log = log;

    kanda_redis_gather(rd, kanda_share_gather, shares);

    return shares;
}


void
kanda_shares_destroy(kanda_shares_t *shares)
{
    ngx_queue_t    *q;
    kanda_share_t  *share;

    if (shares == NULL) {
        return;
    }

    kanda_redis_gather(shares->redis, NULL, NULL);

    while (!ngx_queue_empty(&shares->open)) {
        q = ngx_queue_head(&shares->open);
        ngx_queue_remove(q);
        share = ngx_queue_data(q, kanda_share_t, queue);
        kanda_share_resume(&share->waiter, NGX_ERROR);
    }

    ngx_free(shares);
}


ngx_int_t
kanda_store_share(kanda_store_t *st, kanda_script_id_t id, ngx_uint_t nshared,
    kanda_store_read_pt read, void *target)
{
    kanda_share_t           *share, *fresh;
    kanda_share_question_t  *question;

    share = kanda_share_find(st, id, nshared);

    fresh = NULL;

    if (share == NULL) {
        share = fresh = kanda_share_open(st, id, nshared);
    }

    if (share == NULL) {
        return NGX_ERROR;
    }

    if (kanda_share_copy(share, st->args + nshared, st->nargs - nshared)
        != NGX_OK)
    {
        if (fresh) {
            ngx_destroy_pool(fresh->pool);
        }

        return NGX_ERROR;
    }

    st->read = read;
    st->target = target;
    st->asked = 1;
    kanda_store_event(st, id);

    question = &share->questions[share->n++];
    question->st = st;
    kanda_op_begin(&question->op, st->waiter);

    if (fresh == NULL) {
        return NGX_AGAIN;
    }

    if (st->shares->n < KANDA_SHARES_OPEN) {
        st->shares->n++;
        ngx_queue_insert_tail(&st->shares->open, &share->queue);
        kanda_redis_wake(st->redis);
        return NGX_AGAIN;
    }

    /* a flood of strangers is not searched through: it goes one by one */

    if (kanda_share_send(st->shares, share) != NGX_AGAIN) {
        kanda_op_detach(st->waiter);
        ngx_destroy_pool(share->pool);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static kanda_share_t *
kanda_share_find(kanda_store_t *st, kanda_script_id_t id, ngx_uint_t nshared)
{
    ngx_uint_t      i;
    ngx_queue_t    *q;
    kanda_share_t  *share;

    for (q = ngx_queue_head(&st->shares->open);
         q != ngx_queue_sentinel(&st->shares->open);
         q = ngx_queue_next(q))
    {
        share = ngx_queue_data(q, kanda_share_t, queue);

        if (share->id != id || share->nshared != nshared
            || share->n == KANDA_SHARE_QUESTIONS
            || share->nargs + st->nargs - nshared > KANDA_SHARE_ARGS)
        {
            continue;
        }

        for (i = 0; i < nshared; i++) {
            if (share->args[i].len != st->args[i].len
                || ngx_memcmp(share->args[i].data, st->args[i].data,
                              st->args[i].len)
                   != 0)
            {
                break;
            }
        }

        if (i == nshared) {
            return share;
        }
    }

    return NULL;
}


static kanda_share_t *
kanda_share_open(kanda_store_t *st, kanda_script_id_t id, ngx_uint_t nshared)
{
    ngx_pool_t     *pool;
    kanda_share_t  *share;

    pool = ngx_create_pool(KANDA_SHARE_POOL, st->shares->log);
    if (pool == NULL) {
        return NULL;
    }

    share = ngx_palloc(pool, sizeof(kanda_share_t));

    if (share == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    share->waiter.resume = kanda_share_resume;
    share->waiter.op = NULL;
    share->pool = pool;
    share->id = id;
    share->nshared = nshared;
    share->nargs = 0;
    share->n = 0;

    if (kanda_share_copy(share, st->args, nshared) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return share;
}


static ngx_int_t
kanda_share_copy(kanda_share_t *share, const ngx_str_t *args, ngx_uint_t n)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;
    ngx_str_t   *copy;

    len = 0;

    for (i = 0; i < n; i++) {
        len += args[i].len;
    }

    p = ngx_pnalloc(share->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    copy = share->args + share->nargs;

    for (i = 0; i < n; i++) {
        copy[i].data = p;
        copy[i].len = args[i].len;

        if (args[i].len) {
            p = ngx_cpymem(p, args[i].data, args[i].len);
        }
    }

    share->nargs += n;

    return NGX_OK;
}


static ngx_int_t
kanda_share_send(kanda_shares_t *shares, kanda_share_t *share)
{
    kanda_redis_call_t  call;

    call.script = kanda_script(share->id);
    call.args = share->args;
    call.nargs = share->nargs;
    call.key = &share->args[0];
    call.parse = kanda_share_parse;
    call.out = share;
    call.proof = 0;

    return kanda_redis_call(shares->redis, &share->waiter, &call);
}


static void
kanda_share_gather(void *data)
{
    kanda_shares_t *shares = data;

    ngx_queue_t    *q;
    kanda_share_t  *share;

    while (!ngx_queue_empty(&shares->open)) {
        q = ngx_queue_head(&shares->open);
        ngx_queue_remove(q);
        share = ngx_queue_data(q, kanda_share_t, queue);

        shares->n--;

        if (kanda_share_send(shares, share) != NGX_AGAIN) {
            kanda_share_resume(&share->waiter, NGX_ERROR);
        }
    }
}


static ngx_int_t
kanda_share_parse(void *out, const redisReply *reply)
{
    kanda_share_t *share = out;

    ngx_uint_t               i;
    kanda_share_question_t  *question;

    if (reply->type != REDIS_REPLY_ARRAY
        || (reply->elements != 1 && !kanda_share_answered(share, reply)))
    {
        return NGX_ERROR;
    }

    for (i = 0; i < share->n; i++) {
        question = &share->questions[i];

        if (question->op.waiter) {
            question->rc = kanda_share_answer(question->st, reply, i + 1);
        }
    }

    return NGX_OK;
}


static ngx_uint_t
kanda_share_answered(kanda_share_t *share, const redisReply *reply)
{
    const redisReply  *word;

    if (reply->elements != share->n + 1) {
        return 0;
    }

    word = reply->element[0];

    return word->type == REDIS_REPLY_STRING && word->len == 2
           && ngx_memcmp(word->str, "ok", 2) == 0;
}


/* A refusal is for all who asked. */

static ngx_int_t
kanda_share_answer(kanda_store_t *st, const redisReply *reply, ngx_uint_t n)
{
    if (reply->elements == 1) {
        return kanda_store_parse(st, reply) == NGX_OK
               && (st->status == KANDA_STATUS_UNAUTHORIZED
                   || st->status == KANDA_STATUS_SCOPE)
               ? NGX_OK : NGX_ERROR;
    }

    return kanda_store_parse(st, reply->element[n]);
}


/* A question that was resumed may end its request, not this share. */

static void
kanda_share_resume(kanda_waiter_t *w, ngx_int_t rc)
{
    kanda_share_t *share = (kanda_share_t *) w;

    ngx_uint_t               i;
    kanda_share_question_t  *question;

    for (i = 0; i < share->n; i++) {
        question = &share->questions[i];
        kanda_op_end(&question->op, rc == NGX_OK ? question->rc : rc);
    }

    ngx_destroy_pool(share->pool);
}
