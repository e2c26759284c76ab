/* Quantising: the nearest of some levels, equally spaced from low to high; NaN stays NaN.
 *
 * With n = levels - 1 steps and t = n (x - low) / (high - low), it is level k = floor(t + 1/2): low + k / n
 * (high - low). */
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, quantise)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(quantise)(float *x, size_t count, const double *p, struct dae_draw from) {
    float steps = (float)p[0] - 1.0f, low = (float)p[1], high = (float)p[2], width = high - low;
    (void)from;
    for (size_t i = 0; i < count; i++) {
        float v = x[i] > low ? x[i] : low; /* also for NaN, which is no whole number */
        v = v < high ? v : high;
        float k = (float)(int32_t)((v - low) / width * steps + 0.5f);
        v = k < steps ? low + k / steps * width : high;
        x[i] = x[i] == x[i] ? v : x[i];
    }
}

#else

static const char *check(const struct dae_value *v) {
    float width = (float)v[2].number - (float)v[1].number;
    return width > 0 && isnormal(width) ? NULL : "low < high, and a finite high - low, in float32";
}

const struct dae_noise_kind dae_noise_quantise = {
    {
        .name = "quantise",
        .what = "takes the nearest of some levels, equally spaced from low to high; of two the upper",
        .example = "quantise(16, 0, 1)",
        .check = check,
        .parameters =
            {
                {"levels", "how many", DAE_TYPE_COUNT, DAE_BY_PLACE, 2, 65536, .of = DAE_DRAWN},
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .loops = DAE_LOOPS(quantise),
};

#endif
