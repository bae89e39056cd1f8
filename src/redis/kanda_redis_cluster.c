#include "kanda_redis_cluster.h"


/* A connection to each master; the map of slots tells which one a command goes
 * to. */


#define KANDA_CLUSTER_NODES  1000       /* that we connect to, at most */


static ngx_int_t kanda_cluster_start(kanda_redis_t *rd);
static void kanda_cluster_stop(kanda_redis_t *rd);
static void kanda_cluster_ready(kanda_redis_node_t *node);
static void kanda_cluster_lost(kanda_redis_node_t *node);


const kanda_redis_topology_t  kanda_redis_cluster = {
    kanda_cluster_start,
    kanda_cluster_pick,
    kanda_cluster_stop,
    kanda_cluster_hold,
    kanda_cluster_refused
};


static const kanda_redis_role_t  kanda_cluster_master = {
    kanda_redis_look_up,
    kanda_redis_node_hello,
    kanda_cluster_ready,
    kanda_cluster_lost,
    "Redis",
    0
};


static ngx_int_t
kanda_cluster_start(kanda_redis_t *rd)
{
    kanda_redis_cluster_t  *cl;

    cl = ngx_calloc(sizeof(kanda_redis_cluster_t), rd->log);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    rd->cluster = cl;
    rd->settling = 1;
    cl->unproven = 1;
    ngx_queue_init(&cl->later);
    cl->tick.data = rd;
    cl->tick.log = rd->log;
    cl->tick.handler = kanda_cluster_tick;

    return kanda_cluster_look_out(rd);
}


static void
kanda_cluster_stop(kanda_redis_t *rd)
{
    ngx_queue_t            *q;
    kanda_redis_cluster_t  *cl;

    cl = rd->cluster;

    if (cl == NULL) {
        return;
    }

    while (!ngx_queue_empty(&cl->later)) {
        q = ngx_queue_head(&cl->later);
        ngx_queue_remove(q);
        rd->pending--;
        kanda_redis_end(ngx_queue_data(q, kanda_redis_cmd_t, queue),
                        NGX_ERROR);
    }

    if (cl->tick.timer_set) {
        ngx_del_timer(&cl->tick);
    }

    kanda_cluster_look_away(cl);
    ngx_free(cl);
    rd->cluster = NULL;
}


kanda_redis_node_t *
kanda_cluster_pick(kanda_redis_t *rd, const kanda_redis_call_t *call)
{
    ngx_queue_t            *q;
    kanda_redis_node_t     *node;
    kanda_redis_cluster_t  *cl;

    cl = rd->cluster;

    if (!cl->mapped || (rd->settling && !call->proof)) {
        return NULL;
    }

    if (call->key) {
        node = cl->slots[kanda_slot((char *) call->key->data, call->key->len)];

        if (node == NULL) {
            kanda_cluster_refresh(rd);
        }

        return node;
    }

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);

        if (node->state == KANDA_REDIS_READY) {
            return node;
        }
    }

    return NULL;
}


kanda_redis_node_t *
kanda_cluster_node(kanda_redis_t *rd, const kanda_redis_place_t *place)
{
    ngx_uint_t           n;
    ngx_queue_t         *q;
    kanda_redis_node_t  *node;

    n = 0;

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);

        if (kanda_redis_node_is(node, place)) {
            return node;
        }

        n++;
    }

    if (n == KANDA_CLUSTER_NODES) {
        return NULL;
    }

    node = kanda_redis_node_create(rd, &kanda_cluster_master);
    if (node == NULL) {
        return NULL;
    }

    kanda_redis_node_move(node, place);
    (void) kanda_redis_connect(node);

    return node;
}


/* What a node holds may be something else than it was. */

static void
kanda_cluster_ready(kanda_redis_node_t *node)
{
    kanda_redis_t *rd = node->rd;

    rd->prove(rd, rd->hello_data);
}


static void
kanda_cluster_lost(kanda_redis_node_t *node)
{
    kanda_cluster_refresh(node->rd);
}


void
kanda_redis_proven(kanda_redis_t *rd, ngx_int_t rc)
{
    kanda_redis_cluster_t *cl = rd->cluster;

    if (cl == NULL || rd->closing) {
        return;
    }

    if (rc != NGX_ERROR) {
        rd->settling = (rc != NGX_OK);
    }

    cl->unproven = (rc != NGX_OK);
    rd->broken = rd->settling;
    kanda_redis_gauges(rd);

    if (cl->unproven) {
        kanda_cluster_amiss(rd);
    }

    if (!ngx_queue_empty(&cl->later)) {
        kanda_cluster_tick(&cl->tick);
    }
}
