#include "kanda_slot.h"
#include "tap.h"


int
main(void)
{
    static const struct {
        const char  *key;
        unsigned     slot;
    } rows[] = {
        { "123456789", 0x31c3 & (KANDA_SLOTS - 1) },    /* of the standard */
        { "", 0 },
        { "foo", 12182 },
        { "{foo}", 12182 },
        { "a{foo}b", 12182 },
        { "a{foo}{bar}", 12182 },
        { "{foo}}", 12182 },
        { "kanda:{foo}:client:x", 12182 }
    };

    size_t  i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_ok(kanda_slot(rows[i].key, strlen(rows[i].key)) == rows[i].slot,
               "%s", rows[i].key);
    }

    /* an empty tag, or one that does not end, is none */

    tap_ok(kanda_slot("foo{}{bar}", 10) != kanda_slot("bar", 3), "empty");
    tap_ok(kanda_slot("{}foo", 5) != kanda_slot("foo", 3), "empty, first");
    tap_ok(kanda_slot("x{foo", 5) != kanda_slot("foo", 3), "open");
    tap_ok(kanda_slot("foo{{bar}}zap", 13) == kanda_slot("{bar", 4),
           "two open");

    return tap_done();
}
