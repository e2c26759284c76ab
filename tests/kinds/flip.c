/* Flips signs: x = -x where u < rate. */
#include "noise/noise.h"

DAE_DECLARE_LOOP(dae_noise_loop, flip)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

void DAE_LOOP(flip)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    float rate = (float)p[0];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] = unit(bits[i]) < rate ? -x[i] : x[i];
    }
}

#else

const struct dae_noise_kind dae_noise_flip = {
    {
        .name = "flip",
        .what = "changes the sign of some values",
        .example = "flip(0.25)",
        .parameters = {{"rate", "share of the values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN}},
    },
    .draws = true,
    .loops = DAE_LOOPS(flip),
};

#endif
