/* What is wrong with a batch whose values are not what they should be, in plain sentences. */
#include "core/fpu.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>

enum { STRIP = DAE_OBJECTIVE_STRIP };

static bool is_finite_value(float value) {
    return isfinite(value);
}

static bool is_not_infinite(float value) {
    return !isinf(value);
}

static bool is_unit(float value) {
    return dae_targets_are_unit(&value, 1);
}

/* Inputs of a sample; those that were only rounded are read again. */
static dae_status inputs_of(const struct dae_train_step *step, size_t row, const float **inputs) {
    const struct dae_batch *batch = step->batch;
    size_t width = step->trainer->workspace.model->input.size;
    *inputs = step->inputs != NULL ? step->inputs + row * width : step->trainer->workspace.inputs;
    if (step->inputs != NULL)
        return DAE_OK;
    dae_fpu_restore(step->fpu);
    dae_status status = dae_dataset_read_part(batch->dataset, DAE_INPUT_HALF, batch->epoch, batch->order[row],
                                              1, (struct dae_part){0, width},
                                              step->trainer->workspace.inputs);
    dae_fpu_prepare();
    return status;
}

/* `status`, with the place of a value in batch and dataset. */
static dae_status fail_value(const struct dae_train_step *step, dae_status status, const char *what,
                             size_t row, size_t i, float value, const char *expected) {
    char where[64] = "";
    if (step->batch->order != NULL)
        snprintf(where, sizeof where, " (sample %zu of the dataset)", step->batch->order[row]);
    return dae_fail(status, "step %llu: %s value %zu of sample %zu in the batch%s is %g, expected %s",
                    (unsigned long long)step->trainer->steps + 1, what, i, row, where, (double)value,
                    expected);
}

/* Names the first of the values of a span that is not good as it is `seen`, if there is one. */
static dae_status check_values(const struct dae_train_step *step, const float *values, const float *seen,
                               struct dae_span span, bool (*is_good)(float value), dae_status status,
                               const char *what, const char *expected) {
    for (size_t i = 0; i < span.count; i++)
        if (!is_good(seen[i]))
            return fail_value(step, status, what, span.row, span.column + i, values[i], expected);
    return DAE_OK;
}

/* Targets, `scaled` as the network's objective takes them, or as they are. */
static dae_status check_targets(const struct dae_train_step *step, bool scaled, bool (*is_good)(float value),
                                dae_status status, const char *expected) {
    const struct dae_scaler *scaler = &step->trainer->workspace.plan->output;
    size_t width = dae_model_output(step->trainer->workspace.model)->size;
    float strip[STRIP], seen[STRIP];
    scaled = scaled && scaler->scaling != NULL;
    for (size_t row = 0; row < step->batch->count; row++)
        for (size_t done = 0; done < width; done += STRIP) {
            struct dae_span span = {row, done, dae_size_min(width - done, STRIP)};
            const float *targets;
            DAE_TRY(dae_step_targets(step, span, strip, &targets));
            if (scaled)
                dae_scaler_apply(scaler, span.column, span.count, targets, seen);
            DAE_TRY(check_values(step, targets, scaled ? seen : targets, span, is_good, status, "target",
                                 expected));
        }
    return DAE_OK;
}

/* Names the first of the data that is NaN or infinite, if there is one. */
static dae_status find_bad_value(const struct dae_train_step *step) {
    const char *expected = "a finite number";
    for (size_t row = 0; row < step->batch->count; row++) {
        struct dae_span span = {row, 0, step->trainer->workspace.model->input.size};
        const float *inputs;
        DAE_TRY(inputs_of(step, row, &inputs));
        DAE_TRY(check_values(step, inputs, inputs, span, is_finite_value, DAE_ERROR_NOT_FINITE, "input",
                             expected));
    }
    bool skips = step->trainer->objective->skips;
    return check_targets(step, false, skips ? is_not_infinite : is_finite_value, DAE_ERROR_NOT_FINITE,
                         expected);
}

const char *dae_step_unit_targets(bool scaled) {
    return scaled ? "what the model's scaling makes 0 to 1 of: the objective takes no other"
                  : "0 to 1: the objective takes no other";
}

/* Names the first target that the objective does not take. */
static dae_status find_refused_target(const struct dae_train_step *step) {
    size_t classes = dae_model_output(step->trainer->workspace.model)->size;
    if (!step->batch->classes)
        return check_targets(step, true, is_unit, DAE_ERROR_ARGUMENT,
                             dae_step_unit_targets(dae_model_is_output_scaled(step->trainer->model)));
    for (size_t row = 0; row < step->batch->count; row++)
        if (!dae_target_is_class(step->targets[row], classes)) {
            char expected[64];
            snprintf(expected, sizeof expected, "a class from 0 to %zu", classes - 1);
            return fail_value(step, DAE_ERROR_ARGUMENT, "target", row, 0, step->targets[row], expected);
        }
    return DAE_OK;
}

static bool is_moderate(float value) {
    return !(fabsf(value) >= 1e4f);
}

/* No learning rate helps where data are huge. */
const char *dae_step_remedy(const struct dae_train_step *step) {
    struct dae_range inputs = dae_range_join(step->input_ranges);
    const struct dae_scaler *scaler = &step->trainer->workspace.plan->input;
    bool moderate = dae_scaler_magnitude(scaler, (double)inputs.low, (double)inputs.high) < 1e4 &&
                    check_targets(step, true, is_moderate, DAE_ERROR_NOT_FINITE, "moderate values") == DAE_OK;
    return moderate ? "use a smaller learning rate"
                    : "scale the data, to values around 0 with a stddev about 1, as the scaling "
                      "\"standard\" does, by " DAE_SCALING_CALLS;
}

dae_status dae_step_check_loss(const struct dae_train_step *step, double loss) {
    struct dae_range inputs = dae_range_join(step->input_ranges);
    if (atomic_load(&step->bad_target)) {
        DAE_TRY(find_bad_value(step));
        return find_refused_target(step);
    }
    if (isfinite(loss) && isfinite(dae_range_magnitude(&inputs)))
        return DAE_OK;
    DAE_TRY(find_bad_value(step));
    return dae_fail(DAE_ERROR_NOT_FINITE, "step %llu: the loss is %g, the data are finite: %s",
                    (unsigned long long)step->trainer->steps + 1, loss, dae_step_remedy(step));
}
