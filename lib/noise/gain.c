/* Gain: x *= factor. */
#include "noise/noise.h"

DAE_DECLARE_LOOP(dae_noise_loop, gain)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(gain)(float *x, size_t count, const double *p, struct dae_draw from) {
    float factor = (float)p[0];
    (void)from;
    for (size_t i = 0; i < count; i++)
        x[i] *= factor;
}

#else

const struct dae_noise_kind dae_noise_gain = {
    {
        .name = "gain",
        .what = "multiplies all values of a sample by one factor: x *= factor",
        .example = "gain(uniform(0.5, 2))",
        .parameters = {{"factor", "one that is drawn, mostly", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT,
                        .of = DAE_DRAWN}},
    },
    .loops = DAE_LOOPS(gain),
};

#endif
