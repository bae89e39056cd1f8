#include <string.h>

#include "kanda_base64url.h"
#include "kanda_json.h"
#include "kanda_jwt.h"
#include "kanda_jwt_json.h"


#define KANDA_JWT_HEADER     192        /* bytes of a header, decoded */
#define KANDA_JWT_PAYLOAD    (KANDA_JWT_MAX / 4 * 3)
#define KANDA_JWT_SIGNATURE  43         /* characters */
#define KANDA_JWT_AHEAD      60         /* seconds our clock may be behind */
#define KANDA_JWT_NUMBERS    (INT64_C(1) << 53)


typedef struct {
    const char  *header;                /* the token's first character */
    size_t       header_len;
    const char  *payload;
    size_t       payload_len;
    const char  *signature;
} kanda_jwt_parts_t;


static int kanda_jwt_signable(const kanda_jwt_claims_t *claims);
static size_t kanda_jwt_payload(const kanda_jwt_claims_t *claims, char *out,
    size_t cap);
static int kanda_jwt_split(kanda_jwt_parts_t *parts, const char *token,
    size_t len);
static int kanda_jwt_signed(const kanda_keyring_t *ring,
    const kanda_jwt_parts_t *parts);
static int kanda_jwt_mac_right(const kanda_key_t *k,
    const kanda_jwt_parts_t *parts);
static int kanda_jwt_claims(const kanda_jwt_parts_t *parts, int64_t now,
    kanda_jwt_claims_t *claims);
static int kanda_jwt_texts(const kanda_jwt_member_t *members, int n,
    kanda_jwt_claims_t *claims);
static int kanda_jwt_time(const kanda_jwt_member_t *members, int n,
    const char *name, int64_t *time);


static const char *const  kanda_jwt_uses[] = { "access", "2fa", "2fa-setup" };


static const struct {
    const char  *name;
    size_t       offset;
    int          required;
} kanda_jwt_names[] = {
    { "iss", offsetof(kanda_jwt_claims_t, iss), 1 },
    { "sub", offsetof(kanda_jwt_claims_t, sub), 1 },
    { "jti", offsetof(kanda_jwt_claims_t, jti), 1 },
    { "realm", offsetof(kanda_jwt_claims_t, realm), 1 },
    { "key", offsetof(kanda_jwt_claims_t, key), 0 },
    { "sid", offsetof(kanda_jwt_claims_t, sid), 0 }
};

#define KANDA_JWT_NAMES  (sizeof(kanda_jwt_names) / sizeof(kanda_jwt_names[0]))
#define KANDA_JWT_USES   (sizeof(kanda_jwt_uses) / sizeof(kanda_jwt_uses[0]))


int
kanda_jwt_text_set(kanda_jwt_text_t *t, const char *p, size_t len)
{
    if (len > sizeof(t->data) || !kanda_jwt_json_plain(p, len)) {
        return -1;
    }

    t->len = len;

    if (len > 0) {
        memcpy(t->data, p, len);
    }

    return 0;
}


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
    kanda_json_close(&json, '}');

    return kanda_json_length(&json);
}


int
kanda_jwt_verify(const kanda_keyring_t *ring, const char *token, size_t len,
    const char *iss, size_t iss_len, int64_t now, kanda_jwt_claims_t *claims)
{
    kanda_jwt_parts_t  parts;

    if (kanda_jwt_split(&parts, token, len) == 0
        && kanda_jwt_signed(ring, &parts) == 0
        && kanda_jwt_claims(&parts, now, claims) == 0
        && claims->iss.len == iss_len
        && memcmp(claims->iss.data, iss, iss_len) == 0)
    {
        return 0;
    }

    memset(claims, 0, sizeof(kanda_jwt_claims_t));

    return -1;
}


static int
kanda_jwt_split(kanda_jwt_parts_t *parts, const char *token, size_t len)
{
    const char  *dot;

    if (len < KANDA_JWT_SIGNATURE + 2 || len > KANDA_JWT_MAX) {
        return -1;
    }

    parts->signature = token + len - KANDA_JWT_SIGNATURE;
    len -= KANDA_JWT_SIGNATURE + 1;

    dot = memchr(token, '.', len);

    if (dot == NULL || token[len] != '.') {
        return -1;
    }

    parts->header = token;
    parts->header_len = (size_t) (dot - token);
    parts->payload = dot + 1;
    parts->payload_len = len - parts->header_len - 1;

    return 0;
}


/*
 * Reads the header far enough to name a key of ours, then checks the
 * signature; what else the header says counts only after that.
 */
static int
kanda_jwt_signed(const kanda_keyring_t *ring, const kanda_jwt_parts_t *parts)
{
    int                        n;
    char                       text[KANDA_JWT_HEADER];
    const kanda_key_t         *k;
    kanda_jwt_member_t         members[KANDA_JWT_MEMBERS];
    const kanda_jwt_member_t  *kid;

    n = kanda_base64url_decode((uint8_t *) text, sizeof(text), parts->header,
                               parts->header_len);
    if (n < 0) {
        return -1;
    }

    n = kanda_jwt_json_read(text, (size_t) n, members);

    kid = kanda_jwt_json_find(members, n, "kid");
    if (kid == NULL || kid->type != KANDA_JWT_STRING) {
        return -1;
    }

    k = kanda_key_find(ring->jwt, ring->njwt, kid->value, kid->value_len);
    if (k == NULL || !kanda_jwt_mac_right(k, parts)) {
        return -1;
    }

    /* three names and no more, so that there is no "crit" */
    if (n != 3
        || !kanda_jwt_json_is(kanda_jwt_json_find(members, n, "alg"), "HS256")
        || !kanda_jwt_json_is(kanda_jwt_json_find(members, n, "typ"), "JWT"))
    {
        return -1;
    }

    return 0;
}


static int
kanda_jwt_mac_right(const kanda_key_t *k, const kanda_jwt_parts_t *parts)
{
    int      right;
    size_t   len;
    uint8_t  mac[KANDA_SHA256_LEN], given[KANDA_SHA256_LEN];

    if (kanda_base64url_decode(given, sizeof(given), parts->signature,
                               KANDA_JWT_SIGNATURE)
        != KANDA_SHA256_LEN)
    {
        return 0;
    }

    len = parts->header_len + 1 + parts->payload_len;

    if (kanda_hmac_sign(k->hmac, parts->header, len, mac) != 0) {
        return 0;
    }

    right = kanda_equal(mac, given, sizeof(mac));
    kanda_wipe(mac, sizeof(mac));

    return right;
}


static int
kanda_jwt_claims(const kanda_jwt_parts_t *parts, int64_t now,
    kanda_jwt_claims_t *claims)
{
    int                 n;
    char                text[KANDA_JWT_PAYLOAD];
    int64_t             nbf;
    kanda_jwt_member_t  members[KANDA_JWT_MEMBERS];

    n = kanda_base64url_decode((uint8_t *) text, sizeof(text), parts->payload,
                               parts->payload_len);
    if (n < 0) {
        return -1;
    }

    n = kanda_jwt_json_read(text, (size_t) n, members);

    if (n < 0 || kanda_jwt_texts(members, n, claims) != 0
        || kanda_jwt_time(members, n, "iat", &claims->iat) != 0
        || kanda_jwt_time(members, n, "exp", &claims->exp) != 0)
    {
        return -1;
    }

    /* ours name no audience, so that one with an audience is for another
     * (RFC 7519, section 4.1.3) */

    if (kanda_jwt_json_find(members, n, "aud") != NULL) {
        return -1;
    }

    if (kanda_jwt_json_find(members, n, "nbf") == NULL) {
        nbf = 0;

    } else if (kanda_jwt_time(members, n, "nbf", &nbf) != 0) {
        return -1;
    }

    if (claims->exp <= now || claims->iat > now + KANDA_JWT_AHEAD || nbf > now)
    {
        return -1;
    }

    return 0;
}


static int
kanda_jwt_texts(const kanda_jwt_member_t *members, int n,
    kanda_jwt_claims_t *claims)
{
    size_t                     i;
    kanda_jwt_text_t          *t;
    const kanda_jwt_member_t  *m;

    for (i = 0; i < KANDA_JWT_NAMES; i++) {
        t = (void *) ((char *) claims + kanda_jwt_names[i].offset);
        t->len = 0;

        m = kanda_jwt_json_find(members, n, kanda_jwt_names[i].name);

        if (m == NULL && !kanda_jwt_names[i].required) {
            continue;
        }

        if (m == NULL || m->type != KANDA_JWT_STRING || m->value_len == 0
            || kanda_jwt_text_set(t, m->value, m->value_len) != 0)
        {
            return -1;
        }
    }

    m = kanda_jwt_json_find(members, n, "use");

    for (i = 0; i < KANDA_JWT_USES; i++) {
        if (kanda_jwt_json_is(m, kanda_jwt_uses[i])) {
            claims->use = (kanda_jwt_use_t) i;
            return 0;
        }
    }

    return -1;
}


static int
kanda_jwt_time(const kanda_jwt_member_t *members, int n, const char *name,
    int64_t *time)
{
    const kanda_jwt_member_t  *m;

    m = kanda_jwt_json_find(members, n, name);

    if (m == NULL || m->type != KANDA_JWT_NUMBER) {
        return -1;
    }

    *time = m->number;

    return 0;
}
