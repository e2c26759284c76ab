/* Impulses: some values are moved by size, up or down. */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, impulses)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

void DAE_LOOP(impulses)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    float rate = (float)p[0], half = 0.5f * rate, size = (float)p[1];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++) {
            float u = unit(bits[i]), moved = u < half ? x[i] + size : x[i] - size;
            x[i] = u < rate ? moved : x[i];
        }
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#else

const struct dae_noise_kind dae_noise_impulses = {
    {
        .name = "impulses",
        .what = "adds size to some values, and subtracts it from as many: where u < rate / 2, and u < rate",
        .example = "impulses(0.01, 3)",
        .parameters =
            {
                {"rate", "share of the values, both together", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1,
                 .of = DAE_DRAWN},
                {"size", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(impulses),
};

#endif
