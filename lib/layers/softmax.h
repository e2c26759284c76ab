/* The loops of softmax, for tests too. */
#ifndef DAE_LAYERS_SOFTMAX_H
#define DAE_LAYERS_SOFTMAX_H

#include "math/loops.h"

/* One sample x[channels, values] -> y; and dx += from x and dy. */
typedef void dae_softmax_loop(const float *x, float *y, size_t channels, size_t values);
typedef void dae_softmax_back_loop(const float *x, const float *dy, float *dx, size_t channels,
                                   size_t values);

extern dae_softmax_loop *const dae_softmax_loops[DAE_TARGETS];
extern dae_softmax_back_loop *const dae_softmax_back_loops[DAE_TARGETS];

#endif
