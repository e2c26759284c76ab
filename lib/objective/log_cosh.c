/* The logarithm of the hyperbolic cosine. */
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, log_cosh)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

/* |d| + ln(1 + exp(-2 |d|)) - ln 2, by its series where that would be a difference of equals; gradient
 * tanh(d) */
static inline float log_cosh_at(float *a, const float *t, float scale, float slope) {
    float d = *a - *t, size = fabsf(d);
    *a = through_rectifier(scale * dae_tanh(d), *a, slope);
    float square = d * d, far = size + dae_log1p_exp_minus(2.0f * size) - 0.693147181f;
    return size < 0.1f ? square * (0.5f - square * (1.0f / 12 - square * (1.0f / 45))) : far;
}

double DAE_LOOP(log_cosh)(float *a, const float *t, size_t count, float scale, float slope, const double *p) {
    (void)p;
#define BODY(i) log_cosh_at(a + (i), t + (i), scale, slope)
    SUM_OVER(count, BODY);
#undef BODY
}

#else

const struct dae_term_kind dae_objective_log_cosh = {
    .kind =
        {
            .name = "log_cosh",
            .what = "mean of ln(cosh(a - t)): d^2 / 2 near 0, |d| - ln 2 far away",
            .example = "log_cosh",
            .parameters = {DAE_TERM_COMPARES},
        },
    .compare = DAE_LOOPS(log_cosh),
};

#endif
