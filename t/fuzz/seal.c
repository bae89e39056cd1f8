/*
 * No input is a sealed record.  A record of ours opens where it was sealed; not
 * with any change, and not at any other place.
 */

#include "../core/keys.h"
#include "fuzz.h"
#include "kanda_seal.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);


static kanda_keyring_t  ring;


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    if (kanda_crypto_init() != 0) {
        exit(1);
    }

    ring_of(&ring, SEAL_A SEAL_B JWT_1 DIGEST);

    return 0;
}


/* Both a piece of the input and a place; entity is NUL-ended. */
static void
read_place(fuzz_input_t *in, kanda_seal_place_t *place, char entity[9])
{
    size_t       n;
    const char  *p;

    place->account_len = fuzz_piece(in, &place->account, 40);
    n = fuzz_piece(in, &p, 8);
    memset(entity, 0, 9);
    memcpy(entity, p, n);
    place->entity = entity;
    place->id_len = fuzz_piece(in, &place->id, 140);
    place->version_len = fuzz_piece(in, &place->version, 10);
}


static int
part_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}


static int
place_same(const kanda_seal_place_t *a, const kanda_seal_place_t *b)
{
    return part_same(a->account, a->account_len, b->account, b->account_len)
           && strcmp(a->entity, b->entity) == 0
           && part_same(a->id, a->id_len, b->id, b->id_len)
           && part_same(a->version, a->version_len, b->version,
                        b->version_len);
}


static void
changed(const kanda_seal_place_t *place, const uint8_t *record, int n,
    size_t at, uint8_t mask)
{
    uint8_t  *copy, out[300];

    copy = fuzz_exact(record, (size_t) n);
    copy[at % (size_t) n] ^= mask;
    must((kanda_seal_open(&ring, place, copy, (size_t) n, out, sizeof(out),
                          NULL) >= 0)
         == (mask == 0));
    free(copy);

    copy = fuzz_exact(record, at % (size_t) n);
    must(kanda_seal_open(&ring, place, copy, at % (size_t) n, out,
                         sizeof(out), NULL) == -1);
    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                  n, m, stale;
    char                 here_entity[9], there_entity[9];
    size_t               at, len;
    uint8_t             *raw, mask, record[256 + KANDA_SEAL_OVERHEAD];
    uint8_t              out[300];
    const char          *text;
    fuzz_input_t         in;
    kanda_seal_place_t   here, there;

    in.pos = data;
    in.left = size;
    at = fuzz_byte(&in) << 8 | fuzz_byte(&in);
    mask = (uint8_t) fuzz_byte(&in);

    read_place(&in, &here, here_entity);
    read_place(&in, &there, there_entity);
    len = fuzz_piece(&in, &text, 256);

    raw = fuzz_exact(data, size);
    must(kanda_seal_open(&ring, &here, raw, size, out, sizeof(out), NULL)
         == -1);
    free(raw);

    n = kanda_seal(&ring, &here, (const uint8_t *) text, len, record);
    must(n > 0 && (size_t) n <= len + KANDA_SEAL_OVERHEAD);

    m = kanda_seal_open(&ring, &here, record, (size_t) n, out, len, &stale);
    must(m == (int) len && memcmp(out, text, len) == 0 && stale == 0);

    m = kanda_seal_open(&ring, &there, record, (size_t) n, out, sizeof(out),
                        NULL);
    must((m >= 0) == place_same(&here, &there));

    changed(&here, record, n, at, mask);

    return 0;
}
