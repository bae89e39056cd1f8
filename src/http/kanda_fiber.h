/*
 * Endpoints that wait, read straight down.  A handler is resumed where it
 * stopped: a switch over the line, so
 *
 *  - what must outlive a wait stands in kr->state, zeroed, not in locals;
 *  - one wait a line, and none inside a switch;
 *  - nothing before kanda_begin() may depend on running only once.
 *
 * The compiler would warn that a case is fallen into; that is the point.
 */

#ifndef KANDA_FIBER_H
#define KANDA_FIBER_H


#define kanda_begin(kr)                                                       \
    switch ((kr)->line) {                                                     \
    case 0:


/*
 * Runs a call that waits.  When Redis or the call is not to be had, the fiber
 * ends with 503; when the caller turns out dead or unauthorised, it ends with
 * that.  Then goes on with kr->store.status.
 */
#define kanda_await(kr, call)                                                 \
    do {                                                                      \
        (kr)->line = __LINE__;                                                \
        (kr)->rc = (call);                                                    \
        if ((kr)->rc == NGX_AGAIN) {                                          \
            return NGX_AGAIN;                                                 \
        }                                                                     \
        __attribute__((fallthrough));                                         \
    case __LINE__:                                                            \
        if (kanda_refused(kr)) {                                              \
            return NGX_OK;                                                    \
        }                                                                     \
    } while (0)


/*
 * Runs a call that waits and that nothing hangs on: goes on whatever came of
 * it.
 */
#define kanda_attempt(kr, call)                                               \
    do {                                                                      \
        (kr)->line = __LINE__;                                                \
        (kr)->rc = (call);                                                    \
        if ((kr)->rc == NGX_AGAIN) {                                          \
            return NGX_AGAIN;                                                 \
        }                                                                     \
        __attribute__((fallthrough));                                         \
    case __LINE__:                                                            \
        break;                                                                \
    } while (0)


#define kanda_end(kr)                                                         \
    }                                                                         \
    return NGX_ERROR


#endif /* KANDA_FIBER_H */
