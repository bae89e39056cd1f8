#include "kanda_redis_impl.h"


/* One connection goes to the master and one to a Sentinel, which is asked at
 * every connect and, since nobody tells of a master that only hangs, again and
 * again: one that comes back must not find us writing to it.  Sentinels take
 * turns, one that fails is followed by the next. */


#define KANDA_SENTINEL_EVERY  500       /* ms */


struct kanda_redis_sentinel_s {
    kanda_redis_node_t  *scout;         /* to a Sentinel */
    ngx_event_t          ask;
    ngx_event_t          again;         /* connects to the next */
    ngx_uint_t           tries;         /* left, while the master is sought */
};


static ngx_int_t kanda_sentinel_start(kanda_redis_t *rd);
static kanda_redis_node_t *kanda_sentinel_pick(kanda_redis_t *rd,
    const kanda_redis_call_t *call);
static void kanda_sentinel_stop(kanda_redis_t *rd);
static ngx_int_t kanda_sentinel_find(kanda_redis_node_t *master);
static ngx_int_t kanda_sentinel_hello(kanda_redis_node_t *master);
static ngx_int_t kanda_sentinel_role(void *out, const redisReply *reply);
static void kanda_sentinel_ask(ngx_event_t *ev);
static void kanda_sentinel_try(kanda_redis_t *rd);
static void kanda_sentinel_again(ngx_event_t *ev);
static ngx_int_t kanda_sentinel_question(kanda_redis_node_t *scout);
static ngx_int_t kanda_sentinel_answer(void *out, const redisReply *reply);
static void kanda_sentinel_answered(kanda_redis_node_t *scout);
static void kanda_sentinel_lost(kanda_redis_node_t *scout);


const kanda_redis_topology_t  kanda_redis_sentinel = {
    kanda_sentinel_start,
    kanda_sentinel_pick,
    kanda_sentinel_stop,
    NULL,
    NULL
};


static const kanda_redis_role_t  kanda_sentinel_master = {
    kanda_sentinel_find,
    kanda_sentinel_hello,
    NULL,
    NULL,
    "Redis",
    0
};


static const kanda_redis_role_t  kanda_sentinel_scout = {
    kanda_redis_node_seed,
    kanda_sentinel_question,
    kanda_sentinel_answered,
    kanda_sentinel_lost,
    "Sentinel",
    1
};


static ngx_int_t
kanda_sentinel_start(kanda_redis_t *rd)
{
    kanda_redis_sentinel_t  *s;

    s = ngx_calloc(sizeof(kanda_redis_sentinel_t), rd->log);
    if (s == NULL) {
        return NGX_ERROR;
    }

    rd->sentinel = s;
    s->ask.data = rd;
    s->ask.log = rd->log;
    s->ask.handler = kanda_sentinel_ask;
    s->ask.cancelable = 1;

    s->again.data = rd;
    s->again.log = rd->log;
    s->again.handler = kanda_sentinel_again;

    s->scout = kanda_redis_node_create(rd, &kanda_sentinel_scout);
    rd->node = kanda_redis_node_create(rd, &kanda_sentinel_master);

    if (s->scout == NULL || rd->node == NULL) {
        return NGX_ERROR;
    }

    /* not all workers of all servers ask the same first */

    s->scout->turn = ngx_worker;

    ngx_add_timer(&s->ask, KANDA_SENTINEL_EVERY);
    (void) kanda_redis_connect(rd->node);

    return NGX_OK;
}


static void
kanda_sentinel_stop(kanda_redis_t *rd)
{
    kanda_redis_sentinel_t *s = rd->sentinel;

    if (s == NULL) {
        return;
    }

    if (s->ask.timer_set) {
        ngx_del_timer(&s->ask);
    }

    if (s->again.posted) {
        ngx_delete_posted_event(&s->again);
    }

    if (s->scout) {
        kanda_redis_node_destroy(s->scout);
    }

    ngx_free(s);
    rd->sentinel = NULL;
}


static kanda_redis_node_t *
kanda_sentinel_pick(kanda_redis_t *rd, const kanda_redis_call_t *call)
{
    return rd->node;
}


static ngx_int_t
kanda_sentinel_find(kanda_redis_node_t *master)
{
    kanda_redis_t *rd = master->rd;

    /* a leaving worker asks nobody: who was the master will tell if it is */

    if (ngx_exiting) {
        return master->addr.sockaddr ? NGX_OK : NGX_ERROR;
    }

    rd->sentinel->tries = rd->conf->nseeds;
    kanda_sentinel_try(rd);

    return NGX_AGAIN;
}


static ngx_int_t
kanda_sentinel_hello(kanda_redis_node_t *master)
{
    ngx_str_t       role;
    kanda_redis_t  *rd;

    rd = master->rd;
    rd->greeted = master;
    ngx_str_set(&role, "ROLE");

    if (kanda_redis_greet(rd, 1, &role, kanda_sentinel_role, master) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_redis_node_hello(master);
}


static ngx_int_t
kanda_sentinel_role(void *out, const redisReply *reply)
{
    kanda_redis_node_t *master = out;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0
        || reply->element[0]->type != REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    if (ngx_strcmp(reply->element[0]->str, "master") != 0) {
        master->words.len = 0;
        kanda_redis_say(master, "it is no master");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
kanda_sentinel_ask(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    if (ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, KANDA_SENTINEL_EVERY);

    kanda_sentinel_try(rd);
}


/* Asks whoever is connected, or connects to the next, or does nothing if that
 * is under way.  Without memory to ask, the connection is lost in here, before
 * its loss counts for a master that is sought: it is tried again in time. */

static void
kanda_sentinel_try(kanda_redis_t *rd)
{
    kanda_redis_node_t *scout = rd->sentinel->scout;

    if (scout->state == KANDA_REDIS_READY) {
        kanda_redis_ask(scout);
        return;
    }

    if (scout->state == KANDA_REDIS_DOWN) {
        ngx_post_event(&rd->sentinel->again, &ngx_posted_events);
    }
}


static void
kanda_sentinel_again(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    if (kanda_redis_connect(rd->sentinel->scout) != NGX_OK) {
        kanda_sentinel_lost(rd->sentinel->scout);
    }
}


static ngx_int_t
kanda_sentinel_question(kanda_redis_node_t *scout)
{
    ngx_str_t  args[3];

    ngx_str_set(&args[0], "SENTINEL");
    ngx_str_set(&args[1], "GET-MASTER-ADDR-BY-NAME");
    args[2] = scout->rd->conf->master;

    return kanda_redis_node_greet(scout, 3, args, kanda_sentinel_answer,
                                  scout);
}


static ngx_int_t
kanda_sentinel_answer(void *out, const redisReply *reply)
{
    kanda_redis_node_t *scout = out;

    ngx_int_t             rc, port;
    redisReply           *host;
    kanda_redis_t        *rd;
    kanda_redis_node_t   *master;
    kanda_redis_place_t   place;

    rd = scout->rd;
    master = rd->node;
    scout->words.len = 0;

    if (reply->type == REDIS_REPLY_NIL) {
        kanda_redis_say(scout, "it knows no master of that name");
        return NGX_ERROR;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    host = reply->element[0];
    port = ngx_atoi((u_char *) reply->element[1]->str,
                    reply->element[1]->len);

    if (port < 1 || port > 65535) {
        return NGX_ERROR;
    }

    rc = kanda_redis_place(rd->conf, &place, host->str, host->len,
                           (in_port_t) port);

    if (rc != NGX_OK) {
        kanda_redis_say(scout, rc == NGX_DECLINED
                        ? "it names the master by a host name: add a resolver "
                          "to the http block"
                        : "it names the master by no address and no host name");
        return NGX_ERROR;
    }

    if (kanda_redis_node_is(master, &place)) {
        return NGX_OK;
    }

    if (master->state == KANDA_REDIS_CONNECTING
        || master->state == KANDA_REDIS_GREETING
        || master->state == KANDA_REDIS_READY)
    {
        kanda_redis_lost(master, "another is the master now");
    }

    kanda_redis_node_move(master, &place);

    return NGX_OK;
}


static void
kanda_sentinel_answered(kanda_redis_node_t *scout)
{
    ngx_int_t            rc;
    kanda_redis_node_t  *master;

    master = scout->rd->node;

    if (master->state != KANDA_REDIS_FINDING) {
        return;
    }

    rc = kanda_redis_look_up(master);

    if (rc == NGX_OK) {
        kanda_redis_found(master);

    } else if (rc == NGX_ERROR) {
        kanda_redis_lost(master, "no memory to look its name up");
    }
}


static void
kanda_sentinel_lost(kanda_redis_node_t *scout)
{
    kanda_redis_t           *rd;
    kanda_redis_sentinel_t  *s;

    rd = scout->rd;
    s = rd->sentinel;

    if (rd->node->state != KANDA_REDIS_FINDING
        || kanda_redis_looks_up(rd->node))
    {
        return;
    }

    if (s->tries > 1) {
        s->tries--;
        ngx_post_event(&s->again, &ngx_posted_events);
        return;
    }

    kanda_redis_lost(rd->node, "no Sentinel tells where the master is");
}
