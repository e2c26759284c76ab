/* Objectives: from text to terms that suit a model. */
#include "objective/objective.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_OBJECTIVE_ROWS, NULL};

const struct dae_category dae_objective_category = {
    .name = "objective",
    .what = "what training makes small, a sum of terms",
    .text = "objective",
    .kinds = kinds,
};

/* ---- Terms --------------------------------------------------------------------------------------- */

/* The value of a parameter of a step; NULL for one that its kind does not have. */
static const struct dae_value *value_of(const struct dae_step *step, const char *name) {
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++)
        if (strcmp(step->kind->parameters[i].name, name) == 0)
            return &step->values[i];
    return NULL;
}

static double number_of(const struct dae_step *step, const char *name, double fallback) {
    const struct dae_value *value = value_of(step, name);
    return value != NULL ? value->number : fallback;
}

static const char *label_of(const struct dae_step *step, const char *name) {
    const struct dae_value *value = value_of(step, name);
    return value != NULL && value->count > 0 ? value->label : NULL;
}

static dae_status fail_term(const struct dae_step *step, const char *found, const char *expected) {
    return dae_fail_at(DAE_ERROR_ARGUMENT, dae_objective_category.text, step->position,
                       "%s: found %s, expected %s", step->kind->name, found, expected);
}

/* The value that a penalty looks at. */
static dae_status find_value(struct dae_term *term, const dae_model *model, const struct dae_step *step,
                             const char *label) {
    char found[DAE_VALUE_NAME_SIZE + 8];
    if (dae_model_find_value(model, label, &term->value) != DAE_OK)
        return dae_fail_in(DAE_ERROR_ARGUMENT, dae_objective_category.text);
    snprintf(found, sizeof found, "of=%s", label);
    if (term->value == 0 || !dae_model_leads_on(model, term->value))
        return fail_term(step, found, "a value that is made on the way to the output, and not that itself");
    const char *expected = term->kind->of_value->expects(model->nodes[term->value - 1].layer);
    return expected == NULL ? DAE_OK : fail_term(step, found, expected);
}

/* The parameters that a penalty looks at: all, or a layer's. */
static dae_status find_parameters(struct dae_term *term, const dae_model *model, const struct dae_step *step,
                                  const char *label) {
    char found[DAE_VALUE_NAME_SIZE + 8];
    size_t value;
    term->count = model->parameter_count;
    if (label == NULL)
        return DAE_OK;
    if (dae_model_find_value(model, label, &value) != DAE_OK)
        return dae_fail_in(DAE_ERROR_ARGUMENT, dae_objective_category.text);
    snprintf(found, sizeof found, "layer=%s", label);
    if (value == 0 || model->nodes[value - 1].at.parameter_count == 0)
        return fail_term(step, found, "a layer with parameters");
    term->first = model->nodes[value - 1].offset;
    term->count = model->nodes[value - 1].at.parameter_count;
    return DAE_OK;
}

static dae_status read_penalty(struct dae_term *term, const dae_model *model, const struct dae_step *step) {
    const char *of = label_of(step, "of"), *layer = label_of(step, "layer");
    if (of != NULL && layer != NULL)
        return fail_term(step, "both of= and layer=", "one of them");
    if (of == NULL && layer == NULL)
        snprintf(term->name, sizeof term->name, "%s", step->kind->name);
    else
        snprintf(term->name, sizeof term->name, "%s.%s", step->kind->name, of != NULL ? of : layer);
    return of != NULL ? find_value(term, model, step, of) : find_parameters(term, model, step, layer);
}

/* Whether the last layer's nonlinearity is of this kind. */
static bool ends_in(const dae_model *model, const struct dae_kind *kind) {
    const dae_layer *last = model->nodes[model->node_count - 1].layer;
    return kind != NULL && (&last->activation.kind->kind == kind || &last->kind->kind == kind);
}

/* Whether the output is flat, and a strip takes all of it. */
static bool is_short(const dae_model *model) {
    const struct dae_shape *output = dae_model_output(model);
    return output->dims[0] == output->size && output->size <= DAE_OBJECTIVE_STRIP;
}

static dae_status read_comparison(struct dae_term *term, const dae_model *model,
                                  const struct dae_step *step) {
    snprintf(term->name, sizeof term->name, "%s", step->kind->name);
    term->compares = true;
    term->channels = dae_model_output(model)->dims[0];
    term->logits = ends_in(model, term->kind->logits_of) && (!term->kind->whole_rows || is_short(model));
    term->skips = number_of(step, "missing", 0) != 0;
    term->corrupted = number_of(step, "corrupted", 1);
    term->intact = number_of(step, "intact", 1);
    if (term->corrupted != term->intact && model->input.size != dae_model_output(model)->size)
        return fail_term(step, "corrupted= or intact=", "a model that gives as many values as it takes");
    return DAE_OK;
}

static dae_status read_term(struct dae_term *term, const dae_model *model, const struct dae_step *step) {
    term->kind = (const struct dae_term_kind *)step->kind;
    term->weight = number_of(step, "weight", 1);
    dae_step_get_numbers(step, term->parameters);
    return term->kind->compare[DAE_TARGET_portable] != NULL ? read_comparison(term, model, step)
                                                            : read_penalty(term, model, step);
}

/* ---- Objectives ---------------------------------------------------------------------------------- */

/* Columns of a history need names of their own. */
static dae_status check_name(const struct dae_objective *o, const struct dae_term *term,
                             const struct dae_step *step) {
    for (const struct dae_term *other = o->terms; other < term; other++)
        if (strcmp(other->name, term->name) == 0)
            return fail_term(step, "a second term of that name", "one");
    return DAE_OK;
}

/* A nonlinearity that a term starts before is left out for all: the others then apply a sigmoid themselves,
 * but no term applies what takes whole samples. */
static void choose_logits(struct dae_objective *o) {
    size_t comparing = 0, first = 0;
    for (size_t i = o->term_count; i-- > 0;) {
        comparing += o->terms[i].compares;
        first = o->terms[i].compares ? i : first;
        o->logits = o->logits || o->terms[i].logits;
        o->whole_rows = o->whole_rows || (o->terms[i].logits && o->terms[i].kind->whole_rows);
    }
    o->only = comparing == 1 ? first : o->term_count;
    if (o->whole_rows && comparing > 1)
        o->logits = o->whole_rows = false;
    for (size_t i = 0; i < o->term_count; i++)
        o->terms[i].logits = o->terms[i].logits && o->logits;
}

static dae_status read_terms(struct dae_objective *o, const dae_model *model, size_t length) {
    const struct dae_recipe *recipe = o->recipe;
    const char *text = dae_objective_category.text;
    bool compares = false, refuses = false;
    if (recipe->count > DAE_OBJECTIVE_MAX_TERMS)
        return dae_fail_at(DAE_ERROR_FORMAT, text, recipe->steps[DAE_OBJECTIVE_MAX_TERMS].position,
                           "found more than %d terms", DAE_OBJECTIVE_MAX_TERMS);
    for (size_t i = 0; i < recipe->count; i++) {
        struct dae_term *term = &o->terms[o->term_count++];
        DAE_TRY(read_term(term, model, &recipe->steps[i]));
        DAE_TRY(check_name(o, term, &recipe->steps[i]));
        compares = compares || term->compares;
        if (term->value > 0)
            o->tapped[o->tapped_count++] = term->value;
        o->skips = o->skips || term->skips;
        refuses = refuses || (term->compares && !term->skips);
        if (o->skips && refuses)
            return fail_term(&recipe->steps[i], "missing=skip in some terms",
                             "it in all of those that compare, or in none");
        o->emphasizes = o->emphasizes || term->corrupted != term->intact;
        o->unit_targets = o->unit_targets || term->kind->unit_targets;
        o->penalizes = o->penalizes || term->count > 0 || (term->value > 0 && term->kind->of_value->weighs);
        o->classes = o->classes || term->kind->classes;
    }
    if (!compares)
        return dae_fail_at(DAE_ERROR_FORMAT, text, length,
                           "found no term that compares outputs with targets, expected one, such as mse");
    choose_logits(o);
    return DAE_OK;
}

dae_status dae_objective_create(struct dae_objective **out, const dae_model *model, const char *text) {
    struct dae_objective *o = dae_allocate(1, sizeof *o);
    text = text != NULL ? text : "mse";
    dae_status status = o != NULL ? DAE_OK : DAE_ERROR_MEMORY;
    if (status == DAE_OK)
        status = dae_recipe_bind(&o->recipe, &dae_objective_category, text);
    if (status == DAE_OK)
        status = read_terms(o, model, strlen(text));
    if (status == DAE_OK)
        *out = o;
    else
        dae_objective_free(o);
    return status;
}

void dae_objective_free(struct dae_objective *objective) {
    if (objective == NULL)
        return;
    dae_release(objective->recipe);
    dae_release(objective);
}

double dae_objective_sum(const struct dae_objective *objective, const double *terms) {
    double sum = 0;
    for (size_t i = 0; i < objective->term_count; i++)
        sum += objective->terms[i].weight * terms[i];
    return sum;
}

double dae_term_divisor(const struct dae_term *term, double values) {
    return fmax(term->kind->per_place ? values / (double)term->channels : values, 1);
}

void dae_objective_write(struct dae_text *text, const void *object) {
    const struct dae_objective *o = object;
    for (size_t i = 0; i < o->term_count; i++) {
        dae_text_add(text, "%s", i > 0 ? " | " : "");
        dae_step_write(text, &o->recipe->steps[i]);
    }
}
