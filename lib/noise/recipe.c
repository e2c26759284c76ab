/* Noise recipes and their text. */
#include "noise/noise.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_NOISE_ROWS, NULL};

const struct dae_category dae_noise_category = {
    .name = "noise",
    .what = "what is done to inputs, step after step",
    .text = "noise recipe",
    .kinds = kinds,
};

void dae_noise_free(dae_noise *noise) {
    if (noise == NULL || !dae_references_drop(&noise->references))
        return;
    dae_noise_release_recordings(noise);
    dae_release(noise->recipe);
    dae_release(noise);
}

dae_noise *dae_noise_keep(dae_noise *noise) {
    dae_references_keep(&noise->references);
    return noise;
}

/* ---- Steps in reading order -------------------------------------------------------------------------- */

/* Is shown steps one by one, those in a step right after it. */
typedef dae_status (*step_fn)(void *context, const struct dae_step *step, size_t depth);

static dae_status visit(const struct dae_step *steps, size_t count, size_t depth, step_fn see,
                        void *context) {
    for (size_t s = 0; s < count; s++) {
        DAE_TRY(see(context, &steps[s], depth));
        for (size_t p = 0; p < dae_kind_parameter_count(steps[s].kind); p++) {
            const struct dae_value *value = &steps[s].values[p];
            for (size_t i = 0;
                 steps[s].kind->parameters[p].type == DAE_TYPE_RECIPE && i < dae_value_items(value); i++) {
                const struct dae_value *item = dae_value_item(value, i);
                DAE_TRY(visit(item->steps, item->count, depth + 1, see, context));
            }
        }
    }
    return DAE_OK;
}

static dae_status count_step(void *context, const struct dae_step *step, size_t depth) {
    size_t *count = context;
    (void)depth;
    if (*count == DAE_NOISE_MAX_STEPS)
        return dae_fail_at(DAE_ERROR_FORMAT, dae_noise_category.text, step->position,
                           "found more than %d steps", DAE_NOISE_MAX_STEPS);
    ++*count;
    return DAE_OK;
}

struct filling {
    dae_noise *noise;
    size_t open[DAE_RECIPE_MAX_DEPTH + 1]; /* the last step at each depth */
};

static dae_status add_step(void *context, const struct dae_step *written, size_t depth) {
    struct filling *filling = context;
    dae_noise *noise = filling->noise;
    struct dae_noise_step *step = &noise->steps[noise->step_count];
    step->kind = (const struct dae_noise_kind *)written->kind;
    step->written = written;
    dae_step_get_numbers(written, step->parameters);
    step->is_whole = step->kind->whole != NULL &&
                     (step->kind->is_whole == NULL || step->kind->is_whole(written->values));
    for (size_t p = 0; p < dae_kind_parameter_count(written->kind); p++) {
        step->is_drawn = step->is_drawn ||
                         dae_value_is_drawn(&written->kind->parameters[p], &written->values[p]);
        if (written->kind->parameters[p].type == DAE_TYPE_LABEL)
            step->name = written->values[p].label;
    }
    for (size_t i = 0; i < depth; i++)
        noise->steps[filling->open[i]].nested++;
    filling->open[depth] = noise->step_count++;
    noise->is_whole = noise->is_whole || step->is_whole;
    return DAE_OK;
}

/* ---- Labels ------------------------------------------------------------------------------------------ */

/* The draw with label number `index`, or NULL. */
static const struct dae_step *labelled_draw(const dae_noise *noise, size_t index) {
    for (size_t s = 0; s < noise->step_count; s++) {
        const struct dae_step *step = noise->steps[s].written;
        for (size_t p = 0; noise->steps[s].is_drawn && p < dae_kind_parameter_count(step->kind); p++)
            if (dae_value_is_drawn(&step->kind->parameters[p], &step->values[p]) &&
                step->values[p].steps->label != NULL && index-- == 0)
                return step->values[p].steps;
    }
    return NULL;
}

const char *dae_noise_label(const dae_noise *noise, size_t index) {
    const struct dae_step *draw = labelled_draw(noise, index);
    return draw != NULL ? draw->label : NULL;
}

static dae_status check_labels(const dae_noise *noise) {
    const struct dae_step *draw;
    for (size_t i = 0; (draw = labelled_draw(noise, i)) != NULL; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(draw->label, dae_noise_label(noise, k)) == 0)
                return dae_fail_at(DAE_ERROR_FORMAT, dae_noise_category.text, draw->position,
                                   "the label '%s' is given twice", draw->label);
    return DAE_OK;
}

/* ---- Text -------------------------------------------------------------------------------------------- */

/* Takes over the recipe if it succeeds. */
static dae_status make(dae_noise **out, struct dae_recipe *recipe) {
    size_t count = 0;
    DAE_TRY(visit(recipe->steps, recipe->count, 0, count_step, &count));
    struct filling filling = {dae_allocate(1, sizeof *filling.noise + count * sizeof *filling.noise->steps),
                              {0}};
    if (filling.noise == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&filling.noise->references);
    dae_status status = visit(recipe->steps, recipe->count, 0, add_step, &filling);
    if (status == DAE_OK)
        status = check_labels(filling.noise);
    if (status == DAE_OK)
        filling.noise->recipe = recipe;
    if (status == DAE_OK)
        *out = filling.noise;
    else
        dae_noise_free(filling.noise);
    return status;
}

dae_status dae_noise_parse(dae_noise **out, const char *text) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind(&recipe, &dae_noise_category, text));
    dae_status status = make(out, recipe);
    if (status != DAE_OK)
        dae_release(recipe);
    return status;
}

void dae_noise_write(struct dae_text *text, const void *object) {
    const dae_noise *noise = object;
    dae_text_add(text, "%s", "");
    dae_steps_write(text, noise->recipe->steps, noise->recipe->count);
}

dae_status dae_noise_format(const dae_noise *noise, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(noise);
    return dae_text_deliver(dae_noise_write, noise, buffer, capacity, length, __func__);
}

static void write_both(struct dae_text *text, const dae_noise *first, const dae_noise *second) {
    dae_noise_write(text, first);
    dae_text_add(text, "%s", first->step_count > 0 && second->step_count > 0 ? " | " : "");
    dae_noise_write(text, second);
}

dae_status dae_noise_join(dae_noise **out, const dae_noise *first, const dae_noise *second) {
    struct dae_text text = {NULL, 0, 0};
    write_both(&text, first, second);
    text = (struct dae_text){dae_allocate(1, text.length + 1), text.length + 1, 0};
    if (text.data == NULL)
        return DAE_ERROR_MEMORY;
    write_both(&text, first, second);
    dae_status status = dae_noise_parse(out, text.data);
    dae_release(text.data);
    return status;
}
