/* Views of datasets from text: each step is a view upon the one before. */
#include "data/view.h"
#include "core/memory.h"

#include <stdio.h>

enum {
    EPOCH_SHIFT = 24,
    STEP_SHIFT = 56,
    MOST_DRAWS = 256,
};

static const struct dae_kind *const kinds[] = {DAE_VIEW_ROWS, NULL};

const struct dae_category dae_view_category = {
    .name = "view",
    .what = "what is seen of a dataset, each upon the one before",
    .text = "views",
    .kinds = kinds,
};

struct dae_draw dae_view_draw(const dae_dataset *source, uint64_t seed, uint64_t epoch, size_t sample) {
    return dae_draw_from(seed, DAE_PURPOSE_VIEW, sample,
                         ((uint64_t)source->draws << STEP_SHIFT) + (epoch << EPOCH_SHIFT));
}

/* Refuses more samples than every floating-point number could count. */
static dae_status check_count(const dae_dataset *view, const char *context) {
    if ((double)view->count > DAE_MOST_SIZE)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: it would have %zu samples, expected at most 2^53", context,
                        view->count);
    return DAE_OK;
}

static dae_status make_step(dae_dataset **out, dae_dataset *source, const struct dae_step *step,
                            uint64_t seed) {
    const struct dae_view_kind *kind = (const struct dae_view_kind *)step->kind;
    char context[DAE_RECIPE_MAX_WORD + 20];
    snprintf(context, sizeof context, "dae_dataset_view: %s", kind->kind.name);
    if (kind->draws && source->draws == MOST_DRAWS)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: the samples come from %d views that draw already, expected at most %d", context,
                        MOST_DRAWS, MOST_DRAWS);
    dae_dataset *view = NULL;
    DAE_TRY(kind->make(&view, &(struct dae_viewing){source, step->values, seed, context}));
    dae_status status = check_count(view, context);
    if (status != DAE_OK) {
        dae_dataset_free(view);
        return status;
    }
    view->draws += kind->draws;
    *out = view;
    return DAE_OK;
}

static dae_status make(dae_dataset **out, dae_dataset *source, const struct dae_recipe *recipe,
                       uint64_t seed) {
    dae_dataset *view = dae_dataset_keep(source);
    for (size_t i = 0; i < recipe->count; i++) {
        dae_dataset *next = NULL;
        dae_status status = make_step(&next, view, &recipe->steps[i], seed);
        dae_dataset_free(view);
        if (status != DAE_OK)
            return status;
        view = next;
    }
    *out = view;
    return DAE_OK;
}

dae_status dae_dataset_view(dae_dataset **out, dae_dataset *source, const char *text, uint64_t seed) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(source);
    DAE_REQUIRE(text);
    struct dae_recipe *recipe = NULL;
    DAE_TRY(dae_recipe_bind(&recipe, &dae_view_category, text));
    dae_status status = make(out, source, recipe, seed);
    dae_release(recipe);
    return status;
}
