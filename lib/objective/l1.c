/* Sums of absolute values: of what a layer gives, or of parameters. */
#include "objective/objective.h"

#include <math.h>

static const char *takes_all(const dae_layer *maker) {
    (void)maker;
    return NULL;
}

static void add(const struct dae_tap *tap, const float *y, size_t count, double *sums) {
    (void)tap;
    for (size_t i = 0; i < count; i++)
        sums[i] += (double)fabsf(y[i]);
}

static double column_loss(const struct dae_tap *tap, size_t column) {
    return tap->sums[column];
}

static float sign_of(float x) {
    return (float)((x > 0) - (x < 0));
}

static void slope(const struct dae_tap *tap, size_t column, const float *y, size_t count, float *out) {
    (void)column;
    for (size_t i = 0; i < count; i++)
        out[i] = tap->scale * sign_of(y[i]);
}

static double loss(const float *w, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)fabsf(w[i]);
    return sum;
}

static void add_gradient(float *gradient, const float *w, size_t count, float scale) {
    for (size_t i = 0; i < count; i++)
        gradient[i] += scale * sign_of(w[i]);
}

const struct dae_term_kind dae_objective_l1 = {
    .kind =
        {
            .name = "l1",
            .what = "sum of |w| over parameters; with `of`, of |y| over a value, as a mean over samples",
            .example = "l1(of=code, weight=1e-4)",
            .parameters =
                {
                    DAE_TERM_WEIGHT,
                    DAE_TERM_LAYER,
                    {.name = "of",
                     .what = "label of the value that it looks at",
                     .type = DAE_TYPE_LABEL,
                     .flags = DAE_OPTIONAL},
                },
        },
    .of_value = &(const struct dae_value_penalty){takes_all, false, add, column_loss, slope},
    .of_parameters = &(const struct dae_parameter_penalty){loss, add_gradient},
};
