/*
 * The cookies of a session.  Over TLS the two that speak for their holder have
 * the "__Host-" prefix, so that no other host can put them there.
 */

#ifndef KANDA_COOKIE_H
#define KANDA_COOKIE_H

#include "ngx_http_kanda.h"


#define KANDA_ACCESS_TTL   900                  /* s */
#define KANDA_SESSION_TTL  (7 * 24 * 3600)      /* s without a refresh */


typedef enum {
    KANDA_COOKIE_ACCESS = 0,
    KANDA_COOKIE_REFRESH,
    KANDA_COOKIE_CSRF,
    KANDA_COOKIE_GATE,                  /* that of the realm's gates */
    KANDA_COOKIES
} kanda_cookie_t;


/* Whether its cookies are those over TLS. */
ngx_uint_t kanda_cookie_secure(ngx_http_request_t *r);

/* Where a search among the cookies stands; zeroed at its start. */
typedef struct {
    kanda_header_place_t  header;
    u_char               *p;
    u_char               *last;
} kanda_cookie_place_t;


/* The next cookie of the name that it has on this connection, empty ones left
 * out: NGX_OK or NGX_DECLINED. */
ngx_int_t kanda_cookie_next(kanda_request_t *kr, kanda_cookie_t cookie,
    kanda_cookie_place_t *place, ngx_str_t *value);

/* The one cookie of that name: NGX_OK, or NGX_DECLINED when there is none, or
 * when there are several that differ, one of which another host may have
 * planted. */
ngx_int_t kanda_cookie_find(kanda_request_t *kr, kanda_cookie_t cookie,
    ngx_str_t *value);

/* The request's cookies but for those that speak for their holder, here and in
 * any realm, "; " between: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_cookie_others(ngx_http_request_t *r, ngx_str_t *value);

/* Adds a Set-Cookie to the answer: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_cookie_set(kanda_request_t *kr, kanda_cookie_t cookie,
    const ngx_str_t *value);

/* Takes every cookie back, in every spelling: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_cookie_clear(kanda_request_t *kr);

/* Sets the cookie for X-CSRF-Token, where kanda_csrf asks for it; one that the
 * caller has stays, for other tabs know it: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_csrf_set(kanda_request_t *kr);

/* Whether X-CSRF-Token says what its cookie says. */
ngx_uint_t kanda_csrf_right(kanda_request_t *kr);

/* Whether a browser says, in Origin or Sec-Fetch-Site, that a page of another
 * origin had it send the request. */
ngx_uint_t kanda_origin_foreign(kanda_request_t *kr);


#endif /* KANDA_COOKIE_H */
