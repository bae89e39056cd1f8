/*
 * An otpauth URI taken apart by the rules of RFC 3986 and nothing of our own.
 */

#ifndef URI_H
#define URI_H

#include <stdio.h>
#include <string.h>

#include "kanda_otpauth.h"


typedef struct {
    char    issuer[KANDA_LABEL_MAX];
    size_t  issuer_len;
    char    label[KANDA_LABEL_MAX];
    size_t  label_len;
    char    names[128];                 /* of the query, each with a space */
    char    value[5][256];
    size_t  value_len[5];
    int     count;
} uri_t;


/* Decodes up to a character of stop; all that need it are escaped, and only
 * those.  Returns where it stopped, or NULL. */
static inline const char *
uri_decode(const char *p, const char *end, const char *stop, char *out,
    size_t max, size_t *len)
{
    static const char  unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
                                      "mnopqrstuvwxyz0123456789-._~";

    int       n;
    unsigned  c;

    *len = 0;

    while (p < end && strchr(stop, *p) == NULL) {
        c = (unsigned char) *p;
        n = 1;

        if (c == '%') {
            if (end - p < 3 || sscanf(p + 1, "%2X", &c) != 1) {
                return NULL;
            }

            n = 3;
        }

        if ((n == 1) != (c != 0 && strchr(unreserved, (int) c) != NULL)
            || *len == max)
        {
            return NULL;
        }

        out[(*len)++] = (char) c;
        p += n;
    }

    return p;
}


/* 0, or -1 when p[len] is no otpauth URI as we write them. */
static inline int
uri_take_apart(uri_t *u, const char *p, size_t len)
{
    size_t       n;
    const char  *end;

    memset(u, 0, sizeof(uri_t));
    end = p + len;

    if (len < 15 || memcmp(p, "otpauth://totp/", 15) != 0) {
        return -1;
    }

    p = uri_decode(p + 15, end, ":?", u->label, sizeof(u->label),
                   &u->label_len);

    if (p != NULL && p < end && *p == ':') {
        memcpy(u->issuer, u->label, u->label_len);
        u->issuer_len = u->label_len;
        p = uri_decode(p + 1, end, "?", u->label, sizeof(u->label),
                       &u->label_len);
    }

    while (p != NULL && p < end) {
        if (u->count == 5 || *p != (u->count == 0 ? '?' : '&')) {
            return -1;
        }

        p = uri_decode(p + 1, end, "=", u->names + strlen(u->names), 20, &n);

        if (p == NULL || p == end) {
            return -1;
        }

        strcat(u->names, " ");
        p = uri_decode(p + 1, end, "&", u->value[u->count],
                       sizeof(u->value[0]), &u->value_len[u->count]);
        u->count++;
    }

    return p == NULL ? -1 : 0;
}


#endif /* URI_H */
