#include "kanda_redis_impl.h"


static void kanda_redis_read(kanda_redis_node_t *node);
static ngx_int_t kanda_redis_parse(kanda_redis_node_t *node);


void
kanda_redis_read_handler(ngx_event_t *rev)
{
    kanda_redis_node_t  *node;
    ngx_connection_t    *c;

    c = rev->data;
    node = c->data;

    if (c->close) {
        kanda_redis_leave(node);
        return;
    }

    if (rev->timedout) {
        rev->timedout = 0;
        node->timeouts++;
        kanda_redis_lost(node, "greeting timed out");
        return;
    }

    if (node->state == KANDA_REDIS_CONNECTING) {
        return;
    }

    kanda_redis_read(node);
}


static void
kanda_redis_read(kanda_redis_node_t *node)
{
    ssize_t     n;
    u_char      buf[16384];
    ngx_uint_t  reads;

    for (reads = 0; ; reads++) {

        if (reads == KANDA_REDIS_READS) {
            /* others and their timers have a turn, whatever Redis sends */
            ngx_post_event(node->c->read, &ngx_posted_next_events);
            return;
        }

        n = node->c->recv(node->c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {
            kanda_redis_lost(node, n ? "receiving failed"
                                     : "connection closed");
            return;
        }

        node->received = kanda_stats_now();

        if (node->reader->len > KANDA_REDIS_REPLY_MAX
            || redisReaderFeed(node->reader, (char *) buf, n) != REDIS_OK)
        {
            kanda_redis_lost(node, "reply too long");
            return;
        }

        if (kanda_redis_parse(node) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(node->c->read, 0) != NGX_OK) {
        kanda_redis_lost(node, "no read events");
        return;
    }

    if (node->pending == 0 && node->state == KANDA_REDIS_READY) {

        if (ngx_exiting) {
            kanda_redis_leave(node);
            return;
        }

        node->c->idle = 1;
    }
}


/* A reply resumes a request, and that request may bring the connection down;
 * the reader is then ours to free. */

static ngx_int_t
kanda_redis_parse(kanda_redis_node_t *node)
{
    void         *reply;
    redisReader  *reader;

    reader = node->reader;
    node->parsing = 1;

    while (node->reader == reader && node->state != KANDA_REDIS_DOWN) {

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            kanda_redis_lost(node, node->reply_size > KANDA_REDIS_REPLY_MAX
                                   ? "reply too long" : "malformed reply");
            break;
        }

        if (reply == NULL) {
            node->parsing = 0;
            return NGX_OK;
        }

        if (kanda_redis_deliver(node, reply) != NGX_OK) {
            kanda_redis_lost(node, node->demoted ? "it is no master"
                                   : node->state == KANDA_REDIS_GREETING
                                   ? "its greeting is of no use"
                                   : "unexpected reply");
            break;
        }

        if (node->state == KANDA_REDIS_GREETING
            && ngx_queue_empty(&node->greetings))
        {
            kanda_redis_greeted(node);
        }
    }

    node->parsing = 0;
    redisReaderFree(reader);

    if (node->reader == reader) {
        node->reader = NULL;
    }

    return NGX_ERROR;
}
