#include "kanda_redis_impl.h"


static void kanda_redis_read(kanda_redis_t *rd);
static ngx_int_t kanda_redis_parse(kanda_redis_t *rd);


void
kanda_redis_read_handler(ngx_event_t *rev)
{
    kanda_redis_t     *rd;
    ngx_connection_t  *c;

    c = rev->data;
    rd = c->data;

    if (c->close) {
        kanda_redis_leave(rd);
        return;
    }

    if (rev->timedout) {
        rev->timedout = 0;
        rd->timeouts++;
        kanda_redis_lost(rd, "greeting timed out");
        return;
    }

    if (rd->state == KANDA_REDIS_CONNECTING) {
        return;
    }

    kanda_redis_read(rd);
}


static void
kanda_redis_read(kanda_redis_t *rd)
{
    ssize_t     n;
    u_char      buf[16384];
    ngx_uint_t  reads;

    for (reads = 0; ; reads++) {

        if (reads == KANDA_REDIS_READS) {
            /* others and their timers have a turn, whatever Redis sends */
            ngx_post_event(rd->c->read, &ngx_posted_next_events);
            return;
        }

        n = rd->c->recv(rd->c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {
            kanda_redis_lost(rd, n ? "receiving failed" : "connection closed");
            return;
        }

        rd->received = kanda_stats_now();

        if (rd->reader->len > KANDA_REDIS_REPLY_MAX
            || redisReaderFeed(rd->reader, (char *) buf, n) != REDIS_OK)
        {
            kanda_redis_lost(rd, "reply too long");
            return;
        }

        if (kanda_redis_parse(rd) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(rd->c->read, 0) != NGX_OK) {
        kanda_redis_lost(rd, "no read events");
        return;
    }

    if (ngx_queue_empty(&rd->waiting) && rd->state == KANDA_REDIS_READY) {

        if (ngx_exiting) {
            kanda_redis_leave(rd);
            return;
        }

        rd->c->idle = 1;
    }
}


/* A reply resumes a request, and that request may bring the connection down;
 * the reader is then ours to free. */

static ngx_int_t
kanda_redis_parse(kanda_redis_t *rd)
{
    void         *reply;
    redisReader  *reader;

    reader = rd->reader;
    rd->parsing = 1;

    while (rd->reader == reader && rd->state != KANDA_REDIS_DOWN) {

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            kanda_redis_lost(rd, rd->reply_size > KANDA_REDIS_REPLY_MAX
                                 ? "reply too long" : "malformed reply");
            break;
        }

        if (reply == NULL) {
            rd->parsing = 0;
            return NGX_OK;
        }

        if (kanda_redis_deliver(rd, reply) != NGX_OK) {
            kanda_redis_lost(rd, "unexpected reply");
            break;
        }

        if (rd->state == KANDA_REDIS_GREETING
            && ngx_queue_empty(&rd->greetings))
        {
            kanda_redis_greeted(rd);
        }
    }

    rd->parsing = 0;
    redisReaderFree(reader);

    if (rd->reader == reader) {
        rd->reader = NULL;
    }

    return NGX_ERROR;
}
