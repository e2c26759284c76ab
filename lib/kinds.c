/* What kinds the library has, for programs that ask, and recipes taken apart. */
#include "core/kind.h"
#include "core/memory.h"
#include "data/destination.h"
#include "data/source.h"
#include "data/view.h"
#include "layers/activation.h"
#include "layers/initializer.h"
#include "layers/layer.h"
#include "layers/network.h"
#include "model/scaling.h"
#include "noise/noise.h"
#include "objective/objective.h"
#include "run/cover.h"
#include "run/figure.h"
#include "train/optimizer.h"

#include <dae/recipe.h>

#include <math.h>
#include <string.h>

enum { LIST_SIZE = 400 }; /* of names in a message */

static const struct dae_category *const categories[] = {
    &dae_layer_category,    &dae_activation_category, &dae_initializer_category, &dae_network_category,
    &dae_noise_category,    &dae_draw_category,       &dae_objective_category,   &dae_optimizer_category,
    &dae_governor_category, &dae_source_category,     &dae_destination_category, &dae_view_category,
    &dae_figure_category,   &dae_scaling_category,    &dae_cover_category,       NULL,
};

/* What is asked about: a category, one of its kinds, or a parameter of that. */
struct subject {
    const struct dae_category *category;
    const struct dae_kind *kind;
    const struct dae_parameter *parameter;
};

/* ---- Names ---------------------------------------------------------------------------------------- */

/* The parameter number `index` of those that are listed, or NULL. */
static const struct dae_parameter *listed(const struct dae_kind *kind, size_t index) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        if (!(kind->parameters[i].flags & DAE_HIDDEN) && index-- == 0)
            return &kind->parameters[i];
    return NULL;
}

/* Name number `index` of the categories, of a category's kinds, or of a kind's parameters; or NULL. */
static const char *name_at(struct subject in, size_t index) {
    if (in.kind != NULL) {
        const struct dae_parameter *parameter = listed(in.kind, index);
        return parameter != NULL ? parameter->name : NULL;
    }
    for (size_t i = 0; in.category != NULL && in.category->kinds[i] != NULL; i++)
        if (i == index)
            return in.category->kinds[i]->name;
    for (size_t i = 0; in.category == NULL && categories[i] != NULL; i++)
        if (i == index)
            return categories[i]->name;
    return NULL;
}

static size_t count_names(struct subject in) {
    size_t count = 0;
    while (name_at(in, count) != NULL)
        count++;
    return count;
}

/* Where a name stands among those; fails for one that does not. */
static dae_status find_name(size_t *index, struct subject in, const char *what, const char *name,
                            const char *context) {
    char list[LIST_SIZE] = "";
    struct dae_text text = {list, sizeof list, 0};
    size_t count = count_names(in);
    for (*index = 0; *index < count; ++*index)
        if (strcmp(name_at(in, *index), name) == 0)
            return DAE_OK;
    for (size_t i = 0; i < count; i++)
        dae_text_add_item(&text, i, count, name_at(in, i));
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is '%s', expected %s", context, what, name,
                    count > 0 ? list : "none");
}

static dae_status find(struct subject *out, const char *category, const char *kind, const char *parameter,
                       const char *context) {
    size_t index;
    *out = (struct subject){0};
    if (category == NULL || (kind == NULL && parameter != NULL))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is NULL, expected a name", context,
                        category == NULL ? "category" : "kind");
    DAE_TRY(find_name(&index, *out, "category", category, context));
    out->category = categories[index];
    if (kind == NULL)
        return DAE_OK;
    DAE_TRY(find_name(&index, *out, "kind", kind, context));
    out->kind = out->category->kinds[index];
    if (parameter == NULL)
        return DAE_OK;
    DAE_TRY(find_name(&index, *out, "parameter", parameter, context));
    out->parameter = listed(out->kind, index);
    return DAE_OK;
}

dae_status dae_kind_list(const char *category, const char *kind, size_t index, const char **name) {
    struct subject in = {0};
    DAE_REQUIRE(name);
    if (category != NULL || kind != NULL)
        DAE_TRY(find(&in, category, kind, NULL, __func__));
    *name = name_at(in, index);
    return DAE_OK;
}

/* ---- Facts ---------------------------------------------------------------------------------------- */

enum text_fact { WHAT, EXAMPLE, TYPE, OF, WORDS, DEFAULT, OTHER, THEN, SINCE };
static const char *const text_facts[] = {"what",    "example", "type", "of",    "words",
                                         "default", "other",   "then", "since", NULL};

enum number_fact { LOW, HIGH, OPEN_LOW, OPEN_HIGH, NUMBER, BY_PLACE, MANY };
static const char *const number_facts[] = {"low",     "high",     "open_low", "open_high",
                                           "default", "by_place", "many",     NULL};

static dae_status find_fact(size_t *index, const char *const *facts, const char *fact, const char *context) {
    char list[LIST_SIZE] = "";
    struct dae_text text = {list, sizeof list, 0};
    size_t count = 0;
    while (facts[count] != NULL)
        count++;
    for (*index = 0; *index < count; ++*index)
        if (strcmp(facts[*index], fact) == 0)
            return DAE_OK;
    for (size_t i = 0; i < count; i++)
        dae_text_add_item(&text, i, count, facts[i]);
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: fact is '%s', expected %s", context, fact, list);
}

static const char *since(const char *version) {
    return version != NULL ? version : "0.1.0";
}

static const char *text_of_category(const struct dae_category *category, size_t fact) {
    return fact == WHAT                             ? category->what
           : fact == THEN && category->then != NULL ? category->then->name
                                                    : NULL;
}

static const char *text_of_kind(const struct dae_kind *kind, size_t fact) {
    return fact == WHAT      ? kind->what
           : fact == EXAMPLE ? kind->example
           : fact == SINCE   ? since(kind->since)
                             : NULL;
}

static const char *text_of_parameter(const struct dae_parameter *p, size_t fact) {
    static const char *const types[] = {
        [DAE_TYPE_NUMBER] = "number", [DAE_TYPE_COUNT] = "count", [DAE_TYPE_FLAG] = "flag",
        [DAE_TYPE_WORD] = "word",     [DAE_TYPE_LABEL] = "label", [DAE_TYPE_KIND] = "kind",
        [DAE_TYPE_RECIPE] = "recipe",
    };
    const char *const texts[] = {
        [WHAT] = p->what,
        [EXAMPLE] = NULL,
        [TYPE] = types[p->type],
        [OF] = p->of != NULL ? p->of->name : NULL,
        [WORDS] = p->type == DAE_TYPE_FLAG ? "no, yes" : p->words,
        [DEFAULT] = p->fallback,
        [OTHER] = p->other,
        [THEN] = NULL,
        [SINCE] = since(p->since),
    };
    return texts[fact];
}

dae_status dae_kind_get_text(const char *category, const char *kind, const char *parameter, const char *fact,
                             const char **text) {
    struct subject about;
    size_t index;
    DAE_REQUIRE(fact);
    DAE_REQUIRE(text);
    DAE_TRY(find(&about, category, kind, parameter, __func__));
    DAE_TRY(find_fact(&index, text_facts, fact, __func__));
    *text = about.parameter != NULL ? text_of_parameter(about.parameter, index)
            : about.kind != NULL    ? text_of_kind(about.kind, index)
                                    : text_of_category(about.category, index);
    return DAE_OK;
}

static double number_of_parameter(const struct dae_parameter *p, size_t fact) {
    bool bounded = p->low != 0 || p->high != 0;
    const double numbers[] = {
        [LOW] = bounded && isfinite(p->low) ? p->low : NAN,
        [HIGH] = bounded && isfinite(p->high) ? p->high : NAN,
        [OPEN_LOW] = (p->flags & DAE_OPEN_LOW) != 0,
        [OPEN_HIGH] = (p->flags & DAE_OPEN_HIGH) != 0,
        [NUMBER] = dae_parameter_default(p),
        [BY_PLACE] = (p->flags & DAE_BY_PLACE) != 0,
        [MANY] = (p->flags & (DAE_MANY | DAE_LIST)) != 0,
    };
    return numbers[fact];
}

dae_status dae_kind_get_number(const char *category, const char *kind, const char *parameter,
                               const char *fact, double *number) {
    struct subject about;
    size_t index;
    DAE_REQUIRE(fact);
    DAE_REQUIRE(number);
    DAE_TRY(find(&about, category, kind, parameter, __func__));
    DAE_TRY(find_fact(&index, number_facts, fact, __func__));
    *number = about.parameter != NULL ? number_of_parameter(about.parameter, index) : NAN;
    return DAE_OK;
}

/* ---- Recipes taken apart -------------------------------------------------------------------------- */

struct part {
    const struct dae_step *step; /* NULL after the last one */
    const char *word;            /* its kind or label; NULL for a parameter */
    size_t index;                /* of the parameter */
};

static void write_part(struct dae_text *text, const void *object) {
    const struct part *part = object;
    dae_text_add(text, "%s", part->word != NULL ? part->word : "");
    if (part->step != NULL && part->word == NULL && part->step->values[part->index].count > 0)
        dae_value_write(text, &part->step->kind->parameters[part->index], &part->step->values[part->index]);
}

static dae_status find_part(struct part *part, const struct dae_category *category, const char *parameter,
                            const char *context) {
    const struct dae_step *step = part->step;
    size_t index;
    if (strcmp(parameter, "kind") == 0)
        part->word = step->kind->name;
    if (strcmp(parameter, "label") == 0)
        part->word = step->label != NULL ? step->label : "";
    if (part->word != NULL)
        return DAE_OK;
    DAE_TRY(find_name(&index, (struct subject){category, step->kind, NULL}, "parameter", parameter, context));
    part->index = (size_t)(listed(step->kind, index) - step->kind->parameters);
    return DAE_OK;
}

dae_status dae_recipe_get(const char *category, const char *text, size_t step, const char *parameter,
                          char *buffer, size_t capacity, size_t *length) {
    struct subject in;
    struct dae_recipe *recipe = NULL;
    struct part part = {0};
    dae_status status = DAE_OK;
    DAE_REQUIRE(text);
    DAE_REQUIRE(parameter);
    DAE_TRY(find(&in, category, NULL, NULL, __func__));
    DAE_TRY(dae_recipe_bind(&recipe, in.category, text));
    if (step < recipe->count) {
        part.step = &recipe->steps[step];
        status = find_part(&part, in.category, parameter, __func__);
    }
    if (status == DAE_OK)
        status = dae_text_deliver(write_part, &part, buffer, capacity, length, __func__);
    dae_release(recipe);
    return status;
}
