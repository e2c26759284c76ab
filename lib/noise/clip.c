/* Clipping: values stay within low and high, or within a limit on both sides of 0; NaN stays NaN. */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, clip)
DAE_DECLARE_LOOP(dae_noise_loop, clipping)

#ifdef DAE_KERNELS_TARGET

static inline void clip(float *x, size_t count, float low, float high) {
    for (size_t i = 0; i < count; i++) {
        float v = x[i];
        v = v < low ? low : v; /* false for NaN */
        x[i] = v > high ? high : v;
    }
}

void DAE_LOOP(clip)(float *x, size_t count, const double *p, struct dae_draw from) {
    (void)from;
    clip(x, count, (float)p[0], (float)p[1]);
}

void DAE_LOOP(clipping)(float *x, size_t count, const double *p, struct dae_draw from) {
    (void)from;
    clip(x, count, -(float)p[0], (float)p[0]);
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

const struct dae_noise_kind dae_noise_clipping = {
    {
        .name = "clipping",
        .what = "takes values below -limit for -limit, and those above limit for limit, as an amplifier does",
        .example = "clipping(0.8)",
        .parameters = {{"limit", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                        .of = DAE_DRAWN}},
    },
    .loops = DAE_LOOPS(clipping),
};

#endif
