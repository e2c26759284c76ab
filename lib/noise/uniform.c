/* Uniform noise: x += low + (high - low) u. */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, uniform)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

void DAE_LOOP(uniform)(float *x, size_t count, const double *p, struct dae_draw from) {
    add_uniform(x, count, (float)p[0], (float)p[1] - (float)p[0], from);
}

#else

static const char *check(const struct dae_value *v) {
    if (v[0].number > v[1].number)
        return "low <= high";
    return isinf((float)v[1].number - (float)v[0].number) ? "a finite high - low, in float32" : NULL;
}

const struct dae_noise_kind dae_noise_uniform = {
    {
        .name = "uniform",
        .what = "adds noise that is equally likely everywhere from low to high",
        .example = "uniform(-0.5, 0.5)",
        .check = check,
        .parameters =
            {
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(uniform),
};

#endif
