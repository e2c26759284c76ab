/* a(z) = z / (1 + |z|) (Bergstra et al. 2009), a' = 1 / (1 + |z|)^2 = (1 - |a|)^2. */
#include "layers/activation.h"

DAE_DECLARE_LOOP(dae_apply_loop, softsign)
DAE_DECLARE_LOOP(dae_derive_loop, softsign_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

void DAE_LOOP(softsign)(float *z, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++) {
        const float most = 0x1p100f; /* inf over inf is NaN */
        float x = z[i] > most ? most : z[i] < -most ? -most : z[i];
        z[i] = x / (1.0f + fabsf(x));
    }
}

void DAE_LOOP(softsign_derive)(float *d, const float *a, size_t count, float parameter) {
    (void)parameter;
    for (size_t i = 0; i < count; i++) {
        float left = 1.0f - fabsf(a[i]);
        d[i] *= left * left;
    }
}

#else

const struct dae_activation_kind dae_activation_softsign = {
    .kind = {.name = "softsign", .what = "a(z) = z / (1 + |z|)", .example = "softsign"},
    .singular = "softsign",
    .plural = "softsign units",
    .low = -1,
    .high = 1,
    .apply = DAE_LOOPS(softsign),
    .derive = DAE_LOOPS(softsign_derive),
};

#endif
