#include "train/optimizer.h"
#include "core/memory.h"

#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_OPTIMIZER_ROWS, NULL};

const struct dae_category dae_optimizer_category = {
    .name = "optimizer",
    .what = "how a gradient changes parameters",
    .text = "optimizer",
    .kinds = kinds,
    .then = &dae_schedule_category,
};

/* With checked options. */
static dae_status make(dae_optimizer **out, const struct dae_optimizer_operations *operations,
                       const double *options) {
    dae_optimizer *optimizer = dae_allocate(1, operations->size);
    if (optimizer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&optimizer->references);
    optimizer->operations = operations;
    optimizer->schedule = dae_no_schedule;
    operations->set_options(optimizer, options);
    *out = optimizer;
    return DAE_OK;
}

dae_status dae_optimizer_create(dae_optimizer **out, const struct dae_optimizer_operations *operations,
                                double learning_rate, const char *context) {
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    dae_kind_get_defaults(&operations->kind, options);
    options[0] = learning_rate;
    DAE_TRY(dae_kind_check_numbers(&operations->kind, options, context));
    return make(out, operations, options);
}

dae_optimizer *dae_optimizer_keep(dae_optimizer *optimizer) {
    dae_references_keep(&optimizer->references);
    return optimizer;
}

void dae_optimizer_free(dae_optimizer *optimizer) {
    if (optimizer != NULL && dae_references_drop(&optimizer->references))
        dae_release(optimizer);
}

dae_status dae_optimizer_change(dae_optimizer *optimizer, const struct dae_optimizer_operations *operations,
                                size_t first, size_t count, const double *values, const char *context) {
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    if (optimizer == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: optimizer is NULL, expected a pointer", context);
    if (optimizer->operations != operations)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: the optimizer is %s, expected %s", context,
                        optimizer->operations->kind.name, operations->kind.name);
    operations->get_options(optimizer, options);
    memcpy(options + first, values, count * sizeof *values);
    DAE_TRY(dae_kind_check_numbers(&operations->kind, options, context));
    operations->set_options(optimizer, options);
    return DAE_OK;
}

dae_status dae_optimizer_set_learning_rate(dae_optimizer *optimizer, double learning_rate) {
    DAE_REQUIRE(optimizer);
    return dae_optimizer_change(optimizer, optimizer->operations, 0, 1, &learning_rate, __func__);
}

dae_status dae_optimizer_get_learning_rate(const dae_optimizer *optimizer, double *learning_rate) {
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(learning_rate);
    *learning_rate = optimizer->learning_rate;
    return DAE_OK;
}

/* Which option a name means. */
static dae_status find_option(size_t *index, const dae_optimizer *optimizer, const char *parameter,
                              const char *context) {
    const struct dae_kind *kind = &optimizer->operations->kind;
    size_t count = dae_kind_parameter_count(kind);
    char names[200] = "";
    struct dae_text text = {names, sizeof names, 0};
    for (*index = 0; *index < count; ++*index) {
        if (strcmp(kind->parameters[*index].name, parameter) == 0)
            return DAE_OK;
        dae_text_add_item(&text, *index, count, kind->parameters[*index].name);
    }
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: parameter is '%s', expected %s of %s", context, parameter, names,
                    kind->name);
}

dae_status dae_optimizer_set(dae_optimizer *optimizer, const char *parameter, double value) {
    size_t index;
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(parameter);
    DAE_TRY(find_option(&index, optimizer, parameter, __func__));
    return dae_optimizer_change(optimizer, optimizer->operations, index, 1, &value, __func__);
}

dae_status dae_optimizer_get(const dae_optimizer *optimizer, const char *parameter, double *value) {
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    size_t index;
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(parameter);
    DAE_REQUIRE(value);
    DAE_TRY(find_option(&index, optimizer, parameter, __func__));
    optimizer->operations->get_options(optimizer, options);
    *value = options[index];
    return DAE_OK;
}

/* ---- Optimizers as text --------------------------------------------------------------------------- */

/* The rule, and the schedule where there is one. (A dae_text_writer.) */
static void write_optimizer(struct dae_text *text, const void *object) {
    const dae_optimizer *optimizer = object;
    dae_optimizer_write_options(text, optimizer);
    if (optimizer->schedule.kind == &dae_schedule_constant)
        return;
    dae_text_add(text, " | ");
    dae_schedule_write(text, &optimizer->schedule);
}

dae_status dae_optimizer_format(const dae_optimizer *optimizer, char *buffer, size_t capacity,
                                size_t *length) {
    DAE_REQUIRE(optimizer);
    return dae_text_deliver(write_optimizer, optimizer, buffer, capacity, length, __func__);
}

static dae_status read_optimizer(dae_optimizer **out, const struct dae_recipe *recipe, const char *text) {
    const char *what = dae_optimizer_category.text;
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    dae_optimizer *optimizer = NULL;
    if (recipe->count == 0)
        return dae_fail_at(DAE_ERROR_FORMAT, what, strlen(text),
                           "found the end of the text, expected an optimizer");
    if (recipe->count > 2)
        return dae_fail_at(DAE_ERROR_FORMAT, what, recipe->steps[2].position,
                           "found another step, expected at most one schedule");
    dae_step_get_numbers(recipe->steps, options);
    DAE_TRY(make(&optimizer, (const struct dae_optimizer_operations *)recipe->steps[0].kind, options));
    if (recipe->count == 2)
        optimizer->schedule = dae_schedule_of(&recipe->steps[1]);
    *out = optimizer;
    return DAE_OK;
}

dae_status dae_optimizer_parse(dae_optimizer **out, const char *text) {
    struct dae_recipe *recipe = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    DAE_TRY(dae_recipe_bind(&recipe, &dae_optimizer_category, text));
    dae_status status = read_optimizer(out, recipe, text);
    dae_release(recipe);
    return status;
}

/* ---- Options as text ------------------------------------------------------------------------------ */

void dae_optimizer_write_options(struct dae_text *text, const void *object) {
    const dae_optimizer *optimizer = object;
    double values[DAE_OPTIMIZER_MAX_OPTIONS];
    optimizer->operations->get_options(optimizer, values);
    dae_kind_write_numbers(text, &optimizer->operations->kind, values);
}

dae_status dae_optimizer_read_options(const dae_optimizer *optimizer, const char *text,
                                      double values[DAE_OPTIMIZER_MAX_OPTIONS]) {
    struct dae_recipe *recipe = NULL;
    dae_status status = dae_recipe_bind_one(&recipe, &dae_optimizer_category, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_ARGUMENT ? DAE_ERROR_FORMAT : status;
    const struct dae_kind *found = recipe->steps[0].kind, *expected = &optimizer->operations->kind;
    dae_step_get_numbers(&recipe->steps[0], values);
    dae_release(recipe);
    return found == expected ? DAE_OK
                             : dae_fail_at(DAE_ERROR_FORMAT, dae_optimizer_category.text, 0,
                                           "found '%s', expected %s", found->name, expected->name);
}

/* ---- The learning rate of a step ------------------------------------------------------------------ */

double dae_optimizer_rate(const dae_optimizer *optimizer, uint64_t step) {
    return dae_schedule_rate(&optimizer->schedule, optimizer->learning_rate, step - 1);
}

dae_status dae_optimizer_set_schedule(dae_optimizer *optimizer, const char *text) {
    DAE_REQUIRE(optimizer);
    if (text != NULL)
        return dae_schedule_read(&optimizer->schedule, text);
    optimizer->schedule = dae_no_schedule;
    return DAE_OK;
}

dae_status dae_optimizer_format_schedule(const dae_optimizer *optimizer, char *buffer, size_t capacity,
                                         size_t *length) {
    DAE_REQUIRE(optimizer);
    return dae_text_deliver(dae_schedule_write, &optimizer->schedule, buffer, capacity, length, __func__);
}

dae_status dae_optimizer_get_rate_at(const dae_optimizer *optimizer, uint64_t step, double *rate) {
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(rate);
    *rate = dae_schedule_rate(&optimizer->schedule, optimizer->learning_rate, step);
    return DAE_OK;
}
