#include "kanda_invitation.h"
#include "tap.h"


static const char  account[] = "abcdefghijklmnopqrstuvwxyz";


static void
made(void)
{
    char            text[KANDA_INVITATION_LEN], before[KANDA_INVITATION_LEN];
    size_t          i;
    uint8_t         kept[KANDA_SHA256_LEN], given[KANDA_SHA256_LEN];
    const char     *owner;
    unsigned long   failed;

    failed = 0;
    memset(before, 0, sizeof(before));

    for (i = 0; i < 2000; i++) {
        failed += kanda_invitation_make(account, text, kept) != 0
                  || memcmp(text, "inv_", 4) != 0
                  || memcmp(text + 4, account, KANDA_ACCOUNT_ID_LEN) != 0
                  || memcmp(text, before, sizeof(text)) == 0
                  || kanda_invitation_parse(text, sizeof(text), &owner, given)
                     != 0
                  || owner != text + 4
                  || memcmp(kept, given, sizeof(kept)) != 0;
        memcpy(before, text, sizeof(text));
    }

    tap_ok(failed == 0, "2000 invitations, each its own, are read again");

    (void) kanda_sha256(text, sizeof(text), given);
    tap_ok(memcmp(kept, given, sizeof(kept)) == 0,
           "what is kept is the SHA-256 of all of it");
}


static void
forms(void)
{
    int          bit;
    char         text[KANDA_INVITATION_LEN + 1];
    size_t       i;
    char         right;
    uint8_t      kept[KANDA_SHA256_LEN], given[KANDA_SHA256_LEN];
    const char  *owner;
    unsigned     taken, alike;

    (void) kanda_invitation_make(account, text, kept);
    text[KANDA_INVITATION_LEN] = 'A';

    tap_ok(kanda_invitation_parse(text, KANDA_INVITATION_LEN + 1, &owner,
                                  given) == -1
           && kanda_invitation_parse(text, KANDA_INVITATION_LEN - 1, &owner,
                                     given) == -1
           && kanda_invitation_parse(text, 0, &owner, given) == -1,
           "longer and shorter ones are none");

    taken = 0;
    alike = 0;

    for (i = 0; i < KANDA_INVITATION_LEN; i++) {
        right = text[i];

        for (bit = 0; bit < 8; bit++) {
            text[i] = (char) (right ^ (1 << bit));

            if (kanda_invitation_parse(text, KANDA_INVITATION_LEN, &owner,
                                       given)
                != 0)
            {
                continue;
            }

            taken += i < 4 || i == 4 + KANDA_ACCOUNT_ID_LEN;
            alike += memcmp(kept, given, sizeof(kept)) == 0;
        }

        text[i] = right;
    }

    tap_ok(taken == 0, "what stands about account and secret is exact");
    tap_ok(alike == 0, "and no other text is the same invitation");

    memset(text + KANDA_INVITATION_LEN - KANDA_INVITATION_SECRET, 'A',
           KANDA_INVITATION_SECRET);
    tap_ok(kanda_invitation_parse(text, KANDA_INVITATION_LEN, &owner, given)
           == 0, "a secret may be any");
    text[KANDA_INVITATION_LEN - 1] = 'B';
    tap_ok(kanda_invitation_parse(text, KANDA_INVITATION_LEN, &owner, given)
           == -1, "in its one spelling");
    text[4] = 'A';
    text[KANDA_INVITATION_LEN - 1] = 'A';
    tap_ok(kanda_invitation_parse(text, KANDA_INVITATION_LEN, &owner, given)
           == -1, "of an account's own id");
}


int
main(void)
{
    if (kanda_crypto_init() != 0) {
        return 1;
    }

    made();
    forms();

    kanda_crypto_done();

    return tap_done();
}
