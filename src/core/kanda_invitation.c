#include <string.h>

#include "kanda_base64url.h"
#include "kanda_invitation.h"


#define KANDA_INVITATION_HEAD  (4 + KANDA_ACCOUNT_ID_LEN)


int
kanda_invitation_make(const char account[KANDA_ACCOUNT_ID_LEN],
    char out[KANDA_INVITATION_LEN], uint8_t digest[KANDA_SHA256_LEN])
{
    uint8_t  secret[32];

    if (kanda_random(secret, sizeof(secret)) != 0) {
        return -1;
    }

    memcpy(out, "inv_", 4);
    memcpy(out + 4, account, KANDA_ACCOUNT_ID_LEN);
    out[KANDA_INVITATION_HEAD] = '_';
    (void) kanda_base64url_encode(out + KANDA_INVITATION_HEAD + 1, secret,
                                  sizeof(secret));

    kanda_wipe(secret, sizeof(secret));

    return kanda_sha256(out, KANDA_INVITATION_LEN, digest);
}


int
kanda_invitation_parse(const char *text, size_t len, const char **account,
    uint8_t digest[KANDA_SHA256_LEN])
{
    int      n;
    uint8_t  secret[32];

    if (len != KANDA_INVITATION_LEN || memcmp(text, "inv_", 4) != 0
        || !kanda_account_id_valid(text + 4, KANDA_ACCOUNT_ID_LEN)
        || text[KANDA_INVITATION_HEAD] != '_')
    {
        return -1;
    }

    n = kanda_base64url_decode(secret, sizeof(secret),
                               text + KANDA_INVITATION_HEAD + 1,
                               KANDA_INVITATION_SECRET);
    kanda_wipe(secret, sizeof(secret));

    if (n != (int) sizeof(secret)) {
        return -1;
    }

    *account = text + 4;

    return kanda_sha256(text, len, digest) == 0 ? 0 : -2;
}
