#include "train/optimizer.h"
#include "core/memory.h"

#include <string.h>

static const struct dae_kind *const kinds[] = {DAE_OPTIMIZER_ROWS, NULL};

const struct dae_category dae_optimizer_category = {
    .name = "optimizer",
    .what = "how a gradient changes parameters",
    .text = "optimizer",
    .kinds = kinds,
    .then = &dae_governor_category,
};

/* With checked options. */
static dae_status make(dae_optimizer **out, const struct dae_optimizer_kind *kind, const double *options) {
    dae_optimizer *optimizer = dae_allocate(1, sizeof *optimizer);
    if (optimizer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&optimizer->references);
    optimizer->kind = kind;
    memcpy(optimizer->options, options, sizeof optimizer->options);
    *out = optimizer;
    return DAE_OK;
}

/* With default options; `context` begins the message. */
static dae_status create(dae_optimizer **out, const struct dae_optimizer_kind *kind, double learning_rate,
                         const char *context) {
    double options[DAE_OPTIMIZER_MAX_OPTIONS] = {0};
    dae_kind_get_defaults(&kind->kind, options);
    options[0] = learning_rate;
    DAE_TRY(dae_kind_check_numbers(&kind->kind, options, context));
    return make(out, kind, options);
}

dae_status dae_optimizer_create_sgd(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    return create(out, &dae_optimizer_sgd, learning_rate, __func__);
}

dae_status dae_optimizer_create_adam(dae_optimizer **out, double learning_rate) {
    DAE_REQUIRE(out);
    return create(out, &dae_optimizer_adam, learning_rate, __func__);
}

dae_optimizer *dae_optimizer_keep(dae_optimizer *optimizer) {
    dae_references_keep(&optimizer->references);
    return optimizer;
}

void dae_optimizer_free(dae_optimizer *optimizer) {
    if (optimizer != NULL && dae_references_drop(&optimizer->references))
        dae_release(optimizer);
}

/* ---- Options -------------------------------------------------------------------------------------- */

/* Which option a name means. */
static dae_status find_option(size_t *index, const dae_optimizer *optimizer, const char *parameter,
                              const char *context) {
    const struct dae_kind *kind = &optimizer->kind->kind;
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

size_t dae_optimizer_count_slots(const struct dae_optimizer_kind *kind, const double *options) {
    size_t count = 0;
    while (count < DAE_OPTIMIZER_MAX_SLOTS && kind->slots[count].name != NULL &&
           options[kind->slots[count].option] != 0)
        count++;
    return count;
}

dae_status dae_optimizer_set(dae_optimizer *optimizer, const char *parameter, double value) {
    double options[DAE_OPTIMIZER_MAX_OPTIONS];
    size_t index;
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(parameter);
    DAE_TRY(find_option(&index, optimizer, parameter, __func__));
    const struct dae_optimizer_kind *kind = optimizer->kind;
    memcpy(options, optimizer->options, sizeof options);
    options[index] = value;
    DAE_TRY(dae_kind_check_numbers(&kind->kind, options, __func__));
    if (dae_optimizer_count_slots(kind, options) != dae_optimizer_count_slots(kind, optimizer->options))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_optimizer_set: %s is %g, expected %g: it decides what trainers remember of each "
                        "parameter, and is set when an optimizer is made",
                        parameter, value, optimizer->options[index]);
    memcpy(optimizer->options, options, sizeof options);
    return DAE_OK;
}

dae_status dae_optimizer_get(const dae_optimizer *optimizer, const char *parameter, double *value) {
    size_t index;
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(parameter);
    DAE_REQUIRE(value);
    DAE_TRY(find_option(&index, optimizer, parameter, __func__));
    *value = optimizer->options[index];
    return DAE_OK;
}

/* ---- Text ----------------------------------------------------------------------------------------- */

/* The rule, and what governs it. (A dae_text_writer.) */
static void write_optimizer(struct dae_text *text, const void *object) {
    const dae_optimizer *optimizer = object;
    dae_optimizer_write_options(text, optimizer);
    for (size_t i = 0; i < optimizer->governors.count; i++)
        dae_governor_write(text, &optimizer->governors.list[i], " | ");
}

dae_status dae_optimizer_format(const dae_optimizer *optimizer, char *buffer, size_t capacity,
                                size_t *length) {
    DAE_REQUIRE(optimizer);
    return dae_text_deliver(write_optimizer, optimizer, buffer, capacity, length, __func__);
}

static dae_status read_optimizer(dae_optimizer **out, const struct dae_recipe *recipe, const char *text) {
    const char *what = dae_optimizer_category.text;
    double options[DAE_OPTIMIZER_MAX_OPTIONS] = {0};
    struct dae_governors governors;
    if (recipe->count == 0)
        return dae_fail_at(DAE_ERROR_FORMAT, what, strlen(text),
                           "found the end of the text, expected an optimizer");
    DAE_TRY(dae_governors_take(&governors, recipe->steps + 1, recipe->count - 1, what));
    dae_step_get_numbers(recipe->steps, options);
    DAE_TRY(make(out, (const struct dae_optimizer_kind *)recipe->steps[0].kind, options));
    (*out)->governors = governors;
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

void dae_optimizer_write_options(struct dae_text *text, const void *object) {
    const dae_optimizer *optimizer = object;
    dae_kind_write_numbers(text, &optimizer->kind->kind, optimizer->options);
}

dae_status dae_optimizer_read_options(const dae_optimizer *optimizer, const char *text,
                                      double options[DAE_OPTIMIZER_MAX_OPTIONS]) {
    struct dae_recipe *recipe = NULL;
    dae_status status = dae_recipe_bind_one(&recipe, &dae_optimizer_category, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_ARGUMENT ? DAE_ERROR_FORMAT : status;
    const struct dae_kind *found = recipe->steps[0].kind, *expected = &optimizer->kind->kind;
    dae_step_get_numbers(&recipe->steps[0], options);
    dae_release(recipe);
    return found == expected ? DAE_OK
                             : dae_fail_at(DAE_ERROR_FORMAT, dae_optimizer_category.text, 0,
                                           "found '%s', expected %s", found->name, expected->name);
}

/* ---- A step --------------------------------------------------------------------------------------- */

double dae_optimizer_rate(const dae_optimizer *optimizer, const struct dae_moment *at) {
    return dae_governors_rate(&optimizer->governors, optimizer->options[0], at);
}

dae_status dae_optimizer_get_rate_at(const dae_optimizer *optimizer, uint64_t step, uint64_t steps_per_epoch,
                                     double *rate) {
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(rate);
    if (steps_per_epoch == 0 && dae_governors_count_epochs(&optimizer->governors))
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_optimizer_get_rate_at: steps_per_epoch is 0, expected at least 1 for a schedule "
                        "that counts epochs");
    *rate = dae_optimizer_rate(optimizer, &(struct dae_moment){step, steps_per_epoch, 0});
    return DAE_OK;
}

void dae_update_begin(struct dae_update *update, const dae_optimizer *optimizer,
                      const struct dae_moment *at) {
    update->optimizer = optimizer;
    optimizer->kind->prepare(optimizer->options, dae_optimizer_rate(optimizer, at), at->step + 1,
                             update->numbers);
}

void dae_update_apply(const struct dae_update *update, double norm, const struct dae_parameters *parameters) {
    dae_governors_clip(&update->optimizer->governors, norm, parameters->gradient, parameters->count);
    update->optimizer->kind->loops[dae_kernels()->target](parameters, update->numbers);
}
