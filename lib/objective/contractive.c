/* The contractive penalty (Rifai et al., ICML 2011): the squared norm of the code's Jacobian. For y = a(W x +
 * c) that is the sum over units j of a'(z_j)^2 |W_j|^2. */
#include "objective/objective.h"

static const char *takes_dense(const dae_layer *maker) {
    const struct dae_activation_kind *activation = maker->activation.kind;
    bool suits = maker->kind == &dae_layer_dense && maker->values[DAE_DENSE_TIED].count == 0 &&
                 (activation == &dae_activation_sigmoid || activation == &dae_activation_tanh);
    return suits ? NULL : "what a dense layer with a weight of its own gives by sigmoid or tanh";
}

/* a'(z), and the derivative of that by y, from y = a(z) */
static double derivative(const struct dae_tap *tap, double y) {
    return tap->activation->kind->is_sigmoid ? y * (1 - y) : 1 - y * y;
}

static double bend(const struct dae_tap *tap, double y) {
    return tap->activation->kind->is_sigmoid ? 1 - 2 * y : -2 * y;
}

static void add(const struct dae_tap *tap, const float *y, size_t count, double *sums) {
    for (size_t i = 0; i < count; i++) {
        double d = derivative(tap, (double)y[i]);
        sums[i] += d * d;
    }
}

static double column_loss(const struct dae_tap *tap, size_t column) {
    return tap->sums[column] * tap->norms[column];
}

static void slope(const struct dae_tap *tap, size_t column, const float *y, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        double v = (double)y[i];
        out[i] = (float)((double)tap->scale * 2 * derivative(tap, v) * bend(tap, v) * tap->norms[column + i]);
    }
}

const struct dae_term_kind dae_objective_contractive = {
    .kind =
        {
            .name = "contractive",
            .what = "squared norm of the Jacobian of a dense code, mean over samples (Rifai et al. 2011)",
            .example = "contractive(of=code, weight=0.1)",
            .parameters =
                {
                    {.name = "of", .what = "label of the dense layer's value", .type = DAE_TYPE_LABEL},
                    DAE_TERM_WEIGHT,
                },
        },
    .of_value = &(const struct dae_value_penalty){takes_dense, true, add, column_loss, slope},
};
