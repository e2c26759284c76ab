/* Noise recipes applied to samples: a pure function of (seed, epoch, sample). */
#include "noise/noise.h"

#include <math.h>
#include <string.h>

enum {
    EPOCH_SHIFT = 24, /* room for 2^24 blocks, which are 2^26 values, in a sample */
    STEP_SHIFT = 56,
};

/* ---- The steps that are applied to a sample ----------------------------------------------------------- */

/* Is shown the steps that are applied, and their parameters for this sample. */
typedef dae_status (*visitor)(void *context, const struct dae_noise_step *step, const double *p,
                              struct dae_draw from);

struct walk {
    const dae_noise *noise;
    const struct dae_noise_place *place;
    visitor visit;
    void *context;
};

static struct dae_draw draw_of(const struct walk *w, const struct dae_noise_step *step,
                               enum dae_purpose purpose) {
    uint64_t number = w->place->step + (uint64_t)(step - w->noise->steps);
    return dae_draw_from(w->place->seed, purpose, w->place->sample,
                         (number << STEP_SHIFT) + (w->place->epoch << EPOCH_SHIFT));
}

/* What a parameter is drawn by, in [0,1): block `parameter` of the step's own. */
static double unit_of(const struct walk *w, const struct dae_noise_step *step, size_t parameter) {
    struct dae_draw from = draw_of(w, step, DAE_PURPOSE_STRENGTH);
    uint32_t words[4];
    from.block += parameter;
    dae_kernels()->draw_bits(words, 1, from);
    return words[0] * 0x1p-32;
}

static void draw_parameters(const struct walk *w, const struct dae_noise_step *step, double *p) {
    const struct dae_kind *kind = &step->kind->kind;
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        if (dae_value_is_drawn(&kind->parameters[i], &step->written->values[i])) {
            p[i] = dae_draw_value(step->written->values[i].steps, unit_of(w, step, i));
            if (kind->parameters[i].type == DAE_TYPE_COUNT)
                p[i] = floor(p[i]);
        }
}

/* The step after so many, with what is in them. */
static const struct dae_noise_step *skip(const struct dae_noise_step *step, size_t count) {
    for (; count > 0; count--)
        step += 1 + step->nested;
    return step;
}

static dae_status walk(const struct walk *w, const struct dae_noise_step *step, size_t count);

static dae_status walk_chosen(const struct walk *w, const struct dae_noise_step *step, const double *p) {
    const struct dae_parameter *parameters = step->kind->kind.parameters;
    size_t row = 0;
    while (parameters[row].name != NULL && parameters[row].type != DAE_TYPE_RECIPE)
        row++;
    size_t chosen = step->kind->choose(step->written->values, p, unit_of(w, step, row));
    if (chosen == SIZE_MAX)
        return DAE_OK;
    const struct dae_value *recipes = &step->written->values[row];
    const struct dae_noise_step *first = step + 1;
    for (size_t i = 0; i < chosen; i++)
        first = skip(first, dae_value_item(recipes, i)->count);
    return walk(w, first, dae_value_item(recipes, chosen)->count);
}

/* `count` steps, and those in them that are chosen. */
static dae_status walk(const struct walk *w, const struct dae_noise_step *step, size_t count) {
    for (; count > 0; count--, step = skip(step, 1)) {
        double drawn[DAE_NOISE_MAX_PARAMETERS];
        const double *p = step->parameters;
        if (step->is_drawn) {
            p = memcpy(drawn, p, sizeof drawn);
            draw_parameters(w, step, drawn);
        }
        DAE_TRY(w->visit(w->context, step, p, draw_of(w, step, DAE_PURPOSE_NOISE)));
        if (step->kind->choose != NULL)
            DAE_TRY(walk_chosen(w, step, p));
    }
    return DAE_OK;
}

/* ---- What is done to it ------------------------------------------------------------------------------- */

struct applying {
    const struct dae_noise_values *values;
    uint64_t epoch;
};

static dae_status apply_step(void *context, const struct dae_noise_step *step, const double *p,
                             struct dae_draw from) {
    const struct applying *to = context;
    const struct dae_noise_values *values = to->values;
    if (step->is_whole)
        return step->kind->whole(&(struct dae_noise_sample){values->x, values->shape, to->epoch,
                                                            step->recordings, dae_kernels()->target},
                                 p, from);
    from.block += values->first / 4;
    if (step->kind->choose == NULL)
        dae_noise_run(step->kind, values->x, values->count, p, from);
    return DAE_OK;
}

dae_status dae_noise_apply_at(const dae_noise *noise, const struct dae_noise_place *place,
                              const struct dae_noise_values *values) {
    struct applying to = {values, place->epoch};
    return walk(&(struct walk){noise, place, apply_step, &to}, noise->steps, noise->recipe->count);
}

dae_status dae_noise_apply(const dae_noise *noise, float *x, size_t samples, size_t rank, const size_t *shape,
                           uint64_t seed, uint64_t epoch, uint64_t first) {
    DAE_REQUIRE(noise);
    struct dae_shape checked;
    if (x == NULL && samples > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: x is NULL, expected a pointer");
    DAE_TRY(dae_shape_set(&checked, rank, shape, __func__));
    if (checked.size > UINT64_C(1) << 26)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: a sample has %zu values, expected at most 2^26",
                        checked.size);
    if (epoch >> 32 != 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_noise_apply: epoch is %llu, expected less than 2^32",
                        (unsigned long long)epoch);
    if (first > UINT64_C(1) << 56 || samples > (UINT64_C(1) << 56) - first)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_noise_apply: first is %llu and samples is %zu, expected a sum of at most 2^56",
                        (unsigned long long)first, samples);
    DAE_TRY(dae_array_check(samples, checked.size, "samples", __func__));
    DAE_TRY(dae_noise_check_recordings(noise, dae_noise_channels(&checked), __func__));
    for (size_t i = 0; i < samples; i++)
        DAE_TRY(
            dae_noise_apply_at(noise, &(struct dae_noise_place){seed, epoch, first + i, 0},
                               &(struct dae_noise_values){x + i * checked.size, &checked, 0, checked.size}));
    return DAE_OK;
}

/* ---- What was drawn ----------------------------------------------------------------------------------- */

struct level {
    const char *label;
    double value;
};

static dae_status find_level(void *context, const struct dae_noise_step *step, const double *p,
                             struct dae_draw from) {
    struct level *level = context;
    (void)from;
    for (size_t i = 0; step->is_drawn && i < dae_kind_parameter_count(&step->kind->kind); i++) {
        const struct dae_value *value = &step->written->values[i];
        if (dae_value_is_drawn(&step->kind->kind.parameters[i], value) && value->steps->label != NULL &&
            strcmp(value->steps->label, level->label) == 0)
            level->value = p[i];
    }
    return DAE_OK;
}

bool dae_noise_level(const dae_noise *noise, const struct dae_noise_place *place, const char *label,
                     double *level) {
    const char *name;
    for (size_t i = 0; (name = dae_noise_label(noise, i)) != NULL; i++)
        if (strcmp(name, label) == 0) {
            struct level found = {label, 0};
            walk(&(struct walk){noise, place, find_level, &found}, noise->steps, noise->recipe->count);
            *level = found.value;
            return true;
        }
    return false;
}
