/* Loss and PSNR after an epoch. */
#include "run/report.h"
#include "train/step.h"

#include <math.h>
#include <string.h>

enum { ROWS_PER_TASK = 16, STRIP = DAE_OBJECTIVE_STRIP };

struct validation {
    const dae_trainer *trainer;
    size_t inputs, width; /* values of the samples at hand */
    struct dae_scaler input, output;
    double peak;
    const struct dae_sweep_batch *batch;
    struct dae_pool *pool;
    struct row {
        double sums[DAE_OBJECTIVE_MAX_TERMS], squared, values;
    } rows[DAE_SWEEP_BATCH];
    double sums[DAE_OBJECTIVE_MAX_TERMS], psnr; /* over samples */
    double values, compared;                    /* with targets that are known, and samples with some */
    dae_status row_status[DAE_SWEEP_BATCH];     /* what is wrong with its data */
    size_t bad_samples;
    dae_status status; /* of the first of them */
    char message[200];
};

/* Values as the objective takes them: in `scaled`, or where they lie. */
static const float *in_unit(const struct dae_scaler *scaler, struct dae_span span, const float *values,
                            float scaled[STRIP]) {
    if (scaler->scaling == NULL)
        return values;
    dae_scaler_apply(scaler, span.column, span.count, values, scaled);
    return scaled;
}

static bool is_good(const struct validation *v, const float *targets, size_t i, dae_status status) {
    float scaled[STRIP];
    if (status == DAE_ERROR_NOT_FINITE)
        return isfinite(targets[i]) || (isnan(targets[i]) && v->trainer->objective->skips);
    return dae_targets_are_unit(in_unit(&v->output, (struct dae_span){0, i, 1}, targets + i, scaled), 1);
}

static bool are_good_targets(const struct validation *v, const float *targets) {
    for (size_t i = 0; i < v->width; i++)
        if (!is_good(v, targets, i, DAE_ERROR_NOT_FINITE))
            return false;
    return true;
}

static bool are_unit(const struct validation *v, const float *targets) {
    float scaled[STRIP];
    for (size_t done = 0; done < v->width; done += STRIP) {
        struct dae_span span = {0, done, dae_size_min(STRIP, v->width - done)};
        if (!dae_targets_are_unit(in_unit(&v->output, span, targets + done, scaled), span.count))
            return false;
    }
    return true;
}

/* Inputs and targets are finite, and targets such as the objective takes. */
static dae_status check_row(const struct validation *v, size_t row) {
    const float *inputs = v->batch->inputs + row * v->inputs, *targets = v->batch->targets + row * v->width;
    if (!dae_kernels()->is_finite(inputs, v->inputs) ||
        (!dae_kernels()->is_finite(targets, v->width) && !are_good_targets(v, targets)))
        return DAE_ERROR_NOT_FINITE;
    bool takes_all = !v->trainer->objective->unit_targets;
    return takes_all || are_unit(v, targets) ? DAE_OK : DAE_ERROR_ARGUMENT;
}

/* The squared error of outputs whose targets are known, and how many those are. */
static double squared_error(const float *outputs, const float *targets, size_t count, size_t *known) {
    float some_outputs[STRIP], some_targets[STRIP];
    *known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(targets[i])) {
            some_outputs[*known] = outputs[i];
            some_targets[(*known)++] = targets[i];
        }
    return *known == count ? dae_kernels()->squared_error(outputs, targets, count)
                           : dae_kernels()->squared_error(some_outputs, some_targets, *known);
}

static void visit_strip(const struct validation *v, struct dae_span span, struct row *row) {
    static const float ones[DAE_OBJECTIVE_MAX_TERMS] = {1, 1, 1, 1, 1, 1, 1, 1};
    const struct dae_objective *objective = v->trainer->objective;
    size_t at = span.row * v->width + span.column, known = span.count;
    const float *targets = v->batch->targets + at;
    float *outputs = v->batch->outputs + at, values[STRIP], scaled_inputs[STRIP], scaled_targets[STRIP];
    struct dae_strip strip = {
        .values = values,
        .targets = in_unit(&v->output, span, targets, scaled_targets),
        .inputs = objective->emphasizes ? in_unit(&v->input, span, v->batch->inputs + at, scaled_inputs)
                                        : NULL,
        .count = span.count,
        .scales = ones,
    };
    memcpy(values, outputs, span.count * sizeof *values);
    dae_objective_finish(objective, outputs, span.count); /* logits become outputs */
    if (v->output.scaling != NULL)
        dae_scaler_undo(&v->output, span.column, span.count, outputs, outputs);
    row->squared += objective->skips ? squared_error(outputs, targets, span.count, &known)
                                     : dae_kernels()->squared_error(outputs, targets, span.count);
    row->values += (double)known;
    dae_objective_compare(objective, &strip, row->sums);
}

static void visit_row(struct validation *v, size_t index) {
    struct row *row = &v->rows[index];
    *row = (struct row){.squared = 0};
    v->row_status[index] = check_row(v, index);
    for (size_t done = 0; done < v->width; done += STRIP)
        visit_strip(v, (struct dae_span){index, done, dae_size_min(STRIP, v->width - done)}, row);
}

static dae_status visit_rows(void *context, size_t task) {
    struct validation *v = context;
    size_t end = dae_size_min(v->batch->count, (task + 1) * ROWS_PER_TASK);
    for (size_t row = task * ROWS_PER_TASK; row < end; row++)
        visit_row(v, row);
    return DAE_OK;
}

/* What was expected of a value. */
static void write_expected(const struct validation *v, struct dae_text *text) {
    if (v->status == DAE_ERROR_NOT_FINITE)
        dae_text_add(text, "a finite number");
    else
        dae_text_add(text, "%s", dae_step_unit_targets(v->output.scaling != NULL));
}

/* Remembers the place of the first value that is not good. */
static void note_bad(struct validation *v, size_t row) {
    if (v->bad_samples++ > 0)
        return;
    size_t inputs = v->inputs, i = 0;
    const float *values = v->batch->inputs + row * inputs;
    v->status = v->row_status[row];
    bool is_target = v->status == DAE_ERROR_ARGUMENT || dae_kernels()->is_finite(values, inputs);
    if (is_target)
        values = v->batch->targets + row * v->width;
    while (is_target ? is_good(v, values, i, v->status) : isfinite(values[i]))
        i++;
    struct dae_text text = {v->message, sizeof v->message, 0};
    dae_text_add(&text, "%s value %zu of sample %zu of the validation data is %g, expected ",
                 is_target ? "target" : "input", i, v->batch->first + row, (double)values[i]);
    write_expected(v, &text);
}

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    struct validation *v = context;
    v->batch = batch;
    v->inputs = batch->input->size;
    v->width = batch->output->size;
    v->input = dae_model_input_scaler(v->trainer->validation_model);
    v->output = dae_model_output_scaler(v->trainer->validation_model);
    DAE_TRY(dae_pool_run(pool, visit_rows, v, dae_size_divide_up(batch->count, ROWS_PER_TASK)));
    for (size_t i = 0; i < batch->count; i++) {
        const struct row *row = &v->rows[i];
        for (size_t k = 0; k < v->trainer->objective->term_count; k++)
            v->sums[k] += row->sums[k];
        v->psnr += row->values > 0 ? dae_psnr(row->squared / row->values / v->peak / v->peak) : 0;
        v->compared += row->values > 0;
        v->values += row->values;
        if (v->row_status[i] != DAE_OK)
            note_bad(v, i);
    }
    if (v->trainer->figures != NULL)
        dae_figures_add_batch(v->trainer->figures, batch);
    return DAE_OK;
}

/* Values that penalties look at. */
static void watch(void *context, size_t place, const float *y, size_t count) {
    struct validation *v = context;
    const struct dae_objective *objective = v->trainer->objective;
    for (size_t k = 0; k < objective->term_count; k++)
        if (objective->terms[k].value == place + 1)
            v->sums[k] += dae_tap_measure(&v->trainer->validation_taps[k], v->pool, y, count);
}

/* A term's mean, or its sum over parameters. */
static double conclude(const struct validation *v, size_t k) {
    const dae_trainer *trainer = v->trainer;
    const struct dae_term *term = &trainer->objective->terms[k];
    if (term->compares)
        return v->sums[k] / dae_term_divisor(term, v->values);
    if (term->value > 0)
        return v->sums[k] / (double)trainer->validation->count;
    return dae_term_of_parameters(term, &trainer->validation_taps[k], trainer->validation_model, 0,
                                  trainer->model->parameter_count, NULL);
}

dae_status dae_trainer_validate(const dae_trainer *trainer, struct dae_sweep *sweep, struct dae_pool *pool,
                                uint64_t fpu, struct dae_losses *losses, double *psnr) {
    const struct dae_objective *objective = trainer->objective;
    struct validation v = {
        .trainer = trainer,
        .pool = pool,
        .peak = dae_model_peak(trainer->validation_model),
    };
    if (trainer->figures != NULL)
        dae_figures_start(trainer->figures, trainer->validation_model);
    if (objective->tapped_count > 0)
        dae_sweep_watch(sweep, watch, &v);
    dae_status status = dae_sweep_run(sweep, pool, fpu,
                                      objective->logits ? DAE_OUTPUTS_LOGITS : DAE_OUTPUTS_SCALED, visit, &v);
    if (status == DAE_ERROR_ARGUMENT)
        return dae_fail_in(status, "validation");
    DAE_TRY(status);
    if (v.bad_samples > 0)
        return dae_fail(v.status, "%s (%zu samples have such values)", v.message, v.bad_samples);
    for (size_t k = 0; k < objective->term_count; k++)
        losses->terms[k] = conclude(&v, k);
    losses->loss = dae_objective_sum(objective, losses->terms);
    *psnr = v.psnr / v.compared;
    if (isfinite(losses->loss))
        return DAE_OK;
    return dae_fail(DAE_ERROR_NOT_FINITE,
                    "the loss on the validation data is %g in epoch %llu, the data are finite: use a smaller "
                    "learning rate, or scale the data as those of training",
                    losses->loss, (unsigned long long)trainer->epoch + 1);
}
