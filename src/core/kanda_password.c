#include <argon2.h>
#include <string.h>
#include <sys/mman.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "kanda_password.h"
#include "kanda_phc.h"
#include "kanda_text.h"


#define KANDA_TEXT(macro)     KANDA_TEXT_OF(macro)
#define KANDA_TEXT_OF(value)  #value


static int kanda_password_is_email(const char *password, size_t len,
    const char *email, size_t email_len);
static int kanda_password_derive(const uint8_t pepper[32],
    const char *password, size_t len, const kanda_phc_t *phc,
    uint8_t out[KANDA_PHC_HASH]);
static int kanda_password_map(uint8_t **memory, size_t len);
static void kanda_password_unmap(uint8_t *memory, size_t len);


kanda_password_check_t
kanda_password_check(const char *password, size_t len, const char *email,
    size_t email_len)
{
    int  n;

    if (len > KANDA_PASSWORD_BYTES) {
        return KANDA_PASSWORD_LONG;
    }

    n = kanda_utf8_length(password, len);

    if (n < 0 || (len > 0 && memchr(password, '\0', len) != NULL)) {
        return KANDA_PASSWORD_INVALID;
    }

    if (n < KANDA_PASSWORD_MIN) {
        return KANDA_PASSWORD_SHORT;
    }

    if (n > KANDA_PASSWORD_MAX) {
        return KANDA_PASSWORD_LONG;
    }

    if (kanda_password_is_email(password, len, email, email_len)) {
        return KANDA_PASSWORD_IS_EMAIL;
    }

    return KANDA_PASSWORD_OK;
}


static int
kanda_password_is_email(const char *password, size_t len, const char *email,
    size_t email_len)
{
    char    a, b;
    size_t  i;

    if (len != email_len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        a = password[i];
        b = email[i];

        a = (a >= 'A' && a <= 'Z') ? (char) (a | 0x20) : a;
        b = (b >= 'A' && b <= 'Z') ? (char) (b | 0x20) : b;

        if (a != b) {
            return 0;
        }
    }

    return 1;
}


int
kanda_password_hash(const uint8_t pepper[32], const char *password,
    size_t len, char *out)
{
    kanda_phc_t  phc;

    phc.memory = KANDA_ARGON2_MEMORY;
    phc.passes = KANDA_ARGON2_PASSES;
    phc.lanes = KANDA_ARGON2_LANES;

    if (RAND_priv_bytes(phc.salt, sizeof(phc.salt)) != 1
        || kanda_password_derive(pepper, password, len, &phc, phc.hash) != 0)
    {
        return -1;
    }

    kanda_phc_write(&phc, out);
    OPENSSL_cleanse(&phc, sizeof(phc));

    return 0;
}


int
kanda_password_verify(const uint8_t pepper[32], const char *text,
    size_t text_len, const char *password, size_t len, int *outdated)
{
    int          right;
    uint8_t      hash[KANDA_PHC_HASH];
    kanda_phc_t  phc;

    if (kanda_phc_read(&phc, text, text_len) != 0
        || kanda_password_derive(pepper, password, len, &phc, hash) != 0)
    {
        return -1;
    }

    right = CRYPTO_memcmp(hash, phc.hash, sizeof(hash)) == 0;

    if (outdated != NULL) {
        *outdated = phc.memory != KANDA_ARGON2_MEMORY
                    || phc.passes != KANDA_ARGON2_PASSES
                    || phc.lanes != KANDA_ARGON2_LANES;
    }

    OPENSSL_cleanse(hash, sizeof(hash));
    OPENSSL_cleanse(&phc, sizeof(phc));

    return right;
}


const char *
kanda_password_dummy(void)
{
    return "$argon2id$v=19$m=" KANDA_TEXT(KANDA_ARGON2_MEMORY)
           ",t=" KANDA_TEXT(KANDA_ARGON2_PASSES)
           ",p=" KANDA_TEXT(KANDA_ARGON2_LANES)
           "$S2FuZGEga25vd3Mgbm9uZQ"
           "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
}


/* The pepper goes first; a thread must not share the kept HMAC contexts. */
static int
kanda_password_derive(const uint8_t pepper[32], const char *password,
    size_t len, const kanda_phc_t *phc, uint8_t out[KANDA_PHC_HASH])
{
    int             rc;
    uint8_t         peppered[32];
    unsigned        n;
    argon2_context  ctx;

    if (HMAC(EVP_sha256(), pepper, 32, (const uint8_t *) password, len,
             peppered, &n)
        == NULL)
    {
        return -1;
    }

    memset(&ctx, 0, sizeof(argon2_context));

    ctx.out = out;
    ctx.outlen = KANDA_PHC_HASH;
    ctx.pwd = peppered;
    ctx.pwdlen = sizeof(peppered);
    ctx.salt = (uint8_t *) phc->salt;
    ctx.saltlen = sizeof(phc->salt);
    ctx.t_cost = phc->passes;
    ctx.m_cost = phc->memory;
    ctx.lanes = phc->lanes;
    ctx.threads = phc->lanes;
    ctx.version = ARGON2_VERSION_13;
    ctx.flags = ARGON2_DEFAULT_FLAGS;
    ctx.allocate_cbk = kanda_password_map;
    ctx.free_cbk = kanda_password_unmap;

    rc = argon2id_ctx(&ctx);

    OPENSSL_cleanse(peppered, sizeof(peppered));

    return rc == ARGON2_OK ? 0 : -1;
}


/* Argon2's memory goes back to the system with each hash: malloc() would keep
 * 19 MiB for every worker.  Huge pages make up for the page faults. */
static int
kanda_password_map(uint8_t **memory, size_t len)
{
    void  *p;

    p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);

    if (p == MAP_FAILED) {
        *memory = NULL;
        return -1;
    }

#ifdef MADV_HUGEPAGE
    (void) madvise(p, len, MADV_HUGEPAGE);
#endif

    *memory = p;

    return 0;
}


static void
kanda_password_unmap(uint8_t *memory, size_t len)
{
    if (memory != NULL) {
        (void) munmap(memory, len);
    }
}
