/* Stochastic gradient descent, with momentum. */
#include "train/optimizer.h"

struct sgd {
    dae_optimizer base;
    double momentum;
    bool nesterov;
};

static void prepare(const dae_optimizer *optimizer, uint64_t step, union dae_update *update) {
    const struct sgd *sgd = (const struct sgd *)optimizer;
    update->sgd.rate = (float)dae_optimizer_rate(optimizer, step);
    update->sgd.momentum = (float)sgd->momentum;
    update->sgd.nesterov = sgd->nesterov;
}

static void apply(const union dae_update *update, const struct dae_parameters *p) {
    if (update->sgd.momentum == 0)
        dae_kernels()->sgd(p->values, p->gradient, p->count, update->sgd.rate);
    else
        dae_kernels()->momentum(p->values, p->slots[0], p->gradient, p->count, update->sgd.rate,
                                update->sgd.momentum, update->sgd.nesterov);
}

static void get_options(const dae_optimizer *optimizer, double *values) {
    const struct sgd *sgd = (const struct sgd *)optimizer;
    values[0] = optimizer->learning_rate;
    values[1] = sgd->momentum;
    values[2] = sgd->nesterov;
}

static void set_options(dae_optimizer *optimizer, const double *values) {
    struct sgd *sgd = (struct sgd *)optimizer;
    optimizer->learning_rate = values[0];
    sgd->momentum = values[1];
    sgd->nesterov = values[2] == 1;
}

/* A step adds at most 1e6 * 1e18 to the velocity (step.c), and momentum is at most 1 - 2^-24, which makes
 * 1.7e31; a little more for rounding. */
const struct dae_optimizer_operations dae_optimizer_sgd = {
    .kind =
        {
            .name = "sgd",
            .what = "stochastic gradient descent, with momentum",
            .example = "sgd(0.1, momentum=0.9)",
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    {"momentum", "share of the velocity that is kept", DAE_TYPE_NUMBER,
                     DAE_OPEN_HIGH | DAE_FLOAT, 0, 1, "0"},
                    {"nesterov", "whether to look ahead by the velocity", DAE_TYPE_FLAG, DAE_DIGIT,
                     .fallback = "0"},
                },
        },
    .size = sizeof(struct sgd),
    .slot_count = 1,
    .slots = {{"velocity", -1e32f, 1e32f}},
    .prepare = prepare,
    .apply = apply,
    .get_options = get_options,
    .set_options = set_options,
};

dae_status dae_optimizer_create_sgd(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    return dae_optimizer_create(out, &dae_optimizer_sgd, learning_rate, __func__);
}

dae_status dae_optimizer_set_momentum(dae_optimizer *optimizer, double momentum) {
    return dae_optimizer_change(optimizer, &dae_optimizer_sgd, 1, 1, &momentum, __func__);
}

dae_status dae_optimizer_set_nesterov(dae_optimizer *optimizer, int32_t nesterov) {
    return dae_optimizer_change(optimizer, &dae_optimizer_sgd, 2, 1, (double[]){nesterov}, __func__);
}
