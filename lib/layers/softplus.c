/* a(z) = ln(1 + exp(z)) = max(z, 0) + ln(1 + exp(-|z|)), a' = sigmoid(z) = 1 - exp(-a). Keras' formula;
 * PyTorch's gives z itself for z > 20, which is 2e-9 less. */
#include "layers/activation.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_apply_loop, softplus)
DAE_DECLARE_LOOP(dae_derive_loop, softplus_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

static inline float softplus(float z) {
    float size = fabsf(z) < 110.0f ? fabsf(z) : 110.0f;
    float y = (z > 0.0f ? z : 0.0f) + dae_log_1_plus(dae_times_exp(1.0f, -size));
    return z == z ? y : z;
}

void DAE_LOOP(softplus)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        z[i] = softplus(z[i]);
}

void DAE_LOOP(softplus_derive)(float *d, const float *a, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        d[i] *= -dae_exp_minus_1(-a[i]);
}

#else

const struct dae_activation_kind dae_activation_softplus = {
    .kind = {.name = "softplus", .what = "a(z) = ln(1 + exp(z))", .example = "softplus"},
    .singular = "softplus",
    .plural = "softplus units",
    .low = 0,
    .high = INFINITY,
    .apply = DAE_LOOPS(softplus),
    .derive = DAE_LOOPS(softplus_derive),
};

#endif
