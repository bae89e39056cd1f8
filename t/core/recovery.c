#include "kanda_recovery.h"
#include "keys.h"


static void
parsing(void)
{
    static const struct {
        const char  *in;
        const char  *symbols;           /* NULL: no code */
    } rows[] = {
        { "01234-56789", "0123456789" },
        { "0123456789", "0123456789" },
        { "abcde-fghjk", "abcdefghjk" },
        { "ABCDE-FGHJK", "abcdefghjk" },
        { "mnpqr-stvwx", "mnpqrstvwx" },
        { "yz012-34567", "yz01234567" },
        { "oOiIl-L0011", "0011110011" },
        { " abcde-fghjk ", "abcdefghjk" },
        { "   abcdefghjk", "abcdefghjk" },
        { "", NULL },
        { " ", NULL },
        { "-", NULL },
        { "abcde", NULL },
        { "abcde-", NULL },
        { "abcde-fghj", NULL },
        { "abcdefghj", NULL },
        { "abcde-fghjkm", NULL },
        { "abcdefghjkm", NULL },
        { "abcd-efghjk", NULL },
        { "abcdef-ghjk", NULL },
        { "abcde--fghjk", NULL },
        { "-abcdefghjk", NULL },
        { "abcdefghjk-", NULL },
        { "abcde fghjk", NULL },
        { "a b c d e f g h j k", NULL },
        { "abcde-fghju", NULL },
        { "abcde-fghjU", NULL },
        { "abcde_fghjk", NULL },
        { "abcde\xe2\x80\x90" "fghjk", NULL },
        { "abcde-fghj\xc3\xa9", NULL },
        { "\tabcde-fghjk", NULL },
        { "abcde-fghjk\n", NULL },
        { "abcde-fghj*", NULL },
        { "abcde-fghj=", NULL }
    };

    int     rc;
    char    symbols[KANDA_RECOVERY_SYMBOLS];
    size_t  i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = kanda_recovery_parse(rows[i].in, strlen(rows[i].in), symbols);

        if (rows[i].symbols == NULL) {
            tap_ok(rc == -1, "row %d is no code", (int) i);

        } else {
            tap_is(symbols, rc == 0 ? sizeof(symbols) : 0, rows[i].symbols,
                   rows[i].in);
        }
    }

    tap_ok(kanda_recovery_parse("abcde-fghj\0", 11, symbols) == -1
           && kanda_recovery_parse("abcde\0fghjk", 11, symbols) == -1,
           "a NUL is in no code");
}


static void
making(void)
{
    char           code[KANDA_RECOVERY_LEN], symbols[KANDA_RECOVERY_SYMBOLS];
    size_t         i, k, seen[128];
    unsigned long  failed, never;

    failed = 0;
    never = 0;
    memset(seen, 0, sizeof(seen));

    for (i = 0; i < 20000; i++) {
        failed += kanda_recovery_make(code) != 0 || code[5] != '-'
                  || kanda_recovery_parse(code, sizeof(code), symbols) != 0
                  || memcmp(code, symbols, 5) != 0
                  || memcmp(code + 6, symbols + 5, 5) != 0;

        for (k = 0; k < sizeof(symbols); k++) {
            seen[symbols[k] & 127]++;
        }
    }

    tap_sum(20000, failed, "codes are made as they are read");

    /* 6,250 each of 32 symbols; six standard deviations */
    for (k = 0; k < 32; k++) {
        i = seen[(unsigned char) "0123456789abcdefghjkmnpqrstvwxyz"[k]];
        never += i < 5780 || i > 6720;
    }

    tap_sum(32, never, "every symbol comes as often");
}


static void
digests(kanda_keyring_t *ring)
{
    static const struct {
        const char  *account;
        const char  *owner;
        const char  *symbols;
    } rows[] = {
        { "account", "", "0123456789" },
        { "account", "user-1", "0123456789" },
        { "account", "user-2", "0123456789" },
        { "account", "user-1", "0123456780" },
        { "accountuser-1", "", "0123456789" },
        { "accountu", "ser-1", "0123456789" },
        { "", "accountuser-1", "0123456789" }
    };

    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };

    char           long_text[256];
    size_t         i, j;
    kanda_hmac_t  *codes;
    uint8_t        out[COUNT][KANDA_RECOVERY_DIGEST];
    unsigned long  failed;

    failed = 0;
    codes = ring->hmac[KANDA_DIGEST_RECOVERY];

    for (i = 0; i < COUNT; i++) {
        failed += kanda_recovery_digest(codes, rows[i].account,
                                        strlen(rows[i].account), rows[i].owner,
                                        strlen(rows[i].owner),
                                        rows[i].symbols, out[i]) != 0;

        for (j = 0; j < i; j++) {
            failed += memcmp(out[i], out[j], sizeof(out[i])) == 0;
        }
    }

    tap_sum(COUNT * (COUNT + 1) / 2, failed,
            "each account, owner and code has a digest of its own");

    (void) kanda_recovery_digest(codes, "account", 7, NULL, 0,
                                 "0123456789", out[1]);
    tap_ok(memcmp(out[0], out[1], sizeof(out[0])) == 0, "and the same again");

    memset(long_text, 'x', sizeof(long_text));
    tap_ok(kanda_recovery_digest(codes, long_text, 255, long_text,
                                 255, "0123456789", out[0]) == 0
           && kanda_recovery_digest(codes, long_text, 256, "", 0,
                                    "0123456789", out[0]) == -1
           && kanda_recovery_digest(codes, "", 0, long_text, 256,
                                    "0123456789", out[0]) == -1,
           "what is too long has none");
}


int
main(void)
{
    kanda_keyring_t  ring;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    parsing();
    making();
    digests(&ring);

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
