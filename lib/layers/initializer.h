/* Initialisers: how weights are drawn. One row for each kind. */
#ifndef DAE_LAYERS_INITIALIZER_H
#define DAE_LAYERS_INITIALIZER_H

#include "core/kind.h"
#include "kinds.h"
#include "math/rng.h"

/* A row: weights with variance scale / fan, fan being fan_in or the mean of both. */
struct dae_initializer {
    struct dae_kind kind;
    double scale;
    bool fan_in_only;
    bool normal;
};

extern const struct dae_initializer DAE_INITIALIZER_KINDS;

extern const struct dae_category dae_initializer_category;

/* Fills weights, which lie ready zeroed, as a step of its category says. */
void dae_initializer_run(const struct dae_step *step, float *weights, size_t count, size_t fan_in,
                         size_t fan_out, struct dae_draw from);

#endif
