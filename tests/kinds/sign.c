/* Descent by the sign of the gradient: x -= rate sign(g). */
#include "train/optimizer.h"

static void prepare(const dae_optimizer *optimizer, uint64_t step, union dae_update *update) {
    update->sgd.rate = (float)dae_optimizer_rate(optimizer, step);
}

static void apply(const union dae_update *update, const struct dae_parameters *p) {
    for (size_t i = 0; i < p->count; i++)
        p->values[i] -= update->sgd.rate * (float)((p->gradient[i] > 0) - (p->gradient[i] < 0));
}

static void get_options(const dae_optimizer *optimizer, double *values) {
    values[0] = optimizer->learning_rate;
}

static void set_options(dae_optimizer *optimizer, const double *values) {
    optimizer->learning_rate = values[0];
}

const struct dae_optimizer_operations dae_optimizer_sign = {
    .kind = {.name = "sign",
             .what = "descent by the sign of the gradient",
             .example = "sign(0.001)",
             .parameters = {DAE_LEARNING_RATE}},
    .size = sizeof(dae_optimizer),
    .prepare = prepare,
    .apply = apply,
    .get_options = get_options,
    .set_options = set_options,
};
