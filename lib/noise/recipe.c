/* Noise recipes and their text. */
#include "noise/noise.h"
#include "core/memory.h"

static const struct dae_kind *const kinds[] = {DAE_NOISE_ROWS, NULL};

const struct dae_category dae_noise_category = {
    .name = "noise",
    .what = "what is done to inputs, step after step",
    .text = "noise recipe",
    .kinds = kinds,
};

dae_status dae_noise_create(dae_noise **out) {
    dae_noise *noise = dae_allocate(1, sizeof *noise);
    if (noise == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&noise->references);
    *out = noise;
    return DAE_OK;
}

void dae_noise_free(dae_noise *noise) {
    if (noise != NULL && dae_references_drop(&noise->references))
        dae_release(noise);
}

dae_noise *dae_noise_keep(dae_noise *noise) {
    dae_references_keep(&noise->references);
    return noise;
}

static dae_status make(dae_noise **out, const struct dae_recipe *recipe) {
    if (recipe->count > DAE_NOISE_MAX_STEPS)
        return dae_fail_at(DAE_ERROR_FORMAT, dae_noise_category.text,
                           recipe->steps[DAE_NOISE_MAX_STEPS].position, "found more than %d steps",
                           DAE_NOISE_MAX_STEPS);
    dae_noise *noise = NULL;
    DAE_TRY(dae_noise_create(&noise));
    noise->step_count = recipe->count;
    for (size_t s = 0; s < recipe->count; s++) {
        noise->steps[s].kind = (const struct dae_noise_kind *)recipe->steps[s].kind;
        dae_step_get_numbers(&recipe->steps[s], noise->steps[s].parameters);
    }
    *out = noise;
    return DAE_OK;
}

dae_status dae_noise_parse(dae_noise **out, const char *text) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind(&recipe, &dae_noise_category, text));
    dae_status status = make(out, recipe);
    dae_release(recipe);
    return status;
}

void dae_noise_write(struct dae_text *text, const void *object) {
    const dae_noise *noise = object;
    dae_text_add(text, "%s", "");
    for (size_t s = 0; s < noise->step_count; s++) {
        dae_text_add(text, "%s", s > 0 ? " | " : "");
        dae_kind_write_numbers(text, &noise->steps[s].kind->kind, noise->steps[s].parameters);
    }
}

dae_status dae_noise_format(const dae_noise *noise, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(noise);
    return dae_text_deliver(dae_noise_write, noise, buffer, capacity, length, __func__);
}
