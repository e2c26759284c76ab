/* Binary cross-entropy: from outputs clipped to [1e-7, 1 - 1e-7], with derivative 0 where they are; after a
 * sigmoid from what that was given, z, as max(z, 0) - z t + ln(1 + exp(-|z|)). */
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, bce)
DAE_DECLARE_LOOP(dae_compare_loop, bce_logits)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

/* a and 1 - a are clipped to at least 1e-7, separately: 1 - 1e-7 is no float. Outside, the gradient is 0. */
static inline float bce_at(float *a, const float *t, float scale, float slope) {
    const float least_p = 1e-7f;
    float p = *a, q = 1.0f - p;
    float inside = p > least_p && q > least_p ? scale : 0.0f * p; /* NaN for NaN */
    p = p < least_p ? least_p : p > 1.0f ? 1.0f : p;
    q = q < least_p ? least_p : q > 1.0f ? 1.0f : q;
    *a = through_rectifier(inside * ((p - *t) / (p * q)), *a, slope);
    return -(*t * dae_log(p) + (1.0f - *t) * dae_log(q));
}

double DAE_LOOP(bce)(float *a, const float *t, size_t count, float scale, float slope, const double *p) {
    (void)p;
#define BODY(i) bce_at(a + (i), t + (i), scale, slope)
    SUM_OVER(count, BODY);
#undef BODY
}

/* max(z, 0) - z t + ln(1 + exp(-|z|)); gradient sigmoid(z) - t */
static inline float bce_logits_at(float *z, const float *t, float scale) {
    float value = (*z > 0.0f ? *z : 0.0f) - *z * *t + dae_log1p_exp_minus(fabsf(*z));
    *z = scale * (dae_sigmoid(*z) - *t);
    return value;
}

double DAE_LOOP(bce_logits)(float *z, const float *t, size_t count, float scale, float slope,
                            const double *p) {
    (void)slope, (void)p;
#define BODY(i) bce_logits_at(z + (i), t + (i), scale)
    SUM_OVER(count, BODY);
#undef BODY
}

#else

const struct dae_term_kind dae_objective_bce = {
    .kind =
        {
            .name = "bce",
            .what = "binary cross-entropy: mean of -(t ln a + (1 - t) ln(1 - a)), for targets in [0,1]",
            .example = "bce",
            .parameters = {DAE_TERM_COMPARES},
        },
    .compare = DAE_LOOPS(bce),
    .compare_logits = DAE_LOOPS(bce_logits),
    .logits_of = &dae_activation_sigmoid.kind,
    .unit_targets = true,
};

#endif
