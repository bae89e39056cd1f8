/*
 * The managed API: the routes of the "api" dialect.
 */

#ifndef KANDA_API_H
#define KANDA_API_H

#include "ngx_http_kanda.h"
#include "kanda_otpauth.h"
#include "kanda_code.h"
#include "kanda_login.h"
#include "kanda_proof.h"
#include "kanda_qr.h"
#include "kanda_store_apikey.h"
#include "kanda_store_log.h"


extern const kanda_dialect_t  kanda_api_dialect;


/* The members of an answer that shows a secret. */
enum {
    KANDA_SECRET_ID = 0,
    KANDA_SECRET_TEXT,
    KANDA_SECRET_URI,
    KANDA_SECRET_PICTURE,
    KANDA_SECRET_CODE,
    KANDA_SECRET_MEMBERS
};


/* What the endpoints keep while they wait. */

typedef struct {
    ngx_str_t                id;
    kanda_code_t             code;
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
ngx_int_t kanda_api_2fa_verify(kanda_request_t *kr);
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


/* How a dialect shows a secret: the order of its URI, and what it calls the
 * members of its answer, in their order; NULL where it has none. */
typedef struct {
    kanda_otpauth_form_t     uri;
    const char              *members[KANDA_SECRET_MEMBERS];
} kanda_secret_form_t;


/* Answers with a secret, its picture and, if the form has it, the current code,
 * and wipes the secret: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_secret_answer(kanda_request_t *kr, ngx_uint_t status,
    const kanda_secret_form_t *form, const ngx_str_t *id,
    kanda_client_show_t *show);

/* Fills in a new secret, as long as the hash wants it: NGX_OK, or NGX_ERROR
 * when there are no random numbers. */
ngx_int_t kanda_secret_fresh(kanda_totp_t *totp);

/* Reads a secret that the caller brings, Base32 with blanks about it or not:
 * NGX_OK, or NGX_ERROR when it is none of 80 to 1024 bits. */
ngx_int_t kanda_secret_decode(kanda_totp_t *totp, const ngx_str_t *text);

/* Answers with an image of that media type, and frees it: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_image_answer(kanda_request_t *kr, const char *type,
    kanda_qr_image_t *image);

/* Answers with the picture alone, in the form that Accept asks for. */
ngx_int_t kanda_secret_picture(kanda_request_t *kr);


/* Answers with a page of the log that kr->store's account has, a fiber; subject
 * is what the answer calls what an entry is about. */
ngx_int_t kanda_logs(kanda_request_t *kr, const char *subject);


/* A problem in RFC 9457's form, for kanda_dialect_t. */
ngx_int_t kanda_api_problem(kanda_request_t *kr, kanda_problem_t problem,
    const char *detail);

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
