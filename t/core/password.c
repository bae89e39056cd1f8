#include <argon2.h>

#include "kanda_crypto.h"
#include "kanda_password.h"
#include "kanda_phc.h"
#include "tap.h"


#define SALT  "AAECAwQFBgcICQoLDA0ODw"
#define HASH  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))


static const uint8_t  pepper[32] = "0123456789abcdef0123456789abcdef";


static void
checks(void)
{
    static const struct {
        const char              *password;
        size_t                   len;
        kanda_password_check_t   check;
    } rows[] = {
        { "12345678", 8, KANDA_PASSWORD_OK },
        { "correct horse battery staple", 28, KANDA_PASSWORD_OK },
        { "        ", 8, KANDA_PASSWORD_OK },
        { "a\tb\nc\rd!", 8, KANDA_PASSWORD_OK },
        { "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
          16, KANDA_PASSWORD_OK },
        { "", 0, KANDA_PASSWORD_SHORT },
        { "1234567", 7, KANDA_PASSWORD_SHORT },
        { "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 12,
          KANDA_PASSWORD_SHORT },
        { "12345678\0", 9, KANDA_PASSWORD_INVALID },
        { "\0", 1, KANDA_PASSWORD_INVALID },
        { "1234567\xff", 8, KANDA_PASSWORD_INVALID },
        { "123456\xc0\x80", 8, KANDA_PASSWORD_INVALID },
        { "12345\xed\xa0\x80", 8, KANDA_PASSWORD_INVALID },
        { "alice@example.com", 17, KANDA_PASSWORD_IS_EMAIL },
        { "Alice@Example.COM", 17, KANDA_PASSWORD_IS_EMAIL },
        { "alice@example.com1", 18, KANDA_PASSWORD_OK },
        { "blice@example.com", 17, KANDA_PASSWORD_OK }
    };

    char    text[520];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_ok(kanda_password_check(rows[i].password, rows[i].len,
                                    "alice@example.com", 17)
               == rows[i].check, "password %d is checked", (int) i);
    }

    memset(text, 'x', sizeof(text));
    tap_ok(kanda_password_check(text, 128, "", 0) == KANDA_PASSWORD_OK
           && kanda_password_check(text, 129, "", 0) == KANDA_PASSWORD_LONG,
           "128 characters are the most");

    for (i = 0; i < sizeof(text); i += 4) {
        memcpy(text + i, "\xf0\x9f\x98\x80", 4);
    }

    tap_ok(kanda_password_check(text, 512, "", 0) == KANDA_PASSWORD_OK
           && kanda_password_check(text, 516, "", 0) == KANDA_PASSWORD_LONG,
           "however many bytes they are");
}


static int
phc_is(const char *text, uint32_t memory, uint32_t passes, uint32_t lanes)
{
    kanda_phc_t  phc;

    return kanda_phc_read(&phc, text, strlen(text)) == 0
           && phc.memory == memory && phc.passes == passes
           && phc.lanes == lanes && phc.salt[15] == 15 && phc.hash[31] == 31;
}


static void
phc_strings(void)
{
    static const char *const  bad[] = {
        "",
        "$",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "A",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "$",
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "==$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "A$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODx$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0OD-$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$$" HASH,
        "$argon2i$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2d$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$Argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=2,m=19456,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=x$" SALT "$" HASH,
        "$argon2id$v=19$m=65537,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=1073741824,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967297,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=9,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=4294967298,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=5$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=31,t=2,p=4$" SALT "$" HASH,
        "$argon2id$v=19$m=0,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=0$" SALT "$" HASH,
        "$argon2id$v=19$m=019456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=-1,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=+19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m= 19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456 ,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=0x4c00,t=2,p=1$" SALT "$" HASH,
        " $argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "\n",
        "$scrypt$ln=15,r=8,p=3$" SALT "$" HASH,
        "$2b$12$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcd"
    };

    char           text[KANDA_PHC_MAX];
    size_t         i;
    const char    *good;
    kanda_phc_t    phc;
    unsigned long  failed;

    good = "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH;

    tap_ok(phc_is(good, 19456, 2, 1), "our string is read");
    tap_ok(phc_is("$argon2id$v=19$m=65536,t=8,p=4$" SALT "$" HASH, 65536, 8,
                  4), "the most that one may ask for");
    tap_ok(phc_is("$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH, 8, 1, 1)
           && phc_is("$argon2id$v=19$m=32,t=1,p=4$" SALT "$" HASH, 32, 1, 4),
           "the least that Argon2 takes");

    for (i = 0; i < ROWS(bad); i++) {
        tap_ok(kanda_phc_read(&phc, bad[i], strlen(bad[i])) == -1
               && kanda_password_verify(pepper, bad[i], strlen(bad[i]), "x", 1,
                                        NULL) == -1, "string %d is refused",
               (int) i);
    }

    failed = 0;
    for (i = 0; i < strlen(good); i++) {
        failed += kanda_phc_read(&phc, good, i) != -1;
    }

    tap_sum(strlen(good), failed, "and ours cut short anywhere");

    (void) kanda_phc_read(&phc, good, strlen(good));
    kanda_phc_write(&phc, text);
    tap_is(text, strlen(text), good, "written as it was read");

    memset(&phc, 0xff, sizeof(phc));
    kanda_phc_write(&phc, text);
    tap_ok(memchr(text, '\0', sizeof(text)) != NULL,
           "the longest string ends in its room");
}


/* The library's own strings are ours, and ours are the library's. */
static void
agreement(void)
{
    int      outdated;
    char     text[KANDA_PHC_MAX];
    uint8_t  peppered[32];

    if (kanda_hmac(KANDA_SHA256, pepper, 32, (const uint8_t *) "password", 8,
                   peppered) != 0
        || argon2id_hash_encoded(1, 256, 2, peppered, 32, "sixteen bytes it",
                                 16, 32, text, sizeof(text)) != ARGON2_OK)
    {
        tap_ok(0, "libargon2 makes a string");
        return;
    }

    outdated = 0;
    tap_ok(kanda_password_verify(pepper, text, strlen(text), "password", 8,
                                 &outdated) == 1 && outdated == 1,
           "libargon2's string is right, and outdated: %s", text);
    tap_ok(kanda_password_verify(pepper, text, strlen(text), "Password", 8,
                                 NULL) == 0, "for one password only");
    tap_ok(kanda_password_hash(pepper, "password", 8, text) == 0
           && argon2id_verify(text, peppered, 32) == ARGON2_OK,
           "libargon2 finds ours right");
}


static void
hashing(void)
{
    int       outdated;
    char      one[KANDA_PHC_MAX], two[KANDA_PHC_MAX];
    uint8_t   other[32];

    memset(one, 'x', sizeof(one));
    tap_ok(kanda_password_hash(pepper, "p\xc3\xa4ss word!", 11, one) == 0
           && memchr(one, '\0', sizeof(one)) != NULL
           && strncmp(one, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0
           && strlen(one) == 31 + 22 + 1 + 43, "a hash is %s", one);

    outdated = 7;
    tap_ok(kanda_password_verify(pepper, one, strlen(one), "p\xc3\xa4ss word!",
                                 11, &outdated) == 1 && outdated == 0,
           "the password is right, the parameters are today's");
    tap_ok(kanda_password_verify(pepper, one, strlen(one), "p\xc3\xa4ss word",
                                 10, NULL) == 0, "another is wrong");

    memcpy(other, pepper, 32);
    other[31] ^= 1;
    tap_ok(kanda_password_verify(other, one, strlen(one), "p\xc3\xa4ss word!",
                                 11, NULL) == 0,
           "so is the right one under another pepper");

    tap_ok(kanda_password_hash(pepper, "p\xc3\xa4ss word!", 11, two) == 0
           && strcmp(one, two) != 0, "each hash has a salt of its own");

    one[60] = one[60] == 'A' ? 'B' : 'A';
    tap_ok(kanda_password_verify(pepper, one, strlen(one), "p\xc3\xa4ss word!",
                                 11, NULL) == 0, "a changed hash is wrong");
}


static void
dummy(void)
{
    int          outdated;
    const char  *phc;

    phc = kanda_password_dummy();
    outdated = 1;

    tap_ok(kanda_password_verify(pepper, phc, strlen(phc), "password", 8,
                                 &outdated) == 0 && outdated == 0,
           "nobody's hash has today's parameters and is wrong");
}


int
main(void)
{
    if (kanda_crypto_init() != 0) {
        return 1;
    }

    checks();
    phc_strings();
    agreement();
    hashing();
    dummy();

    kanda_crypto_done();

    return tap_done();
}
