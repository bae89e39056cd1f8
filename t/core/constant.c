/*
 * One judgement for valgrind to watch, for constant.t: "constant secret" marks
 * the secret as undefined, so that a branch or an index that depends on it is
 * reported; "constant N" judges the code of step N after the current one.
 */

#include "kanda_totp.h"
#include "tap.h"

#if defined __has_include
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define KANDA_MEMCHECK  1
#endif
#endif


#define STEP  INT64_C(58910766)


int
main(int argc, char **argv)
{
    int            rc;
    char           code[KANDA_TOTP_DIGITS_MAX];
    int64_t        match;
    uint64_t       bits;
    unsigned       hash;
    kanda_totp_t   t;

    if (argc != 2 || kanda_crypto_init() != 0) {
        return 2;
    }

    memset(&t, 0, sizeof(t));
    t.digits = 6;
    t.period = 30;
    t.secret_len = 20;
    memcpy(t.secret, "12345678901234567890", 20);

    if (strcmp(argv[1], "secret") != 0) {
        rc = kanda_totp_code(&t, STEP + atoi(argv[1]), code);

        return rc != 0
               || kanda_totp_match(&t, code, STEP, 1, STEP - 5, &match) != 0;
    }

#if (KANDA_MEMCHECK)
    memcpy(code, "123456", 6);
    rc = RUNNING_ON_VALGRIND ? 0 : 3;

    for (hash = 0; hash < KANDA_HASHES; hash++) {
        t.hash = (kanda_hash_t) hash;
        (void) VALGRIND_MAKE_MEM_UNDEFINED(t.secret, t.secret_len);

        rc |= kanda_totp_match(&t, code, STEP, 1, STEP - 5, &match);

        /* the verdict depends on the secret, else nothing was watched */
        bits = 0;
        (void) VALGRIND_GET_VBITS(&match, &bits, sizeof(bits));
        rc |= bits == 0;

        (void) VALGRIND_MAKE_MEM_DEFINED(t.secret, t.secret_len);
    }

    return rc;
#else
    (void) hash;
    (void) bits;
    return 3;
#endif
}
