/* Cross-entropy of classes: -sum_k t[k] ln a[k] over the channels of each place. From outputs clipped to at
 * least 1e-7, with derivative 0 where they are; after a softmax over a flat value from what that was given,
 * z, as sum_k t[k] (ln sum_j exp(z[j] - m) + m - z[k]) with m = max_k z[k]. */
#include "layers/layer.h"
#include "objective/objective.h"

DAE_DECLARE_LOOP(dae_compare_loop, cross_entropy)
DAE_DECLARE_LOOP(dae_compare_loop, cross_entropy_logits)

#ifdef DAE_KERNELS_TARGET

#include "objective/compare.h"

static inline float cross_entropy_at(float *a, const float *t, float scale, float slope) {
    const float least = 1e-7f;
    float p = *a;
    float inside = p > least ? scale : 0.0f * p; /* NaN for NaN */
    p = p < least ? least : p;
    *a = through_rectifier(-inside * (*t / p), *a, slope);
    return -*t * dae_log(p);
}

double DAE_LOOP(cross_entropy)(float *a, const float *t, size_t count, float scale, float slope,
                               const double *p) {
    (void)p;
#define BODY(i) cross_entropy_at(a + (i), t + (i), scale, slope)
    SUM_OVER(count, BODY);
#undef BODY
}

/* A whole sample. */
double DAE_LOOP(cross_entropy_logits)(float *z, const float *t, size_t count, float scale, float slope,
                                      const double *p) {
    float most = z[0], sum = 0, weight = 0, product = 0;
    (void)slope, (void)p;
    for (size_t i = 1; i < count; i++)
        most = z[i] > most ? z[i] : most;
    for (size_t i = 0; i < count; i++) {
        float above = z[i] - most;
        weight += t[i];
        product += t[i] * above;
        z[i] = dae_exp(above);
        sum += z[i];
    }
    for (size_t i = 0; i < count; i++)
        z[i] = scale * (z[i] / sum * weight - t[i]);
    return (double)(weight * dae_log(sum) - product);
}

#else

const struct dae_term_kind dae_objective_cross_entropy = {
    .kind =
        {
            .name = "cross_entropy",
            .what = "mean of -sum t ln a over classes, for targets that are one-hot or numbers of classes",
            .example = "cross_entropy",
            .parameters = {DAE_TERM_WEIGHT, DAE_TERM_MISSING},
        },
    .compare = DAE_LOOPS(cross_entropy),
    .compare_logits = DAE_LOOPS(cross_entropy_logits),
    .logits_of = &dae_layer_softmax.kind,
    .whole_rows = true,
    .per_place = true,
    .unit_targets = true,
    .classes = true,
};

#endif
