/*
 * The managed API: the routes of the "api" dialect.
 */

#ifndef KANDA_API_H
#define KANDA_API_H

#include "ngx_http_kanda.h"
#include "kanda_store_apikey.h"
#include "kanda_store_log.h"


extern const kanda_dialect_t  kanda_api_dialect;


/* What the endpoints keep while they wait. */

typedef struct {
    ngx_str_t                password;
    ngx_str_t                email;
    ngx_str_t                phc;
    kanda_kdf_verdict_t      verdict;
    char                     fresh[KANDA_PHC_MAX];
} kanda_api_password_t;


typedef struct {
    ngx_str_t                id;
    kanda_client_t           client;
    kanda_judgement_t        judgement;
    ngx_uint_t               code_len;
    ngx_uint_t               tries;
    char                     code[KANDA_RECOVERY_SYMBOLS];
} kanda_api_validate_t;


typedef struct {
    ngx_str_t                id;
    kanda_client_show_t      show;
    kanda_client_secret_t    sealed;
    ngx_uint_t               tries;
} kanda_api_client_t;


typedef struct {
    ngx_uint_t               limit;
    ngx_uint_t               offset;
} kanda_api_page_t;


typedef struct {
    kanda_api_page_t         asked;
    kanda_client_page_t      page;
} kanda_api_clients_t;


typedef struct {
    char                     codes[KANDA_RECOVERY_COUNT][KANDA_RECOVERY_LEN];
    u_char                   digests[KANDA_RECOVERY_COUNT
                                     * KANDA_RECOVERY_DIGEST];
} kanda_api_recovery_t;


typedef struct {
    kanda_apikey_t           key;
    char                     text[KANDA_APIKEY_LEN];
    u_char                   digest[KANDA_SHA256_LEN];
    ngx_uint_t               tries;
} kanda_api_apikey_t;


typedef struct {
    ngx_str_t                event;
    kanda_api_page_t         asked;
    kanda_log_page_t         page;
} kanda_api_logs_t;


/* Endpoints, each a kanda_handler_pt. */

ngx_int_t kanda_api_register(kanda_request_t *kr);
ngx_int_t kanda_api_login(kanda_request_t *kr);
ngx_int_t kanda_api_token(kanda_request_t *kr);
ngx_int_t kanda_api_logout(kanda_request_t *kr);
ngx_int_t kanda_api_me(kanda_request_t *kr);

ngx_int_t kanda_api_validate(kanda_request_t *kr);

ngx_int_t kanda_api_client_register(kanda_request_t *kr);
ngx_int_t kanda_api_client_qrcode(kanda_request_t *kr);
ngx_int_t kanda_api_client_rotate(kanda_request_t *kr);
ngx_int_t kanda_api_client_unlock(kanda_request_t *kr);
ngx_int_t kanda_api_client_delete(kanda_request_t *kr);
ngx_int_t kanda_api_client_recovery(kanda_request_t *kr);
ngx_int_t kanda_api_clients(kanda_request_t *kr);
ngx_int_t kanda_api_client(kanda_request_t *kr);

ngx_int_t kanda_api_apikey_create(kanda_request_t *kr);
ngx_int_t kanda_api_apikeys(kanda_request_t *kr);
ngx_int_t kanda_api_apikey_revoke(kanda_request_t *kr);
ngx_int_t kanda_api_logs(kanda_request_t *kr);


/* Answers with the secret in kr's kanda_api_client_t and its picture, and wipes
 * it: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_secret_answer(kanda_request_t *kr, ngx_uint_t status);

/* Answers with the picture alone, in the form that Accept asks for. */
ngx_int_t kanda_secret_picture(kanda_request_t *kr);


/* Reads limit (1 to most, otherwise usual) and offset from the query: NGX_OK,
 * or NGX_DECLINED with the problem answered, or NGX_ERROR. */
ngx_int_t kanda_api_page(kanda_request_t *kr, kanda_api_page_t *page,
    ngx_int_t most, ngx_int_t usual);

/* Ends the array that a page is and says which page it was. */
void kanda_api_page_end(kanda_json_out_t *out, const kanda_api_page_t *page,
    int64_t total);


/* Refuses a request with a sentence; for a return. */
#define kanda_api_invalid(kr, detail)                                         \
    kanda_problem_detail(kr, KANDA_INVALID_REQUEST, detail)

/* Returns from an endpoint when a field helper has answered already. */
#define kanda_api_need(call)                                                  \
    do {                                                                      \
        ngx_int_t  need_ = (call);                                            \
                                                                              \
        if (need_ != NGX_OK) {                                                \
            return need_ == NGX_DECLINED ? NGX_OK : NGX_ERROR;                \
        }                                                                     \
    } while (0)

/* A string member, null where it is empty. */
static ngx_inline void
kanda_api_text(kanda_json_out_t *out, const char *name, const ngx_str_t *text)
{
    kanda_json_str(out, name, text->len ? (char *) text->data : NULL,
                   text->len);
}


#endif /* KANDA_API_H */
