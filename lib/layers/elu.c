/* a(z) = z for z > 0, alpha (exp(z) - 1) below, a' = 1 or a + alpha, which is alpha at 0 (Clevert et al.
 * 2016); as Keras and PyTorch have it. */
#include "layers/activation.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_apply_loop, elu)
DAE_DECLARE_LOOP(dae_derive_loop, elu_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

static inline float elu(float z, float alpha) {
    float below = alpha * dae_exp_minus_1(z < 0.0f ? z : 0.0f);
    return z < 0.0f ? below : z; /* NaN stays */
}

void DAE_LOOP(elu)(float *z, size_t count, float parameter) {
    for (size_t i = 0; i < count; i++)
        z[i] = elu(z[i], parameter);
}

void DAE_LOOP(elu_derive)(float *d, const float *a, size_t count, float parameter) {
    for (size_t i = 0; i < count; i++)
        d[i] *= a[i] > 0.0f ? 1.0f : a[i] + parameter;
}

#else

const struct dae_activation_kind dae_activation_elu = {
    .kind = {.name = "elu",
             .what = "a(z) = z for z > 0, alpha (exp(z) - 1) below (Clevert et al. 2016)",
             .example = "elu(alpha=1)",
             .parameters = {{.name = "alpha",
                             .what = "it goes down to -alpha",
                             .type = DAE_TYPE_NUMBER,
                             .flags = DAE_BY_PLACE | DAE_FLOAT,
                             .low = 0,
                             .high = 1e6,
                             .fallback = "1"}}},
    .singular = "ELU",
    .plural = "ELUs",
    .low = -INFINITY, /* -alpha, which a row cannot say */
    .high = INFINITY,
    .apply = DAE_LOOPS(elu),
    .derive = DAE_LOOPS(elu_derive),
};

#endif
