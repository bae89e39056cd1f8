/*
 * A key file that is read has every kind of key, each as long as it must be,
 * and no id twice.  One that is not leaves an error of one line, and no key.
 */

#include "fuzz.h"
#include "kanda_keyring.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    if (kanda_crypto_init() != 0) {
        exit(1);
    }

    return 0;
}


static void
keys_good(const kanda_key_t *keys, size_t n, size_t most)
{
    size_t  i;

    must(n >= 1 && n <= KANDA_KEYS_MAX);

    for (i = 0; i < n; i++) {
        must(keys[i].id_len >= 1 && keys[i].id_len <= KANDA_KEY_ID_MAX);
        must(keys[i].len >= 32 && keys[i].len <= most);

        /* the first of that id is the only one */
        must(kanda_key_find(keys, n, keys[i].id, keys[i].id_len) == &keys[i]);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              rc;
    char            *text, error[KANDA_KEYRING_ERROR];
    size_t           i;
    kanda_keyring_t  ring, none;

    text = fuzz_exact(data, size);
    memset(error, '\n', sizeof(error));
    memset(&none, 0, sizeof(none));

    rc = kanda_keyring_parse(&ring, text, size, error);
    free(text);

    if (rc == 0) {
        keys_good(ring.seal, ring.nseal, 32);
        keys_good(ring.jwt, ring.njwt, 64);
        must(kanda_keyring_open(&ring) == 0);
        kanda_keyring_wipe(&ring);

    } else {
        must(memchr(error, '\0', sizeof(error)) != NULL);
        must(strncmp(error, "line ", 5) == 0
             || strncmp(error, "no \"", 4) == 0);

        for (i = 0; error[i] != '\0'; i++) {
            must(error[i] >= 0x20 && error[i] < 0x7f);
        }
    }

    must(memcmp(&ring, &none, sizeof(ring)) == 0);

    return 0;
}
