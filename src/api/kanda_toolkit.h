/*
 * The stateless JSON API: the routes of the "toolkit" dialect.
 */

#ifndef KANDA_TOOLKIT_H
#define KANDA_TOOLKIT_H

#include "kanda_stateless.h"


extern const kanda_dialect_t  kanda_toolkit_dialect;


#endif /* KANDA_TOOLKIT_H */
