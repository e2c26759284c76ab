/* Masking noise: some values become 0. */
#include "noise/noise.h"

DAE_DECLARE_LOOP(dae_noise_loop, masking)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

void DAE_LOOP(masking)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    float rate = (float)p[0];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] = unit(bits[i]) < rate ? 0.0f : x[i];
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#else

const struct dae_noise_kind dae_noise_masking = {
    {
        .name = "masking",
        .what = "sets some values to 0",
        .example = "masking(0.25)",
        .parameters = {{"rate", "share of the values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN}},
    },
    .draws = true,
    .loops = DAE_LOOPS(masking),
};

#endif
