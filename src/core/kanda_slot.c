#include "kanda_slot.h"

#include <stdint.h>
#include <string.h>


/* CRC-16/XMODEM, a nibble at a time: keys are short. */

static const uint16_t  kanda_slot_crc[16] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
    0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
};


/* The tag is what the first '{' and the next '}' hold, if that is anything. */

unsigned
kanda_slot(const char *key, size_t len)
{
    size_t       i;
    uint8_t      byte;
    unsigned     crc;
    const char  *open, *close;

    open = len ? memchr(key, '{', len) : NULL;
    close = NULL;

    if (open) {
        open++;
        close = memchr(open, '}', len - (size_t) (open - key));
    }

    if (close && close != open) {
        len = (size_t) (close - open);
        key = open;
    }

    crc = 0;

    for (i = 0; i < len; i++) {
        byte = (uint8_t) key[i];
        crc = ((crc << 4) & 0xffff)
              ^ kanda_slot_crc[((crc >> 12) ^ (byte >> 4)) & 15];
        crc = ((crc << 4) & 0xffff)
              ^ kanda_slot_crc[((crc >> 12) ^ byte) & 15];
    }

    return crc & (KANDA_SLOTS - 1);
}
