#include <string.h>

#include "kanda_base64url.h"
#include "kanda_json.h"
#include "kanda_jwt.h"
#include "kanda_jwt_json.h"


#define KANDA_JWT_PAYLOAD    (KANDA_JWT_MAX / 4 * 3)
#define KANDA_JWT_AHEAD      60         /* seconds our clock may be behind */


typedef struct {
    const char  *header;                /* the token's first character */
    size_t       header_len;
    const char  *payload;
    size_t       payload_len;
    const char  *signature;
} kanda_jwt_parts_t;


static int kanda_jwt_split(kanda_jwt_parts_t *parts, const char *token,
    size_t len);
static int kanda_jwt_signed(const kanda_keyring_t *ring,
    const kanda_jwt_parts_t *parts);
static int kanda_jwt_mac(const kanda_key_t *k,
    const kanda_jwt_parts_t *parts);
static int kanda_jwt_claims(const kanda_jwt_parts_t *parts, int64_t now,
    kanda_jwt_claims_t *claims);
static int kanda_jwt_texts(const kanda_jwt_member_t *members, int n,
    kanda_jwt_claims_t *claims);
static int kanda_jwt_time(const kanda_jwt_member_t *members, int n,
    const char *name, int64_t *time);


const char *const  kanda_jwt_uses[KANDA_JWT_USES] = {
    "access", "2fa", "2fa-setup"
};


const kanda_jwt_name_t  kanda_jwt_names[KANDA_JWT_NAMES] = {
    { "iss", offsetof(kanda_jwt_claims_t, iss), 1 },
    { "sub", offsetof(kanda_jwt_claims_t, sub), 1 },
    { "jti", offsetof(kanda_jwt_claims_t, jti), 1 },
    { "realm", offsetof(kanda_jwt_claims_t, realm), 1 },
    { "key", offsetof(kanda_jwt_claims_t, key), 0 },
    { "sid", offsetof(kanda_jwt_claims_t, sid), 0 }
};

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


int
kanda_jwt_verify(const kanda_keyring_t *ring, const char *token, size_t len,
    const char *iss, size_t iss_len, int64_t now, kanda_jwt_claims_t *claims)
{
    int  rc;

    rc = kanda_jwt_verify_late(ring, token, len, iss, iss_len, now, claims);

    if (rc == 0 && claims->exp <= now) {
        memset(claims, 0, sizeof(kanda_jwt_claims_t));
        rc = -1;
    }

    return rc;
}


int
kanda_jwt_verify_late(const kanda_keyring_t *ring, const char *token,
    size_t len, const char *iss, size_t iss_len, int64_t now,
    kanda_jwt_claims_t *claims)
{
    int                rc;
    kanda_jwt_parts_t  parts;

    claims->profile = NULL;

    rc = kanda_jwt_split(&parts, token, len);

    if (rc == 0) {
        rc = kanda_jwt_signed(ring, &parts);
    }

    if (rc == 0) {
        rc = kanda_jwt_claims(&parts, now, claims);
    }

    if (rc == 0
        && (claims->iss.len != iss_len
            || memcmp(claims->iss.data, iss, iss_len) != 0))
    {
        rc = -1;
    }

    if (rc != 0) {
        memset(claims, 0, sizeof(kanda_jwt_claims_t));
    }

    return rc;
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
    int                        n, rc;
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
    if (k == NULL) {
        return -1;
    }

    rc = kanda_jwt_mac(k, parts);
    if (rc != 0) {
        return rc;
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


/* 0 when the signature is right, -1 when not, -2 when that cannot be told. */
static int
kanda_jwt_mac(const kanda_key_t *k, const kanda_jwt_parts_t *parts)
{
    int      right;
    size_t   len;
    uint8_t  mac[KANDA_SHA256_LEN], given[KANDA_SHA256_LEN];

    if (kanda_base64url_decode(given, sizeof(given), parts->signature,
                               KANDA_JWT_SIGNATURE)
        != KANDA_SHA256_LEN)
    {
        return -1;
    }

    len = parts->header_len + 1 + parts->payload_len;

    if (kanda_hmac_sign(k->hmac, parts->header, len, mac) != 0) {
        return -2;
    }

    right = kanda_equal(mac, given, sizeof(mac));
    kanda_wipe(mac, sizeof(mac));

    return right ? 0 : -1;
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

    if (claims->iat > now + KANDA_JWT_AHEAD || nbf > now) {
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
