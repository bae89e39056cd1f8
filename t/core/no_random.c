/*
 * S12, D29: when the generator fails, nothing is made.  This RAND_priv_bytes()
 * stands before OpenSSL's.
 */

#include <openssl/rand.h>

#include "kanda_apikey.h"
#include "kanda_invitation.h"
#include "kanda_password.h"
#include "kanda_recovery.h"
#include "kanda_seal.h"
#include "keys.h"


static int  answer;
static int  allowed;


int
RAND_priv_bytes(unsigned char *buf, int num)
{
    if (allowed > 0) {
        allowed--;
        memset(buf, 7, (size_t) num);
        return 1;
    }

    return answer;
}


static void
nothing_is_made(kanda_keyring_t *ring)
{
    char                 key[KANDA_APIKEY_LEN], code[KANDA_RECOVERY_LEN];
    char                 phc[KANDA_PHC_MAX], text[KANDA_INVITATION_LEN];
    uint8_t              out[20 + KANDA_SEAL_OVERHEAD];
    kanda_seal_place_t   place;

    memset(&place, 0, sizeof(place));
    place.account = "account";
    place.account_len = 7;
    place.entity = "client";
    place.id = "user";
    place.id_len = 4;

    tap_ok(kanda_random(out, 20) == -1, "no secret when it says %d", answer);
    tap_ok(kanda_seal(ring, &place, (const uint8_t *) "x", 1, out) == -1,
           "no seal");
    tap_ok(kanda_recovery_make(code) == -1, "no recovery code");
    tap_ok(kanda_apikey_make("abcdefghijklmnopqrstuvwxyz", key, out) == -1,
           "no API key");
    allowed = 1;
    tap_ok(kanda_apikey_make("abcdefghijklmnopqrstuvwxyz", key, out) == -1,
           "nor half of one");
    tap_ok(kanda_invitation_make("abcdefghijklmnopqrstuvwxyz", text, out)
           == -1, "no invitation");
    tap_ok(kanda_password_hash(ring->pepper, "password", 8, phc) == -1,
           "no password hash");
}


int
main(void)
{
    char             code[KANDA_RECOVERY_LEN];
    kanda_keyring_t  ring;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    allowed = 1;
    tap_ok(kanda_recovery_make(code) == 0, "the generator is ours");

    for (answer = -1; answer <= 0; answer++) {
        nothing_is_made(&ring);
    }

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
