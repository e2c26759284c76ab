/* Initialisers: how weights are drawn. One row for each kind. */
#ifndef DAE_LAYERS_INITIALIZER_H
#define DAE_LAYERS_INITIALIZER_H

#include "core/kind.h"
#include "math/rng.h"

extern const struct dae_category dae_initializer_category;

/* Fills weights, which lie ready zeroed, as a step of its category says. */
void dae_initializer_run(const struct dae_step *step, float *weights, size_t count, size_t fan_in,
                         size_t fan_out, struct dae_draw from);

#endif
