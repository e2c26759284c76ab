/* a(z) = z / 6 + 1/2 within [0, 1], a' = 1/6 where 0 < a < 1: as Keras 3 and PyTorch have it; Keras 2 had
 * 0.2 z + 0.5. */
#include "layers/activation.h"

DAE_DECLARE_LOOP(dae_apply_loop, hard_sigmoid)
DAE_DECLARE_LOOP(dae_derive_loop, hard_sigmoid_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

void DAE_LOOP(hard_sigmoid)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++) {
        float y = (z[i] + 3.0f) * (1.0f / 6.0f);
        y = y < 0.0f ? 0.0f : y;
        z[i] = y > 1.0f ? 1.0f : y; /* NaN stays */
    }
}

void DAE_LOOP(hard_sigmoid_derive)(float *d, const float *a, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++) {
        float flat = 0.0f * a[i]; /* NaN for NaN */
        d[i] *= a[i] > 0.0f && a[i] < 1.0f ? 1.0f / 6.0f : flat;
    }
}

#else

const struct dae_activation_kind dae_activation_hard_sigmoid = {
    .kind = {.name = "hard_sigmoid",
             .what = "a(z) = z / 6 + 1/2, at least 0 and at most 1",
             .example = "hard_sigmoid"},
    .singular = "hard sigmoid",
    .plural = "hard sigmoids",
    .low = 0,
    .high = 1,
    .apply = DAE_LOOPS(hard_sigmoid),
    .derive = DAE_LOOPS(hard_sigmoid_derive),
};

#endif
