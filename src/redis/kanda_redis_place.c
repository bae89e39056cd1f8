#include "kanda_redis_impl.h"


/* Where servers say that servers are. */


static ngx_uint_t kanda_redis_place_address(kanda_redis_place_t *place,
    const char *host, size_t len);
static ngx_int_t kanda_redis_place_name(kanda_redis_place_t *place,
    const char *host, size_t len);
static void kanda_redis_place_text(kanda_redis_place_t *place);


ngx_int_t
kanda_redis_place(const kanda_redis_conf_t *conf, kanda_redis_place_t *place,
    const char *host, size_t len, in_port_t port)
{
    ngx_memzero(place, sizeof(kanda_redis_place_t));
    place->port = port;

    if (kanda_redis_place_address(place, host, len)) {
        kanda_redis_place_text(place);
        return NGX_OK;
    }

    if (kanda_redis_place_name(place, host, len) != NGX_OK) {
        return NGX_ERROR;
    }

    return conf->resolver ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
kanda_redis_place_address(kanda_redis_place_t *place, const char *host,
    size_t len)
{
    in_addr_t        inaddr;
    ngx_sockaddr_t  *sa;

    sa = &place->sockaddr;
    inaddr = ngx_inet_addr((u_char *) host, len);

    if (inaddr != INADDR_NONE) {
        sa->sockaddr_in.sin_family = AF_INET;
        sa->sockaddr_in.sin_addr.s_addr = inaddr;
        place->socklen = sizeof(struct sockaddr_in);

#if (NGX_HAVE_INET6)

    } else if (ngx_inet6_addr((u_char *) host, len,
                              sa->sockaddr_in6.sin6_addr.s6_addr)
               == NGX_OK)
    {
        sa->sockaddr_in6.sin6_family = AF_INET6;
        place->socklen = sizeof(struct sockaddr_in6);

#endif

    } else {
        return 0;
    }

    ngx_inet_set_port(&sa->sockaddr, place->port);

    return 1;
}


/* Letters, digits and what else is in names: it goes to a resolver and into
 * logs. */

static ngx_int_t
kanda_redis_place_name(kanda_redis_place_t *place, const char *host, size_t len)
{
    size_t  i;
    u_char  ch;

    if (len && host[len - 1] == '.') {
        len--;
    }

    if (len == 0 || len > KANDA_REDIS_HOST_MAX) {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        ch = ngx_tolower(host[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '-'
            && ch != '_' && ch != '.')
        {
            return NGX_ERROR;
        }

        place->text[i] = ch;
    }

    ngx_memzero(&place->sockaddr, sizeof(ngx_sockaddr_t));
    place->named = 1;
    place->len = ngx_sprintf(place->text + len, ":%ui",
                             (ngx_uint_t) place->port)
                 - place->text;

    return NGX_OK;
}


void
kanda_redis_place_beside(kanda_redis_place_t *place,
    const kanda_redis_node_t *node, in_port_t port)
{
    ngx_memzero(place, sizeof(kanda_redis_place_t));
    place->port = port;

    if (node->place.named) {
        (void) kanda_redis_place_name(place, (char *) node->host.data,
                                      node->host.len);
        return;
    }

    ngx_memcpy(&place->sockaddr, node->addr.sockaddr, node->addr.socklen);
    place->socklen = node->addr.socklen;
    ngx_inet_set_port(&place->sockaddr.sockaddr, port);
    kanda_redis_place_text(place);
}


static void
kanda_redis_place_text(kanda_redis_place_t *place)
{
    place->len = ngx_sock_ntop(&place->sockaddr.sockaddr, place->socklen,
                               place->text, sizeof(place->text), 1);
}


void
kanda_redis_node_move(kanda_redis_node_t *node,
    const kanda_redis_place_t *place)
{
    ngx_str_t  *host;

    kanda_redis_look_away(node);

    node->place = *place;
    node->addr.sockaddr = place->socklen ? &node->place.sockaddr.sockaddr
                                         : NULL;
    node->addr.socklen = place->socklen;
    node->addr.name.data = node->place.text;
    node->addr.name.len = place->len;

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
kanda_redis_node_is(const kanda_redis_node_t *node,
    const kanda_redis_place_t *place)
{
    return node->place.len == place->len
           && ngx_memcmp(node->place.text, place->text, place->len) == 0;
}
