#include "kanda_redis_impl.h"


/* Names are looked up by nginx's own resolver.  It may answer within the
 * question, and while it goes through all who wait for a name none of them may
 * leave: so its handler takes the answer and posts an event, which does the
 * rest. */


static void kanda_redis_answered(ngx_resolver_ctx_t *ctx);
static void kanda_redis_take(kanda_redis_node_t *node,
    const ngx_resolver_ctx_t *ctx);


ngx_int_t
kanda_redis_look_up(kanda_redis_node_t *node)
{
    ngx_resolver_ctx_t        *ctx;
    const kanda_redis_conf_t  *conf;

    if (!node->place.named) {
        return NGX_OK;
    }

    if (kanda_redis_looks_up(node)) {
        return NGX_AGAIN;
    }

    conf = node->rd->conf;

    ctx = ngx_resolve_start(conf->resolver, NULL);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    /* a leaving worker does not wait for it */

    ctx->name = node->host;
    ctx->handler = kanda_redis_answered;
    ctx->data = node;
    ctx->timeout = conf->resolver_timeout;
    ctx->cancelable = 1;

    node->addr.sockaddr = NULL;
    node->lookup = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        node->lookup = NULL;
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


ngx_uint_t
kanda_redis_looks_up(const kanda_redis_node_t *node)
{
    return node->lookup != NULL || node->looked_up.posted;
}


void
kanda_redis_look_away(kanda_redis_node_t *node)
{
    if (node->lookup) {
        ngx_resolve_name_done(node->lookup);
        node->lookup = NULL;
    }

    if (node->looked_up.posted) {
        ngx_delete_posted_event(&node->looked_up);
    }
}


static void
kanda_redis_answered(ngx_resolver_ctx_t *ctx)
{
    kanda_redis_node_t *node = ctx->data;

    if (ctx->state == NGX_OK) {
        kanda_redis_take(node, ctx);

    } else {
        kanda_redis_say(node, ngx_resolver_strerror(ctx->state));
    }

    ngx_resolve_name_done(ctx);
    node->lookup = NULL;

    ngx_post_event(&node->looked_up, &ngx_posted_events);
}


/* One address of those there are, and another the next time. */

static void
kanda_redis_take(kanda_redis_node_t *node, const ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t            i;
    ngx_resolver_addr_t  *addr;
    kanda_redis_place_t  *place;

    place = &node->place;
    addr = &ctx->addrs[node->lookups++ % ctx->naddrs];

    for (i = 1; i < ctx->naddrs && place->socklen; i++) {

        if (ngx_cmp_sockaddr(addr->sockaddr, addr->socklen,
                             &place->sockaddr.sockaddr, place->socklen, 0)
            != NGX_OK)
        {
            break;
        }

        addr = &ctx->addrs[node->lookups++ % ctx->naddrs];
    }

    ngx_memcpy(&place->sockaddr, addr->sockaddr, addr->socklen);
    place->socklen = addr->socklen;
    ngx_inet_set_port(&place->sockaddr.sockaddr, place->port);

    node->addr.sockaddr = &place->sockaddr.sockaddr;
    node->addr.socklen = place->socklen;
}


void
kanda_redis_looked_up(ngx_event_t *ev)
{
    kanda_redis_node_t *node = ev->data;

    if (node->addr.sockaddr) {
        kanda_redis_found(node);
        return;
    }

    /* said even if it was complained of a moment ago, when it was lost */

    kanda_redis_complain_of(node, &node->rd->misnamed,
                            "looking its name up failed", &node->words);
    node->complained = ngx_time();

    kanda_redis_lost(node, "unknown name");
}
