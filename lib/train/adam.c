/* Adam, with epsilon where Keras has it. */
#include "train/optimizer.h"

#include <math.h>

#define M_MOST 1.1e18f

struct adam {
    dae_optimizer base;
    double beta1, beta2, epsilon;
};

static void prepare(const dae_optimizer *optimizer, uint64_t step, union dae_update *update) {
    const struct adam *adam = (const struct adam *)optimizer;
    double t = (double)step;
    double rate = dae_optimizer_rate(optimizer, step) * sqrt(1 - pow(adam->beta2, t)) /
                  (1 - pow(adam->beta1, t));
    update->adam = (struct dae_adam_step){
        .rate = (float)rate,
        .keep1 = (float)adam->beta1,
        .take1 = (float)(1 - adam->beta1),
        .keep2 = (float)adam->beta2,
        .take2 = (float)(1 - adam->beta2),
        .epsilon = (float)adam->epsilon,
    };
}

static void apply(const union dae_update *update, const struct dae_parameters *p) {
    dae_kernels()->adam(p->values, p->slots[0], p->slots[1], p->gradient, p->count, update->adam);
}

static bool are_betas(double beta1, double beta2) {
    return beta1 >= 0 && (float)beta1 < 1 && beta2 >= 0 && (float)beta2 < 1;
}

static bool is_epsilon(double epsilon) {
    return epsilon >= 1e-30 && isfinite((float)epsilon);
}

/* Where v may die away before m, epsilon alone bounds a step: 1e6 * 1.1e18 / epsilon is finite. */
static bool is_bounded(double beta1, double beta2, double epsilon) {
    return beta1 * beta1 <= beta2 || epsilon >= 1e-11;
}

static const char *check_options(const double *p) {
    if (!dae_optimizer_is_rate(p[0]) || !are_betas(p[1], p[2]) || !is_epsilon(p[3]))
        return "0 < learning_rate <= 1e6, 0 <= beta < 1 and a finite epsilon of at least 1e-30";
    return is_bounded(p[1], p[2], p[3]) ? NULL : "an epsilon of at least 1e-11 where beta1^2 > beta2";
}

static void get_options(const dae_optimizer *optimizer, double *values) {
    const struct adam *adam = (const struct adam *)optimizer;
    values[0] = optimizer->learning_rate;
    values[1] = adam->beta1;
    values[2] = adam->beta2;
    values[3] = adam->epsilon;
}

static void set_options(dae_optimizer *optimizer, const double *values) {
    struct adam *adam = (struct adam *)optimizer;
    optimizer->learning_rate = values[0];
    adam->beta1 = values[1];
    adam->beta2 = values[2];
    adam->epsilon = values[3];
}

static const struct dae_spec_kind options = {
    "adam",
    4,
    {{"learning_rate", false, 0}, {"beta1", true, 0.9}, {"beta2", true, 0.999}, {"epsilon", true, 1e-7}},
    check_options};

/* A step takes rate m / (sqrt(v) + epsilon) away, which must not overflow now, nor when v has died away before m.
 *
 * Either epsilon alone bounds it; or m is no more than v allows, and dies away no later than sqrt(v) does. In training,
 * |m| is at most a few sqrt(v) then; v below 1e-38 is flushed to 0. */
static bool is_safe(const double *p, uint64_t steps, float *const *slots, size_t count) {
    const double most = 1e36, ratio = 1e11, least = 1e-19;
    double rate = DAE_MAX_RATE / (1 - pow(p[1], (double)steps + 1)), m_most = most * p[3] / rate;
    bool together = p[1] * p[1] <= p[2];
    if (M_MOST <= m_most)
        return true;
    for (size_t i = 0; i < count; i++) {
        double m = fabs((double)slots[0][i]);
        if (m > m_most && !(together && m <= ratio * (sqrt((double)slots[1][i]) + least)))
            return false;
    }
    return true;
}

/* Gradients are at most 1e18 (step.c), and moments are their means; a little more for rounding. */
static const struct dae_optimizer_operations operations = {
    .name = "Adam",
    .slot_count = 2,
    .slots = {{"m", -M_MOST, M_MOST}, {"v", 0.0f, 1.1e36f}},
    .prepare = prepare,
    .apply = apply,
    .options = &options,
    .get_options = get_options,
    .set_options = set_options,
    .is_safe = is_safe,
};

dae_status dae_optimizer_create_adam(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    void *created = NULL;
    DAE_TRY(dae_optimizer_create(&created, sizeof(struct adam), &operations, learning_rate, __func__));
    struct adam *adam = created;
    adam->beta1 = 0.9;
    adam->beta2 = 0.999;
    adam->epsilon = 1e-7;
    *out = &adam->base;
    return DAE_OK;
}

dae_status dae_optimizer_set_betas(dae_optimizer *optimizer, double beta1, double beta2) {
    DAE_TRY(dae_optimizer_check_kind(optimizer, &operations, __func__));
    if (!are_betas(beta1, beta2))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_optimizer_set_betas: beta1 is %g and beta2 is %g, expected 0 <= beta < 1", beta1,
                        beta2);
    struct adam *adam = (struct adam *)optimizer;
    if (!is_bounded(beta1, beta2, adam->epsilon))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_optimizer_set_betas: beta1 is %g and beta2 is %g, with an epsilon of %g expected "
            "beta1^2 <= beta2, so that steps stay finite",
            beta1, beta2, adam->epsilon);
    adam->beta1 = beta1;
    adam->beta2 = beta2;
    return DAE_OK;
}

dae_status dae_optimizer_set_epsilon(dae_optimizer *optimizer, double epsilon) {
    DAE_TRY(dae_optimizer_check_kind(optimizer, &operations, __func__));
    if (!is_epsilon(epsilon))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_optimizer_set_epsilon: epsilon is %g, expected a finite number of at least 1e-30", epsilon);
    struct adam *adam = (struct adam *)optimizer;
    if (!is_bounded(adam->beta1, adam->beta2, epsilon))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_optimizer_set_epsilon: epsilon is %g, with a beta1 of %g and a beta2 of %g expected "
            "at least 1e-11, so that steps stay finite",
            epsilon, adam->beta1, adam->beta2);
    adam->epsilon = epsilon;
    return DAE_OK;
}
