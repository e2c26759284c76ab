/* The sum of squares of parameters. */
#include "objective/objective.h"

static double loss(const float *w, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)w[i] * (double)w[i];
    return sum;
}

static void add_gradient(float *gradient, const float *w, size_t count, float scale) {
    for (size_t i = 0; i < count; i++)
        gradient[i] += 2 * scale * w[i];
}

const struct dae_term_kind dae_objective_l2 = {
    .kind =
        {
            .name = "l2",
            .what = "sum of w^2 over parameters, without a factor of 1/2, as in Keras",
            .example = "l2(weight=1e-5)",
            .parameters = {DAE_TERM_WEIGHT, DAE_TERM_LAYER},
        },
    .of_parameters = &(const struct dae_parameter_penalty){loss, add_gradient},
};
