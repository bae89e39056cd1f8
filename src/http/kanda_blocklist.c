#include "kanda_blocklist.h"
#include "kanda_crypto.h"
#include "kanda_password.h"


#define KANDA_BLOCKLIST_MAX  (16 * 1024 * 1024)


static u_char *kanda_blocklist_load(ngx_conf_t *cf, ngx_str_t *name,
    size_t *len);
static int ngx_libc_cdecl kanda_blocklist_compare(const void *a,
    const void *b);


kanda_blocklist_t *
kanda_blocklist_read(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char             *p, *last, *end;
    size_t              len;
    ngx_uint_t          lines;
    kanda_blocklist_t  *list;

    p = kanda_blocklist_load(cf, name, &len);
    if (p == NULL) {
        return NULL;
    }

    last = p + len;
    lines = 1;

    for (end = p; end < last; end++) {
        lines += (*end == LF);
    }

    list = ngx_pcalloc(cf->pool, sizeof(kanda_blocklist_t));
    if (list == NULL) {
        return NULL;
    }

    list->words = ngx_palloc(cf->pool, lines * sizeof(ngx_str_t));
    if (list->words == NULL) {
        return NULL;
    }

    while (p < last) {
        end = ngx_strlchr(p, last, LF);

        if (end == NULL) {
            end = last;
        }

        len = end - p;

        if (len && p[len - 1] == CR) {
            len--;
        }

        if (len) {
            ngx_strlow(p, p, len);
            list->words[list->n].data = p;
            list->words[list->n++].len = len;
        }

        p = end + 1;
    }

    ngx_qsort(list->words, list->n, sizeof(ngx_str_t),
              kanda_blocklist_compare);

    return list;
}


static u_char *
kanda_blocklist_load(ngx_conf_t *cf, ngx_str_t *name, size_t *len)
{
    u_char           *p;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NULL;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "kanda_password_blocklist cannot open \"%V\"",
                           name);
        goto failed;
    }

    *len = (size_t) ngx_file_size(&fi);

    if (*len > KANDA_BLOCKLIST_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_password_blocklist \"%V\" is longer than "
                           "16 megabytes", name);
        goto failed;
    }

    p = ngx_pnalloc(cf->pool, *len + 1);
    n = p ? ngx_read_fd(fd, p, *len) : -1;

    if (n != (ssize_t) *len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "kanda_password_blocklist cannot read \"%V\"",
                           name);
        goto failed;
    }

    ngx_close_file(fd);

    return p;

failed:

    if (fd != NGX_INVALID_FILE) {
        ngx_close_file(fd);
    }

    return NULL;
}


ngx_uint_t
kanda_blocklist_has(const kanda_blocklist_t *list, const ngx_str_t *password)
{
    u_char      lower[KANDA_PASSWORD_BYTES];
    ngx_int_t   order;
    ngx_str_t   word;
    ngx_uint_t  low, high, mid, found;

    if (list == NULL || password->len > sizeof(lower)) {
        return 0;
    }

    ngx_strlow(lower, password->data, password->len);
    word.data = lower;
    word.len = password->len;

    low = 0;
    high = list->n;
    found = 0;

    while (low < high && !found) {
        mid = low + (high - low) / 2;
        order = kanda_blocklist_compare(&word, &list->words[mid]);

        if (order == 0) {
            found = 1;

        } else if (order < 0) {
            high = mid;

        } else {
            low = mid + 1;
        }
    }

    kanda_wipe(lower, sizeof(lower));

    return found;
}


static int ngx_libc_cdecl
kanda_blocklist_compare(const void *a, const void *b)
{
    const ngx_str_t *one = a, *two = b;

    int  rc;

    rc = ngx_memcmp(one->data, two->data, ngx_min(one->len, two->len));

    if (rc) {
        return rc;
    }

    return (one->len > two->len) - (one->len < two->len);
}
