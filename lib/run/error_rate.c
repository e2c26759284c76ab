/* Errors of a model that tells classes. */
#include "run/figure.h"

#include <math.h>

static size_t largest(const float *values, size_t count) {
    size_t at = 0;
    for (size_t i = 1; i < count; i++)
        at = values[i] > values[at] ? i : at;
    return at;
}

/* The class that targets name, 1 for it and 0 for all others; `count` where they name none. */
static size_t class_of(const float *targets, size_t count) {
    size_t at = largest(targets, count), zeros = 0;
    for (size_t i = 0; i < count; i++)
        zeros += targets[i] == 0;
    return targets[at] == 1 && zeros == count - 1 ? at : count;
}

static void add_error(double *sums, const struct dae_answer *answer, const double *p) {
    size_t class = class_of(answer->targets, answer->size);
    (void)p;
    sums[0] += class == answer->size || answer->size < 2 ? (double)NAN
                                                         : largest(answer->values, answer->size) != class;
}

const struct dae_figure dae_figure_error_rate = {
    .kind = {.name = "error_rate",
             .what = "share of samples whose largest output is not that of their class",
             .example = "error_rate"},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_error,
    .conclude = dae_figure_mean,
};
