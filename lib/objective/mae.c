/* The mean absolute error. */
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, mae)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

static inline float mae_at(float *a, const float *t, float scale, float slope) {
    float difference = *a - *t;
    float gradient = difference > 0.0f ? scale : difference < 0.0f ? -scale : 0.0f * difference;
    *a = through_rectifier(gradient, *a, slope);
    return fabsf(difference);
}

double DAE_LOOP(mae)(float *a, const float *t, size_t count, float scale, float slope, const double *p) {
    (void)p;
#define BODY(i) mae_at(a + (i), t + (i), scale, slope)
    SUM_OVER(count, BODY);
#undef BODY
}

#else

const struct dae_term_kind dae_objective_mae = {
    .kind =
        {
            .name = "mae",
            .what = "mean absolute error: mean of |a - t|; derivative 0 where a = t",
            .example = "mae",
            .parameters = {DAE_TERM_COMPARES},
        },
    .compare = DAE_LOOPS(mae),
};

#endif
