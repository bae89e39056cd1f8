/*
 * The codes that oathtool.t compares.  A line in:
 *
 *     SHA1 6 30 <secret in hex> <Unix time> <how many steps>
 *
 * and one out: the codes of the step of that time and of those after it.
 */

#include "kanda_totp.h"
#include "tap.h"


int
main(void)
{
    char           name[8], hex[300], code[8];
    size_t         i;
    unsigned       steps, k, byte;
    long long      now;
    kanda_totp_t   t;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    memset(&t, 0, sizeof(t));

    while (scanf("%7s %u %u %299s %lld %u", name, &t.digits, &t.period, hex,
                 &now, &steps)
           == 6)
    {
        t.secret_len = strlen(hex) / 2;

        if (t.secret_len > sizeof(t.secret) || t.digits > 8 || t.period == 0
            || kanda_totp_hash_parse(name, strlen(name), &t.hash) != 0)
        {
            return 1;
        }

        for (i = 0; i < t.secret_len; i++) {
            if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
                return 1;
            }

            t.secret[i] = (uint8_t) byte;
        }

        for (k = 0; k < steps; k++) {
            if (kanda_totp_code(&t, kanda_totp_step(&t, now) + k, code) != 0) {
                return 1;
            }

            printf("%s%.*s", k > 0 ? " " : "", (int) t.digits, code);
        }

        putchar('\n');
    }

    kanda_crypto_done();

    return 0;
}
