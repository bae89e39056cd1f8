#include <stdio.h>
#include <string.h>

#include "kanda_base64url.h"
#include "kanda_password.h"
#include "kanda_phc.h"


static int kanda_phc_take(const char **p, const char *end, const char *text);
static int kanda_phc_number(const char **p, const char *end, uint32_t least,
    uint32_t most, uint32_t *number);


void
kanda_phc_write(const kanda_phc_t *phc, char *out)
{
    char    *p;
    int      n;

    n = snprintf(out, KANDA_PHC_MAX, "$argon2id$v=19$m=%u,t=%u,p=%u$",
                 phc->memory, phc->passes, phc->lanes);

    p = out + n;
    p += kanda_base64_encode(p, phc->salt, KANDA_PHC_SALT);
    *p++ = '$';
    p += kanda_base64_encode(p, phc->hash, KANDA_PHC_HASH);
    *p = '\0';
}


int
kanda_phc_read(kanda_phc_t *phc, const char *text, size_t len)
{
    size_t       salt;
    const char  *p, *end;

    p = text;
    end = text + len;
    salt = kanda_base64url_length(KANDA_PHC_SALT);

    /* Argon2 wants 8 KiB a lane */
    if (kanda_phc_take(&p, end, "$argon2id$v=19$m=") != 0
        || kanda_phc_number(&p, end, 8, KANDA_PHC_MEMORY_MAX, &phc->memory)
        || kanda_phc_take(&p, end, ",t=") != 0
        || kanda_phc_number(&p, end, 1, KANDA_PHC_PASSES_MAX, &phc->passes)
        || kanda_phc_take(&p, end, ",p=") != 0
        || kanda_phc_number(&p, end, 1, KANDA_PHC_LANES_MAX, &phc->lanes)
        || kanda_phc_take(&p, end, "$") != 0
        || phc->memory < 8 * phc->lanes
        || (size_t) (end - p) < salt + 1)
    {
        return -1;
    }

    if (kanda_base64_decode(phc->salt, KANDA_PHC_SALT, p, salt)
        != KANDA_PHC_SALT)
    {
        return -1;
    }

    p += salt;

    if (kanda_phc_take(&p, end, "$") != 0
        || kanda_base64_decode(phc->hash, KANDA_PHC_HASH, p,
                               (size_t) (end - p))
           != KANDA_PHC_HASH)
    {
        return -1;
    }

    return 0;
}


static int
kanda_phc_take(const char **p, const char *end, const char *text)
{
    size_t  len;

    len = strlen(text);

    if ((size_t) (end - *p) < len || memcmp(*p, text, len) != 0) {
        return -1;
    }

    *p += len;

    return 0;
}


static int
kanda_phc_number(const char **p, const char *end, uint32_t least,
    uint32_t most, uint32_t *number)
{
    uint32_t     n;
    const char  *s;

    n = 0;

    for (s = *p; s < end && *s >= '0' && *s <= '9'; s++) {
        n = n * 10 + (uint32_t) (*s - '0');

        if (n > most) {
            return -1;
        }
    }

    if (s == *p || **p == '0' || n < least) {
        return -1;
    }

    *p = s;
    *number = n;

    return 0;
}
