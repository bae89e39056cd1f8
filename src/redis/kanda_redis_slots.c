#include "kanda_redis_cluster.h"


static void kanda_cluster_range(kanda_redis_node_t *scout,
    const redisReply *range, kanda_redis_node_t **slots);
static void kanda_cluster_settle(kanda_redis_t *rd);


/* Each element is a range: its first slot, its last, its master, replicas. */

ngx_int_t
kanda_cluster_map(void *out, const redisReply *reply)
{
    kanda_redis_node_t *scout = out;

    size_t                  i;
    kanda_redis_t          *rd;
    kanda_redis_node_t    **slots;
    kanda_redis_cluster_t  *cl;

    rd = scout->rd;
    cl = rd->cluster;

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    /* a node that has not met the others yet knows of nothing */

    if (reply->elements == 0) {
        kanda_redis_say(scout, "it knows of no slots");
        return NGX_ERROR;
    }

    slots = ngx_calloc(sizeof(cl->slots), rd->log);
    if (slots == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reply->elements; i++) {
        kanda_cluster_range(scout, reply->element[i], slots);
    }

    ngx_memcpy(cl->slots, slots, sizeof(cl->slots));
    ngx_free(slots);

    cl->mapped = 1;
    kanda_cluster_settle(rd);

    return NGX_OK;
}


static void
kanda_cluster_range(kanda_redis_node_t *scout, const redisReply *range,
    kanda_redis_node_t **slots)
{
    long long            slot, last;
    redisReply         **e;
    const redisReply    *master, *host;
    kanda_redis_node_t  *node;
    kanda_redis_place_t  place;

    if (range->type != REDIS_REPLY_ARRAY || range->elements < 3
        || range->element[2]->type != REDIS_REPLY_ARRAY
        || range->element[2]->elements < 2)
    {
        return;
    }

    e = range->element;
    master = e[2];
    host = master->element[0];

    /* "noaddr": nobody knows where it is */

    if (e[0]->type != REDIS_REPLY_INTEGER || e[0]->integer < 0
        || e[1]->type != REDIS_REPLY_INTEGER || e[1]->integer >= KANDA_SLOTS
        || (host->type != REDIS_REPLY_STRING && host->type != REDIS_REPLY_NIL)
        || master->element[1]->type != REDIS_REPLY_INTEGER
        || master->element[1]->integer < 1
        || master->element[1]->integer > 65535)
    {
        return;
    }

    if (kanda_cluster_place(scout, &place, host->str,
                            host->str ? (size_t) host->len : 0,
                            (in_port_t) master->element[1]->integer)
        != NGX_OK)
    {
        return;
    }

    node = kanda_cluster_node(scout->rd, &place);
    last = e[1]->integer;

    for (slot = e[0]->integer; slot <= last; slot++) {
        slots[slot] = node;
    }
}


ngx_int_t
kanda_cluster_place(kanda_redis_node_t *teller, kanda_redis_place_t *place,
    const char *host, size_t len, in_port_t port)
{
    ngx_int_t  rc;

    if (len == 0) {
        kanda_redis_place_beside(place, teller, port);
        return NGX_OK;
    }

    rc = kanda_redis_place(teller->rd->conf, place, host, len, port);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    kanda_redis_complain_of(teller, &teller->rd->cluster->complained,
                            rc == NGX_DECLINED
                            ? "names a node by a host name: add a resolver to "
                              "the http block"
                            : "names a node by no address and no host name",
                            NULL);

    return NGX_DECLINED;
}


/* Lets nodes go that have no slots, unless somebody waits for them. */

static void
kanda_cluster_settle(kanda_redis_t *rd)
{
    ngx_uint_t              i;
    ngx_queue_t            *q, *next;
    kanda_redis_node_t     *node;
    kanda_redis_cluster_t  *cl;

    cl = rd->cluster;
    cl->covered = 1;

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);
        node->turn = 0;
    }

    for (i = 0; i < KANDA_SLOTS; i++) {
        if (cl->slots[i]) {
            cl->slots[i]->turn = 1;

        } else {
            cl->covered = 0;
        }
    }

    for (q = ngx_queue_head(&rd->nodes);
         q != ngx_queue_sentinel(&rd->nodes);
         q = next)
    {
        node = ngx_queue_data(q, kanda_redis_node_t, link);
        next = ngx_queue_next(q);

        if (!node->turn && (node->pending == 0 || node->broken)) {
            kanda_redis_node_destroy(node);
        }
    }
}
