/*
 * Codes that callers submit and recovery codes that they are given, whoever's
 * they are.
 */

#ifndef KANDA_CODE_H
#define KANDA_CODE_H

#include "ngx_http_kanda.h"


/* A submitted code on its way to a judgement. */
typedef struct kanda_code_s {
    kanda_client_t           secret;        /* that it is compared with */
    kanda_judgement_t        judgement;
    ngx_uint_t               code_len;
    ngx_uint_t               tries;
    char                     code[KANDA_RECOVERY_SYMBOLS];
} kanda_code_t;


typedef struct {
    char                     codes[KANDA_RECOVERY_COUNT][KANDA_RECOVERY_LEN];
    u_char                   digests[KANDA_RECOVERY_COUNT
                                     * KANDA_RECOVERY_DIGEST];
} kanda_recovery_codes_t;


/* Opens code->secret, and seals it anew if it wants that: NGX_OK or
 * NGX_ERROR. */
typedef ngx_int_t (*kanda_code_open_pt)(kanda_request_t *kr,
    kanda_code_t *code);


/*
 * Takes a text apart as a code, a recovery code of owner (a clientId, or NULL
 * for the account itself), or neither: NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_code_submitted(kanda_request_t *kr, kanda_code_t *code,
    const ngx_str_t *text, const ngx_str_t *owner);

/*
 * The same for a field of the account's own.  What is no string is no code
 * either, and is judged as a malformed one; what is absent is nothing, where
 * that is enough.  NGX_OK, or NGX_DECLINED with the problem answered, or
 * NGX_ERROR.
 */
ngx_int_t kanda_code_field(kanda_request_t *kr, const char *name,
    ngx_uint_t optional, kanda_code_t *code);

/*
 * Compares the code with code->secret, which was read, and makes the judgement
 * that the script confirms: NGX_OK, also when there is no secret, or NGX_ERROR
 * when it does not open.  The secret is wiped.
 */
ngx_int_t kanda_code_compare(kanda_request_t *kr, kanda_code_t *code,
    kanda_code_open_pt open);

/* Whether the secret was replaced meanwhile, so that all is to be done again;
 * a few times. */
ngx_uint_t kanda_code_again(kanda_request_t *kr, kanda_code_t *code);


/* Counts the verdict that stands in kr->store.status, if a code was
 * submitted. */
void kanda_code_count(kanda_request_t *kr, kanda_stats_kind_t kind,
    const kanda_judgement_t *judgement);


/* Makes a set of recovery codes for an owner: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_recovery_fresh(kanda_request_t *kr, const ngx_str_t *owner,
    kanda_recovery_codes_t *set);

/* Answers with a set, and with the client's id, unless that is NULL: NGX_OK or
 * NGX_ERROR. */
ngx_int_t kanda_recovery_answer(kanda_request_t *kr, ngx_uint_t status,
    const ngx_str_t *client, const kanda_recovery_codes_t *set);


#endif /* KANDA_CODE_H */
