/* a(z) = tanh z, a' = 1 - a^2. */
#include "layers/activation.h"

DAE_DECLARE_LOOP(dae_apply_loop, tanh)
DAE_DECLARE_LOOP(dae_derive_loop, tanh_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

void DAE_LOOP(tanh)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        z[i] = dae_tanh(z[i]);
}

void DAE_LOOP(tanh_derive)(float *d, const float *a, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        d[i] *= 1.0f - a[i] * a[i];
}

#else

const struct dae_activation_kind dae_activation_tanh = {
    .kind = {.name = "tanh", .what = "a(z) = tanh(z)", .example = "tanh"},
    .singular = "tanh",
    .plural = "tanh units",
    .low = -1,
    .high = 1,
    .apply = DAE_LOOPS(tanh),
    .derive = DAE_LOOPS(tanh_derive),
};

#endif
