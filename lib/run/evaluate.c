/* The figures of a report. */
#include "core/fpu.h"
#include "core/memory.h"
#include "run/report.h"
#include "run/over_dataset.h"

#include <math.h>

enum { RESIDUAL_SAMPLES = 1000 }; /* the first of them: enough to know correlations to 0.01 */

/* The values that one place has had. */
struct bounds {
    float least, most;
};

/* Sums of values and of their squares, less the first, so that none is a difference of large numbers. */
struct moments {
    double first, sum, squares;
};

/* Per output value, over all samples. */
struct column {
    struct moments targets;
    struct bounds output, target;
    double early_output,
        early_target; /* sums over the samples whose residuals are looked at, less the first target */
};

/* Sums of products of a row's values with those a few places on; the residual is outputs less targets. */
struct neighbours {
    double target[2], output[2], residual[DAE_WHITE_LAGS + 1];
};

struct evaluation {
    const dae_model *model;
    size_t inputs, outputs;                   /* values of a sample */
    const struct dae_activation_kind *output; /* what bounds it */
    struct column *columns;
    struct bounds *units; /* those of all hidden layers, back to back */
    size_t unit_count;
    size_t samples, early, out_of_range, unreachable;
    double squared, absolute, psnr; /* sums over samples */
    double input_squared, input_psnr, floor;
    struct moments input_values;
    struct neighbours neighbours;
    struct dae_evidence evidence;
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

static void add_moment(struct moments *m, double difference) {
    m->sum += difference;
    m->squares += difference * difference;
}

/* Variance of n values. */
static double variance_of(const struct moments *m, double n) {
    double mean = m->sum / n;
    return fmax(0, m->squares / n - mean * mean);
}

static void add_difference(struct dae_difference *d, double difference) {
    d->count++;
    d->sum += difference;
    d->squares += difference * difference;
}

/* ---- Room ------------------------------------------------------------------------------------------ */

static bool has_parameters(const dae_model *model, size_t place) {
    return model->nodes[place].at.parameter_count > 0;
}

/* A layer whose units are counted: one that makes something of its own, with another after it that does. */
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

/* ---- Sample by sample ------------------------------------------------------------------------------- */

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

/* Whether all values are finite; if not, remembers the first. */
static bool check_finite(struct evaluation *e, enum dae_side side, const float *values, size_t count) {
    struct dae_flaw *flaw = &e->evidence.flaws[side];
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

static void visit_inputs(struct evaluation *e, const float *input) {
    struct moments *m = &e->input_values;
    m->first = e->samples == 0 ? (double)input[0] : m->first;
    for (size_t i = 0; i < e->inputs; i++) {
        e->out_of_range += input[i] < e->model->low || input[i] > e->model->high;
        add_moment(m, (double)input[i] - m->first);
    }
}

static void visit_columns(struct evaluation *e, const float *output, const float *target) {
    bool first = e->samples == 0;
    for (size_t i = 0; i < e->outputs; i++) {
        struct column *c = &e->columns[i];
        double t = (double)target[i], beyond = fmax(e->output->low - t, t - e->output->high);
        c->targets.first = first ? t : c->targets.first;
        add_moment(&c->targets, t - c->targets.first);
        widen(&c->output, output[i]);
        widen(&c->target, target[i]);
        e->absolute += fabs((double)output[i] - t) / (double)e->outputs;
        e->unreachable += beyond > 0;
        e->floor += beyond > 0 ? beyond * beyond : 0;
    }
}

/* The error of answering with the mean of the samples before: those that come are new to it. */
static double error_of_mean(const struct evaluation *e, const float *target) {
    double sum = 0, scale = 1 / (double)e->samples;
    for (size_t i = 0; i < e->outputs; i++) {
        const struct moments *m = &e->columns[i].targets;
        double difference = (double)target[i] - m->first - m->sum * scale;
        sum += difference * difference;
    }
    return sum / (double)e->outputs;
}

static void visit_neighbours(struct evaluation *e, const float *output, const float *target) {
    struct neighbours *n = &e->neighbours;
    double t_before = 0, o_before = 0, before[DAE_WHITE_LAGS] = {0};
    for (size_t i = 0; i < e->outputs; i++) {
        struct column *c = &e->columns[i];
        double t = (double)target[i] - c->targets.first, o = (double)output[i] - c->targets.first;
        double r = o - t;
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

static void visit_sample(struct evaluation *e, const float *input, const float *output, const float *target) {
    double squared = dae_kernels()->squared_error(output, target, e->outputs) / (double)e->outputs;
    e->squared += squared;
    e->psnr += dae_psnr(squared);
    if (e->inputs == e->outputs) {
        double input_squared = dae_kernels()->squared_error(input, target, e->outputs) / (double)e->outputs;
        e->input_squared += input_squared;
        e->input_psnr += dae_psnr(input_squared);
        add_difference(&e->evidence.than_input, squared - input_squared);
    }
    if (check_finite(e, DAE_SIDE_INPUT, input, e->inputs))
        check_finite(e, DAE_SIDE_OUTPUT, output, e->outputs);
    check_finite(e, DAE_SIDE_TARGET, target, e->outputs);
    if (e->samples > 0)
        add_difference(&e->evidence.than_mean, squared - error_of_mean(e, target));
    visit_inputs(e, input);
    visit_columns(e, output, target);
    if (e->early < RESIDUAL_SAMPLES)
        visit_neighbours(e, output, target);
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

/* ---- Conclusions ------------------------------------------------------------------------------------- */

/* Mean over values of the variance of the targets: the error of their mean. */
static double mean_image_mse(const struct evaluation *e) {
    double sum = 0;
    for (size_t i = 0; i < e->outputs; i++)
        sum += variance_of(&e->columns[i].targets, (double)e->samples);
    return sum / (double)e->outputs;
}

static void count_dead(struct evaluation *e, double *dead, double *harmful) {
    size_t dead_count = 0, harmful_count = 0;
    for (size_t i = 0; e->samples > 1 && i < e->outputs; i++) {
        const struct column *c = &e->columns[i];
        dead_count += is_same(c->output);
        harmful_count += is_same(c->output) && !is_same(c->target);
    }
    e->evidence.all_outputs_dead = dead_count == e->outputs;
    *dead = (double)dead_count / (double)e->outputs;
    *harmful = (double)harmful_count / (double)e->outputs;
}

static void count_dead_units(struct evaluation *e) {
    struct dae_dead_units *hidden = &e->evidence.hidden;
    const struct bounds *units = e->units;
    for (size_t place = 0; place < e->model->node_count; place++) {
        size_t dead = 0, size = has_units(e->model, place) ? e->model->nodes[place].at.output.size : 0;
        for (size_t i = 0; e->samples > 1 && i < size; i++)
            dead += is_same(units[i]);
        if (dead > hidden->layer_dead) {
            hidden->place = place;
            hidden->layer_dead = dead;
            hidden->layer_units = size;
        }
        if (size > 0 && units->least <= units->most) /* the layer has run: nobody reads the others */
            hidden->units += size;
        hidden->dead += dead;
        units += size;
    }
}

/* Mean and stddev of all targets, from those of their columns. */
static struct dae_scale scale_of_targets(const struct evaluation *e, double variance) {
    double n = (double)e->samples, width = (double)e->outputs, sum = 0, squares = 0;
    double origin = e->columns[0].targets.first;
    for (size_t i = 0; i < e->outputs; i++) {
        double mean = e->columns[i].targets.first + e->columns[i].targets.sum / n - origin;
        sum += mean / width;
        squares += mean * mean / width;
    }
    return (struct dae_scale){origin + sum, sqrt(variance + fmax(0, squares - sum * sum))};
}

/* Takes means over samples out of sums of products, and makes them correlations. */
static void weigh_residual(struct evaluation *e) {
    struct neighbours *n = &e->neighbours;
    struct dae_residual *r = &e->evidence.residual;
    double samples = (double)e->early;
    for (size_t i = 0; i < e->outputs; i++)
        for (size_t lag = 0; lag <= dae_size_min(i, DAE_WHITE_LAGS); lag++) {
            const struct column *a = &e->columns[i], *b = &e->columns[i - lag];
            n->residual[lag] -= (a->early_output - a->early_target) * (b->early_output - b->early_target) /
                                samples;
            if (lag <= 1) {
                n->target[lag] -= a->early_target * b->early_target / samples;
                n->output[lag] -= a->early_output * b->early_output / samples;
            }
        }
    if (e->outputs <= DAE_WHITE_LAGS || !(n->target[0] > 0 && n->output[0] > 0 && n->residual[0] > 0))
        return;
    r->pairs = e->early * (e->outputs - DAE_WHITE_LAGS);
    r->share = n->residual[0] / n->target[0];
    r->output = n->output[1] / n->output[0];
    r->roughness = (n->output[0] - n->output[1]) / (n->target[0] - n->target[1]);
    r->noise = 1 - fmax(0, 2 * n->residual[1] - n->residual[2]) / n->residual[0];
    for (size_t lag = 1; lag <= DAE_WHITE_LAGS; lag++)
        r->white = fmax(r->white, fabs(n->residual[lag] / n->residual[0]));
}

static void gather_evidence(struct evaluation *e, const double *f) {
    struct dae_evidence *v = &e->evidence;
    double values = (double)e->samples * (double)e->inputs, targets = (double)e->samples * (double)e->outputs;
    struct bounds all = no_bounds;
    for (size_t i = 0; i < e->outputs; i++) {
        widen(&all, e->columns[i].target.least);
        widen(&all, e->columns[i].target.most);
    }
    v->model = e->model;
    v->least_target = (double)all.least;
    v->most_target = (double)all.most;
    v->inputs.mean = e->input_values.first + e->input_values.sum / values;
    v->inputs.stddev = sqrt(variance_of(&e->input_values, values));
    v->targets = scale_of_targets(e, f[DAE_METRIC_MEAN_IMAGE_MSE]);
    v->unreachable = (double)e->unreachable / targets;
    v->floor = e->floor / targets;
    weigh_residual(e);
}

/* What each figure is made of: NaN where that is not finite. */
static void spoil(double *figures, const struct dae_flaw flaws[DAE_SIDES]) {
    enum {
        INPUT = 1 << DAE_SIDE_INPUT,
        TARGET = 1 << DAE_SIDE_TARGET,
        OUTPUT = INPUT | 1 << DAE_SIDE_OUTPUT
    };
    static const unsigned made_of[DAE_METRIC_COUNT] = {
        [DAE_METRIC_MSE] = OUTPUT | TARGET,
        [DAE_METRIC_MAE] = OUTPUT | TARGET,
        [DAE_METRIC_PSNR] = OUTPUT | TARGET,
        [DAE_METRIC_PSNR_OF_MEAN] = OUTPUT | TARGET,
        [DAE_METRIC_INPUT_MSE] = INPUT | TARGET,
        [DAE_METRIC_INPUT_PSNR] = INPUT | TARGET,
        [DAE_METRIC_INPUT_PSNR_OF_MEAN] = INPUT | TARGET,
        [DAE_METRIC_MEAN_IMAGE_MSE] = TARGET,
        [DAE_METRIC_DEAD_OUTPUTS] = OUTPUT,
        [DAE_METRIC_HARMFUL_DEAD_OUTPUTS] = OUTPUT | TARGET,
        [DAE_METRIC_INPUTS_OUT_OF_RANGE] = INPUT,
        [DAE_METRIC_DEAD_HIDDEN_UNITS] = OUTPUT,
    };
    for (size_t i = 0; i < DAE_METRIC_COUNT; i++)
        for (size_t side = 0; side < DAE_SIDES; side++)
            if (flaws[side].samples > 0 && (made_of[i] >> side & 1) != 0)
                figures[i] = NAN;
}

static void conclude(struct dae_report *report, struct evaluation *e) {
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
    count_dead_units(e);
    const struct dae_dead_units *hidden = &e->evidence.hidden;
    f[DAE_METRIC_DEAD_HIDDEN_UNITS] = hidden->units > 0 ? (double)hidden->dead / (double)hidden->units : NAN;
    gather_evidence(e, f);
    spoil(f, e->evidence.flaws);
    dae_report_find(report, &e->evidence);
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
        .model = model,
        .inputs = dataset->shape.size,
        .outputs = dataset->target_shape.size,
        .output = dae_model_maker(model, model->node_count),
    };
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
