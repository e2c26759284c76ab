/* Gaussian noise: x += mean + stddev z. */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, gaussian)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

void DAE_LOOP(gaussian)(float *x, size_t count, const double *p, struct dae_draw from) {
    add_gaussian(x, count, (float)p[0], (float)p[1], from);
}

#else

const struct dae_noise_kind dae_noise_gaussian = {
    {
        .name = "gaussian",
        .what = "adds normal noise",
        .example = "gaussian(0.5)",
        .parameters =
            {
                {"mean", "in the data's unit", DAE_TYPE_NUMBER, DAE_FLOAT, .fallback = "0", .of = DAE_DRAWN},
                {"stddev", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(gaussian),
};

#endif
