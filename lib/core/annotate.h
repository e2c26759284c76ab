/* Tells Helgrind what it cannot see: that one thread's atomic store is what another has waited for. Without
 * it, all that the workers of a pool hand to each other would look like a race, and a list of exceptions for
 * that would hide real ones. Compiled in for that tool only (-DDAE_HELGRIND, tests/ci/valgrind.sh). */
#ifndef DAE_CORE_ANNOTATE_H
#define DAE_CORE_ANNOTATE_H

#ifdef DAE_HELGRIND
#include <valgrind/helgrind.h>

/* What a thread did before the one comes before what a thread does after the other, for the same address. */
#define DAE_HAPPENS_BEFORE(address) ANNOTATE_HAPPENS_BEFORE(address)
#define DAE_HAPPENS_AFTER(address)  ANNOTATE_HAPPENS_AFTER(address)
/* An atomic object: it is meant to be read and written at once. */
#define DAE_IS_ATOMIC(object) VALGRIND_HG_DISABLE_CHECKING(&(object), sizeof(object))
#else
#define DAE_HAPPENS_BEFORE(address) ((void)0)
#define DAE_HAPPENS_AFTER(address)  ((void)0)
#define DAE_IS_ATOMIC(object)       ((void)0)
#endif

#endif
