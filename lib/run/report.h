/* Reports inside the library: figures, and the findings drawn from them. */
#ifndef DAE_RUN_REPORT_H
#define DAE_RUN_REPORT_H

#include "core/handle.h"
#include "core/text.h"
#include "model/model.h"
#include "run/figure.h"

#include <dae/report.h>

enum { DAE_MAX_FINDINGS = 12, DAE_FINDING_TEXT_SIZE = 800, DAE_WHITE_LAGS = 4 };

/* ---- Findings -------------------------------------------------------------------------------------- */

struct dae_finding {
    int32_t code;
    char text[DAE_FINDING_TEXT_SIZE];
};

struct dae_findings {
    size_t count;
    struct dae_finding list[DAE_MAX_FINDINGS];
};

/* A new finding, whose sentences are to be added to the text. */
struct dae_text dae_findings_add(struct dae_findings *findings, int32_t code);

/* Finding `index`, for the public calls; `context` begins the message. */
dae_status dae_findings_get(const struct dae_findings *findings, size_t index, int32_t *code,
                            const char **text, const char *context);

/* ---- What an evaluation has seen ------------------------------------------------------------------- */

/* Values that are NaN or infinite: how many samples have one, and the first. */
struct dae_flaw {
    size_t samples, sample, place;
    float value;
};

/* Mean and standard deviation of values, without their number. */
struct dae_scale {
    double mean, stddev;
};

/* Differences between two errors of the same samples. */
struct dae_difference {
    size_t count;
    double sum, squares;
};

/* Units that gave one value for all samples. */
struct dae_dead_units {
    size_t units, dead; /* of all hidden layers */
    size_t place;       /* the hidden layer with the most of them */
    size_t layer_units, layer_dead;
};

/* How what the outputs leave of the targets looks along neighbouring values, less its mean over samples. */
struct dae_residual {
    size_t pairs;     /* of neighbours, over all samples; 0 when they were not looked at */
    double share;     /* of the targets' variance */
    double noise;     /* of it, that is not the continuation of its correlations towards distance 0 */
    double white;     /* largest correlation over 1 to DAE_WHITE_LAGS values, of the residual */
    double output;    /* correlation of neighbours in the outputs */
    double roughness; /* mean square of steps between neighbours, outputs by targets */
    double least, most, at_limits; /* of the targets, and the share of those that are equal to either */
};

/* What findings are drawn from; the figures of report_figures.c are members. */
struct dae_evidence {
    double samples, mse, input_mse, mean_image_mse;
    double dead_outputs, harmful_dead_outputs, inputs_out_of_range, dead_hidden_units;
    struct dae_flaw flaws[DAE_SIDES];
    struct dae_scale inputs, targets;
    double least_target, most_target;
    double unreachable,
        floor; /* share of targets that the output cannot reach, and the MSE that this leaves */
    bool all_outputs_dead;
    struct dae_dead_units hidden;
    struct dae_difference than_mean, than_input; /* error of the model less that of the other */
    struct dae_residual residual;
};

struct dae_report {
    dae_references references;
    struct dae_evidence evidence;
    struct dae_figures *figures; /* all of them */
    struct dae_errors *errors;   /* of each sample */
    struct dae_findings findings;
};

/* Draws the findings of a report on a model from its evidence. */
void dae_report_find(struct dae_report *report, const dae_model *model);

/* The activation that bounds a value: its maker's, or that of what the maker takes over in other order or
 * form. */
const struct dae_activation_kind *dae_model_maker(const dae_model *model, size_t value);

#endif
