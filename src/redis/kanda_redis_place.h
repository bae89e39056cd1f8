/*
 * Inside the redis room: where servers say that servers are.
 */

#ifndef KANDA_REDIS_PLACE_H
#define KANDA_REDIS_PLACE_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "kanda_redis.h"


#define KANDA_REDIS_HOST_MAX  253       /* of a name, in bytes */


typedef struct kanda_redis_node_s  kanda_redis_node_t;


/* Where a server is said to be: an address, or a name for which one is to be
 * looked up before each connect. */
typedef struct {
    ngx_sockaddr_t   sockaddr;          /* of a name: the last one */
    socklen_t        socklen;           /* 0: not known yet */
    in_port_t        port;
    ngx_uint_t       named;
    size_t           len;
    u_char           text[KANDA_REDIS_HOST_MAX + sizeof(":65535")];
} kanda_redis_place_t;


/* Reads where a server is said to be: NGX_OK; NGX_DECLINED: by a name, which
 * nobody can look up; NGX_ERROR: by nothing that could be either. */
ngx_int_t kanda_redis_place(const kanda_redis_conf_t *conf,
    kanda_redis_place_t *place, const char *host, size_t len, in_port_t port);

/* Another port of the host that a node is at. */
void kanda_redis_place_beside(kanda_redis_place_t *place,
    const kanda_redis_node_t *node, in_port_t port);

/* Has a node connect to this place from now on. */
void kanda_redis_node_move(kanda_redis_node_t *node,
    const kanda_redis_place_t *place);

/* Is this the one it has? */
ngx_uint_t kanda_redis_node_is(const kanda_redis_node_t *node,
    const kanda_redis_place_t *place);

/* Looks up a node's name, if it has one; a role's find, too.  NGX_OK: there is
 * an address; NGX_AGAIN: kanda_redis_found() or kanda_redis_lost() will follow;
 * NGX_ERROR: no memory. */
ngx_int_t kanda_redis_look_up(kanda_redis_node_t *node);

/* Is that under way? */
ngx_uint_t kanda_redis_looks_up(const kanda_redis_node_t *node);

/* Ends it: nothing will follow. */
void kanda_redis_look_away(kanda_redis_node_t *node);

/* The answer is there: a posted event's handler. */
void kanda_redis_looked_up(ngx_event_t *ev);


#endif /* KANDA_REDIS_PLACE_H */
