/* Clips of gradients: by value, and by the norm of all of them. */
#include "train/governor.h"

#include <math.h>

typedef double dae_sum_loop(const float *x, size_t count);

DAE_DECLARE_LOOP(dae_clip_loop, clip_value)
DAE_DECLARE_LOOP(dae_clip_loop, clip_norm)
DAE_DECLARE_LOOP(dae_sum_loop, sum_of_squares)

#ifdef DAE_KERNELS_TARGET

enum { LANES = 16 };

void DAE_LOOP(clip_value)(float *gradient, size_t count, double norm, const double *p) {
    float most = (float)p[0];
    (void)norm;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] < -most ? -most : gradient[i];
        gradient[i] = g > most ? most : g;
    }
}

void DAE_LOOP(clip_norm)(float *gradient, size_t count, double norm, const double *p) {
    if (!(norm > p[0]))
        return;
    float factor = (float)(p[0] / norm);
    for (size_t i = 0; i < count; i++)
        gradient[i] *= factor;
}

/* Value i goes to lane i % LANES, and lanes are added pairwise. */
double DAE_LOOP(sum_of_squares)(const float *x, size_t count) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (size_t lane = 0; i + lane < count; lane++)
        lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t lane = 0; lane < width; lane++)
            lanes[lane] += lanes[lane + width];
    return lanes[0];
}

#else

double dae_sum_of_squares(const float *x, size_t count) {
    static dae_sum_loop *const loops[DAE_TARGETS] = DAE_LOOPS(sum_of_squares);
    return loops[dae_kernels()->target](x, count);
}

const struct dae_governor_kind dae_governor_clip_value = {
    .kind =
        {
            .name = "clip_value",
            .what = "makes every value of the gradient one from -`value` to `value`",
            .example = "clip_value(0.5)",
            .parameters = {{"value", "the greatest that is left", DAE_TYPE_NUMBER,
                            DAE_BY_PLACE | DAE_OPEN_LOW | DAE_FLOAT, 0, INFINITY}},
        },
    .loops = DAE_LOOPS(clip_value),
};

const struct dae_governor_kind dae_governor_clip_norm = {
    .kind =
        {
            .name = "clip_norm",
            .what = "scales the whole gradient down where its norm is above `norm`",
            .example = "clip_norm(1)",
            .parameters = {{"norm", "the greatest that is left", DAE_TYPE_NUMBER,
                            DAE_BY_PLACE | DAE_OPEN_LOW | DAE_FLOAT, 0, INFINITY}},
        },
    .loops = DAE_LOOPS(clip_norm),
    .takes_norm = true,
};

#endif
