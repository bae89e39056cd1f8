#include "kanda_redis_cluster.h"


/* While a slot moves, its keys are on two nodes, and a script that reaches
 * several must run on neither: keys that have gone, keys that have not come yet
 * and keys that never were would look alike, in the middle of its work.  So a
 * script names a second key that never is, for which the old node refuses to
 * run it (TRYAGAIN, or ASK if the first has gone, too), and it is asked for
 * again until the slot has a new owner.  A plain command has one key: it
 * follows ASK. */


#define KANDA_CLUSTER_TURNS  8          /* times that a command is sent on */
#define KANDA_CLUSTER_TICK   10         /* ms between two tries */


static ngx_int_t kanda_cluster_moved(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd, const redisReply *reply, ngx_uint_t asking);
static ngx_int_t kanda_cluster_send(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd);
static void kanda_cluster_retry(kanda_redis_t *rd, kanda_redis_cmd_t *cmd);


ngx_int_t
kanda_cluster_refused(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd,
    const redisReply *reply)
{
    const char *word = reply->str;

    /* what has no key is of this node: its clock, or its replicas */

    if (cmd->call.key == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_strncmp(word, "MOVED ", 6) == 0) {
        kanda_cluster_refresh(node->rd);
        return kanda_cluster_moved(node, cmd, reply, 0);
    }

    if (ngx_strncmp(word, "ASK ", 4) == 0 && cmd->call.script == NULL) {
        return kanda_cluster_moved(node, cmd, reply, 1);
    }

    if (ngx_strncmp(word, "ASK ", 4) == 0
        || ngx_strncmp(word, "TRYAGAIN", 8) == 0)
    {
        return node->rd->pending < KANDA_REDIS_QUEUE_MAX
               ? kanda_cluster_hold(node->rd, cmd) : NGX_DECLINED;
    }

    if (ngx_strncmp(word, "CLUSTERDOWN", 11) == 0
        || ngx_strncmp(word, "LOADING", 7) == 0)
    {
        kanda_cluster_refresh(node->rd);
    }

    return NGX_DECLINED;
}


/* "MOVED 3999 127.0.0.1:6381", and the same with ASK. */

static ngx_int_t
kanda_cluster_moved(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd,
    const redisReply *reply, ngx_uint_t asking)
{
    u_char               *p, *last, *host, *colon;
    ngx_int_t             slot, port;
    kanda_redis_node_t   *target;
    kanda_redis_place_t   place;

    last = (u_char *) reply->str + reply->len;
    p = ngx_strlchr((u_char *) reply->str, last, ' ');
    host = p ? ngx_strlchr(++p, last, ' ') : NULL;

    if (host == NULL || cmd->turns == KANDA_CLUSTER_TURNS) {
        return NGX_DECLINED;
    }

    slot = ngx_atoi(p, host - p);
    host++;

    for (colon = last; colon > host && *colon != ':'; colon--) { /* void */ }

    port = colon > host || *colon == ':' ? ngx_atoi(colon + 1,
                                                    last - colon - 1) : -1;

    if (slot < 0 || slot >= KANDA_SLOTS || port < 1 || port > 65535
        || kanda_cluster_place(node, &place, (char *) host, colon - host,
                               (in_port_t) port)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    target = kanda_cluster_node(node->rd, &place);
    if (target == NULL) {
        return NGX_DECLINED;
    }

    if (!asking) {
        node->rd->cluster->slots[slot] = target;
    }

    cmd->turns++;
    cmd->asking = asking;

    return kanda_cluster_send(target, cmd);
}


static ngx_int_t
kanda_cluster_send(kanda_redis_node_t *node, kanda_redis_cmd_t *cmd)
{
    cmd->evaluated = 0;
    cmd->sent = 0;
    cmd->deadline = ngx_current_msec + node->rd->conf->timeout;

    if (kanda_redis_reach(node) != NGX_OK
        || node->pending >= KANDA_REDIS_QUEUE_MAX
        || kanda_redis_append(node, cmd) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
kanda_cluster_hold(kanda_redis_t *rd, kanda_redis_cmd_t *cmd)
{
    kanda_redis_cluster_t *cl = rd->cluster;

    ngx_queue_insert_tail(&cl->later, &cmd->queue);
    rd->pending++;
    kanda_stats_set(KANDA_STATS_QUEUE, rd->pending);

    if (!cl->tick.timer_set) {
        ngx_add_timer(&cl->tick, KANDA_CLUSTER_TICK);
    }

    return NGX_OK;
}


void
kanda_cluster_tick(ngx_event_t *ev)
{
    kanda_redis_t *rd = ev->data;

    ngx_queue_t             due, *q;
    kanda_redis_cluster_t  *cl;

    cl = rd->cluster;

    if (ngx_queue_empty(&cl->later)) {
        return;
    }

    /* whoever is resumed may hold something new: that is for the next time */

    ngx_queue_init(&due);
    ngx_queue_add(&due, &cl->later);
    ngx_queue_init(&cl->later);

    while (!ngx_queue_empty(&due)) {
        q = ngx_queue_head(&due);
        ngx_queue_remove(q);
        rd->pending--;
        kanda_cluster_retry(rd, ngx_queue_data(q, kanda_redis_cmd_t, queue));
    }

    kanda_stats_set(KANDA_STATS_QUEUE, rd->pending);
}


static void
kanda_cluster_retry(kanda_redis_t *rd, kanda_redis_cmd_t *cmd)
{
    kanda_redis_node_t  *node;

    if (cmd->op.waiter == NULL) {
        kanda_redis_end(cmd, NGX_ERROR);
        return;
    }

    if ((ngx_msec_int_t) (cmd->expires - ngx_current_msec) <= 0) {
        kanda_stats_count(redis_errors[KANDA_STATS_REDIS_TIMEOUT]);
        kanda_redis_end(cmd, NGX_ERROR);
        return;
    }

    node = kanda_cluster_pick(rd, &cmd->call);

    if (node == NULL && rd->settling && !rd->broken) {
        (void) kanda_cluster_hold(rd, cmd);
        return;
    }

    if (node == NULL || kanda_cluster_send(node, cmd) != NGX_OK) {
        kanda_stats_count(redis_errors[KANDA_STATS_REDIS_REFUSED]);
        kanda_redis_end(cmd, NGX_ERROR);
    }
}
