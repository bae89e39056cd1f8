#include "kanda_crypto.h"
#include "tap.h"


static int
hex_is(const uint8_t *p, size_t len, const char *hex)
{
    char    text[2 * KANDA_HASH_MAX + 1];
    size_t  i;

    for (i = 0; i < len; i++) {
        snprintf(text + 2 * i, 3, "%02x", p[i]);
    }

    return strcmp(text, hex) == 0;
}


/* RFC 2202 and RFC 4231: the first, the second, and a key beyond a block */
static void
hmac_vectors(void)
{
    static const struct {
        kanda_hash_t  hash;
        uint8_t       fill;             /* of the key, unless it is text */
        size_t        key_len;
        const char   *key;
        const char   *data;
        const char   *mac;
    } rows[] = {
        { KANDA_SHA1, 0x0b, 20, NULL, "Hi There",
          "b617318655057264e28bc0b6fb378c8ef146be00" },
        { KANDA_SHA1, 0, 4, "Jefe", "what do ya want for nothing?",
          "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
        { KANDA_SHA1, 0xaa, 80, NULL,
          "Test Using Larger Than Block-Size Key - Hash Key First",
          "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
        { KANDA_SHA256, 0x0b, 20, NULL, "Hi There",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { KANDA_SHA256, 0, 4, "Jefe", "what do ya want for nothing?",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { KANDA_SHA256, 0xaa, 131, NULL,
          "Test Using Larger Than Block-Size Key - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { KANDA_SHA512, 0x0b, 20, NULL, "Hi There",
          "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
          "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
        { KANDA_SHA512, 0, 4, "Jefe", "what do ya want for nothing?",
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
          "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
        { KANDA_SHA512, 0xaa, 131, NULL,
          "Test Using Larger Than Block-Size Key - Hash Key First",
          "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
          "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" }
    };

    int      rc;
    size_t   i;
    uint8_t  key[131], mac[KANDA_HASH_MAX];

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(key, rows[i].fill, sizeof(key));
        if (rows[i].key != NULL) {
            memcpy(key, rows[i].key, rows[i].key_len);
        }

        rc = kanda_hmac(rows[i].hash, key, rows[i].key_len,
                        (const uint8_t *) rows[i].data, strlen(rows[i].data),
                        mac);

        tap_ok(rc == 0 && hex_is(mac, kanda_hash_length(rows[i].hash),
                                 rows[i].mac), "HMAC vector %d", (int) i);
    }

    rc = kanda_hmac(KANDA_SHA256, NULL, 0, (const uint8_t *) "", 0, mac);
    tap_ok(rc == 0 && hex_is(mac, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c4"
                                      "93715653c6c712144292c5ad"),
           "an empty key is an empty key, not the one before");
}


static void
hmac_steps(void)
{
    size_t         i;
    uint8_t        key[64], data[100], one[KANDA_HASH_MAX];
    uint8_t        two[KANDA_HASH_MAX];
    unsigned       hash;
    unsigned long  failed, checks;

    checks = 0;
    failed = 0;

    for (i = 0; i < 300; i++) {
        hash = (unsigned) (i % KANDA_HASHES);
        tap_random_bytes(key, sizeof(key));
        tap_random_bytes(data, sizeof(data));

        failed += kanda_hmac_begin((kanda_hash_t) hash, key, i % 65) != 0;
        failed += kanda_hmac_next((kanda_hash_t) hash, data, 8, one) != 0;
        failed += kanda_hmac_next((kanda_hash_t) hash, data, i % 101, one)
                  != 0;
        kanda_hmac_end((kanda_hash_t) hash);

        failed += kanda_hmac((kanda_hash_t) hash, key, i % 65, data, i % 101,
                             two) != 0;
        failed += !kanda_equal(one, two,
                               kanda_hash_length((kanda_hash_t) hash));
        checks += 5;
    }

    tap_sum(checks, failed, "several messages under one key");
}


static void
kept_keys(void)
{
    size_t         i;
    uint8_t        key[64], data[300], one[32], two[32];
    kanda_hmac_t  *a, *b;
    unsigned long  failed;

    tap_random_bytes(key, sizeof(key));
    tap_random_bytes(data, sizeof(data));

    a = kanda_hmac_new(key, 32);
    b = kanda_hmac_new(key + 32, 32);
    failed = (a == NULL || b == NULL);

    for (i = 0; i < 300 && failed == 0; i++) {
        failed += kanda_hmac_sign(a, data, i, one) != 0;
        failed += kanda_hmac(KANDA_SHA256, key, 32, data, i, two) != 0;
        failed += !kanda_equal(one, two, 32);

        failed += kanda_hmac_sign(b, data, i, one) != 0;
        failed += kanda_hmac(KANDA_SHA256, key + 32, 32, data, i, two) != 0;
        failed += !kanda_equal(one, two, 32);
    }

    tap_sum(1800, failed, "a kept key signs as it does when it is given");

    kanda_hmac_free(a);
    kanda_hmac_free(b);
    kanda_hmac_free(NULL);
    tap_ok(kanda_hmac_sign(NULL, data, 1, one) == -1, "no context, no MAC");
}


static void
sha256(void)
{
    uint8_t  out[32];

    tap_ok(kanda_sha256("", 0, out) == 0
           && hex_is(out, 32, "e3b0c44298fc1c149afbf4c8996fb924"
                              "27ae41e4649b934ca495991b7852b855"),
           "SHA-256 of nothing");
    tap_ok(kanda_sha256("abc", 3, out) == 0
           && hex_is(out, 32, "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad"),
           "SHA-256 of abc");
}


static void
gcm(void)
{
    /* the GCM specification's test case 16 */
    static const uint8_t  key[32] =
        "\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08"
        "\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08";
    static const uint8_t  nonce[] =
        "\xca\xfe\xba\xbe\xfa\xce\xdb\xad\xde\xca\xf8\x88";
    static const uint8_t  aad[] =
        "\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef"
        "\xab\xad\xda\xd2";
    static const uint8_t  text[] =
        "\xd9\x31\x32\x25\xf8\x84\x06\xe5\xa5\x59\x09\xc5\xaf\xf5\x26\x9a"
        "\x86\xa7\xa9\x53\x15\x34\xf7\xda\x2e\x4c\x30\x3d\x8a\x31\x8a\x72"
        "\x1c\x3c\x0c\x95\x95\x68\x09\x53\x2f\xcf\x0e\x24\x49\xa6\xb5\x25"
        "\xb1\x6a\xed\xf5\xaa\x0d\xe6\x57\xba\x63\x7b\x39";

    uint8_t  sealed[76], back[60];

    tap_ok(kanda_gcm_seal(key, nonce, aad, 20, text, 60, sealed) == 0
           && hex_is(sealed + 60, 16, "76fc6ece0f4e1768cddf8853bb2d551b")
           && hex_is(sealed, 16, "522dc1f099567d07f47f37a32a84427d"),
           "AES-256-GCM test case 16");
    tap_ok(kanda_gcm_open(key, nonce, aad, 20, sealed, 60, back) == 0
           && memcmp(back, text, 60) == 0, "opens again");
    tap_ok(kanda_gcm_open(key, nonce, aad, 19, sealed, 60, back) == -1,
           "not with other associated data");
    tap_ok(kanda_gcm_seal(key, nonce, aad, 20, text, 0, sealed) == 0
           && kanda_gcm_open(key, nonce, aad, 20, sealed, 0, back) == 0,
           "no text is a text too");
}


/* S12: every byte as often as any other, half the bits set; what a good
 * generator does in all but two of 10,000 runs. */
static int
looks_random(size_t secrets)
{
    double         chi, mean, z;
    size_t         i, b;
    uint8_t        secret[20];
    unsigned long  ones, bytes, count[256];

    ones = 0;
    bytes = secrets * sizeof(secret);
    memset(count, 0, sizeof(count));

    for (i = 0; i < secrets; i++) {
        if (kanda_random(secret, sizeof(secret)) != 0) {
            return 0;
        }

        for (b = 0; b < sizeof(secret); b++) {
            count[secret[b]]++;
            ones += (unsigned long) __builtin_popcount(secret[b]);
        }
    }

    chi = 0;
    mean = (double) bytes / 256;

    for (b = 0; b < 256; b++) {
        chi += ((double) count[b] - mean) * ((double) count[b] - mean) / mean;
    }

    z = (double) ones - (double) bytes * 4;
    z = z * z / ((double) bytes * 2);

    printf("# chi^2 %.0f of 255 degrees, z^2 %.2f\n", chi, z);

    return chi > 176 && chi < 347 && z < 15.2;
}


static void
random_secrets(void)
{
    size_t  n;

    n = tap_long() ? 1000000 : 50000;

    tap_ok(looks_random(n) || looks_random(n), "%lu secrets look random",
           (unsigned long) n);
    tap_ok(kanda_random(NULL, 0) == 0, "no bytes are no trouble");
    tap_ok(kanda_random(NULL, (size_t) 1 << 32) == -1,
           "too many bytes are refused");
}


int
main(void)
{
    char     text[16];
    uint8_t  out[KANDA_HASH_MAX];

    memset(out, 0, sizeof(out));

    tap_ok(kanda_hmac(KANDA_SHA1, out, 1, out, 1, out) == -1
           && kanda_sha256("", 0, out) == -1
           && kanda_hmac_new(out, 32) == NULL
           && kanda_gcm_seal(out, out, out, 0, out, 0, out) == -1
           && kanda_gcm_open(out, out, out, 0, out, 0, out) == -1,
           "nothing works before it is made ready");
    kanda_crypto_done();

    tap_ok(kanda_crypto_init() == 0 && kanda_crypto_init() == 0,
           "made ready, twice as well as once");

    hmac_vectors();
    hmac_steps();
    kept_keys();
    sha256();
    gcm();
    random_secrets();

    tap_ok(kanda_equal("abc", "abc", 3) && !kanda_equal("abc", "abd", 3)
           && kanda_equal("abc", "abd", 2) && kanda_equal("", "", 0),
           "equal is equal");

    memcpy(text, "a secret of ours", sizeof(text));
    kanda_wipe(text, sizeof(text));
    tap_ok(memcmp(text, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) == 0,
           "wiped is gone");

    kanda_crypto_done();
    tap_ok(kanda_crypto_init() == 0 && kanda_sha256("abc", 3, out) == 0,
           "made ready anew");
    kanda_crypto_done();

    return tap_done();
}
