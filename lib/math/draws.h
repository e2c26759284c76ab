/* Random words in strips, for loops that are compiled once for each kind of processor (loops.h). */
#ifndef DAE_MATH_DRAWS_H
#define DAE_MATH_DRAWS_H

#include "core/size.h"
#include "math/kernels.h"
#include "math/normal.h"
#include "math/philox.h"

enum { BLOCKS = 128 }; /* random blocks worked on at once: 2 KB of words */

enum { MANY = DAE_PHILOX_CHAINS * DAE_WIDE_LANES, FEW = 2 * DAE_WIDE_LANES }; /* blocks drawn together */

_Static_assert((int)FEW == (int)NATIVE, "blocks come in whole vectors of words");

/* Blocks for `count` words; some too many, so that loops over them have no rest. */
static inline size_t blocks_for(size_t count) {
    return (count + 4 * (size_t)FEW - 1) / (4 * (size_t)FEW) * FEW;
}

/* Word k of block from.block + i, for i < blocks, into words[k][i]; blocks is a multiple of FEW, at most
 * BLOCKS. */
static inline void draw(uint32_t words[4][BLOCKS], size_t blocks, struct dae_draw from) {
    uint32_t *at[4];
    for (size_t done = 0, now; done < blocks; done += now, from.block += now) {
        for (size_t k = 0; k < 4; k++)
            at[k] = words[k] + done;
        now = blocks - done >= MANY ? MANY : FEW;
        if (now == MANY)
            dae_philox(at, from, DAE_PHILOX_CHAINS);
        else
            dae_philox(at, from, 2);
    }
}

/* A strip of words in their order: at most 4 BLOCKS. */
static inline void draw_strip(uint32_t out[4 * BLOCKS], size_t count, struct dae_draw from) {
    uint32_t words[4][BLOCKS];
    size_t blocks = blocks_for(count);
    draw(words, blocks, from);
    for (size_t i = 0; i < blocks; i++)
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = words[k][i];
}

static inline float unit(uint32_t word) {
    return (float)(int32_t)(word >> 8) * 0x1p-24f;
}

/* A strip of normal numbers, those of a block in the place of its words. */
static inline void draw_strip_normal(float out[4 * BLOCKS], size_t count, struct dae_draw from) {
    uint32_t words[4][BLOCKS];
    float normal[4][BLOCKS];
    const size_t together = (size_t)2 * NATIVE;
    size_t blocks = blocks_for(count), i = 0;
    draw(words, blocks, from);
    for (; i + together <= blocks; i += together)
        dae_squared_radii(&normal[0][i], &words[0][i], BLOCKS, 4);
    if (i < blocks)
        dae_squared_radii(&normal[0][i], &words[0][i], BLOCKS, 2);
    for (i = 0; i < blocks; i += NATIVE)
        dae_normal(&normal[0][i], &words[0][i], BLOCKS);
    for (i = 0; i < blocks; i++)
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = normal[k][i];
}

/* Repeats a body over strips of 4 BLOCKS values, with `n` values left in this one. */
#define FOR_STRIPS(x, count, from)                                                       \
    for (size_t left = (count), n; n = dae_size_min(left, (size_t)4 * BLOCKS), left > 0; \
         left -= n, (x) += n, (from).block += BLOCKS)

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

/* x += mean + stddev z */
static inline void add_gaussian(float *x, size_t count, float mean, float stddev, struct dae_draw from) {
    float z[4 * BLOCKS];
    FOR_STRIPS(x, count, from) {
        draw_strip_normal(z, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] += mean + stddev * z[i];
    }
}

/* x += low + width u */
static inline void add_uniform(float *x, size_t count, float low, float width, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] += low + width * unit(bits[i]);
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#endif
