#include "ngx_http_kanda.h"
#include "kanda_conf.h"


#define KANDA_INVITATION_TTL      (72 * 3600 * (int64_t) 1000)  /* ms */
#define KANDA_INVITATION_TTL_MAX  (30 * 24 * 3600)      /* s */
#define KANDA_INVITATION_LINK     512                   /* bytes */


static ngx_uint_t kanda_conf_link_valid(const ngx_str_t *link);


char *
kanda_conf_invitation(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    time_t       ttl;
    ngx_str_t   *args, value;
    ngx_uint_t   i;

    if (klcf->invitation_ttl) {
        return "is duplicate";
    }

    args = cf->args->elts;
    klcf->invitation_ttl = KANDA_INVITATION_TTL;

    for (i = 1; i < cf->args->nelts; i++) {
        value = args[i];

        if (ngx_strncmp(value.data, "link=", 5) == 0) {
            value.data += 5;
            value.len -= 5;

            if (!kanda_conf_link_valid(&value)) {
                return "has a link= that is no URL of at most 512 characters "
                       "without \"#\"";
            }

            klcf->invitation_link = value;
            continue;
        }

        if (ngx_strncmp(value.data, "ttl=", 4) != 0) {
            return "knows link= and ttl=";
        }

        value.data += 4;
        value.len -= 4;
        ttl = ngx_parse_time(&value, 1);

        if (ttl == (time_t) NGX_ERROR || ttl == 0
            || ttl > KANDA_INVITATION_TTL_MAX)
        {
            return "has a ttl= that is not from 1s to 30d";
        }

        klcf->invitation_ttl = (int64_t) ttl * 1000;
    }

    return NGX_CONF_OK;
}


/* The invitation goes behind it, as a fragment, which no server gets to see. */

static ngx_uint_t
kanda_conf_link_valid(const ngx_str_t *link)
{
    size_t  i;

    i = ngx_strncmp(link->data, "https://", 8) == 0 ? 8
        : ngx_strncmp(link->data, "http://", 7) == 0 ? 7 : link->len;

    if (i >= link->len || link->len > KANDA_INVITATION_LINK) {
        return 0;
    }

    for ( /* void */ ; i < link->len; i++) {
        if (link->data[i] <= ' ' || link->data[i] > '~'
            || link->data[i] == '#')
        {
            return 0;
        }
    }

    return 1;
}


void
kanda_conf_invitation_merge(ngx_http_kanda_loc_conf_t *conf,
    const ngx_http_kanda_loc_conf_t *prev)
{
    if (conf->invitation_ttl) {
        return;
    }

    conf->invitation_link = prev->invitation_link;
    conf->invitation_ttl = prev->invitation_ttl ? prev->invitation_ttl
                                                : KANDA_INVITATION_TTL;
}
