/* The figures of a report. */
#include "core/fpu.h"
#include "core/memory.h"
#include "run/evaluation.h"
#include "run/over_dataset.h"

enum { RESIDUAL_SAMPLES = 1000 }; /* the first of them: enough to know correlations to 0.01 */

/* ---- Room ------------------------------------------------------------------------------------------ */

static bool has_parameters(const dae_model *model, size_t place) {
    return model->nodes[place].at.parameter_count > 0;
}

size_t dae_model_units(const dae_model *model, size_t place) {
    size_t last = model->node_count - 1;
    while (last > place && !has_parameters(model, last))
        last--;
    return place < last && has_parameters(model, place) ? model->nodes[place].at.output.dims[0] : 0;
}

/* Room for what is looked at: all outputs, where samples have one size, and the units of hidden layers. */
static dae_status reserve(struct dae_evaluation *e, bool has_sizes) {
    if (!has_sizes)
        e->columns = dae_allocate(e->outputs, sizeof *e->columns);
    for (size_t i = 0; e->columns != NULL && i < e->outputs; i++)
        e->columns[i].output = e->columns[i].target = dae_no_bounds;
    for (size_t i = 0; i < e->model->node_count; i++)
        e->unit_count += dae_model_units(e->model, i);
    e->units = dae_allocate(e->unit_count + 1, sizeof *e->units);
    for (size_t i = 0; e->units != NULL && i < e->unit_count; i++)
        e->units[i] = dae_no_bounds;
    bool is_scaled = dae_model_has_scaling(e->model);
    if (is_scaled)
        e->scaled = dae_allocate(e->inputs + e->outputs, sizeof *e->scaled);
    return (e->columns == NULL) == has_sizes && e->units != NULL && (e->scaled != NULL) == is_scaled
               ? DAE_OK
               : DAE_ERROR_MEMORY;
}

/* ---- Sample by sample ------------------------------------------------------------------------------- */

static void add_moment(struct dae_moments *m, double difference) {
    m->sum += difference;
    m->squares += difference * difference;
}

static void add_difference(struct dae_difference *d, double difference) {
    d->count++;
    d->sum += difference;
    d->squares += difference * difference;
}

static void watch_units(void *context, size_t place, const float *y, size_t count) {
    const struct dae_evaluation *e = context;
    struct dae_bounds *units = e->units;
    size_t unit_count = dae_model_units(e->model, place);
    if (unit_count == 0)
        return;
    for (size_t i = 0; i < place; i++)
        units += dae_model_units(e->model, i);
    size_t values = e->model->nodes[place].at.output.size / unit_count;
    for (size_t row = 0; row < count; row++)
        for (size_t unit = 0; unit < unit_count; unit++)
            for (size_t i = 0; i < values; i++)
                dae_bounds_widen(&units[unit], *y++);
}

/* Whether all values are finite; if not, remembers the first. */
static bool check_finite(struct dae_evaluation *e, enum dae_side side, const float *values, size_t count) {
    struct dae_flaw *flaw = &e->evidence->flaws[side];
    if (dae_kernels()->is_finite(values, count))
        return true;
    if (flaw->samples++ == 0) {
        flaw->sample = e->samples;
        while (isfinite(values[flaw->place]))
            flaw->place++;
        flaw->value = values[flaw->place];
    }
    return false;
}

static void add_moments(struct dae_moments *m, bool first, const float *values, size_t count) {
    m->first = first ? (double)values[0] : m->first;
    for (size_t i = 0; i < count; i++)
        add_moment(m, (double)values[i] - m->first);
}

static void visit_inputs(struct dae_evaluation *e, const float *input) {
    for (size_t i = 0; i < e->inputs; i++)
        e->out_of_range += input[i] < e->model->low || input[i] > e->model->high;
    e->input_count += (double)e->inputs;
    if (e->input_scaler.scaling != NULL)
        dae_scaler_apply(&e->input_scaler, 0, e->inputs, input, e->scaled);
    add_moments(&e->input_values, e->samples == 0, e->input_scaler.scaling != NULL ? e->scaled : input,
                e->inputs);
}

static void visit_columns(struct dae_evaluation *e, const float *output, const float *target) {
    bool first = e->samples == 0;
    for (size_t i = 0; e->columns != NULL && i < e->outputs; i++) {
        struct dae_column *c = &e->columns[i];
        double t = (double)target[i];
        c->targets.first = first ? t : c->targets.first;
        add_moment(&c->targets, t - c->targets.first);
        dae_bounds_widen(&c->output, output[i]);
        dae_bounds_widen(&c->target, target[i]);
    }
}

/* What the last layer cannot give of a target value `t`, by as much as it has beyond its bounds; in the
 * data's unit, which is not that of `t` where there is a scaling. */
static double out_of_reach(const struct dae_evaluation *e, size_t i, double t, double target) {
    if (isnan(t))
        return 0;
    double reached = fmin(fmax(t, e->output->low), e->output->high);
    if (e->output_scaler.scaling == NULL || reached == t)
        return reached - t;
    float nearest = (float)reached;
    dae_scaler_undo(&e->output_scaler, i, 1, &nearest, &nearest);
    return (double)nearest - target;
}

static void visit_reach(struct dae_evaluation *e, const float *target) {
    const float *seen = target;
    if (e->output_scaler.scaling != NULL) {
        seen = e->scaled + e->inputs;
        dae_scaler_apply(&e->output_scaler, 0, e->outputs, target, e->scaled + e->inputs);
    }
    if (!dae_evaluation_sees_columns(e))
        add_moments(&e->target_values, e->samples == 0, seen, e->outputs);
    e->target_count += (double)e->outputs;
    for (size_t i = 0; i < e->outputs; i++) {
        double beyond = out_of_reach(e, i, (double)seen[i], (double)target[i]);
        if (!dae_evaluation_sees_columns(e))
            dae_bounds_widen(&e->seen, seen[i]);
        e->unreachable += beyond != 0;
        e->floor += beyond * beyond;
    }
}

/* The error of answering with the mean of the samples before: those that come are new to it. */
static double error_of_mean(const struct dae_evaluation *e, const float *target) {
    double sum = 0, scale = 1 / (double)e->samples;
    for (size_t i = 0; i < e->outputs; i++) {
        const struct dae_moments *m = &e->columns[i].targets;
        double difference = (double)target[i] - m->first - m->sum * scale;
        sum += difference * difference;
    }
    return sum / (double)e->outputs;
}

static void visit_limit(struct dae_limit *limit, float value, bool is_beyond) {
    if (limit->count == 0 || is_beyond)
        *limit = (struct dae_limit){value, 0};
    limit->count += value == limit->value;
}

static void visit_neighbours(struct dae_evaluation *e, const float *output, const float *target) {
    struct dae_neighbours *n = &e->neighbours;
    double t_before = 0, o_before = 0, before[DAE_WHITE_LAGS] = {0};
    for (size_t i = 0; i < e->outputs; i++) {
        struct dae_column *c = &e->columns[i];
        double t = (double)target[i] - c->targets.first, o = (double)output[i] - c->targets.first;
        double r = o - t;
        visit_limit(&n->least, target[i], target[i] < n->least.value);
        visit_limit(&n->most, target[i], target[i] > n->most.value);
        c->early_target += t;
        c->early_output += o;
        n->target[0] += t * t;
        n->target[1] += t * t_before;
        n->output[0] += o * o;
        n->output[1] += o * o_before;
        n->residual[0] += r * r;
        for (size_t lag = DAE_WHITE_LAGS; lag > 0; lag--) {
            n->residual[lag] += r * before[lag - 1];
            before[lag - 1] = lag > 1 ? before[lag - 2] : r;
        }
        t_before = t;
        o_before = o;
    }
    e->early++;
}

static void visit_errors(struct dae_evaluation *e, struct dae_errors errors, const float *target) {
    e->squared += errors.output;
    e->comparable = e->comparable && e->inputs == e->outputs;
    if (e->comparable) {
        e->input_squared += errors.input;
        add_difference(&e->evidence->than_input, errors.output - errors.input);
    }
    if (e->samples > 0 && e->columns != NULL)
        add_difference(&e->evidence->than_mean, errors.output - error_of_mean(e, target));
}

static void visit_sample(struct dae_evaluation *e, const float *input, const float *output,
                         const float *target) {
    e->errors[e->samples] = dae_figures_add(e->figures, input, output, target);
    if (check_finite(e, DAE_SIDE_INPUT, input, e->inputs))
        check_finite(e, DAE_SIDE_OUTPUT, output, e->outputs);
    check_finite(e, DAE_SIDE_TARGET, target, e->outputs);
    visit_errors(e, e->errors[e->samples], target);
    visit_inputs(e, input);
    visit_columns(e, output, target);
    visit_reach(e, target);
    if (e->early < RESIDUAL_SAMPLES && e->columns != NULL)
        visit_neighbours(e, output, target);
    e->samples++;
}

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    struct dae_evaluation *e = context;
    (void)pool; /* sums follow the order of samples */
    e->inputs = batch->input->size;
    e->outputs = batch->output->size;
    e->input_scaler = dae_model_input_scaler(e->model);
    e->output_scaler = dae_model_output_scaler(e->model);
    dae_figures_set_shapes(e->figures, batch);
    for (size_t i = 0; i < batch->count; i++)
        visit_sample(e, batch->inputs + i * e->inputs, batch->outputs + i * e->outputs,
                     batch->targets + i * e->outputs);
    return DAE_OK;
}

/* ---- Evaluation -------------------------------------------------------------------------------------- */

static dae_status evaluate(dae_report *report, dae_model *model, dae_dataset *dataset) {
    struct dae_evaluation e = {
        .model = model,
        .inputs = model->input.size,
        .outputs = dae_model_output(model)->size,
        .output = dae_model_maker(model, model->node_count),
        .seen = dae_no_bounds,
        .comparable = true,
        .figures = report->figures,
        .errors = report->errors,
        .evidence = &report->evidence,
    };
    dae_status status = reserve(&e, dae_shape_is_open(&dataset->shape));
    uint64_t fpu = dae_fpu_prepare();
    if (status == DAE_OK)
        status = dae_sweep_over(model, dataset, fpu, watch_units, visit, &e);
    if (status == DAE_OK) {
        dae_evaluation_conclude(&e);
        dae_report_find(report, model);
    }
    dae_fpu_restore(fpu);
    dae_release(e.columns);
    dae_release(e.units);
    dae_release(e.scaled);
    return status;
}

/* A report that has seen nothing. */
static dae_status start(dae_report **out, const dae_model *model, const dae_dataset *dataset) {
    dae_report *report = dae_allocate(1, sizeof *report);
    if (report == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&report->references);
    dae_status status = dae_figures_open(&report->figures, NULL);
    if (status == DAE_OK)
        report->errors = dae_allocate(dataset->count, sizeof *report->errors);
    if (status == DAE_OK && report->errors == NULL)
        status = DAE_ERROR_MEMORY;
    if (status == DAE_OK)
        dae_figures_start(report->figures, model);
    *out = report;
    return status;
}

dae_status dae_model_evaluate(dae_report **out, dae_model *model, dae_dataset *dataset) {
    dae_report *report = NULL;
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(dataset);
    dae_model *at = NULL;
    DAE_TRY(dae_model_for_dataset(&at, model, dataset, __func__));
    /* both are kept meanwhile: a callback that gives samples may drop the caller's references */
    dae_dataset_keep(dataset);
    dae_status status = start(&report, at, dataset);
    if (status == DAE_OK)
        status = evaluate(report, at, dataset);
    if (status == DAE_OK)
        *out = report;
    else
        dae_report_free(report);
    dae_dataset_free(dataset);
    dae_model_free(at);
    return status;
}
