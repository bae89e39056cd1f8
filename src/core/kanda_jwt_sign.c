#include <string.h>

#include "kanda_base64url.h"
#include "kanda_json.h"
#include "kanda_jwt.h"
#include "kanda_jwt_json.h"


static int kanda_jwt_signable(const kanda_jwt_claims_t *claims);
static size_t kanda_jwt_payload(const kanda_jwt_claims_t *claims, char *out,
    size_t cap);


size_t
kanda_jwt_sign(const kanda_keyring_t *ring, const kanda_jwt_claims_t *claims,
    char *out)
{
    char               text[KANDA_JWT_SIGNED_MAX / 4 * 3], id[KANDA_KEY_ID_MAX];
    size_t             n, len;
    uint8_t            mac[KANDA_SHA256_LEN];
    kanda_json_out_t   json;

    if (ring->njwt == 0 || !kanda_jwt_signable(claims)) {
        return 0;
    }

    memcpy(id, ring->jwt[0].id, ring->jwt[0].id_len);

    kanda_json_init(&json, text, KANDA_JWT_HEADER);
    kanda_json_open(&json, NULL, '{');
    kanda_json_str(&json, "alg", "HS256", 5);
    kanda_json_str(&json, "typ", "JWT", 3);
    kanda_json_str(&json, "kid", id, ring->jwt[0].id_len);
    kanda_json_close(&json, '}');

    n = kanda_base64url_encode(out, (uint8_t *) text,
                               kanda_json_length(&json));
    out[n++] = '.';

    len = kanda_jwt_payload(claims, text, sizeof(text));

    if (len == 0
        || n + kanda_base64url_length(len) + 1 + KANDA_JWT_SIGNATURE
           > KANDA_JWT_SIGNED_MAX)
    {
        return 0;
    }

    n += kanda_base64url_encode(out + n, (uint8_t *) text, len);

    if (kanda_hmac_sign(ring->jwt[0].hmac, out, n, mac) != 0) {
        return 0;
    }

    out[n++] = '.';
    n += kanda_base64url_encode(out + n, mac, sizeof(mac));
    kanda_wipe(mac, sizeof(mac));

    return n;
}


static int
kanda_jwt_signable(const kanda_jwt_claims_t *claims)
{
    size_t                   i;
    const kanda_jwt_text_t  *t;

    for (i = 0; i < KANDA_JWT_NAMES; i++) {
        t = (const void *) ((const char *) claims + kanda_jwt_names[i].offset);

        if (t->len > sizeof(t->data) || !kanda_jwt_json_plain(t->data, t->len)
            || (t->len == 0 && kanda_jwt_names[i].required))
        {
            return 0;
        }
    }

    return claims->iat >= 0 && claims->iat < KANDA_JWT_NUMBERS
           && claims->exp >= 0 && claims->exp < KANDA_JWT_NUMBERS
           && (unsigned) claims->use < KANDA_JWT_USES;
}


static size_t
kanda_jwt_payload(const kanda_jwt_claims_t *claims, char *out, size_t cap)
{
    size_t                   i;
    const char              *use;
    kanda_json_out_t         json;
    const kanda_jwt_text_t  *t;

    kanda_json_init(&json, out, cap);
    kanda_json_open(&json, NULL, '{');

    for (i = 0; i < KANDA_JWT_NAMES; i++) {
        t = (const void *) ((const char *) claims + kanda_jwt_names[i].offset);

        if (t->len > 0) {
            kanda_json_str(&json, kanda_jwt_names[i].name, t->data, t->len);
        }
    }

    use = kanda_jwt_uses[claims->use];

    kanda_json_str(&json, "use", use, strlen(use));
    kanda_json_int(&json, "iat", claims->iat);
    kanda_json_int(&json, "exp", claims->exp);

    if (claims->profile) {
        kanda_json_str(&json, "email", claims->profile->email,
                       claims->profile->email_len);
        kanda_json_str(&json, "loginProvider", "local", 5);
        kanda_json_bool(&json, "isEmailVerified", 0);
        kanda_json_bool(&json, "isTotpEnabled", claims->profile->totp);
    }

    kanda_json_close(&json, '}');

    return kanda_json_length(&json);
}
