/* The figures of a report. */
#include "core/fpu.h"
#include "core/memory.h"
#include "run/report.h"
#include "run/over_dataset.h"

#include <math.h>

/* The values that one place has had. */
struct bounds {
    float least, most;
};

/* Per output value, over all samples. */
struct column {
    double first, sum, squares; /* of targets: the first one, and of differences from it */
    struct bounds output, target;
};

struct evaluation {
    const dae_model *model;
    size_t inputs, outputs; /* values of a sample */
    struct column *columns;
    struct bounds *units; /* those of all hidden layers, one behind the other */
    size_t unit_count;
    size_t samples, out_of_range, not_finite;
    double squared, absolute, psnr; /* sums over samples */
    double input_squared, input_psnr;
};

static const struct bounds no_bounds = {INFINITY, -INFINITY};

static void widen(struct bounds *b, float value) {
    b->least = value < b->least ? value : b->least;
    b->most = value > b->most ? value : b->most;
    if (isnan(value)) /* like no other value */
        *b = (struct bounds){-INFINITY, INFINITY};
}

/* Whether all values were the same. */
static bool is_same(struct bounds b) {
    return b.least == b.most;
}

static void visit_columns(struct evaluation *e, const float *output, const float *target) {
    bool first = e->samples == 0;
    for (size_t i = 0; i < e->outputs; i++) {
        struct column *c = &e->columns[i];
        double t = (double)target[i];
        c->first = first ? t : c->first;
        c->sum += t - c->first;
        c->squares += (t - c->first) * (t - c->first);
        widen(&c->output, output[i]);
        widen(&c->target, target[i]);
        e->absolute += fabs((double)output[i] - t) / (double)e->outputs;
        e->not_finite += !isfinite(output[i]);
    }
}

static bool has_parameters(const dae_model *model, size_t place) {
    return model->nodes[place].at.parameter_count > 0;
}

/* A layer whose units are counted: one that makes something of its own, hidden behind another that does. */
static bool has_units(const dae_model *model, size_t place) {
    size_t last = model->node_count - 1;
    while (last > place && !has_parameters(model, last))
        last--;
    return place < last && has_parameters(model, place);
}

/* Room for what is looked at: all outputs, and the units of hidden layers. */
static dae_status reserve(struct evaluation *e) {
    e->columns = dae_allocate(e->outputs, sizeof *e->columns);
    for (size_t i = 0; e->columns != NULL && i < e->outputs; i++)
        e->columns[i].output = e->columns[i].target = no_bounds;
    for (size_t i = 0; i < e->model->node_count; i++)
        if (has_units(e->model, i))
            e->unit_count += e->model->nodes[i].at.output.size;
    e->units = dae_allocate(e->unit_count + 1, sizeof *e->units);
    for (size_t i = 0; e->units != NULL && i < e->unit_count; i++)
        e->units[i] = no_bounds;
    return e->columns != NULL && e->units != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

static void watch_units(void *context, size_t place, const float *y, size_t count) {
    const struct evaluation *e = context;
    struct bounds *units = e->units;
    if (!has_units(e->model, place))
        return;
    for (size_t i = 0; i < place; i++)
        if (has_units(e->model, i))
            units += e->model->nodes[i].at.output.size;
    size_t size = e->model->nodes[place].at.output.size;
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < size; i++)
            widen(&units[i], y[row * size + i]);
}

/* Of the units that ran: those that nobody reads did not. */
static void count_units(const struct evaluation *e, size_t *all, size_t *dead) {
    *all = *dead = 0;
    for (size_t i = 0; i < e->unit_count; i++) {
        *all += e->units[i].least <= e->units[i].most;
        *dead += e->samples > 1 && is_same(e->units[i]);
    }
}

static void visit_sample(struct evaluation *e, const float *input, const float *output, const float *target) {
    double squared = dae_kernels()->squared_error(output, target, e->outputs) / (double)e->outputs;
    e->squared += squared;
    e->psnr += dae_psnr(squared);
    if (e->inputs == e->outputs) {
        double input_squared = dae_kernels()->squared_error(input, target, e->outputs) / (double)e->outputs;
        e->input_squared += input_squared;
        e->input_psnr += dae_psnr(input_squared);
    }
    for (size_t i = 0; i < e->inputs; i++)
        e->out_of_range += input[i] < e->model->low || input[i] > e->model->high;
    visit_columns(e, output, target);
    e->samples++;
}

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    struct evaluation *e = context;
    (void)pool; /* sums follow the order of samples */
    for (size_t i = 0; i < batch->count; i++)
        visit_sample(e, batch->inputs + i * e->inputs, batch->outputs + i * e->outputs,
                     batch->targets + i * e->outputs);
    return DAE_OK;
}

/* Mean over values of the variance of the targets: the error of their mean. */
static double mean_image_mse(const struct evaluation *e) {
    double sum = 0, n = (double)e->samples;
    for (size_t i = 0; i < e->outputs; i++) {
        double mean = e->columns[i].sum / n;
        sum += fmax(0, e->columns[i].squares / n - mean * mean);
    }
    return sum / (double)e->outputs;
}

static void count_dead(const struct evaluation *e, double *dead, double *harmful) {
    size_t dead_count = 0, harmful_count = 0;
    for (size_t i = 0; e->samples > 1 && i < e->outputs; i++) {
        const struct column *c = &e->columns[i];
        dead_count += is_same(c->output);
        harmful_count += is_same(c->output) && !is_same(c->target);
    }
    *dead = (double)dead_count / (double)e->outputs;
    *harmful = (double)harmful_count / (double)e->outputs;
}

static void conclude(struct dae_report *report, const struct evaluation *e) {
    double *f = report->figures, n = (double)e->samples;
    bool comparable = e->inputs == e->outputs, range_known = e->model->low <= e->model->high;
    f[DAE_METRIC_SAMPLES] = n;
    f[DAE_METRIC_MSE] = e->squared / n;
    f[DAE_METRIC_MAE] = e->absolute / n;
    f[DAE_METRIC_PSNR] = e->psnr / n;
    f[DAE_METRIC_PSNR_OF_MEAN] = dae_psnr(e->squared / n);
    f[DAE_METRIC_INPUT_MSE] = comparable ? e->input_squared / n : NAN;
    f[DAE_METRIC_INPUT_PSNR] = comparable ? e->input_psnr / n : NAN;
    f[DAE_METRIC_INPUT_PSNR_OF_MEAN] = comparable ? dae_psnr(e->input_squared / n) : NAN;
    f[DAE_METRIC_MEAN_IMAGE_MSE] = mean_image_mse(e);
    f[DAE_METRIC_INPUTS_OUT_OF_RANGE] = range_known ? (double)e->out_of_range / (n * (double)e->inputs) : NAN;
    count_dead(e, &f[DAE_METRIC_DEAD_OUTPUTS], &f[DAE_METRIC_HARMFUL_DEAD_OUTPUTS]);
    size_t units, dead;
    count_units(e, &units, &dead);
    f[DAE_METRIC_DEAD_HIDDEN_UNITS] = units > 0 ? (double)dead / (double)units : NAN;
    report->hidden_units = units;
    report->live_units = units - dead;
    report->not_finite = (double)e->not_finite / (n * (double)e->outputs);
    dae_report_find(report);
}

static dae_status run(struct dae_report *report, struct evaluation *e, dae_model *model,
                      dae_dataset *dataset) {
    struct dae_pool *pool;
    struct dae_sweep *sweep = NULL;
    DAE_TRY(dae_pool_open(&pool));
    dae_status status = dae_sweep_open(&sweep, model, dataset);
    if (status == DAE_OK) {
        uint64_t fpu = dae_fpu_prepare();
        dae_sweep_watch(sweep, watch_units, e);
        dae_matmul_enter();
        status = dae_sweep_run(sweep, pool, fpu, false, visit, e);
        dae_matmul_leave();
        if (status == DAE_OK)
            conclude(report, e);
        dae_fpu_restore(fpu);
    }
    dae_sweep_close(sweep);
    dae_pool_close(pool);
    return status;
}

dae_status dae_model_evaluate(dae_report **out, dae_model *model, dae_dataset *dataset) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(dataset);
    DAE_TRY(dae_model_check_shapes(model, &dataset->shape, &dataset->target_shape, __func__));
    struct evaluation e = {
        .model = model, .inputs = dataset->shape.size, .outputs = dataset->target_shape.size};
    /* kept meanwhile: a callback that gives samples may drop the caller's references */
    dae_references_keep(&model->references);
    dae_dataset_keep(dataset);
    dae_report *report = dae_allocate(1, sizeof *report);
    dae_status status = report != NULL ? reserve(&e) : DAE_ERROR_MEMORY;
    if (status == DAE_OK)
        status = run(report, &e, model, dataset);
    if (status == DAE_OK) {
        dae_references_start(&report->references);
        *out = report;
    } else {
        dae_release(report);
    }
    dae_release(e.columns);
    dae_release(e.units);
    dae_dataset_free(dataset);
    dae_model_free(model);
    return status;
}
