#include <string.h>

#include "kanda_seal.h"


#define KANDA_SEAL_FORMAT  1
#define KANDA_SEAL_NONCE   12
#define KANDA_SEAL_TAG     16
#define KANDA_SEAL_PLACE   512          /* bytes of associated data */


static size_t kanda_seal_place(uint8_t *out, const uint8_t *head,
    size_t head_len, const kanda_seal_place_t *place);


int
kanda_seal(const kanda_keyring_t *ring, const kanda_seal_place_t *place,
    const uint8_t *in, size_t len, uint8_t *out)
{
    size_t              head, aad_len;
    uint8_t             aad[KANDA_SEAL_PLACE];
    const kanda_key_t  *k;

    if (ring->nseal == 0 || len > INT32_MAX - KANDA_SEAL_OVERHEAD) {
        return -1;
    }

    k = &ring->seal[0];
    head = 2 + k->id_len;

    out[0] = KANDA_SEAL_FORMAT;
    out[1] = (uint8_t) k->id_len;
    memcpy(out + 2, k->id, k->id_len);

    aad_len = kanda_seal_place(aad, out, head, place);

    if (aad_len == 0 || kanda_random(out + head, KANDA_SEAL_NONCE) != 0) {
        return -1;
    }

    if (kanda_gcm_seal(k->key, out + head, aad, aad_len, in, len,
                       out + head + KANDA_SEAL_NONCE)
        != 0)
    {
        return -1;
    }

    return (int) (head + KANDA_SEAL_NONCE + len + KANDA_SEAL_TAG);
}


int
kanda_seal_open(const kanda_keyring_t *ring, const kanda_seal_place_t *place,
    const uint8_t *record, size_t len, uint8_t *out, size_t cap, int *stale)
{
    int      key;
    size_t   head, aad_len, text_len;
    uint8_t  aad[KANDA_SEAL_PLACE];

    key = kanda_seal_key(ring, record, len);

    if (key < 0) {
        goto failed;
    }

    head = 2 + (size_t) record[1];
    text_len = len - head - KANDA_SEAL_NONCE - KANDA_SEAL_TAG;

    if (text_len > cap || text_len > INT32_MAX) {
        goto failed;
    }

    aad_len = kanda_seal_place(aad, record, head, place);

    if (aad_len == 0
        || kanda_gcm_open(ring->seal[key].key, record + head, aad, aad_len,
                          record + head + KANDA_SEAL_NONCE, text_len, out)
           != 0)
    {
        goto failed;
    }

    if (stale != NULL) {
        *stale = (key != 0);
    }

    return (int) text_len;

failed:

    kanda_wipe(out, cap);

    return -1;
}


int
kanda_seal_key(const kanda_keyring_t *ring, const uint8_t *record, size_t len)
{
    const kanda_key_t  *k;

    if (len < 2 || record[0] != KANDA_SEAL_FORMAT
        || len < 2 + (size_t) record[1] + KANDA_SEAL_NONCE + KANDA_SEAL_TAG)
    {
        return -1;
    }

    k = kanda_key_find(ring->seal, ring->nseal, (const char *) record + 2,
                       record[1]);

    return k ? (int) (k - ring->seal) : -1;
}


/* The associated data: format and key id as in the record, then the place.
 * Returns its length, or 0 when the place is longer than any of ours. */
static size_t
kanda_seal_place(uint8_t *out, const uint8_t *head, size_t head_len,
    const kanda_seal_place_t *place)
{
    size_t  i, n;

    const struct {
        const char  *p;
        size_t       len;
    } parts[4] = {
        { place->account, place->account_len },
        { place->entity, strlen(place->entity) },
        { place->id, place->id_len },
        { place->version, place->version_len }
    };

    memcpy(out, head, head_len);
    n = head_len;

    for (i = 0; i < 4; i++) {

        if (parts[i].len + 2 > KANDA_SEAL_PLACE - n) {
            return 0;
        }

        out[n++] = (uint8_t) (parts[i].len >> 8);
        out[n++] = (uint8_t) parts[i].len;

        if (parts[i].len > 0) {
            memcpy(out + n, parts[i].p, parts[i].len);
            n += parts[i].len;
        }
    }

    return n;
}
