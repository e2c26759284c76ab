/* The mean squared error. */
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, mse)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

static inline float mse_at(float *a, const float *t, float scale, float slope) {
    float difference = *a - *t;
    *a = through_rectifier(2.0f * scale * difference, *a, slope);
    return difference * difference;
}

double DAE_LOOP(mse)(float *a, const float *t, size_t count, float scale, float slope, const double *p) {
    (void)p;
#define BODY(i) mse_at(a + (i), t + (i), scale, slope)
    SUM_OVER(count, BODY);
#undef BODY
}

#else

const struct dae_term_kind dae_objective_mse = {
    .kind =
        {
            .name = "mse",
            .what = "mean squared error: mean of (a - t)^2",
            .example = "mse",
            .parameters = {DAE_TERM_COMPARES},
        },
    .compare = DAE_LOOPS(mse),
};

#endif
