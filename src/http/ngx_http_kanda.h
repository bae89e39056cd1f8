/*
 * One request's life: configuration, route, credentials, body, answer.
 */

#ifndef NGX_HTTP_KANDA_H
#define NGX_HTTP_KANDA_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "kanda_form.h"
#include "kanda_json.h"
#include "kanda_keyring.h"
#include "kanda_op.h"
#include "kanda_kdf.h"
#include "kanda_jwt_cache.h"
#include "kanda_store.h"
#include "kanda_store_client.h"
#include "kanda_store_clock.h"
#include "kanda_blocklist.h"
#include "kanda_fiber.h"
#include "kanda_problem.h"
#include "kanda_stats.h"


#define KANDA_BODY_MAX    65536         /* bytes */
#define KANDA_WINDOW_MAX  2             /* steps, of kanda_window */


typedef struct kanda_request_s  kanda_request_t;
typedef struct kanda_route_s    kanda_route_t;
typedef struct kanda_dialect_s  kanda_dialect_t;

typedef struct ngx_http_kanda_loc_conf_s  ngx_http_kanda_loc_conf_t;

struct cJSON;


/* What one worker has, made when it starts. */
typedef struct {
    kanda_redis_t           *redis;
    kanda_shares_t          *shares;
    kanda_kdf_t             *kdf;
    kanda_jwt_cache_t       *tokens;
    kanda_clock_t           *clock;
    kanda_store_hello_t      hello;
} kanda_worker_t;


typedef struct {
    kanda_worker_t           worker;
    kanda_redis_conf_t       redis;
    ngx_msec_t               redis_timeout;
    ngx_str_t                keys_file;
    kanda_keyring_t         *ring;      /* wiped with the cycle's pool */
    ngx_str_t                log_keep;
    ngx_str_t                log_age;
    kanda_blocklist_t       *blocklist; /* or NULL */
    ngx_uint_t               served;    /* some location uses us */
    ngx_uint_t               gates;     /* some kanda_require stands */
    ngx_array_t             *locations; /* ngx_http_kanda_loc_conf_t * */
    ngx_array_t             *local;     /* servers of local dialects, or NULL */
    ngx_shm_zone_t          *stats;     /* then, where it is counted */
    ngx_shm_zone_t          *replay;    /* and used codes are remembered */
    const kanda_dialect_t  **dialects;  /* all there are */
    ngx_uint_t               ndialects;
    ngx_http_kanda_loc_conf_t  *logins; /* locations that give cookies out */
} ngx_http_kanda_main_conf_t;


/* What a gate wants to see. */
typedef enum {
    KANDA_REQUIRE_NOTHING = 0,
    KANDA_REQUIRE_USER,                 /* a session, or a token */
    KANDA_REQUIRE_OTP                   /* that showed a second factor */
} kanda_require_level_t;


typedef struct {
    kanda_require_level_t    level;
    int64_t                  max_age;   /* ms of the factor; 0: any */
    ngx_str_t                login;     /* path of a page, or empty */
} kanda_require_t;


struct ngx_http_kanda_loc_conf_s {
    const kanda_dialect_t   *dialect;
    ngx_uint_t               row;       /* of kanda_stats: its first */
    ngx_str_t                prefix;    /* of the location, less a last '/' */
    time_t                   token_ttl;
    ngx_str_t                token_ttl_text;
    ngx_str_t                issuer;
    ngx_str_t                realm;
    ngx_uint_t               window;
    const kanda_lockout_t   *lockout;
    ngx_flag_t               registration;
    ngx_str_t                qrcode;    /* on, until_confirmed, off */
    ngx_str_t                service_name;
    ngx_str_t                region;    /* or empty */
    ngx_flag_t               stateless_replay;
    ngx_flag_t               csrf;
    ngx_uint_t               two_factor;    /* a login must have one */
    const kanda_require_t   *require;   /* or NULL */
    ngx_uint_t               gated;     /* kanda_require stands here itself */
    ngx_uint_t               exempt;    /* from one that is inherited */
    ngx_str_t                gate_limits;   /* ms, see session_new.inc */
    time_t                   gate_absolute; /* s */
    ngx_str_t                gate_cookies[2];   /* as it is, and over TLS */
    ngx_str_t                invitation_link;   /* of a page, or empty */
    int64_t                  invitation_ttl;    /* ms */
    ngx_http_kanda_loc_conf_t  *next;   /* of main's logins */
};


extern ngx_module_t  ngx_http_kanda_module;


/* Two texts that are no secrets. */
static ngx_inline ngx_uint_t
kanda_same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


/* The rule of a location's gate, or NULL where none stands. */
const kanda_require_t *kanda_require_rule(
    const ngx_http_kanda_loc_conf_t *klcf);


/* Routes. */

typedef enum {
    KANDA_AUTH_NONE = 0,
    KANDA_AUTH_CALLER,                  /* a token or an API key */
    KANDA_AUTH_SESSION,                 /* a session's token */
    KANDA_AUTH_SETUP                    /* that, or one to set up 2FA with */
} kanda_auth_t;

typedef enum {
    KANDA_BODY_NONE = 0,                /* what comes is thrown away */
    KANDA_BODY_QUERY,                   /* likewise; the query has the fields */
    KANDA_BODY_JSON,
    KANDA_BODY_FORM,
    KANDA_BODY_OPTIONAL,                /* JSON, or nothing at all */
    KANDA_BODY_LENIENT                  /* JSON, or what is as nothing */
} kanda_body_kind_t;


/*
 * Reads on and answers: NGX_OK when kr->answer stands, NGX_AGAIN while it
 * waits, NGX_ERROR for a 500.
 */
typedef ngx_int_t (*kanda_handler_pt)(kanda_request_t *kr);


struct kanda_route_s {
    ngx_uint_t               method;    /* NGX_HTTP_GET also answers HEAD */
    const char              *path;      /* relative; ":" is one segment */
    kanda_auth_t             auth;
    ngx_uint_t               scope;
    kanda_body_kind_t        body;
    kanda_handler_pt         handler;
    size_t                   state;     /* bytes, zeroed, of kr->state */
    ngx_uint_t               verdict;   /* problems carry "valid":false */
};


struct kanda_dialect_s {
    ngx_str_t                name;
    const kanda_route_t     *routes;
    ngx_uint_t               nroutes;
    ngx_uint_t               bearer;    /* Authorization is looked at */
    ngx_uint_t               tokens;    /* and may hold a token */
    /* renders a problem into kr->answer, whose status it may change; NGX_OK or
     * NGX_ERROR */
    ngx_int_t              (*problem)(kanda_request_t *kr,
                                      kanda_problem_t problem,
                                      const char *detail);
    ngx_uint_t               cookies;   /* a session's count in their place */
    /* answers a request whose cookie another origin's page had sent, or that
     * came without its X-CSRF-Token, which kanda_csrf asks for; NULL: such a
     * cookie is none, and the token is always asked for */
    ngx_int_t              (*forged)(kanda_request_t *kr);
    ngx_uint_t               local;     /* for programs of this machine only */
    /* answers in place of routes */
    ngx_http_handler_pt      handler;
};


/* The answer, before it is sent. */
typedef struct {
    ngx_uint_t               status;    /* 0: none yet */
    ngx_str_t                type;
    ngx_str_t                body;
    ngx_str_t                allow;
    ngx_str_t                authenticate;
    const char              *reason;    /* Kanda-Reason */
    ngx_int_t                retry_after;   /* s; 0: no header */
} kanda_answer_t;


struct kanda_request_s {
    kanda_waiter_t              waiter;     /* first: the waiter is the kr */
    ngx_http_request_t         *request;
    ngx_http_kanda_main_conf_t *main;
    ngx_http_kanda_loc_conf_t  *conf;
    const kanda_dialect_t      *dialect;    /* in which it is answered */
    const kanda_route_t        *route;
    void                      (*run)(kanda_request_t *kr);  /* goes on */
    kanda_store_t               store;
    kanda_answer_t              answer;
    ngx_str_t                   reason;     /* why it was refused, a word */

    ngx_uint_t                  line;       /* where the fiber goes on */
    ngx_int_t                   rc;         /* of the last call that waited */
    void                       *state;

    int64_t                     now;        /* Unix seconds, this worker's */
    int64_t                     token_life; /* s of the calling token */
    ngx_uint_t                  kdf_slot;   /* a place to hash, or 0 */
    ngx_str_t                   segment;    /* the path's parameter, decoded */
    ngx_str_t                   body;
    size_t                      body_size;  /* bytes allocated for it */
    struct cJSON               *json;       /* one of these two, or none */
    kanda_form_t               *form;
    unsigned                    bad_segment:1;
    unsigned                    too_large:1;
    unsigned                    bad_body:1;
    unsigned                    confirming:1;
    unsigned                    presented:1;    /* credentials, but bad ones */
    unsigned                    counted:1;
};


/* Makes what a worker has, or gives it back; nginx's init and exit process. */
ngx_int_t kanda_worker_start(ngx_cycle_t *cycle);
void kanda_worker_stop(ngx_cycle_t *cycle);


/* Content handler of a location with kanda_serve. */
ngx_int_t ngx_http_kanda_handler(ngx_http_request_t *r);

/*
 * Makes what a request asks Redis through, in memory that is zeroed and lives
 * as long as the request does: whoever waits is resumed by run.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t kanda_request_init(kanda_request_t *kr, ngx_http_request_t *r,
    const kanda_dialect_t *dialect, void (*run)(kanda_request_t *kr));

/* Runs a request from where it stands; answers and finalizes it, or waits. */
void kanda_request_run(kanda_request_t *kr);

/* Sends what stands in kr->answer and finalizes the request, whose body nobody
 * has read. */
void kanda_request_answer(kanda_request_t *kr);

/* Ends a request that has no answer of ours, as nginx ends it for rc. */
void kanda_request_abort(kanda_request_t *kr, ngx_int_t rc);

/* For kanda_await(): whether the wait ended the request; sets the answer. */
ngx_uint_t kanda_refused(kanda_request_t *kr);


/*
 * Finds the route of the raw URI below the location's prefix.  NGX_OK;
 * NGX_DECLINED for a path that nobody knows; NGX_HTTP_NOT_ALLOWED for a method
 * that the path does not have, with answer.allow filled in; or NGX_ERROR.
 */
ngx_int_t kanda_route_find(kanda_request_t *kr);

/* Counts a request to a location with kanda_serve under its route and that
 * status, once. */
void kanda_route_count(kanda_request_t *kr, ngx_uint_t status);

/*
 * Reads the credentials that the dialect takes and checks what can be checked
 * alone: a token's signature and claims, a key's form.  NGX_OK with the caller
 * of kr->store filled in, NGX_DECLINED when there are none,
 * NGX_HTTP_UNAUTHORIZED when they are bad, NGX_HTTP_FORBIDDEN for a cookie that
 * a page of another origin sent or that lacks its X-CSRF-Token, NGX_ERROR when
 * memory fails.
 */
ngx_int_t kanda_credentials(kanda_request_t *kr);

/* Fills in kr->store's caller from an API key's text: NGX_OK,
 * NGX_HTTP_UNAUTHORIZED or NGX_ERROR. */
ngx_int_t kanda_credentials_key(kanda_request_t *kr, const ngx_str_t *key);

/*
 * Whom a request's credentials name, as far as that can be told without Redis:
 * the account of a token or a cookie, whose signature is right; of an API key
 * the account and the key's id, a dot between.  NGX_OK, NGX_DECLINED when there
 * is none, or NGX_ERROR.
 */
ngx_int_t kanda_tenant(ngx_http_request_t *r, ngx_str_t *tenant);

/* Fills in address and user agent for the log: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_credentials_origin(kanda_request_t *kr);

/*
 * Reads the body into kr->body, in memory, then runs the request.  Returns what
 * a content handler returns.
 */
ngx_int_t kanda_body_read(kanda_request_t *kr);

/* Checks media type and syntax and parses into kr->json or kr->form; NGX_OK, or
 * NGX_DECLINED with the problem answered, or NGX_ERROR. */
ngx_int_t kanda_body_parse(kanda_request_t *kr);


/* Wipes and frees what was parsed of a body. */
void kanda_body_forget(kanda_request_t *kr);


/* Where a search among the headers stands; zeroed at its start. */
typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} kanda_header_place_t;


/* The next header of that lower-case name, or NULL. */
ngx_table_elt_t *kanda_header_next(ngx_http_request_t *r, const char *name,
    kanda_header_place_t *place);

/* How often a header was sent; name in lower case, value that of the first. */
ngx_uint_t kanda_header_find(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/* A field's text, pointing into kr->json, or into kr->form, where it may be any
 * bytes.  NGX_OK; NGX_DECLINED when it is absent or null; NGX_ERROR when it is
 * of another type. */
ngx_int_t kanda_field_string(kanda_request_t *kr, const char *name,
    ngx_str_t *out);

/* The same for an integer from min to max, given as a JSON number or in
 * digits. */
ngx_int_t kanda_field_int(kanda_request_t *kr, const char *name, int64_t min,
    int64_t max, int64_t *out);

/* A field that must be there: NGX_OK, or NGX_DECLINED with the problem
 * answered, or NGX_ERROR. */
ngx_int_t kanda_field_need(kanda_request_t *kr, const char *name,
    ngx_str_t *out);

/* The same for a clientId. */
ngx_int_t kanda_field_client(kanda_request_t *kr, ngx_str_t *out);

/* A number in the query from min to max, or otherwise when it is absent.
 * NGX_OK, or NGX_DECLINED with the problem answered. */
ngx_int_t kanda_query_int(kanda_request_t *kr, const char *name, ngx_int_t min,
    ngx_int_t max, ngx_int_t otherwise, ngx_uint_t *out);

/* A parameter's text, decoded once.  NGX_OK, NGX_DECLINED when it is absent,
 * NGX_ERROR when it is given twice or badly encoded. */
ngx_int_t kanda_query_text(kanda_request_t *kr, const char *name,
    ngx_str_t *out);


/* Answers a problem in the dialect's shape, with the problem's own words. */
ngx_int_t kanda_problem(kanda_request_t *kr, kanda_problem_t problem);

/* The same with other words: detail is a sentence. */
ngx_int_t kanda_problem_detail(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail);

/* Room for an answer's JSON: begins it in cap bytes of the pool. */
ngx_int_t kanda_json_begin(kanda_request_t *kr, kanda_json_out_t *out,
    size_t cap);

/* Answers with what was written; status is 200 or 201. */
ngx_int_t kanda_json_answer(kanda_request_t *kr, ngx_uint_t status,
    kanda_json_out_t *out);

/* Answers with a text that lives as long as the module, or the pool. */
ngx_int_t kanda_text_answer(kanda_request_t *kr, ngx_uint_t status,
    const char *type, const ngx_str_t *body);

/* Adds a header to the answer, whose value lives as long as the request; NGX_OK
 * or NGX_ERROR. */
ngx_int_t kanda_header_add(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value);

/* Sends kr->answer.  Returns what the request is to be finalized with. */
ngx_int_t kanda_answer_send(kanda_request_t *kr);

/* Has memory wiped when the request ends. */
ngx_int_t kanda_wipe_later(kanda_request_t *kr, void *p, size_t len);


#endif /* NGX_HTTP_KANDA_H */
