#include "kanda_apikey.h"
#include "keys.h"


static void
accounts(kanda_keyring_t *ring)
{
    char              a[27], b[27];
    kanda_hmac_t     *ids;
    kanda_keyring_t   other;

    ids = ring->hmac[KANDA_DIGEST_ACCOUNT];

    memset(a, 0, sizeof(a));
    memset(b, 0, sizeof(b));

    tap_ok(kanda_account_id(ids, "default", 7, "a@b.example", 11, a) == 0
           && kanda_account_id_valid(a, 26), "an account's id is %s", a);
    tap_is(a, 26, "ejplxf7r6cnez37uaaoldxoicj",
           "which Python's hmac and base64 say, too");

    (void) kanda_account_id(ids, "default", 7, "a@b.example", 11, b);
    tap_ok(memcmp(a, b, 26) == 0, "and is the same each time");

    (void) kanda_account_id(ids, "default", 7, "b@b.example", 11, b);
    tap_ok(memcmp(a, b, 26) != 0, "another email, another id");
    (void) kanda_account_id(ids, "staff", 5, "a@b.example", 11, b);
    tap_ok(memcmp(a, b, 26) != 0, "another realm, another id");

    (void) kanda_account_id(ids, "a", 1, "bc@d", 4, a);
    (void) kanda_account_id(ids, "ab", 2, "c@d", 3, b);
    tap_ok(memcmp(a, b, 26) != 0, "realm and email do not run together");

    ring_of(&other, SEAL_A JWT_1
            "digest MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n");
    (void) kanda_account_id(other.hmac[KANDA_DIGEST_ACCOUNT], "a", 1, "bc@d",
                            4, b);
    tap_ok(memcmp(a, b, 26) != 0, "another key, another id");
    kanda_keyring_wipe(&other);

    tap_ok(kanda_account_id(ids, "a", 33, "b", 1, a) == -1
           && kanda_account_id(ids, "a", 1, "b", 255, a) == -1,
           "what is too long has none");
    tap_ok(kanda_account_id(NULL, "a", 1, "b", 1, a) == -1, "nor without key");
}


static void
account_forms(void)
{
    tap_ok(kanda_account_id_valid("abcdefghijklmnopqrstuvwxyz", 26)
           && kanda_account_id_valid("22222222223333333333777777", 26),
           "26 characters of lower-case Base32");
    tap_ok(!kanda_account_id_valid("abcdefghijklmnopqrstuvwxy", 25)
           && !kanda_account_id_valid("abcdefghijklmnopqrstuvwxyza", 27)
           && !kanda_account_id_valid("", 0)
           && !kanda_account_id_valid("Abcdefghijklmnopqrstuvwxyz", 26)
           && !kanda_account_id_valid("1bcdefghijklmnopqrstuvwxyz", 26)
           && !kanda_account_id_valid("8bcdefghijklmnopqrstuvwxyz", 26)
           && !kanda_account_id_valid("{bcdefghijklmnopqrstuvwxyz", 26)
           && !kanda_account_id_valid("\0bcdefghijklmnopqrstuvwxyz", 26),
           "and nothing else");
}


static void
keys_made(void)
{
    static const char  account[] = "abcdefghijklmnopqrstuvwxyz";

    char            key[KANDA_APIKEY_LEN], before[KANDA_APIKEY_LEN];
    size_t          i;
    uint8_t         kept[32], given[32], sha[32];
    const char     *id, *owner;
    unsigned long   failed;

    failed = 0;
    memset(before, 0, sizeof(before));

    for (i = 0; i < 2000; i++) {
        failed += kanda_apikey_make(account, key, kept) != 0
                  || kanda_apikey_parse(key, sizeof(key), &id, &owner, given)
                     != 0
                  || memcmp(kept, given, 32) != 0 || id != key + 4
                  || owner != key + 14 || memcmp(owner, account, 26) != 0
                  || kanda_sha256(key, sizeof(key), sha) != 0
                  || memcmp(sha, kept, 32) != 0
                  || memcmp(key + 4, before + 4, 10) == 0
                  || memcmp(key + 41, before + 41, 43) == 0;
        memcpy(before, key, sizeof(key));
    }

    tap_sum(2000, failed, "keys are made, and taken apart again");
    tap_ok(KANDA_APIKEY_LEN == 84 && memcmp(key, "kan_", 4) == 0
           && key[40] == '_', "%.*s", KANDA_APIKEY_LEN, key);
}


/* Any other byte at any place gives no key, or another digest. */
static void
keys_damaged(void)
{
    int             rc;
    char            key[KANDA_APIKEY_LEN + 1], bad[KANDA_APIKEY_LEN + 1];
    size_t          i;
    uint8_t         kept[32], given[32];
    unsigned        c;
    const char     *id, *owner;
    unsigned long   failed, checks, forms;

    failed = 0;
    checks = 0;
    forms = 0;
    (void) kanda_apikey_make("abcdefghijklmnopqrstuvwxyz", key, kept);

    for (i = 0; i < KANDA_APIKEY_LEN; i++) {
        for (c = 0; c < 256; c++) {
            if (c == (unsigned char) key[i]) {
                continue;
            }

            memcpy(bad, key, KANDA_APIKEY_LEN);
            bad[i] = (char) c;
            rc = kanda_apikey_parse(bad, KANDA_APIKEY_LEN, &id, &owner, given);

            checks++;
            forms += rc == 0;
            failed += rc == 0 && memcmp(kept, given, 32) == 0;
        }
    }

    tap_sum(checks, failed, "no damaged key has the digest");
    tap_ok(forms == 36 * 31 + 42 * 63 + 15,
           "a key's form is exact, to the last two bits: %lu", forms);

    failed = 0;
    key[KANDA_APIKEY_LEN] = 'A';
    for (i = 0; i <= KANDA_APIKEY_LEN + 1; i++) {
        failed += i != KANDA_APIKEY_LEN
                  && kanda_apikey_parse(key, i, &id, &owner, given) != -1;
    }

    tap_sum(KANDA_APIKEY_LEN + 1, failed, "no other length is a key");
}


static void
regions(void)
{
    tap_ok(kanda_region_valid("eu", 2) && kanda_region_valid("0", 1)
           && kanda_region_valid("-", 1)
           && kanda_region_valid("us-east-1", 9)
           && kanda_region_valid("abcdefghijklmnopqrstuvwxyz012345", 32),
           "a region is 1 to 32 letters, digits and hyphens");
    tap_ok(!kanda_region_valid("", 0)
           && !kanda_region_valid("abcdefghijklmnopqrstuvwxyz0123456", 33)
           && !kanda_region_valid("EU", 2) && !kanda_region_valid("e u", 3)
           && !kanda_region_valid("e,u", 3) && !kanda_region_valid("e_u", 3)
           && !kanda_region_valid("e\0u", 3)
           && !kanda_region_valid("\xc3\xa9", 2), "and nothing else");
}


int
main(void)
{
    kanda_keyring_t  ring;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    accounts(&ring);
    account_forms();
    keys_made();
    keys_damaged();
    regions();

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
