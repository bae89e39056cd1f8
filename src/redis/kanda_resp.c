#include "kanda_redis_impl.h"
#include "kanda_crypto.h"


#define KANDA_RESP_HEADER  (1 + NGX_SIZE_T_LEN + 2)
#define KANDA_RESP_INITIAL 16384
#define KANDA_RESP_KEEP    (1024 * 1024)


static ngx_int_t kanda_resp_reserve(kanda_redis_buf_t *b, size_t n);
static u_char *kanda_resp_header(u_char *p, u_char type, size_t n);
static u_char *kanda_resp_args(u_char *p, const ngx_str_t *args, ngx_uint_t n);
static size_t kanda_resp_size(const ngx_str_t *args, ngx_uint_t n);


ngx_int_t
kanda_resp_append(kanda_redis_buf_t *b, const ngx_str_t *head,
    ngx_uint_t nhead, const ngx_str_t *args, ngx_uint_t nargs)
{
    u_char  *p;
    size_t   size;

    size = KANDA_RESP_HEADER + kanda_resp_size(head, nhead)
           + kanda_resp_size(args, nargs);

    if (kanda_resp_reserve(b, size) != NGX_OK) {
        return NGX_ERROR;
    }

    p = b->data + b->last;
    p = kanda_resp_header(p, '*', nhead + nargs);
    p = kanda_resp_args(p, head, nhead);
    p = kanda_resp_args(p, args, nargs);
    b->last = p - b->data;

    return NGX_OK;
}


void
kanda_resp_reset(kanda_redis_buf_t *b)
{
    if (b->last) {
        kanda_wipe(b->data, b->last);
    }

    b->pos = 0;
    b->last = 0;

    if (b->size > KANDA_RESP_KEEP) {
        kanda_resp_free(b);
    }
}


void
kanda_resp_free(kanda_redis_buf_t *b)
{
    if (b->data) {
        kanda_wipe(b->data, b->last);
        ngx_free(b->data);
    }

    ngx_memzero(b, sizeof(kanda_redis_buf_t));
}


ngx_int_t
kanda_redis_write(kanda_redis_node_t *node, kanda_redis_buf_t *b)
{
    ssize_t  n;

    while (b->pos < b->last) {
        n = node->c->send(node->c, b->data + b->pos, b->last - b->pos);

        if (n == NGX_AGAIN || n == 0) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        b->pos += n;
    }

    kanda_resp_reset(b);

    return NGX_OK;
}


static ngx_int_t
kanda_resp_reserve(kanda_redis_buf_t *b, size_t n)
{
    u_char  *data;
    size_t   size;

    if (b->size - b->last >= n) {
        return NGX_OK;
    }

    size = b->size ? b->size : KANDA_RESP_INITIAL;

    while (size - b->last < n) {
        size *= 2;
    }

    data = ngx_alloc(size, ngx_cycle->log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    if (b->data) {
        ngx_memcpy(data, b->data, b->last);
        kanda_wipe(b->data, b->last);
        ngx_free(b->data);
    }

    b->data = data;
    b->size = size;

    return NGX_OK;
}


static size_t
kanda_resp_size(const ngx_str_t *args, ngx_uint_t n)
{
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < n; i++) {
        size += KANDA_RESP_HEADER + args[i].len + 2;
    }

    return size;
}


static u_char *
kanda_resp_args(u_char *p, const ngx_str_t *args, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        p = kanda_resp_header(p, '$', args[i].len);

        if (args[i].len) {
            p = ngx_cpymem(p, args[i].data, args[i].len);
        }

        *p++ = CR;
        *p++ = LF;
    }

    return p;
}


static u_char *
kanda_resp_header(u_char *p, u_char type, size_t n)
{
    u_char   digits[NGX_SIZE_T_LEN];
    size_t   i;

    *p++ = type;
    i = sizeof(digits);

    do {
        digits[--i] = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    p = ngx_cpymem(p, digits + i, sizeof(digits) - i);
    *p++ = CR;
    *p++ = LF;

    return p;
}
