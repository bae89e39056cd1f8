/*
 * The access log of an account.  Entries are written by the scripts that decide
 * what they tell; here they are read.
 */

#ifndef KANDA_STORE_LOG_H
#define KANDA_STORE_LOG_H

#include "kanda_store.h"


typedef struct {
    ngx_str_t  id;
    int64_t    time;                    /* Unix ms */
    ngx_str_t  event;
    ngx_str_t  client;                  /* this and the rest may be empty */
    ngx_str_t  reason;
    ngx_str_t  ip;
    ngx_str_t  agent;
    ngx_str_t  key;
    int64_t    count;                   /* refusals that the entry stands for */
    unsigned   success:1;
} kanda_log_entry_t;


typedef struct {
    int64_t             total;
    ngx_uint_t          n;
    kanda_log_entry_t  *entries;
} kanda_log_page_t;


/* Whether that is the whole name of an event. */
ngx_uint_t kanda_log_event_known(const ngx_str_t *event);

/* Adds the name of every event to st's arguments. */
void kanda_log_event_args(kanda_store_t *st);

/* A page, newest first, of one event or, when it is empty, all: OK.  Waits. */
ngx_int_t kanda_log_list(kanda_store_t *st, const ngx_str_t *event,
    ngx_uint_t offset, ngx_uint_t limit, kanda_log_page_t *page);


#endif /* KANDA_STORE_LOG_H */
