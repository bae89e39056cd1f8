/*
 * Showing an account's second factor: the endpoints that want it differ in what
 * they do with it.
 */

#ifndef KANDA_PROOF_H
#define KANDA_PROOF_H

#include "kanda_code.h"
#include "kanda_store_factor.h"


/* What every such endpoint keeps, first in its state. */
typedef struct {
    kanda_code_t             code;
    kanda_proof_t            proof;
    kanda_session_new_t      session;   /* to make, or none */
} kanda_proof_state_t;


typedef struct {
    const char              *field;     /* that has the code */
    ngx_uint_t               optional;  /* one shown of late may do */
    /* before all: NGX_OK, NGX_DECLINED with the problem answered, NGX_ERROR */
    ngx_int_t              (*prepare)(kanda_request_t *kr);
    ngx_int_t              (*send)(kanda_request_t *kr);    /* waits */
    kanda_handler_pt         answer;
} kanda_proof_form_t;


/* Takes the code, has it judged by what form sends, and answers: a fiber. */
ngx_int_t kanda_proof(kanda_request_t *kr, const kanda_proof_form_t *form);

/* For prepare: reads tempToken and makes it the caller. */
ngx_int_t kanda_proof_temporary(kanda_request_t *kr);

/* For send: ends a login. */
ngx_int_t kanda_proof_verify(kanda_request_t *kr);


#endif /* KANDA_PROOF_H */
