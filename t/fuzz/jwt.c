/*
 * No input is a token without our key.  Signed with it, an input that verifies
 * has a header and a payload that the strict JSON check and cJSON read in the
 * same way; and no other character anywhere verifies.
 */

#include <cjson/cJSON.h>

#include "../core/keys.h"
#include "fuzz.h"
#include "kanda_base64url.h"
#include "kanda_json.h"
#include "kanda_jwt.h"


#define NOW  INT64_C(1767322985)


int LLVMFuzzerInitialize(int *argc, char ***argv);


static kanda_keyring_t  ring;


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    if (kanda_crypto_init() != 0) {
        exit(1);
    }

    ring_of(&ring, SEAL_A JWT_1 JWT_2 DIGEST);

    return 0;
}


static int
verify(const char *token, size_t len, kanda_jwt_claims_t *claims)
{
    return kanda_jwt_verify(&ring, token, len, "kanda", 5, NOW, claims);
}


static size_t
forge(char *token, const char *header, size_t header_len, const char *payload,
    size_t payload_len)
{
    size_t   n;
    uint8_t  mac[32];

    n = kanda_base64url_encode(token, (const uint8_t *) header, header_len);
    token[n++] = '.';
    n += kanda_base64url_encode(token + n, (const uint8_t *) payload,
                                payload_len);

    must(kanda_hmac_sign(ring.jwt[0].hmac, token, n, mac) == 0);
    token[n++] = '.';

    return n + kanda_base64url_encode(token + n, mac, sizeof(mac));
}


static void
text_is(const cJSON *tree, const char *name, const kanda_jwt_text_t *t)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(tree, name);

    if (t->len == 0) {
        must(item == NULL);
        return;
    }

    must(cJSON_IsString(item) && strlen(item->valuestring) == t->len
         && memcmp(item->valuestring, t->data, t->len) == 0);
}


static void
number_is(const cJSON *tree, const char *name, int64_t n)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(tree, name);

    must(cJSON_IsNumber(item));
    must((int64_t) item->valuedouble == n);
}


static void
claims_are(const char *payload, size_t len, const kanda_jwt_claims_t *c)
{
    static const char *const  uses[] = { "access", "2fa", "2fa-setup" };

    cJSON             *tree;
    kanda_jwt_text_t   use;

    must(kanda_json_check(payload, len) == KANDA_JSON_OK);

    tree = cJSON_ParseWithLength(payload, len);
    text_is(tree, "iss", &c->iss);
    text_is(tree, "sub", &c->sub);
    text_is(tree, "jti", &c->jti);
    text_is(tree, "realm", &c->realm);
    text_is(tree, "key", &c->key);
    text_is(tree, "sid", &c->sid);
    number_is(tree, "iat", c->iat);
    number_is(tree, "exp", c->exp);

    must(kanda_jwt_text_set(&use, uses[c->use], strlen(uses[c->use])) == 0);
    text_is(tree, "use", &use);

    must(c->iss.len == 5 && memcmp(c->iss.data, "kanda", 5) == 0);
    must(c->exp > NOW && c->iat <= NOW + 60);

    cJSON_Delete(tree);
}


static void
header_is_ours(const char *header, size_t len)
{
    cJSON  *tree;

    must(kanda_json_check(header, len) == KANDA_JSON_OK);

    tree = cJSON_ParseWithLength(header, len);
    must(cJSON_GetArraySize(tree) == 3);
    must(strcmp(cJSON_GetObjectItemCaseSensitive(tree, "alg")->valuestring,
                "HS256") == 0);
    must(strcmp(cJSON_GetObjectItemCaseSensitive(tree, "typ")->valuestring,
                "JWT") == 0);
    must(strcmp(cJSON_GetObjectItemCaseSensitive(tree, "kid")->valuestring,
                "k1") == 0);
    cJSON_Delete(tree);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                 token[8192], again[KANDA_JWT_SIGNED_MAX];
    char                *copy, other;
    size_t               n, at, header_len, payload_len;
    const char          *header, *payload;
    fuzz_input_t         in;
    kanda_jwt_claims_t   claims, back;

    copy = fuzz_exact(data, size);
    must(verify(copy, size, &claims) == -1);
    free(copy);

    in.pos = data;
    in.left = size;
    at = fuzz_byte(&in) << 8 | fuzz_byte(&in);
    other = (char) fuzz_byte(&in);
    header_len = fuzz_piece(&in, &header, 1000);
    payload_len = fuzz_piece(&in, &payload, 4000);

    n = forge(token, header, header_len, payload, payload_len);

    if (verify(token, n, &claims) != 0) {
        return 0;
    }

    must(n <= KANDA_JWT_MAX);
    header_is_ours(header, header_len);
    claims_are(payload, payload_len, &claims);

    if (token[at % n] != other) {
        token[at % n] = other;
        must(verify(token, n, &back) == -1);
    }

    n = kanda_jwt_sign(&ring, &claims, again);
    must(n == 0 || verify(again, n, &back) == 0);

    return 0;
}
