/*
 * The slot of a key in a Redis Cluster: CRC16 of its hash tag.
 */

#ifndef KANDA_SLOT_H
#define KANDA_SLOT_H

#include <stddef.h>


#define KANDA_SLOTS  16384


/* 0 to KANDA_SLOTS - 1. */
unsigned kanda_slot(const char *key, size_t len);


#endif /* KANDA_SLOT_H */
