/* The findings of an evaluation: rules, and texts made from the layers and figures at hand.
 *
 * What is said of data that were not looked at is said at 95 %: a unit that gave one value for all of n
 * samples gives another one in less than 1 - 0.05^(1/n) of them, about 3 / n. "Worse" is by a one-sided t
 * test of the samples' differences, at 3 standard deviations, from 10 samples on. */
#include "run/report.h"

#include <dae/layer.h>

#include <math.h>

enum {
    LEAST_SAMPLES = 10,    /* for a comparison */
    LEAST_FOR_LAYERS = 29, /* a whole layer that never changes does so in less than 10 % of samples */
    LEAST_FOR_UNITS = 299, /* the same of a unit: less than 1 % */
    LEAST_PAIRS = 1000,    /* of neighbours, for white noise: correlations are then known to 0.03 */
};

#define MOST_AT_LIMITS 0.05 /* of noisy targets: more are clipped */

struct findings {
    struct dae_report *report;
    const dae_model *model;
    const struct dae_evidence *evidence;
};

/* ---- Layers ---------------------------------------------------------------------------------------- */

/* The scaling of data that a layer is to give. */
static const char *scaling_for(const struct dae_activation_kind *kind) {
    return !isfinite(kind->low)                      ? "standard"
           : kind->low == 0 || !isfinite(kind->high) ? "range(0, 1)"
                                                     : "range(-1, 1)";
}

const struct dae_activation_kind *dae_model_maker(const dae_model *model, size_t value) {
    while (value > 1 && model->nodes[value - 1].layer->kind->keeps_range)
        value = model->nodes[value - 1].inputs[0];
    return value > 0 ? model->nodes[value - 1].layer->activation.kind : &dae_activation_linear;
}

static const struct dae_activation_kind *output_of(const struct findings *c) {
    return dae_model_maker(c->model, c->model->node_count);
}

/* What to say of values that are not as the data are. */
static const char *after_scaling(const struct findings *c) {
    return dae_model_has_scaling(c->model) ? ", as the model's scaling makes them" : "";
}

/* ---- Rules ----------------------------------------------------------------------------------------- */

/* 3 standard deviations of the normal distribution as a quantile of Student's, expanded in 1 / (n - 1). */
static bool is_positive(const struct dae_difference *d) {
    double n = (double)d->count, mean = d->sum / n;
    if (d->count < LEAST_SAMPLES || !(mean > 0))
        return false;
    double degrees = n - 1, quantile = 3 + 7.5 / degrees + 17.25 / (degrees * degrees);
    double variance = fmax(0, d->squares / n - mean * mean) * n / degrees;
    return mean > quantile * sqrt(variance / n);
}

/* By more than float32 rounds. */
static bool is_worse(double mse, double than) {
    return mse > than * (1 + 1e-6);
}

static bool is_worse_than_mean(const struct findings *c) {
    return is_worse(c->evidence->mse, c->evidence->mean_image_mse) && is_positive(&c->evidence->than_mean);
}

static bool is_worse_than_input(const struct findings *c) {
    return is_worse(c->evidence->mse, c->evidence->input_mse) && is_positive(&c->evidence->than_input);
}

/* Most of the samples in which something changes that did not change in n, at 95 %; in per cent. */
static double doubt(const struct findings *c) {
    return 100 * (1 - pow(0.05, 1 / c->evidence->samples));
}

static bool has_dead_outputs(const struct findings *c) {
    return c->evidence->harmful_dead_outputs > 0.01 &&
           c->evidence->samples >= (c->evidence->all_outputs_dead ? LEAST_FOR_LAYERS : LEAST_FOR_UNITS);
}

/* Whether nothing goes through the hidden layer that has the most dead units. */
static bool is_cut(const struct findings *c) {
    const struct dae_dead_units *hidden = &c->evidence->hidden;
    return hidden->layer_units > 0 && hidden->layer_dead == hidden->layer_units;
}

static bool has_dead_units(const struct findings *c) {
    return is_cut(c) ? c->evidence->samples >= LEAST_FOR_LAYERS
                     : c->evidence->samples >= LEAST_FOR_UNITS && c->evidence->dead_hidden_units > 0.25;
}

/* Layers are made for values around 0 of a size of about 1. */
static bool is_scaled(const struct dae_scale *scale) {
    return scale->stddev == 0 ||
           (scale->stddev > 0.05 && scale->stddev < 10 && fabs(scale->mean) < 5 * scale->stddev);
}

/* Where squares of float32 overflow or vanish, figures cannot tell. */
static bool is_extreme(const struct dae_scale *scale) {
    double size = fmax(fabs(scale->mean), scale->stddev);
    return size > 1e9 || (size > 0 && size < 1e-9);
}

static bool is_bad(const struct findings *c) {
    return c->evidence->samples >= LEAST_SAMPLES &&
           (c->evidence->mse > 0.2 * c->evidence->mean_image_mse || is_worse_than_input(c) ||
            has_dead_outputs(c) || has_dead_units(c));
}

/* White noise is in the targets where outputs are smooth along neighbouring values, the targets are not, and
 * what is between them is a good part of the targets and correlates over no distance. A model that blurs
 * leaves what correlates, and one that lets noise through is rough itself. */
static bool has_noisy_targets(const struct findings *c) {
    const struct dae_residual *r = &c->evidence->residual;
    return r->pairs >= LEAST_PAIRS && r->noise * r->share > 0.1 && r->noise > 0.65 && r->white < 0.35 &&
           r->output > 0.5 && r->roughness < 0.7;
}

/* ---- Texts: what is found with its figures, and what to try ------------------------------------------ */

/* Why inputs push units to one side, if these do. */
static void add_inputs(struct dae_text *text, const struct findings *c) {
    const struct dae_scale *inputs = &c->evidence->inputs;
    if (fabs(inputs->mean) > inputs->stddev || inputs->stddev > 3)
        dae_text_add(
            text,
            ", inputs around 0 with a stddev about 1 (here %.3g on average, stddev %.3g; " DAE_SCALING_CALLS
            " makes them so)",
            inputs->mean, inputs->stddev);
}

/* Why units of a layer are dead, and what to try; an output has to fit the targets. */
static void add_remedy(struct dae_text *text, const struct findings *c,
                       const struct dae_activation_kind *kind, bool is_output) {
    bool unit = c->evidence->least_target >= 0 && c->evidence->most_target <= 1;
    if (kind == &dae_activation_relu) {
        dae_text_add(text,
                     " A ReLU that gives 0 for all of its data has no gradient and never recovers. Train "
                     "anew with a smaller learning rate");
        add_inputs(text, c);
        dae_text_add(text, is_output ? unit ? ", a sigmoid, linear output or leaky ReLU."
                                            : ", a linear output or leaky ReLU."
                                     : " or leaky ReLU in hidden layers.");
    } else if (!kind->is_rectifier) {
        dae_text_add(text,
                     " A %s that is saturated has no gradient worth speaking of. Train anew with a smaller "
                     "learning rate",
                     kind->singular);
        add_inputs(text, c);
        dae_text_add(text, ".");
    } else {
        dae_text_add(text,
                     " Units of this kind (%s) give one value only where what they read is one: look at the "
                     "inputs, and at weights that are 0.",
                     kind->singular);
    }
}

static void find_flaws(const struct findings *c) {
    static const char *const names[DAE_SIDES] = {"Input", "Target", "Output"};
    static const char *const plurals[DAE_SIDES] = {"inputs", "targets", "outputs"};
    const struct dae_flaw *flaws = c->evidence->flaws;
    bool in_data = flaws[DAE_SIDE_INPUT].samples + flaws[DAE_SIDE_TARGET].samples > 0;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_NOT_FINITE);
    for (size_t i = 0; i < DAE_SIDES; i++)
        if (flaws[i].samples > 0)
            dae_text_add(&text, "%s value %zu of sample %zu is %g (samples with such %s: %zu). ", names[i],
                         flaws[i].place, flaws[i].sample, (double)flaws[i].value, plurals[i],
                         flaws[i].samples);
    if (in_data)
        dae_text_add(&text, "Figures that this touches are NaN. Repair these samples, or leave them out.");
    else if (is_scaled(&c->evidence->inputs))
        dae_text_add(
            &text,
            "Inputs and targets are finite, so the parameters are too large. Train anew with a smaller "
            "learning rate.");
    else
        dae_text_add(
            &text,
            "The inputs are finite, but %.3g on average with a stddev of %.3g%s. Scale them as those of "
            "training, to values around 0 with a stddev about 1; a scaling of the model, "
            "by " DAE_SCALING_CALLS ", does it, and travels with it.",
            c->evidence->inputs.mean, c->evidence->inputs.stddev, after_scaling(c));
}

static void find_out_of_reach(const struct findings *c) {
    const struct dae_evidence *e = c->evidence;
    const struct dae_activation_kind *output = output_of(c);
    if (!(e->floor > 0.01 * c->evidence->mean_image_mse) || e->unreachable <= 0)
        return;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_TARGETS_OUT_OF_REACH);
    dae_text_add(
        &text,
        "%.1f %% of the target values are out of the output's reach: they go from %.4g to %.4g%s, and a %s "
        "gives ",
        100 * e->unreachable, e->least_target, e->most_target, after_scaling(c), output->singular);
    if (isfinite(output->high))
        dae_text_add(&text, "%g to %g", output->low, output->high);
    else
        dae_text_add(&text, "nothing below %g", output->low);
    dae_text_add(
        &text,
        ". That alone leaves an MSE of %.5g, of the %.5g here. Make the output linear, or scale the data to "
        "what it can give: before training, give the model the scaling \"%s\", by " DAE_SCALING_CALLS ".",
        e->floor, c->evidence->mse, scaling_for(output));
}

static void find_out_of_range(const struct findings *c) {
    if (!(c->evidence->inputs_out_of_range > 0.01))
        return;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_INPUTS_OUT_OF_RANGE);
    dae_text_add(&text,
                 "%.1f %% of the input values of these %.0f samples lie outside the range that the model was "
                 "trained on, %.4g to %.4g. Corrupt, clip and scale these data as the training data were.",
                 100 * c->evidence->inputs_out_of_range, c->evidence->samples, (double)c->model->low,
                 (double)c->model->high);
}

static void find_scale(const struct findings *c) {
    const struct dae_scale *inputs = &c->evidence->inputs, *targets = &c->evidence->targets;
    bool scaled = is_scaled(inputs) && is_scaled(targets),
         extreme = is_extreme(inputs) || is_extreme(targets);
    if (!extreme && (scaled || !is_bad(c)))
        return;
    bool of_inputs = !is_scaled(inputs) || is_extreme(inputs);
    const struct dae_scale *scale = of_inputs ? inputs : targets;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_SCALE);
    dae_text_add(
        &text,
        "The %s are %.4g on average with a stddev of %.4g%s; layers are made for values around 0 with a "
        "stddev about 1, and learn little or nothing from others.",
        of_inputs ? "inputs" : "targets", scale->mean, scale->stddev, after_scaling(c));
    if (dae_model_has_scaling(c->model))
        dae_text_add(&text,
                     " Look whether these data are in the unit of those that the scaling was made for.");
    dae_text_add(&text,
                 " Before training, give the model the scaling \"%s\", by " DAE_SCALING_CALLS
                 ": it measures the training data and lets the network see them so. All else stays in "
                 "their unit.",
                 scaling_for(output_of(c)));
}

static void find_targets(const struct findings *c) {
    double variance = c->evidence->mean_image_mse;
    if (c->evidence->input_mse <= 1e-12 * variance && variance > 0) {
        struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_NOTHING_TO_DENOISE);
        dae_text_add(
            &text,
            "Inputs and targets are the same, so there is nothing to denoise, and no model can be better "
            "than leaving the input alone. Corrupt the inputs only: a dataset with noise keeps its "
            "targets clean.");
    }
    if (variance <= 0 && c->evidence->samples >= LEAST_SAMPLES) {
        struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_CONSTANT_TARGETS);
        dae_text_add(
            &text,
            "The targets are the same for all %.0f samples: there is nothing to learn but one answer. Look "
            "at how the targets were made.",
            c->evidence->samples);
    }
}

static void find_noisy_targets(const struct findings *c) {
    const struct dae_residual *r = &c->evidence->residual;
    if (!has_noisy_targets(c))
        return;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_NOISY_TARGETS);
    dae_text_add(
        &text,
        "The targets look noisy: what the outputs leave of them, %.0f %% of their variance, correlates by at "
        "most %.2f between neighbouring values, as white noise does; in the outputs that is %.2f. Noise "
        "belongs into the inputs only: corrupt clean data, and take the clean ones for targets. Where no "
        "clean data exist, the MSE cannot go below about %.4g.",
        100 * r->share, r->white, r->output, r->share * c->evidence->mean_image_mse);
    if (r->at_limits > MOST_AT_LIMITS)
        dae_text_add(
            &text,
            " They look clipped, too: %.0f %% of them are %.4g or %.4g. The mean of such noise is not 0, "
            "and the outputs will be as far off; take targets from before they are clipped.",
            100 * r->at_limits, r->least, r->most);
}

static void find_dead_outputs(const struct findings *c) {
    const struct dae_evidence *e = c->evidence;
    if (!has_dead_outputs(c))
        return;
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_DEAD_OUTPUTS);
    dae_text_add(
        &text,
        "%.1f %% of the outputs are dead: they give the same value for all %.0f samples, %.1f %% although "
        "their targets vary, so they change in less than %.2g %% of such data (95 %% sure).",
        100 * c->evidence->dead_outputs, c->evidence->samples, 100 * c->evidence->harmful_dead_outputs,
        doubt(c));
    if (is_cut(c))
        dae_text_add(&text, " Nothing that changes reaches them: all %zu units of hidden layer %zu are dead.",
                     e->hidden.layer_units, e->hidden.place);
    else
        add_remedy(&text, c, output_of(c), true);
}

static void find_dead_units(const struct findings *c) {
    const struct dae_dead_units *hidden = &c->evidence->hidden;
    if (!has_dead_units(c))
        return;
    const struct dae_activation_kind *kind = dae_model_maker(c->model, hidden->place + 1);
    struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_DEAD_HIDDEN_UNITS);
    dae_text_add(
        &text,
        "%.1f %% of the hidden units are dead: they give the same value for all %.0f samples, so they change "
        "in less than %.2g %% of such data (95 %% sure), which leaves the work to %zu of %zu. Most are "
        "%s, in layer %zu.",
        100 * c->evidence->dead_hidden_units, c->evidence->samples, doubt(c), hidden->units - hidden->dead,
        hidden->units, kind->plural, hidden->place);
    add_remedy(&text, c, kind, false);
}

/* What to try against an error that nothing found so far explains. */
static void add_advice(struct dae_text *text, size_t found_before, const char *advice) {
    dae_text_add(text, " %s", found_before > 0 ? "Mend what is found above first." : advice);
}

/* Fewest units of a hidden layer; SIZE_MAX without any. */
static size_t narrowest(const dae_model *model) {
    size_t least = SIZE_MAX;
    for (size_t value = 1; value < model->node_count; value++)
        least = dae_size_min(least, dae_model_shape(model, value)->size);
    return least;
}

static void find_comparisons(const struct findings *c) {
    const struct dae_evidence *e = c->evidence;
    size_t above = c->report->findings.count;
    if (is_worse_than_mean(c)) {
        struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_WORSE_THAN_MEAN_IMAGE);
        dae_text_add(
            &text,
            "An MSE of %.5g on %.0f samples is worse than the %.5g of always answering with the mean of the "
            "targets.",
            e->mse, e->samples, e->mean_image_mse);
        add_advice(&text, above,
                   "Look whether inputs and targets belong together and whether these data are like those of "
                   "training, "
                   "then train longer, or with another learning rate.");
    }
    bool same = e->input_mse <= 1e-12 * e->mean_image_mse;
    if (!same && is_worse_than_input(c)) {
        double noise = 100 * e->input_mse / e->mean_image_mse;
        struct dae_text text = dae_findings_add(&c->report->findings, DAE_FINDING_WORSE_THAN_INPUT);
        dae_text_add(&text,
                     "An MSE of %.5g on %.0f samples is worse than the %.5g of the input itself: leaving it "
                     "alone would "
                     "be better.",
                     e->mse, e->samples, e->input_mse);
        if (noise < 5)
            dae_text_add(&text, " There is little noise to remove, %.2g %% of the variance of the targets.",
                         noise);
        add_advice(&text, above,
                   narrowest(c->model) < c->model->input.size
                       ? "Train longer, or with a larger code."
                       : "Train longer, or with another learning rate.");
    }
}

/* Causes come before what they bring about. A finding is a function above, a call, and a constant in
 * report.h. */
void dae_report_find(struct dae_report *report, const dae_model *model) {
    struct findings c = {report, model, &report->evidence};
    for (size_t i = 0; i < DAE_SIDES; i++)
        if (report->evidence.flaws[i].samples > 0) {
            find_flaws(&c);
            return;
        }
    find_out_of_reach(&c);
    find_out_of_range(&c);
    find_scale(&c);
    find_targets(&c);
    find_noisy_targets(&c);
    find_dead_outputs(&c);
    find_dead_units(&c);
    find_comparisons(&c);
}
