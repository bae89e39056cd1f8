/*
 * Inside the redis room: what a cluster's client knows of it.
 */

#ifndef KANDA_REDIS_CLUSTER_H
#define KANDA_REDIS_CLUSTER_H

#include "kanda_redis_impl.h"
#include "kanda_slot.h"


struct kanda_redis_cluster_s {
    kanda_redis_node_t  *scout;         /* asks for the map, then leaves */
    ngx_event_t          refresh;       /* when the map is to be had anew */
    ngx_event_t          again;         /* connects to the next */
    ngx_msec_t           asked;         /* when, last */
    ngx_uint_t           tries;         /* left of this time */
    ngx_uint_t           turn;          /* whom to ask */
    ngx_uint_t           mapped;        /* there is a map */
    ngx_uint_t           covered;       /* all slots have a node */
    time_t               complained;    /* of how nodes are named */
    ngx_uint_t           unproven;      /* the proof is asked for until had */

    ngx_queue_t          later;         /* commands that wait for their turn */
    ngx_event_t          tick;
    kanda_redis_node_t  *slots[KANDA_SLOTS];
};


/* The node of a place; made, and connected to, if it is new.  NULL without
 * memory. */
kanda_redis_node_t *kanda_cluster_node(kanda_redis_t *rd,
    const kanda_redis_place_t *place);

/* Has the map asked for again, now or soon. */
void kanda_cluster_refresh(kanda_redis_t *rd);

/* The same, after a while in which it may have mended. */
void kanda_cluster_amiss(kanda_redis_t *rd);

/* Makes what asks for maps, and has it ask: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_cluster_look_out(kanda_redis_t *rd);

/* Ends that. */
void kanda_cluster_look_away(kanda_redis_cluster_t *cl);

/* Where to send a command, or NULL: to nobody yet. */
kanda_redis_node_t *kanda_cluster_pick(kanda_redis_t *rd,
    const kanda_redis_call_t *call);

/* Reads CLUSTER SLOTS, whose reply came from this node; a parse function. */
ngx_int_t kanda_cluster_map(void *node, const redisReply *reply);

/* Reads where a node is said to be, empty for where the teller is.  NGX_OK, or
 * NGX_DECLINED when that is of no use. */
ngx_int_t kanda_cluster_place(kanda_redis_node_t *teller,
    kanda_redis_place_t *place, const char *host, size_t len, in_port_t port);

/* Keeps a command, to be sent when the cluster has settled: NGX_OK. */
ngx_int_t kanda_cluster_hold(kanda_redis_t *rd, kanda_redis_cmd_t *cmd);

/* Goes through those that are kept. */
void kanda_cluster_tick(ngx_event_t *ev);

/* Sends a refused command elsewhere: see kanda_redis_topology_t. */
ngx_int_t kanda_cluster_refused(kanda_redis_node_t *node,
    kanda_redis_cmd_t *cmd, const redisReply *reply);


#endif /* KANDA_REDIS_CLUSTER_H */
