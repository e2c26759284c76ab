/* The Huber loss (Huber 1964): a square near 0, a line beyond. */
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, huber)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

static inline float huber_at(float *a, const float *t, float scale, float slope, float delta) {
    float d = *a - *t, size = fabsf(d);
    float bent = d > delta ? delta : d < -delta ? -delta : d; /* NaN for NaN */
    *a = through_rectifier(scale * bent, *a, slope);
    return size <= delta ? 0.5f * d * d : delta * (size - 0.5f * delta);
}

double DAE_LOOP(huber)(float *a, const float *t, size_t count, float scale, float slope, const double *p) {
    float delta = (float)p[0];
#define BODY(i) huber_at(a + (i), t + (i), scale, slope, delta)
    SUM_OVER(count, BODY);
#undef BODY
}

#else

const struct dae_term_kind dae_objective_huber = {
    .kind =
        {
            .name = "huber",
            .what = "Huber loss of d = a - t: d^2 / 2 for |d| <= delta, delta (|d| - delta / 2) beyond",
            .example = "huber(0.1)",
            .parameters =
                {
                    {"delta", "where the square ends and the line begins, in the unit of the targets",
                     DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_OPEN_LOW | DAE_FLOAT, 0, 1e18},
                    DAE_TERM_COMPARES,
                },
        },
    .compare = DAE_LOOPS(huber),
};

#endif
