/*
 * A PHC string that is read asks for no more than the caps, and is the only
 * one for what it says.
 */

#include "fuzz.h"
#include "kanda_password.h"
#include "kanda_phc.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          *text, again[KANDA_PHC_MAX];
    kanda_phc_t    phc, copy;

    text = fuzz_exact(data, size);

    if (kanda_phc_read(&phc, text, size) == 0) {
        must(phc.memory >= 8 * phc.lanes && phc.memory <= 65536);
        must(phc.passes >= 1 && phc.passes <= 8);
        must(phc.lanes >= 1 && phc.lanes <= 4);

        memset(again, 'x', sizeof(again));
        kanda_phc_write(&phc, again);
        must(memchr(again, '\0', sizeof(again)) != NULL);
        must(strlen(again) == size && memcmp(again, text, size) == 0);
    }

    /* and whatever may be written is read */
    if (size >= sizeof(phc)) {
        memcpy(&phc, data, sizeof(phc));
        phc.lanes = 1 + phc.lanes % 4;
        phc.passes = 1 + phc.passes % 8;
        phc.memory = 32 + phc.memory % (65536 - 31);
        memset(&copy, 0, sizeof(copy));

        kanda_phc_write(&phc, again);
        must(kanda_phc_read(&copy, again, strlen(again)) == 0);
        must(memcmp(&phc, &copy, sizeof(phc)) == 0);
    }

    free(text);

    return 0;
}
