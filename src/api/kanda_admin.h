/*
 * The accounts of a realm, for whoever runs the server: the routes of the
 * "admin" dialect.  It asks for no credentials; that nobody else can reach it
 * is kanda_local.h's business.
 */

#ifndef KANDA_ADMIN_H
#define KANDA_ADMIN_H

#include "kanda_api.h"
#include "kanda_invitation.h"
#include "kanda_store_admin.h"
#include "kanda_store_realm.h"
#include "kanda_store_seals.h"


extern const kanda_dialect_t  kanda_admin_dialect;


/* State of every act. */
typedef struct {
    int64_t                  entry;     /* in the log */
    kanda_status_t           status;
    ngx_str_t                email;
    kanda_account_row_t      row;
    kanda_invitation_t       invitation;
    char                     text[KANDA_INVITATION_LEN];
    u_char                   digest[KANDA_SHA256_LEN];
} kanda_admin_state_t;


typedef struct {
    kanda_api_page_t         asked;
    ngx_str_t                email;     /* of the one that is asked for */
    kanda_accounts_t         page;
    ngx_uint_t               i;
    ngx_uint_t               n;         /* accounts that are there */
    kanda_account_row_t      rows[KANDA_ACCOUNTS_PAGE];
} kanda_admin_accounts_t;


typedef struct {
    ngx_uint_t               from;
    kanda_accounts_t         page;
} kanda_admin_ids_t;


/* An account's secrets that are sealed anew. */
typedef struct {
    ngx_uint_t               from;
    kanda_seals_t            page;
    ngx_uint_t               i;
    ngx_uint_t               resealed;
    ngx_uint_t               lost;      /* do not open */
    int64_t                  entry;     /* in the log, or 0 */
} kanda_admin_reseal_t;


/* Something that is done to an account, and logged before and after. */
typedef struct {
    const char              *event;
    /* points the store at the account: NGX_OK, NGX_DECLINED with the problem
     * answered, or NGX_ERROR */
    ngx_int_t              (*prepare)(kanda_request_t *kr);
    ngx_int_t              (*send)(kanda_request_t *kr);    /* waits */
    kanda_handler_pt         answer;
    unsigned                 first:1;   /* the account is new: list it */
    unsigned                 last:1;    /* take it off the list */
} kanda_admin_act_t;


/* Does it, a fiber. */
ngx_int_t kanda_admin_act(kanda_request_t *kr, const kanda_admin_act_t *act);

/* Points the store at the account that the path names: a prepare as above. */
ngx_int_t kanda_admin_target(kanda_request_t *kr);

/* Answers with kr->state's account: a kanda_handler_pt. */
ngx_int_t kanda_admin_answer(kanda_request_t *kr);

/* An account as a list has it, in that many bytes. */
#define KANDA_ADMIN_JSON  (2 * 254 + 320)

void kanda_admin_write(kanda_json_out_t *out, const kanda_account_row_t *row);


/* Endpoints, each a kanda_handler_pt. */

ngx_int_t kanda_admin_account_create(kanda_request_t *kr);
ngx_int_t kanda_admin_accounts(kanda_request_t *kr);
ngx_int_t kanda_admin_account(kanda_request_t *kr);
ngx_int_t kanda_admin_account_delete(kanda_request_t *kr);
ngx_int_t kanda_admin_account_disable(kanda_request_t *kr);
ngx_int_t kanda_admin_account_enable(kanda_request_t *kr);
ngx_int_t kanda_admin_account_reset(kanda_request_t *kr);
ngx_int_t kanda_admin_account_invite(kanda_request_t *kr);
ngx_int_t kanda_admin_user_ids(kanda_request_t *kr);
ngx_int_t kanda_admin_account_reseal(kanda_request_t *kr);
ngx_int_t kanda_admin_logs(kanda_request_t *kr);


#endif /* KANDA_ADMIN_H */
