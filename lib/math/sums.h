/* Sums whose order of additions is part of the source: for loops that are compiled for a kind of
 * processor. */
#ifndef DAE_MATH_SUMS_H
#define DAE_MATH_SUMS_H

#include "math/vector.h"

#include <string.h>

/* Sums lanes pairwise. */
static inline double sum_lanes(const float lanes[LANES]) {
    float sums[LANES];
    memcpy(sums, lanes, sizeof sums);
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            sums[i] += sums[i + half];
    return (double)sums[0];
}

/* Runs `value = BODY(i)` for i < count and returns the sum of the values: value i is added to lane
 * i % LANES, and the lanes are added pairwise. */
#define SUM_OVER(count, BODY)                             \
    float lanes[LANES] = {0};                             \
    size_t whole = (count) / LANES * LANES;               \
    for (size_t i = 0; i < whole; i += LANES)             \
        for (size_t lane = 0; lane < LANES; lane++)       \
            lanes[lane] += BODY(i + lane);                \
    for (size_t lane = 0; whole + lane < (count); lane++) \
        lanes[lane] += BODY(whole + lane);                \
    return sum_lanes(lanes)

#endif
