/* Clipping: values stay within low and high; NaN stays NaN. */
#include "noise/noise.h"

DAE_DECLARE_LOOP(dae_noise_loop, clip)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(clip)(float *x, size_t count, const double *p, struct dae_draw from) {
    float low = (float)p[0], high = (float)p[1];
    (void)from;
    for (size_t i = 0; i < count; i++) {
        float v = x[i];
        v = v < low ? low : v; /* false for NaN */
        x[i] = v > high ? high : v;
    }
}

#else

static const char *check(const struct dae_value *v) {
    return v[0].number > v[1].number ? "low <= high" : NULL;
}

const struct dae_noise_kind dae_noise_clip = {
    {
        .name = "clip",
        .what = "takes values below low for low, and those above high for high",
        .example = "clip(0, 1)",
        .check = check,
        .parameters =
            {
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .loops = DAE_LOOPS(clip),
};

#endif
