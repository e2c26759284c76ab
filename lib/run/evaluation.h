/* What an evaluation counts, and what it makes of that. */
#ifndef DAE_RUN_EVALUATION_H
#define DAE_RUN_EVALUATION_H

#include "run/report.h"

#include <math.h>

/* The values that one place has had. */
struct dae_bounds {
    float least, most;
};

/* Sums of values and of their squares, less the first, so that none is a difference of large numbers. */
struct dae_moments {
    double first, sum, squares;
};

/* Per output value, over all samples. */
struct dae_column {
    struct dae_moments targets;
    struct dae_bounds output, target;
    double early_output,
        early_target; /* sums over the samples whose residuals are looked at, less the first target */
};

/* The least value, or the greatest one, and how many are equal to it. */
struct dae_limit {
    float value;
    size_t count;
};

/* Sums of products of a row's values with those a few places on; the residual is outputs less targets. */
struct dae_neighbours {
    double target[2], output[2], residual[DAE_WHITE_LAGS + 1];
    struct dae_limit least, most; /* of the targets */
};

struct dae_evaluation {
    const dae_model *model;
    size_t inputs, outputs;                   /* values of the samples at hand */
    const struct dae_activation_kind *output; /* what bounds it */
    struct dae_column *columns;               /* NULL where samples differ in size */
    struct dae_bounds *units;                 /* those of all hidden layers, back to back */
    size_t unit_count;
    size_t samples, early, out_of_range, unreachable;
    double input_count, target_count; /* values of all samples */
    bool comparable;                  /* all inputs have the size of their target */
    double squared, input_squared;    /* sums of the MSE of samples */
    double floor;
    struct dae_moments input_values,
        target_values; /* in the network's unit; targets where columns do not tell */
    struct dae_scaler input_scaler, output_scaler;
    struct dae_bounds seen; /* all targets in the network's unit, where columns do not tell */
    float *scaled; /* [inputs + outputs]: a sample in the network's unit; NULL where that is the data's */
    struct dae_neighbours neighbours;
    struct dae_figures *figures; /* the report's, as are these */
    struct dae_errors *errors;
    struct dae_evidence *evidence;
};

static const struct dae_bounds dae_no_bounds = {INFINITY, -INFINITY};

static inline void dae_bounds_widen(struct dae_bounds *b, float value) {
    b->least = value < b->least ? value : b->least;
    b->most = value > b->most ? value : b->most;
    if (isnan(value)) /* like no other value */
        *b = (struct dae_bounds){-INFINITY, INFINITY};
}

/* Whether what is known of each output, in the data's unit, tells the targets' bounds and moments, too. */
static inline bool dae_evaluation_sees_columns(const struct dae_evaluation *e) {
    return e->columns != NULL && e->output_scaler.scaling == NULL;
}

/* How many units of a layer are counted: of one that makes something of its own, with another after it that
 * does, its values, or its channels. 0 of others. */
size_t dae_model_units(const dae_model *model, size_t place);

/* The evidence of an evaluation that has seen all samples. */
void dae_evaluation_conclude(struct dae_evaluation *evaluation);

#endif
