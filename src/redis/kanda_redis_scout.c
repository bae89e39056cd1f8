#include "kanda_redis_cluster.h"


/* Maps are asked for on a connection of their own, which is closed after: at
 * start, when a command was sent to the wrong node, and, while anything is
 * amiss, again and again. */


#define KANDA_CLUSTER_PAUSE  100        /* ms between two maps, at least */
#define KANDA_CLUSTER_AMISS  400        /* ms, while something is */


static void kanda_cluster_look(ngx_event_t *ev);
static void kanda_cluster_again(ngx_event_t *ev);
static ngx_int_t kanda_cluster_seed(kanda_redis_node_t *scout);
static ngx_int_t kanda_cluster_question(kanda_redis_node_t *scout);
static void kanda_cluster_answered(kanda_redis_node_t *scout);
static void kanda_cluster_failed(kanda_redis_node_t *scout);
static ngx_uint_t kanda_cluster_whole(kanda_redis_t *rd);


static const kanda_redis_role_t  kanda_cluster_scout = {
    kanda_cluster_seed,
    kanda_cluster_question,
    kanda_cluster_answered,
    kanda_cluster_failed,
    "Redis",
    1
};


ngx_int_t
kanda_cluster_look_out(kanda_redis_t *rd)
{
    kanda_redis_cluster_t *cl = rd->cluster;

    cl->refresh.data = rd;
    cl->refresh.log = rd->log;
    cl->refresh.handler = kanda_cluster_look;
    cl->refresh.cancelable = 1;

    cl->again.data = rd;
    cl->again.log = rd->log;
    cl->again.handler = kanda_cluster_again;

    cl->scout = kanda_redis_node_create(rd, &kanda_cluster_scout);
    if (cl->scout == NULL) {
        return NGX_ERROR;
    }

    cl->asked = ngx_current_msec - KANDA_CLUSTER_PAUSE;
    cl->turn = 4 * ngx_worker;
    cl->scout->turn = ngx_worker;

    /* what is posted before the loop turns waits for somebody to ask */

    ngx_add_timer(&cl->refresh, 1);

    return NGX_OK;
}


void
kanda_cluster_look_away(kanda_redis_cluster_t *cl)
{
    if (cl->refresh.timer_set) {
        ngx_del_timer(&cl->refresh);
    }

    if (cl->again.posted) {
        ngx_delete_posted_event(&cl->again);
    }

    if (cl->scout) {
        kanda_redis_node_destroy(cl->scout);
    }
}


void
kanda_cluster_refresh(kanda_redis_t *rd)
{
    ngx_msec_t              since;
    kanda_redis_cluster_t  *cl;

    cl = rd->cluster;

    if (cl->scout->state != KANDA_REDIS_DOWN || cl->again.posted || ngx_exiting
        || rd->closing)
    {
        return;
    }

    since = ngx_current_msec - cl->asked;

    if (since < KANDA_CLUSTER_PAUSE) {

        if (cl->refresh.timer_set) {
            ngx_del_timer(&cl->refresh);
        }

        ngx_add_timer(&cl->refresh, KANDA_CLUSTER_PAUSE - since);
        return;
    }

    cl->asked = ngx_current_msec;
    cl->tries = rd->conf->nseeds + 2;
    ngx_post_event(&cl->again, &ngx_posted_events);
}


static void
kanda_cluster_look(ngx_event_t *ev)
{
    kanda_cluster_refresh(ev->data);
}


static void
kanda_cluster_again(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    if (kanda_redis_connect(rd->cluster->scout) != NGX_OK) {
        kanda_cluster_failed(rd->cluster->scout);
    }
}


/* Asks a node that is known to serve, or one of the directive. */

static ngx_int_t
kanda_cluster_seed(kanda_redis_node_t *scout)
{
    ngx_uint_t           n;
    ngx_queue_t         *q;
    kanda_redis_t       *rd;
    kanda_redis_node_t  *node;

    rd = scout->rd;
    n = rd->cluster->turn++ % 4;

    for (q = ngx_queue_head(&rd->nodes);
         n && q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);

        if (node->state == KANDA_REDIS_READY && --n == 0) {
            kanda_redis_node_move(scout, &node->place);
            return NGX_OK;
        }
    }

    return kanda_redis_node_seed(scout);
}


static ngx_int_t
kanda_cluster_question(kanda_redis_node_t *scout)
{
    ngx_str_t  args[2];

    ngx_str_set(&args[0], "CLUSTER");
    ngx_str_set(&args[1], "SLOTS");

    return kanda_redis_node_greet(scout, 2, args, kanda_cluster_map, scout);
}


static void
kanda_cluster_answered(kanda_redis_node_t *scout)
{
    kanda_redis_t *rd = scout->rd;

    kanda_redis_close(scout);

    if (rd->cluster->unproven) {
        rd->prove(rd, rd->hello_data);
    }

    kanda_redis_gauges(rd);

    if (!kanda_cluster_whole(rd)) {
        kanda_cluster_amiss(rd);
    }
}


static void
kanda_cluster_failed(kanda_redis_node_t *scout)
{
    kanda_redis_t          *rd;
    kanda_redis_cluster_t  *cl;

    rd = scout->rd;
    cl = rd->cluster;

    if (ngx_exiting || rd->closing) {
        return;
    }

    if (cl->tries > 1) {
        cl->tries--;
        ngx_post_event(&cl->again, &ngx_posted_events);
        return;
    }

    if (!cl->mapped) {
        rd->broken = 1;
        kanda_redis_gauges(rd);
    }

    kanda_cluster_amiss(rd);
}


void
kanda_cluster_amiss(kanda_redis_t *rd)
{
    if (!rd->cluster->refresh.timer_set && !ngx_exiting) {
        ngx_add_timer(&rd->cluster->refresh, KANDA_CLUSTER_AMISS);
    }
}


static ngx_uint_t
kanda_cluster_whole(kanda_redis_t *rd)
{
    ngx_queue_t         *q;
    kanda_redis_node_t  *node;

    if (!rd->cluster->covered || rd->cluster->unproven) {
        return 0;
    }

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);

        if (node->state != KANDA_REDIS_READY) {
            return 0;
        }
    }

    return 1;
}
