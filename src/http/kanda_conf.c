#include "ngx_http_kanda.h"
#include "kanda_conf.h"
#include "kanda_apikey.h"
#include "kanda_text.h"

#include <sys/stat.h>


#define KANDA_KEYS_FILE_MAX   16384
#define KANDA_SERVICE_NAME    64        /* bytes */


static ngx_int_t kanda_conf_read_keys(ngx_conf_t *cf, ngx_str_t *name,
    kanda_keyring_t *ring);
static void kanda_conf_wipe_keys(void *data);


const kanda_require_t *
kanda_require_rule(const ngx_http_kanda_loc_conf_t *klcf)
{
    return klcf->require == NULL || klcf->exempt
           || klcf->require->level == KANDA_REQUIRE_NOTHING
           ? NULL : klcf->require;
}


char *
kanda_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t  *args;

    if (kmcf->redis.nseeds) {
        return "is duplicate";
    }

    args = cf->args->elts;

    return kanda_redis_conf_parse(cf, &kmcf->redis, args + 1,
                                  cf->args->nelts - 1);
}


void
kanda_conf_resolver(ngx_conf_t *cf, kanda_redis_conf_t *redis)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* nginx has one of no servers where none is configured */

    if (clcf->resolver && clcf->resolver->connections.nelts) {
        redis->resolver = clcf->resolver;
    }

    redis->resolver_timeout = clcf->resolver_timeout;
    ngx_conf_init_msec_value(redis->resolver_timeout, 30000);
}


char *
kanda_conf_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t           *args;
    ngx_pool_cleanup_t  *cln;

    if (kmcf->ring) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &args[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    kmcf->ring = ngx_pcalloc(cf->pool, sizeof(kanda_keyring_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (kmcf->ring == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = kanda_conf_wipe_keys;
    cln->data = kmcf->ring;

    if (kanda_conf_read_keys(cf, &args[1], kmcf->ring) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
kanda_conf_read_keys(ngx_conf_t *cf, ngx_str_t *name, kanda_keyring_t *ring)
{
    int               rc;
    char              text[KANDA_KEYS_FILE_MAX], error[KANDA_KEYRING_ERROR];
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "kanda_keys cannot open \"%V\"", name);

        if (fd != NGX_INVALID_FILE) {
            ngx_close_file(fd);
        }

        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi) || (fi.st_mode & (S_IRWXG|S_IRWXO))) {
        ngx_close_file(fd);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_keys \"%V\" must be a regular file that "
                           "nobody but its owner can read: chmod 600", name);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text, sizeof(text));
    ngx_close_file(fd);

    if (n < 0 || n == sizeof(text)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                           "kanda_keys cannot read \"%V\", which may have at "
                           "most 16383 bytes", name);
        return NGX_ERROR;
    }

    rc = kanda_keyring_parse(ring, text, n, error);
    kanda_wipe(text, sizeof(text));

    if (rc != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kanda_keys \"%V\": %s",
                           name, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
kanda_conf_wipe_keys(void *data)
{
    kanda_keyring_wipe(data);
}


char *
kanda_conf_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->realm.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (args[1].len == 0 || args[1].len > KANDA_REALM_MAX
        || strspn((char *) args[1].data,
                  "abcdefghijklmnopqrstuvwxyz0123456789_-") != args[1].len)
    {
        return "must be 1 to 32 characters of a-z, 0-9, '_' and '-'";
    }

    klcf->realm = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t         *args;
    kanda_jwt_text_t   text;

    if (klcf->issuer.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (args[1].len == 0
        || kanda_jwt_text_set(&text, (char *) args[1].data, args[1].len) != 0)
    {
        return "must be 1 to 128 characters of ASCII without '\"' and '\\'";
    }

    klcf->issuer = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_service_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->service_name.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (args[1].len == 0 || args[1].len > KANDA_SERVICE_NAME
        || !kanda_utf8_clean((char *) args[1].data, args[1].len))
    {
        return "must be 1 to 64 bytes of UTF-8 without control characters";
    }

    klcf->service_name = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_region(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    ngx_str_t  *args;

    if (klcf->region.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (!kanda_region_valid((char *) args[1].data, args[1].len)) {
        return "must be 1 to 32 characters of a-z, 0-9 and '-', one of those "
               "that API keys name";
    }

    klcf->region = args[1];

    return NGX_CONF_OK;
}


char *
kanda_conf_blocklist(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_main_conf_t *kmcf = conf;

    ngx_str_t  *args;

    if (kmcf->blocklist) {
        return "is duplicate";
    }

    args = cf->args->elts;
    kmcf->blocklist = kanda_blocklist_read(cf, &args[1]);

    return kmcf->blocklist ? NGX_CONF_OK : NGX_CONF_ERROR;
}
