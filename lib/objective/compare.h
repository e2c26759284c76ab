/* What loops that compare have in common; for files that are compiled for a kind of processor. */
#ifndef DAE_OBJECTIVE_COMPARE_H
#define DAE_OBJECTIVE_COMPARE_H

#include "math/elementary.h"
#include "math/sums.h"

#include <math.h>

/* gradient by a -> gradient by z, after a rectifier */
static inline float through_rectifier(float gradient, float a, float slope) {
    float below = gradient * slope;
    return a > 0.0f ? gradient : below;
}

#endif
