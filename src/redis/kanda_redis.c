#include "kanda_redis_impl.h"


static void kanda_redis_wake_handler(ngx_event_t *ev);
static ngx_int_t kanda_redis_single_start(kanda_redis_t *rd);
static kanda_redis_node_t *kanda_redis_single_pick(kanda_redis_t *rd,
    const kanda_redis_call_t *call);
static void kanda_redis_single_stop(kanda_redis_t *rd);


static const kanda_redis_topology_t  *kanda_redis_topologies[] = {
    [KANDA_REDIS_SINGLE] = &kanda_redis_single,
    [KANDA_REDIS_SENTINEL] = &kanda_redis_sentinel,
    [KANDA_REDIS_CLUSTER] = &kanda_redis_cluster
};


const kanda_redis_topology_t  kanda_redis_single = {
    kanda_redis_single_start,
    kanda_redis_single_pick,
    kanda_redis_single_stop,
    NULL,
    NULL
};


static const kanda_redis_role_t  kanda_redis_single_role = {
    kanda_redis_node_seed,
    kanda_redis_node_hello,
    NULL,
    NULL,
    "Redis",
    0
};


kanda_redis_t *
kanda_redis_create(ngx_cycle_t *cycle, const kanda_redis_conf_t *conf,
    kanda_redis_hello_pt hello, kanda_redis_prove_pt prove, void *data)
{
    kanda_redis_t  *rd;

    rd = ngx_calloc(sizeof(kanda_redis_t), cycle->log);
    if (rd == NULL) {
        return NULL;
    }

    rd->conf = conf;
    rd->topology = kanda_redis_topologies[conf->kind];
    rd->hello = hello;
    rd->prove = prove;
    rd->hello_data = data;
    rd->log = cycle->log;

    ngx_queue_init(&rd->nodes);

    rd->wake.data = rd;
    rd->wake.log = rd->log;
    rd->wake.handler = kanda_redis_wake_handler;

    if (rd->topology->start(rd) != NGX_OK) {
        kanda_redis_destroy(rd);
        return NULL;
    }

    return rd;
}


void
kanda_redis_destroy(kanda_redis_t *rd)
{
    ngx_queue_t  *q;

    rd->closing = 1;
    rd->topology->stop(rd);

    while (!ngx_queue_empty(&rd->nodes)) {
        q = ngx_queue_head(&rd->nodes);
        kanda_redis_node_destroy(ngx_queue_data(q, kanda_redis_node_t, link));
    }

    if (rd->wake.posted) {
        ngx_delete_posted_event(&rd->wake);
    }

    ngx_free(rd);
}


void
kanda_redis_gather(kanda_redis_t *rd, void (*gather)(void *data), void *data)
{
    rd->gather = gather;
    rd->gather_data = data;
}


void
kanda_redis_wake(kanda_redis_t *rd)
{
    ngx_post_event(rd->node ? &rd->node->flush : &rd->wake, &ngx_posted_events);
}


static void
kanda_redis_wake_handler(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    if (rd->gather) {
        rd->gather(rd->gather_data);
    }
}


ngx_uint_t
kanda_redis_is_cluster(const kanda_redis_t *rd)
{
    return rd->conf->kind == KANDA_REDIS_CLUSTER;
}


void
kanda_redis_gauges(kanda_redis_t *rd)
{
    ngx_uint_t           connected, broken;
    ngx_queue_t         *q;
    kanda_redis_node_t  *node;

    connected = !ngx_queue_empty(&rd->nodes);
    broken = rd->broken;

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);
        connected &= (node->state == KANDA_REDIS_READY);
        broken |= node->broken;
    }

    kanda_stats_set(KANDA_STATS_CONNECTED, connected);
    kanda_stats_set(KANDA_STATS_BROKEN, broken);
}


static ngx_int_t
kanda_redis_single_start(kanda_redis_t *rd)
{
    rd->node = kanda_redis_node_create(rd, &kanda_redis_single_role);
    if (rd->node == NULL) {
        return NGX_ERROR;
    }

    (void) kanda_redis_connect(rd->node);

    return NGX_OK;
}


static kanda_redis_node_t *
kanda_redis_single_pick(kanda_redis_t *rd, const kanda_redis_call_t *call)
{
    return rd->node;
}


static void
kanda_redis_single_stop(kanda_redis_t *rd)
{
}
