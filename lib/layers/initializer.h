/* Initialisers: one row of the table in initializer.c for each. */
#ifndef DAE_LAYERS_INITIALIZER_H
#define DAE_LAYERS_INITIALIZER_H

#include "math/rng.h"

/* Fills weights, which lie ready zeroed, with a DAE_INITIALIZER_* that exists. */
void dae_initializer_run(int32_t initializer, float *weights, size_t count, size_t fan_in, size_t fan_out,
                         struct dae_draw from);

/* The name of a DAE_INITIALIZER_*, or NULL when there is none. */
const char *dae_initializer_name(int32_t initializer);

/* The DAE_INITIALIZER_* of a name, or -1. */
int32_t dae_initializer_find(const char *name);

#endif
