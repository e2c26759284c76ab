/* a(z) = 1 / (1 + exp(-z)), a' = a (1 - a). */
#include "layers/activation.h"

DAE_DECLARE_LOOP(dae_apply_loop, sigmoid)
DAE_DECLARE_LOOP(dae_derive_loop, sigmoid_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

void DAE_LOOP(sigmoid)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        z[i] = dae_sigmoid(z[i]);
}

void DAE_LOOP(sigmoid_derive)(float *d, const float *a, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        d[i] *= a[i] * (1.0f - a[i]);
}

#else

const struct dae_activation_kind dae_activation_sigmoid = {
    .kind = {.name = "sigmoid", .what = "a(z) = 1 / (1 + exp(-z))", .example = "sigmoid"},
    .is_sigmoid = true,
    .singular = "sigmoid",
    .plural = "sigmoids",
    .low = 0,
    .high = 1,
    .apply = DAE_LOOPS(sigmoid),
    .derive = DAE_LOOPS(sigmoid_derive),
};

#endif
