/* Penalties at work: on values of the network, and on parameters. */
#include "objective/objective.h"
#include "core/memory.h"
#include "layers/plain.h"

enum { COLUMNS = 256 /* of a task */ };

/* ---- Room ------------------------------------------------------------------------------------------ */

static dae_status fill_tap(struct dae_tap *tap, const struct dae_term *term, const dae_model *model) {
    const struct dae_node *maker = &model->nodes[term->value - 1];
    tap->term = term;
    tap->model = model;
    tap->activation = &maker->layer->activation;
    tap->size = maker->at.output.size;
    tap->sums = dae_allocate(tap->size, sizeof *tap->sums);
    if (tap->sums == NULL)
        return DAE_ERROR_MEMORY;
    if (!term->kind->of_value->weighs)
        return DAE_OK;
    tap->norms = dae_allocate(tap->size, sizeof *tap->norms);
    return tap->norms != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

dae_status dae_taps_create(struct dae_tap **out, const struct dae_objective *objective,
                           const dae_model *model) {
    struct dae_tap *taps = dae_allocate(DAE_OBJECTIVE_MAX_TERMS, sizeof *taps);
    dae_status status = taps != NULL ? DAE_OK : DAE_ERROR_MEMORY;
    for (size_t i = 0; status == DAE_OK && i < objective->term_count; i++)
        if (objective->terms[i].value > 0)
            status = fill_tap(&taps[i], &objective->terms[i], model);
    if (status == DAE_OK)
        *out = taps;
    else
        dae_taps_free(taps);
    return status;
}

void dae_taps_free(struct dae_tap *taps) {
    for (size_t i = 0; taps != NULL && i < DAE_OBJECTIVE_MAX_TERMS; i++) {
        dae_release(taps[i].sums);
        dae_release(taps[i].norms);
    }
    dae_release(taps);
}

/* ---- Values ----------------------------------------------------------------------------------------- */

/* A measurement: rows of a value, of which a task takes some columns. */
struct measurement {
    struct dae_tap *tap;
    const float *y;
    size_t count;
};

/* The weights of a unit, of the dense layer that makes the value. */
static const float *weights_of(const struct dae_tap *tap, size_t unit, size_t *inputs) {
    const struct dae_node *maker = &tap->model->nodes[tap->term->value - 1];
    *inputs = maker->at.inputs[0]->size;
    return tap->model->block->values + maker->weight + unit * *inputs;
}

static double square_norm(const struct dae_tap *tap, size_t unit) {
    size_t inputs;
    const float *w = weights_of(tap, unit, &inputs);
    double sum = 0;
    for (size_t i = 0; i < inputs; i++)
        sum += (double)w[i] * (double)w[i];
    return sum;
}

static dae_status measure_columns(void *context, size_t task) {
    const struct measurement *m = context;
    struct dae_tap *tap = m->tap;
    size_t first = task * COLUMNS, count = dae_size_min(COLUMNS, tap->size - first);
    for (size_t i = first; i < first + count; i++) {
        tap->sums[i] = 0;
        if (tap->norms != NULL)
            tap->norms[i] = square_norm(tap, i);
    }
    for (size_t row = 0; row < m->count; row++)
        tap->term->kind->of_value->add(tap, m->y + row * tap->size + first, count, tap->sums + first);
    return DAE_OK;
}

double dae_tap_measure(struct dae_tap *tap, struct dae_pool *pool, const float *y, size_t count) {
    struct measurement m = {tap, y, count};
    double sum = 0;
    tap->samples = (double)count;
    tap->scale = (float)(tap->term->weight / (double)count);
    (void)dae_pool_run(pool, measure_columns, &m, dae_size_divide_up(tap->size, COLUMNS)); /* cannot fail */
    for (size_t i = 0; i < tap->size; i++)
        sum += tap->term->kind->of_value->loss(tap, i);
    return sum;
}

static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    const struct dae_tap *tap = pass->own;
    const float *y = dae_span_of(pass->inputs[input]->y, tap->size, span);
    tap->term->kind->of_value->slope(tap, span.column, y, span.count, out);
}

dae_status dae_tap_go_back(const struct dae_tap *tap, struct dae_pool *pool, struct dae_rows *rows,
                           size_t count) {
    struct dae_pass pass = {
        .pool = pool, .batch = count, .input_count = 1, .inputs = {rows}, .own = (void *)(uintptr_t)tap};
    return dae_plain_backward(&pass, 0, fill_back);
}

/* ---- Parameters -------------------------------------------------------------------------------------- */

/* What a weighed value adds to the gradient of its maker's weights: 2 w times the sum of their unit. */
static void add_to_weights(const struct dae_tap *tap, size_t first, size_t count, float *gradient) {
    const struct dae_node *maker = &tap->model->nodes[tap->term->value - 1];
    size_t inputs, start = maker->weight - tap->model->block_offset;
    const float *weights = weights_of(tap, 0, &inputs);
    size_t end = dae_size_min(first + count, start + tap->size * inputs);
    for (size_t i = first > start ? first : start; i < end; i++) {
        size_t at = i - start;
        gradient[i - first] += (float)(2 * (double)tap->scale * tap->sums[at / inputs]) * weights[at];
    }
}

/* A penalty on parameters [begin, end). */
static double penalize(const struct dae_term *term, const dae_model *model, size_t begin, size_t end,
                       float *gradient) {
    const struct dae_parameter_penalty *penalty = term->kind->of_parameters;
    const float *w = dae_model_values(model) + begin;
    if (gradient != NULL)
        penalty->add(gradient, w, end - begin, (float)term->weight);
    return penalty->loss(w, end - begin);
}

double dae_term_of_parameters(const struct dae_term *term, const struct dae_tap *tap, const dae_model *model,
                              size_t first, size_t count, float *gradient) {
    size_t begin = first > term->first ? first : term->first;
    size_t end = dae_size_min(first + count, term->first + term->count);
    double sum = 0;
    if (tap->norms != NULL && gradient != NULL)
        add_to_weights(tap, first, count, gradient);
    while (!term->compares && term->value == 0 && begin < end) {
        struct dae_stretch trained = dae_model_trained_after(model, begin);
        size_t from = trained.first > begin ? trained.first : begin;
        begin = dae_size_min(trained.end, end);
        if (from < begin)
            sum += penalize(term, model, from, begin, gradient != NULL ? gradient + (from - first) : NULL);
    }
    return sum;
}
