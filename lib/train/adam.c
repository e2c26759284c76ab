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

/* Where v may die away before m, epsilon alone bounds a step: 1e6 * 1.1e18 / epsilon is finite. */
static const char *check_options(const struct dae_value *v) {
    return v[1].number * v[1].number <= v[2].number || v[3].number >= 1e-11
               ? NULL
               : "beta1^2 <= beta2 or an epsilon of at least 1e-11, so that steps stay finite";
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

/* A step takes rate m / (sqrt(v) + epsilon) away, which must not overflow now, nor when v has died away
 * before m.
 *
 * Either epsilon alone bounds it; or m is no more than v allows, and dies away no later than sqrt(v) does. In
 * training, |m| is at most a few sqrt(v) then; v below 1e-38 is flushed to 0. */
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
const struct dae_optimizer_operations dae_optimizer_adam = {
    .kind =
        {
            .name = "adam",
            .what = "Adam, with epsilon where Keras has it",
            .example = "adam(1e-3)",
            .check = check_options,
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    {"beta1", "share of m that is kept", DAE_TYPE_NUMBER, DAE_OPEN_HIGH | DAE_FLOAT, 0, 1,
                     "0.9"},
                    {"beta2", "share of v that is kept", DAE_TYPE_NUMBER, DAE_OPEN_HIGH | DAE_FLOAT, 0, 1,
                     "0.999"},
                    {"epsilon", "added to the root of v", DAE_TYPE_NUMBER, DAE_FLOAT, 1e-30, INFINITY,
                     "1e-07"},
                },
        },
    .size = sizeof(struct adam),
    .slot_count = 2,
    .slots = {{"m", -M_MOST, M_MOST}, {"v", 0.0f, 1.1e36f}},
    .prepare = prepare,
    .apply = apply,
    .get_options = get_options,
    .set_options = set_options,
    .is_safe = is_safe,
};

dae_status dae_optimizer_create_adam(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    return dae_optimizer_create(out, &dae_optimizer_adam, learning_rate, __func__);
}

dae_status dae_optimizer_set_betas(dae_optimizer *optimizer, double beta1, double beta2) {
    return dae_optimizer_change(optimizer, &dae_optimizer_adam, 1, 2, (double[]){beta1, beta2}, __func__);
}

dae_status dae_optimizer_set_epsilon(dae_optimizer *optimizer, double epsilon) {
    return dae_optimizer_change(optimizer, &dae_optimizer_adam, 3, 1, &epsilon, __func__);
}
