/* What an evaluation makes of its counts: the evidence of findings, and figures. */
#include "run/evaluation.h"

/* Whether all values were the same. */
static bool is_same(struct dae_bounds b) {
    return b.least == b.most;
}

/* Variance of n values. */
static double variance_of(const struct dae_moments *m, double n) {
    double mean = m->sum / n;
    return fmax(0, m->squares / n - mean * mean);
}

/* Mean over values of the variance of the targets: the error of their mean. */
static double mean_image_mse(const struct dae_evaluation *e) {
    double sum = 0;
    if (e->columns == NULL)
        return (double)NAN;
    for (size_t i = 0; i < e->outputs; i++)
        sum += variance_of(&e->columns[i].targets, (double)e->samples);
    return sum / (double)e->outputs;
}

static void count_dead(struct dae_evaluation *e) {
    size_t dead_count = 0, harmful_count = 0;
    if (e->columns == NULL) {
        e->evidence->dead_outputs = e->evidence->harmful_dead_outputs = (double)NAN;
        return;
    }
    for (size_t i = 0; e->samples > 1 && i < e->outputs; i++) {
        const struct dae_column *c = &e->columns[i];
        dead_count += is_same(c->output);
        harmful_count += is_same(c->output) && !is_same(c->target);
    }
    e->evidence->all_outputs_dead = dead_count == e->outputs;
    e->evidence->dead_outputs = (double)dead_count / (double)e->outputs;
    e->evidence->harmful_dead_outputs = (double)harmful_count / (double)e->outputs;
}

static void count_dead_units(struct dae_evaluation *e) {
    struct dae_dead_units *hidden = &e->evidence->hidden;
    const struct dae_bounds *units = e->units;
    for (size_t place = 0; place < e->model->node_count; place++) {
        size_t dead = 0, size = dae_model_units(e->model, place);
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
    e->evidence->dead_hidden_units = hidden->units > 0 ? (double)hidden->dead / (double)hidden->units
                                                       : (double)NAN;
}

static struct dae_scale scale_of(const struct dae_moments *m, double n) {
    return (struct dae_scale){m->first + m->sum / n, sqrt(variance_of(m, n))};
}

/* Mean and stddev of all targets, from those of their columns. */
static struct dae_scale scale_of_targets(const struct dae_evaluation *e, double variance) {
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
static void weigh_residual(struct dae_evaluation *e) {
    struct dae_neighbours *n = &e->neighbours;
    struct dae_residual *r = &e->evidence->residual;
    double samples = (double)e->early;
    for (size_t i = 0; i < e->outputs; i++)
        for (size_t lag = 0; lag <= dae_size_min(i, DAE_WHITE_LAGS); lag++) {
            const struct dae_column *a = &e->columns[i], *b = &e->columns[i - lag];
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
    r->least = (double)n->least.value;
    r->most = (double)n->most.value;
    r->at_limits = (double)(n->least.count + n->most.count) / ((double)e->early * (double)e->outputs);
    r->share = n->residual[0] / n->target[0];
    r->output = n->output[1] / n->output[0];
    r->roughness = (n->output[0] - n->output[1]) / (n->target[0] - n->target[1]);
    r->noise = 1 - fmax(0, 2 * n->residual[1] - n->residual[2]) / n->residual[0];
    for (size_t lag = 1; lag <= DAE_WHITE_LAGS; lag++)
        r->white = fmax(r->white, fabs(n->residual[lag] / n->residual[0]));
}

static void gather_evidence(struct dae_evaluation *e) {
    struct dae_evidence *v = e->evidence;
    bool by_columns = dae_evaluation_sees_columns(e);
    struct dae_bounds all = e->seen;
    for (size_t i = 0; by_columns && i < e->outputs; i++) {
        dae_bounds_widen(&all, e->columns[i].target.least);
        dae_bounds_widen(&all, e->columns[i].target.most);
    }
    v->least_target = (double)all.least;
    v->most_target = (double)all.most;
    v->inputs = scale_of(&e->input_values, e->input_count);
    v->targets = by_columns ? scale_of_targets(e, v->mean_image_mse)
                            : scale_of(&e->target_values, e->target_count);
    v->unreachable = (double)e->unreachable / e->target_count;
    v->floor = e->floor / e->target_count;
    if (e->columns != NULL)
        weigh_residual(e);
}

static void conclude_errors(const struct dae_evaluation *e) {
    struct dae_evidence *v = e->evidence;
    double n = (double)e->samples;
    bool range_known = e->model->low <= e->model->high;
    v->samples = n;
    v->mse = e->squared / n;
    v->input_mse = e->comparable ? e->input_squared / n : (double)NAN;
    v->mean_image_mse = mean_image_mse(e);
    v->inputs_out_of_range = range_known ? (double)e->out_of_range / e->input_count : (double)NAN;
}

void dae_evaluation_conclude(struct dae_evaluation *e) {
    conclude_errors(e);
    count_dead(e);
    count_dead_units(e);
    gather_evidence(e);
}
