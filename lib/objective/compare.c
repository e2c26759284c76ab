/* Outputs beside their targets: what terms that compare make of them. */
#include "layers/softmax.h"
#include "objective/objective.h"

#include <math.h>
#include <string.h>

enum { STRIP = DAE_OBJECTIVE_STRIP };

bool dae_targets_are_unit(const float *targets, size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= !(targets[i] < 0.0f) & !(targets[i] > 1.0f);
    return all;
}

static double run(const struct dae_term *term, float *a, const float *t, size_t count, float scale,
                  float slope) {
    dae_compare_loop *const *loops = term->logits ? term->kind->compare_logits : term->kind->compare;
    return loops[dae_kernels()->target](a, t, count, scale, slope, term->parameters);
}

/* ---- Terms that leave values out, or weigh them ------------------------------------------------------ */

/* Values of one sort. */
enum sort { INTACT, CORRUPTED, MISSING, SORTS };

static enum sort sort_of(const struct dae_term *term, const struct dae_strip *strip, size_t i) {
    if (term->skips && isnan(strip->targets[i]))
        return MISSING;
    return term->corrupted != term->intact && strip->inputs[i] != strip->targets[i] ? CORRUPTED : INTACT;
}

/* Runs a term on the values of one sort, brought together. */
static double run_sort(const struct dae_term *term, const struct dae_strip *strip, enum sort sort, float *a,
                       float scale) {
    float values[STRIP] = {0}, targets[STRIP] = {0};
    size_t places[STRIP], count = 0;
    for (size_t i = 0; i < strip->count; i++)
        if (sort_of(term, strip, i) == sort) {
            values[count] = a[i];
            targets[count] = strip->targets[i];
            places[count++] = i;
        }
    double sum = run(term, values, targets, count, scale, 1.0f);
    for (size_t i = 0; i < count; i++)
        a[places[i]] = values[i];
    return sum;
}

static void clear_missing(const struct dae_term *term, const struct dae_strip *strip, float *a) {
    for (size_t i = 0; i < strip->count; i++)
        if (sort_of(term, strip, i) == MISSING)
            a[i] = 0;
}

/* The gradient of a term by outputs (or logits) a, which it replaces. */
static double run_sorted(const struct dae_term *term, const struct dae_strip *strip, float *a, float scale) {
    if (!term->skips && term->corrupted == term->intact)
        return term->intact * run(term, a, strip->targets, strip->count, scale * (float)term->intact, 1.0f);
    if (term->skips && term->kind->whole_rows && term->logits) {
        bool missing = isnan(strip->targets[0]);
        double sum = missing ? 0 : run(term, a, strip->targets, strip->count, scale, 1.0f);
        if (missing)
            memset(a, 0, strip->count * sizeof *a);
        return sum;
    }
    double corrupted = run_sort(term, strip, CORRUPTED, a, scale * (float)term->corrupted);
    double intact = run_sort(term, strip, INTACT, a, scale * (float)term->intact);
    clear_missing(term, strip, a);
    return corrupted * term->corrupted + intact * term->intact;
}

/* ---- Strips -------------------------------------------------------------------------------------------- */

static bool is_plain(const struct dae_term *term) {
    return !term->skips && term->corrupted == 1 && term->intact == 1;
}

/* The one term that there is, in place. */
static double compare_alone(const struct dae_term *term, const struct dae_strip *strip, float scale) {
    const struct dae_activation *activation = strip->activation;
    float outputs[STRIP];
    if (term->logits || activation == NULL)
        return run(term, strip->values, strip->targets, strip->count, scale, 1.0f);
    if (activation->kind->is_rectifier)
        return run(term, strip->values, strip->targets, strip->count, scale, activation->slope);
    memcpy(outputs, strip->values, strip->count * sizeof *outputs);
    double sum = run(term, strip->values, strip->targets, strip->count, scale, 1.0f);
    dae_activation_derive(activation, strip->values, strip->z != NULL ? strip->z : outputs, strip->count);
    return sum;
}

/* What a term makes of outputs `y`, and of logits where it starts from them: its gradient by what the last
 * activation was given into d. */
static double compare_one(const struct dae_term *term, const struct dae_strip *strip, const float *y,
                          float scale, float *d) {
    memcpy(d, term->logits ? strip->values : y, strip->count * sizeof *d);
    double sum = run_sorted(term, strip, d, scale);
    if (!term->logits && strip->activation != NULL)
        dae_activation_derive(strip->activation, d, strip->z != NULL ? strip->z : y, strip->count);
    return sum;
}

void dae_objective_finish(const struct dae_objective *objective, float *values, size_t count) {
    float logits[STRIP];
    if (!objective->logits)
        return;
    if (!objective->whole_rows) {
        dae_activation_sigmoid.apply[dae_kernels()->target](values, count, 0.0f);
        return;
    }
    memcpy(logits, values, count * sizeof *logits);
    dae_softmax_loops[dae_kernels()->target](logits, values, count, 1);
}

void dae_objective_compare(const struct dae_objective *objective, const struct dae_strip *strip,
                           double *sums) {
    float outputs[STRIP], d[STRIP], all[STRIP];
    size_t only = objective->only;
    if (only < objective->term_count && is_plain(&objective->terms[only])) {
        sums[only] += compare_alone(&objective->terms[only], strip, strip->scales[only]);
        return;
    }
    memcpy(outputs, strip->values, strip->count * sizeof *outputs);
    dae_objective_finish(objective, outputs, strip->count);
    memset(all, 0, strip->count * sizeof *all);
    for (size_t i = 0; i < objective->term_count; i++)
        if (objective->terms[i].compares) {
            sums[i] += compare_one(&objective->terms[i], strip, outputs, strip->scales[i], d);
            dae_kernels()->add_rows(all, d, 0, 1, strip->count);
        }
    memcpy(strip->values, all, strip->count * sizeof *all);
}
