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

    node->looked_up.data = node;
    node->looked_up.log = rd->log;
    node->looked_up.handler = kanda_redis_looked_up;

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
    node->place.named = 0;

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
