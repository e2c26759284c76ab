/* Activations: one row of the table in activation.c for each. */
#ifndef DAE_LAYERS_ACTIVATION_H
#define DAE_LAYERS_ACTIVATION_H

#include "math/kernels.h"

struct dae_activation {
    const char *name;
    float slope; /* of a rectifier below 0, 1 for linear; NAN for other activations */
    /* Other activations: z = a(z), and d *= a'(z) given a = a(z). */
    void (*apply)(float *z, size_t count);
    void (*derive)(float *d, const float *a, size_t count);
};

/* The row of a DAE_ACTIVATION_*, or NULL when there is none. */
const struct dae_activation *dae_activation_get(int32_t activation);

/* The DAE_ACTIVATION_* of a name, or -1. */
int32_t dae_activation_find(const char *name);

#endif
