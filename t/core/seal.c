#include "kanda_seal.h"
#include "keys.h"


static kanda_seal_place_t
place_of(const char *account, const char *entity, const char *id,
    const char *version)
{
    kanda_seal_place_t  place;

    place.account = account;
    place.account_len = strlen(account);
    place.entity = entity;
    place.id = id;
    place.id_len = strlen(id);
    place.version = version;
    place.version_len = strlen(version);

    return place;
}


static void
round_trips(const kanda_keyring_t *ring)
{
    int                  n, m, stale;
    size_t               len;
    uint8_t              in[200], out[200], record[200 + KANDA_SEAL_OVERHEAD];
    unsigned long        failed;
    kanda_seal_place_t   place;

    failed = 0;
    place = place_of("account", "client", "user-1", "v1");

    for (len = 0; len <= 200; len++) {
        tap_random_bytes(in, len);

        n = kanda_seal(ring, &place, in, len, record);
        stale = 7;
        m = kanda_seal_open(ring, &place, record, (size_t) n, out, len,
                            &stale);

        failed += n != (int) len + 2 + 1 + 12 + 16 || m != (int) len
                  || memcmp(in, out, len) != 0 || stale != 0
                  || kanda_seal_open(ring, &place, record, (size_t) n, out,
                                     len, NULL) != (int) len;
    }

    tap_sum(201, failed, "what is sealed opens");

    n = kanda_seal(ring, &place, in, 20, record);
    memset(out, 1, sizeof(out));
    tap_ok(kanda_seal_open(ring, &place, record, (size_t) n, out, 19, NULL)
           == -1 && out[0] == 0 && out[18] == 0 && out[19] == 1,
           "not into too little room, which is wiped");
    tap_ok(record[0] == 1 && record[1] == 1 && record[2] == 'a',
           "format, length of the key id, key id");
}


/* S43 */
static void
tampering(const kanda_keyring_t *ring)
{
    int                  n;
    size_t               i, rounds, round, len;
    uint8_t              in[64], out[300], copy[300];
    uint8_t              record[64 + KANDA_SEAL_OVERHEAD], bit, *exact;
    unsigned long        failed, checks, unwiped;
    kanda_seal_place_t   place;

    failed = 0;
    checks = 0;
    unwiped = 0;
    rounds = tap_long() ? 1000 : 150;
    place = place_of("account", "client", "user-1", "v1");

    for (round = 0; round < rounds; round++) {
        len = tap_random() % 65;
        tap_random_bytes(in, len);
        n = kanda_seal(ring, &place, in, len, record);

        for (i = 0; i < (size_t) n; i++) {
            for (bit = 1; bit != 0; bit = (uint8_t) (bit << 1)) {
                memcpy(copy, record, (size_t) n);
                copy[i] ^= bit;
                memset(out, 1, len + 1);

                checks++;
                failed += kanda_seal_open(ring, &place, copy, (size_t) n, out,
                                          len + 1, NULL) != -1;
                unwiped += out[0] != 0 || out[len] != 0;
            }
        }

        for (i = 0; i < (size_t) n; i++) {
            exact = malloc(i + 1);
            if (exact == NULL) {
                exit(1);
            }

            memcpy(exact, record, i);
            checks++;
            failed += kanda_seal_open(ring, &place, exact, i, out, sizeof(out),
                                      NULL) != -1;
            free(exact);
        }

        memcpy(copy, record, (size_t) n);
        for (i = 1; i <= 40; i++) {
            copy[(size_t) n + i - 1] = (uint8_t) tap_random();
            checks++;
            failed += kanda_seal_open(ring, &place, copy, (size_t) n + i, out,
                                      sizeof(out), NULL) != -1;
        }
    }

    tap_sum(checks, failed, "flipped, cut or lengthened records stay shut");
    tap_ok(unwiped == 0, "and what was read of them is wiped");
}


/* Every pair of places that differ, also by where one part ends. */
static void
places(const kanda_keyring_t *ring)
{
    static const char *const  parts[][4] = {
        { "account", "client", "user-1", "v1" },
        { "accounT", "client", "user-1", "v1" },
        { "account", "canary", "user-1", "v1" },
        { "account", "client", "user-2", "v1" },
        { "account", "client", "user-1", "v2" },
        { "account", "client", "user-1", "" },
        { "", "client", "user-1", "v1" },
        { "accountc", "lient", "user-1", "v1" },
        { "account", "clientu", "ser-1", "v1" },
        { "account", "client", "user-1v", "1" },
        { "account", "client", "user-1v1", "" },
        { "accoun", "tclient", "user-1", "v1" },
        { "account", "", "clientuser-1", "v1" }
    };

    enum { COUNT = sizeof(parts) / sizeof(parts[0]) };

    int                  n, m;
    size_t               i, j;
    uint8_t              out[20], record[20 + KANDA_SEAL_OVERHEAD];
    unsigned long        failed;
    kanda_seal_place_t   there, here;

    failed = 0;

    for (i = 0; i < COUNT; i++) {
        there = place_of(parts[i][0], parts[i][1], parts[i][2], parts[i][3]);
        n = kanda_seal(ring, &there, (const uint8_t *) "a secret of 20 bytes",
                       20, record);

        for (j = 0; j < COUNT; j++) {
            here = place_of(parts[j][0], parts[j][1], parts[j][2],
                            parts[j][3]);
            m = kanda_seal_open(ring, &here, record, (size_t) n, out, 20,
                                NULL);
            failed += m != (i == j ? 20 : -1);
        }
    }

    tap_sum((unsigned long) COUNT * COUNT, failed,
            "a record opens where it was sealed and nowhere else");
}


static void
long_places(const kanda_keyring_t *ring)
{
    int                  n;
    char                 id[600];
    uint8_t              out[20], record[20 + KANDA_SEAL_OVERHEAD];
    size_t               i, fits;
    unsigned long        failed;
    kanda_seal_place_t   place;

    failed = 0;
    fits = 0;
    memset(id, 'x', sizeof(id));
    place = place_of("abcdefghijklmnopqrstuvwxyz", "client", "", "12345678");
    place.id = id;

    for (i = 0; i < sizeof(id); i++) {
        place.id_len = i;
        n = kanda_seal(ring, &place, out, 0, record);

        if (n > 0) {
            fits = i;
            failed += kanda_seal_open(ring, &place, record, (size_t) n, out,
                                      20, NULL) != 0;
        }
    }

    tap_sum(600, failed, "places of every length");
    tap_ok(fits >= 128 && fits < 599, "ids up to %d bytes", (int) fits);
}


static void
rotation(const kanda_keyring_t *old)
{
    int                  n, stale;
    uint8_t              out[20], record[20 + KANDA_SEAL_OVERHEAD];
    kanda_keyring_t      ring;
    kanda_seal_place_t   place;

    place = place_of("account", "client", "user-1", "v1");
    n = kanda_seal(old, &place, (const uint8_t *) "a secret of 20 bytes", 20,
                   record);

    ring_of(&ring, SEAL_B SEAL_A JWT_1 DIGEST);
    stale = 0;
    tap_ok(kanda_seal_open(&ring, &place, record, (size_t) n, out, 20, &stale)
           == 20 && stale == 1, "an older key opens, and wants sealing anew");
    tap_ok(kanda_seal_key(&ring, record, (size_t) n) == 1
           && kanda_seal_key(old, record, (size_t) n) == 0,
           "a record names its key, wherever that is in the ring");
    tap_ok(kanda_seal_key(&ring, record, 2 + 1 + 12 + 15) == -1
           && kanda_seal_key(&ring, record, 1) == -1
           && kanda_seal_key(&ring, record, 0) == -1,
           "which a truncated one does not");

    n = kanda_seal(&ring, &place, out, 20, record);
    tap_ok(record[2] == 'b' && kanda_seal_open(&ring, &place, record,
                                               (size_t) n, out, 20, &stale)
           == 20 && stale == 0, "which the first key does");
    tap_ok(kanda_seal_open(old, &place, record, (size_t) n, out, 20, &stale)
           == -1, "a ring without that key does not open it");

    /* another key under the same id */
    kanda_keyring_wipe(&ring);
    ring_of(&ring, "seal b MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
            JWT_1 DIGEST);
    tap_ok(kanda_seal_open(&ring, &place, record, (size_t) n, out, 20, &stale)
           == -1, "nor does another key of that name");
    kanda_keyring_wipe(&ring);

    tap_ok(kanda_seal(&ring, &place, out, 20, record) == -1,
           "an empty ring seals nothing");
}


static int
nonce_order(const void *a, const void *b)
{
    return memcmp(a, b, 12);
}


/* S44 */
static void
nonces(const kanda_keyring_t *ring)
{
    size_t               i, count;
    uint8_t             *all, record[20 + KANDA_SEAL_OVERHEAD];
    unsigned long        failed;
    kanda_seal_place_t   place;

    failed = 0;
    count = tap_long() ? 1000000 : 50000;
    all = malloc(count * 12);
    if (all == NULL) {
        exit(1);
    }

    place = place_of("account", "client", "user-1", "v1");

    for (i = 0; i < count; i++) {
        failed += kanda_seal(ring, &place, (const uint8_t *) "x", 1, record)
                  < 0;
        memcpy(all + i * 12, record + 3, 12);
    }

    qsort(all, count, 12, nonce_order);

    for (i = 1; i < count; i++) {
        failed += memcmp(all + i * 12, all + (i - 1) * 12, 12) == 0;
    }

    free(all);
    tap_sum(count, failed, "no nonce comes twice");
}


int
main(void)
{
    kanda_keyring_t  ring;

    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    round_trips(&ring);
    tampering(&ring);
    places(&ring);
    long_places(&ring);
    rotation(&ring);
    nonces(&ring);

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
