/* Speckle: x *= 1 + stddev z. */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, speckle)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

void DAE_LOOP(speckle)(float *x, size_t count, const double *p, struct dae_draw from) {
    float z[4 * BLOCKS], stddev = (float)p[0];
    FOR_STRIPS(x, count, from) {
        draw_strip_normal(z, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] *= 1.0f + stddev * z[i];
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#else

const struct dae_noise_kind dae_noise_speckle = {
    {
        .name = "speckle",
        .what = "normal noise in proportion to the value: x *= 1 + stddev z",
        .example = "speckle(0.2)",
        .parameters = {{"stddev", "as a share of the value", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0,
                        INFINITY, .of = DAE_DRAWN}},
    },
    .draws = true,
    .loops = DAE_LOOPS(speckle),
};

#endif
