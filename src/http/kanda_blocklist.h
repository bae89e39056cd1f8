/*
 * Passwords too common to be one, from kanda_password_blocklist.
 */

#ifndef KANDA_BLOCKLIST_H
#define KANDA_BLOCKLIST_H

#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_uint_t   n;
    ngx_str_t   *words;                 /* sorted, ASCII lower case */
} kanda_blocklist_t;


/*
 * Reads a file of one password a line at configuration time.  Returns NULL when
 * it cannot be read; the reason is logged.
 */
kanda_blocklist_t *kanda_blocklist_read(ngx_conf_t *cf, ngx_str_t *name);

/* Whether a password is on the list, whatever the case of its ASCII letters. */
ngx_uint_t kanda_blocklist_has(const kanda_blocklist_t *list,
    const ngx_str_t *password);


#endif /* KANDA_BLOCKLIST_H */
