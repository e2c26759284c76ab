/* Random streams: where they come from, and how the library divides them. */
#ifndef DAE_MATH_RNG_H
#define DAE_MATH_RNG_H

#include "core/status.h"
#include "math/kernels.h"

#include <dae/rng.h>

struct dae_rng {
    uint64_t seed, stream;
    uint64_t position; /* of the next word */
};

/* What the library draws for itself: stream = purpose * 2^56 + index. The values are part of what a seed
 * means and never change; they stay below 8, as kinds of noise that take more words than one a value find
 * them 8 * 2^56 further on, and again (noise/poisson.c). */
enum dae_purpose {
    DAE_PURPOSE_WEIGHTS = 1,  /* index: place of the layer in the model */
    DAE_PURPOSE_SHUFFLE = 2,  /* index: epoch */
    DAE_PURPOSE_DROPOUT = 3,  /* index: place of the layer in the model */
    DAE_PURPOSE_NOISE = 4,    /* index: sample */
    DAE_PURPOSE_STRENGTH = 5, /* what noise draws for a sample as a whole; index: sample */
    DAE_PURPOSE_VIEW = 6,     /* index: sample of the view; 0 for an order of samples */
};

static inline struct dae_draw dae_draw_from(uint64_t seed, enum dae_purpose purpose, uint64_t index,
                                            uint64_t block) {
    return (struct dae_draw){seed, ((uint64_t)purpose << 56) + index, block};
}

/* Takes `count` words, rounded up to whole blocks, from a generator: the draw that they are. */
struct dae_draw dae_rng_take(dae_rng *rng, size_t count);

/* floor(bits n / 2^64): below n, uniform within n / 2^64. */
uint64_t dae_rng_below(uint64_t bits, uint64_t n);

/* order[count] = a random order of 0 ... count - 1: Fisher and Yates' shuffle (Knuth, TAOCP 2, 3.4.2 P). */
void dae_rng_shuffle(size_t *order, size_t count, struct dae_draw from);

#endif
