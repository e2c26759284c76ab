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

static bool is_momentum(double momentum) {
    return momentum >= 0 && (float)momentum < 1;
}

static const char *check_options(const double *p) {
    return dae_optimizer_is_rate(p[0]) && is_momentum(p[1]) && (p[2] == 0 || p[2] == 1)
               ? NULL
               : "0 < learning_rate <= 1e6, 0 <= momentum < 1 and nesterov 0 or 1";
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

static const struct dae_spec_kind options = {
    "sgd", 3, {{"learning_rate", false, 0}, {"momentum", true, 0}, {"nesterov", true, 0}}, check_options};

/* A step adds at most 1e6 * 1e18 to the velocity (step.c), and momentum is at most 1 - 2^-24, which makes 1.7e31; a little
 * more for rounding. */
static const struct dae_optimizer_operations operations = {
    .name = "SGD",
    .slot_count = 1,
    .slots = {{"velocity", -1e32f, 1e32f}},
    .prepare = prepare,
    .apply = apply,
    .options = &options,
    .get_options = get_options,
    .set_options = set_options,
};

dae_status dae_optimizer_create_sgd(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    void *created = NULL;
    DAE_TRY(dae_optimizer_create(&created, sizeof(struct sgd), &operations, learning_rate, __func__));
    *out = created;
    return DAE_OK;
}

dae_status dae_optimizer_set_momentum(dae_optimizer *optimizer, double momentum) {
    DAE_TRY(dae_optimizer_check_kind(optimizer, &operations, __func__));
    if (!is_momentum(momentum))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_optimizer_set_momentum: momentum is %g, expected 0 <= momentum < 1", momentum);
    ((struct sgd *)optimizer)->momentum = momentum;
    return DAE_OK;
}

dae_status dae_optimizer_set_nesterov(dae_optimizer *optimizer, int32_t nesterov) {
    DAE_TRY(dae_optimizer_check_kind(optimizer, &operations, __func__));
    if (nesterov != 0 && nesterov != 1)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_optimizer_set_nesterov: nesterov is %d, expected 0 or 1",
                        (int)nesterov);
    ((struct sgd *)optimizer)->nesterov = nesterov;
    return DAE_OK;
}
