/* a(z) = z sigmoid(z) (Elfwing et al. 2018), a' = s + z s (1 - s), s = sigmoid(z). Keras and PyTorch
 * call it silu and swish too. With e = exp(-|z|), s is 1 / (1 + e) or e / (1 + e). */
#include "layers/activation.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_apply_loop, silu)
DAE_DECLARE_LOOP(dae_derive_loop, silu_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

static inline float silu(float z) {
    float from = z < -110.0f ? -110.0f : z, size = fabsf(z) < 110.0f ? fabsf(z) : 110.0f;
    float below = dae_times_exp(from, -size);
    return (z < 0.0f ? below : z) / (1.0f + dae_exp(-size));
}

static inline float silu_slope(float z) {
    float size = fabsf(z) < 87.0f ? fabsf(z) : 87.0f;
    float e = dae_exp(-size), s = e / (1.0f + e);
    float below = s - size * s * (1.0f - s), above = 1.0f - below;
    float slope = z < 0.0f ? below : above;
    return z == z ? slope : z;
}

void DAE_LOOP(silu)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        z[i] = silu(z[i]);
}

void DAE_LOOP(silu_derive)(float *d, const float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++)
        d[i] *= silu_slope(z[i]);
}

#else

const struct dae_activation_kind dae_activation_silu = {
    .kind = {.name = "silu", .what = "a(z) = z / (1 + exp(-z)) (Elfwing et al. 2018)", .example = "silu"},
    .derives_input = true,
    .singular = "SiLU",
    .plural = "SiLUs",
    .low = -0.27846455,
    .high = INFINITY,
    .apply = DAE_LOOPS(silu),
    .derive = DAE_LOOPS(silu_derive),
};

#endif
