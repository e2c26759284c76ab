/* Gaussian noise: x += mean + stddev z; stddev = rms 10^(-snr / 20), where that is given. */
#include "math/elementary.h"
#include "noise/noise.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_noise_loop, gaussian)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

void DAE_LOOP(gaussian)(float *x, size_t count, const double *p, struct dae_draw from) {
    add_gaussian(x, count, (float)p[0], (float)p[1], from);
}

#else

enum { MEAN, STDDEV, SNR, SHARED };

static bool is_whole(const struct dae_value *values) {
    return values[SNR].count > 0 || values[SHARED].number == 1;
}

/* Of the values that are finite. */
static double mean_square(const float *x, size_t count) {
    double sum = 0, finite = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(x[i])) {
            sum += (double)x[i] * (double)x[i];
            finite++;
        }
    return finite > 0 ? sum / finite : 0;
}

static dae_status whole(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    const struct dae_shape *shape = sample->shape;
    size_t channels = p[SHARED] == 1 && shape->rank > 1 ? shape->dims[0] : 1;
    size_t size = shape->size / channels;
    double numbers[] = {p[MEAN], p[STDDEV]};
    if (!isnan(p[SNR])) /* 10^(-snr / 20) = exp(-snr ln 10 / 20) */
        numbers[STDDEV] = sqrt(mean_square(sample->x, shape->size)) *
                          (double)dae_exp((float)(p[SNR] * -0.11512925464970228));
    for (size_t i = 0; i < channels; i++)
        dae_noise_run(&dae_noise_gaussian, sample->x + i * size, size, numbers, from);
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_gaussian = {
    {
        .name = "gaussian",
        .what = "adds normal noise: x += mean + stddev z",
        .example = "gaussian(0.5)",
        .parameters =
            {
                {"mean", "in the data's unit", DAE_TYPE_NUMBER, DAE_FLOAT, .fallback = "0", .of = DAE_DRAWN},
                {"stddev", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .other = "snr", .of = DAE_DRAWN},
                {"snr",
                 "in dB, of the sample: stddev = rms 10^(-snr / 20), rms^2 the mean square of its finite "
                 "values",
                 DAE_TYPE_NUMBER, 0, -300, 300, .other = "stddev", .of = DAE_DRAWN},
                {"shared",
                 "whether all channels of a sample, its first dimension of several, get the same noise",
                 DAE_TYPE_FLAG, DAE_LATER, .fallback = "no"},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(gaussian),
    .whole = whole,
    .is_whole = is_whole,
};

#endif
