#include "kanda_redis_impl.h"


kanda_redis_node_t *
kanda_redis_node_create(kanda_redis_t *rd, const kanda_redis_role_t *role)
{
    kanda_redis_node_t  *node;

    node = ngx_calloc(sizeof(kanda_redis_node_t), rd->log);
    if (node == NULL) {
        return NULL;
    }

    node->rd = rd;
    node->role = role;
    node->log = rd->log;
    node->login = role->asks && rd->conf->kind == KANDA_REDIS_SENTINEL
                  ? &rd->conf->sentinel_login : &rd->conf->login;
    node->words.data = node->words_data;

    ngx_queue_init(&node->waiting);
    ngx_queue_init(&node->greetings);
    ngx_queue_init(&node->held);

    node->flush.data = node;
    node->flush.log = rd->log;
    node->flush.handler = kanda_redis_flush_handler;

    node->timer.data = node;
    node->timer.log = rd->log;
    node->timer.handler = kanda_redis_timer_handler;

    node->retry.data = node;
    node->retry.log = rd->log;
    node->retry.handler = kanda_redis_retry_handler;
    node->retry.cancelable = 1;

    if (!role->asks) {
        ngx_queue_insert_tail(&rd->nodes, &node->link);
    }

    return node;
}


void
kanda_redis_node_destroy(kanda_redis_node_t *node)
{
    kanda_redis_close(node);
    node->broken = 1;
    kanda_redis_fail_all(node, KANDA_STATS_REDIS_LOST);

    if (!node->role->asks) {
        ngx_queue_remove(&node->link);
    }

    if (node->rd->greeted == node) {
        node->rd->greeted = NULL;
    }

    if (node->retry.timer_set) {
        ngx_del_timer(&node->retry);
    }

    if (node->flush.posted) {
        ngx_delete_posted_event(&node->flush);
    }

    kanda_resp_free(&node->out);
    kanda_resp_free(&node->greeting_out);

    if (node->replies) {
        ngx_destroy_pool(node->replies);
    }

    ngx_free(node);
}


ngx_int_t
kanda_redis_node_seed(kanda_redis_node_t *node)
{
    const kanda_redis_seed_t  *seed;

    seed = &node->rd->conf->seeds[node->turn++ % node->rd->conf->nseeds];
    node->addr = seed->addr;
    node->host = seed->host;

    return NGX_OK;
}


ngx_int_t
kanda_redis_node_hello(kanda_redis_node_t *node)
{
    kanda_redis_t *rd = node->rd;

    rd->greeted = node;

    return rd->hello(rd, rd->hello_data);
}


void
kanda_redis_node_move(kanda_redis_node_t *node, const ngx_sockaddr_t *sa)
{
    ngx_str_t  *host;

    node->sockaddr = *sa;
    node->addr.sockaddr = &node->sockaddr.sockaddr;
    node->addr.socklen = sizeof(struct sockaddr_in);

#if (NGX_HAVE_INET6)
    if (sa->sockaddr.sa_family == AF_INET6) {
        node->addr.socklen = sizeof(struct sockaddr_in6);
    }
#endif

    node->addr.name.data = node->text;
    node->addr.name.len = ngx_sock_ntop(node->addr.sockaddr,
                                        node->addr.socklen, node->text,
                                        NGX_SOCKADDR_STRLEN, 1);

    /* without the port, and the brackets of IPv6 */

    host = &node->host;
    *host = node->addr.name;

    while (host->len && host->data[--host->len] != ':') { /* void */ }

    if (host->len && host->data[0] == '[') {
        host->data++;
        host->len -= 2;
    }
}


ngx_uint_t
kanda_redis_node_is(const kanda_redis_node_t *node, ngx_sockaddr_t *sa)
{
    return node->addr.sockaddr
           && ngx_cmp_sockaddr(&sa->sockaddr, sizeof(ngx_sockaddr_t),
                               node->addr.sockaddr, node->addr.socklen, 1)
              == NGX_OK;
}


ngx_uint_t
kanda_redis_address(ngx_sockaddr_t *sa, const char *host, size_t len,
    in_port_t port)
{
    in_addr_t  inaddr;

    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

    inaddr = ngx_inet_addr((u_char *) host, len);

    if (inaddr != INADDR_NONE) {
        sa->sockaddr_in.sin_family = AF_INET;
        sa->sockaddr_in.sin_addr.s_addr = inaddr;
        sa->sockaddr_in.sin_port = htons(port);
        return 1;
    }

#if (NGX_HAVE_INET6)

    if (ngx_inet6_addr((u_char *) host, len,
                       sa->sockaddr_in6.sin6_addr.s6_addr)
        == NGX_OK)
    {
        sa->sockaddr_in6.sin6_family = AF_INET6;
        sa->sockaddr_in6.sin6_port = htons(port);
        return 1;
    }

#endif

    return 0;
}


void
kanda_redis_name(const kanda_redis_node_t *node, ngx_str_t *name)
{
    u_char           *last;
    const ngx_str_t  *url;

    url = &node->rd->conf->url;
    last = name->data + KANDA_REDIS_NAME;

    name->len = ((node->rd->node == node && node->rd->sentinel == NULL)
                 || node->addr.name.len == 0
                 ? ngx_slprintf(name->data, last, "%s %V", node->role->title,
                                url)
                 : ngx_slprintf(name->data, last, "%s %V of %V",
                                node->role->title, &node->addr.name, url))
                - name->data;
}


void
kanda_redis_say(kanda_redis_node_t *node, const char *words)
{
    size_t  len;

    len = ngx_min(ngx_strlen(words),
                  sizeof(node->words_data) - node->words.len);
    ngx_memcpy(node->words.data + node->words.len, words, len);
    node->words.len += len;
}
