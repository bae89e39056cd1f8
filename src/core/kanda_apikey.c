#include <string.h>

#include "kanda_apikey.h"
#include "kanda_base32.h"
#include "kanda_base64url.h"
#include "kanda_text.h"


#define KANDA_APIKEY_PARTS  (4 + KANDA_APIKEY_ID_LEN + KANDA_ACCOUNT_ID_LEN)


static void kanda_base32_lower(char *out, size_t n, const uint8_t *in,
    size_t len);
static int kanda_base32_is_lower(const char *p, size_t len);


int
kanda_account_id(kanda_hmac_t *digest, const char *realm, size_t realm_len,
    const char *email, size_t email_len, char out[KANDA_ACCOUNT_ID_LEN])
{
    char     text[KANDA_REALM_MAX + 1 + KANDA_EMAIL_MAX];
    uint8_t  mac[KANDA_SHA256_LEN];

    if (realm_len > KANDA_REALM_MAX || email_len > KANDA_EMAIL_MAX) {
        return -1;
    }

    memcpy(text, realm, realm_len);
    text[realm_len] = '\0';
    memcpy(text + realm_len + 1, email, email_len);

    if (kanda_hmac_sign(digest, text, realm_len + 1 + email_len, mac) != 0) {
        return -1;
    }

    kanda_base32_lower(out, KANDA_ACCOUNT_ID_LEN, mac, 17);
    kanda_wipe(mac, sizeof(mac));

    return 0;
}


int
kanda_account_id_valid(const char *p, size_t len)
{
    return len == KANDA_ACCOUNT_ID_LEN && kanda_base32_is_lower(p, len);
}


int
kanda_apikey_make(const char account[KANDA_ACCOUNT_ID_LEN],
    char out[KANDA_APIKEY_LEN], uint8_t digest[KANDA_SHA256_LEN])
{
    char     *p;
    uint8_t   id[7], secret[32];

    if (kanda_random(id, sizeof(id)) != 0
        || kanda_random(secret, sizeof(secret)) != 0)
    {
        return -1;
    }

    p = out;
    memcpy(p, "kan_", 4);
    p += 4;
    kanda_base32_lower(p, KANDA_APIKEY_ID_LEN, id, sizeof(id));
    p += KANDA_APIKEY_ID_LEN;
    memcpy(p, account, KANDA_ACCOUNT_ID_LEN);
    p += KANDA_ACCOUNT_ID_LEN;
    *p++ = '_';
    (void) kanda_base64url_encode(p, secret, sizeof(secret));

    kanda_wipe(secret, sizeof(secret));

    return kanda_sha256(out, KANDA_APIKEY_LEN, digest);
}


int
kanda_apikey_parse(const char *key, size_t len, const char **id,
    const char **account, uint8_t digest[KANDA_SHA256_LEN])
{
    int      n;
    uint8_t  secret[32];

    if (len != KANDA_APIKEY_LEN || memcmp(key, "kan_", 4) != 0
        || !kanda_base32_is_lower(key + 4, KANDA_APIKEY_PARTS - 4)
        || key[KANDA_APIKEY_PARTS] != '_')
    {
        return -1;
    }

    n = kanda_base64url_decode(secret, sizeof(secret),
                               key + KANDA_APIKEY_PARTS + 1,
                               KANDA_APIKEY_SECRET);
    kanda_wipe(secret, sizeof(secret));

    if (n != (int) sizeof(secret)) {
        return -1;
    }

    *id = key + 4;
    *account = key + 4 + KANDA_APIKEY_ID_LEN;

    return kanda_sha256(key, len, digest) == 0 ? 0 : -2;
}


int
kanda_region_valid(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9')
              || p[i] == '-'))
        {
            return 0;
        }
    }

    return len > 0 && len <= KANDA_REGION_MAX;
}


/* The first n characters of at most 32 bytes. */
static void
kanda_base32_lower(char *out, size_t n, const uint8_t *in, size_t len)
{
    char    text[kanda_base32_length(32)];
    size_t  i;

    (void) kanda_base32_encode(text, in, len);

    for (i = 0; i < n; i++) {
        out[i] = (char) (text[i] | 0x20);
    }
}


static int
kanda_base32_is_lower(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '2' && p[i] <= '7'))) {
            return 0;
        }
    }

    return 1;
}
