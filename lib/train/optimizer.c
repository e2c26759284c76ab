#include "train/optimizer.h"
#include "core/memory.h"

#include <string.h>

bool dae_optimizer_is_rate(double learning_rate) {
    return learning_rate <= DAE_MAX_RATE && (float)learning_rate > 0;
}

static dae_status check_rate(double learning_rate, const char *context) {
    if (!dae_optimizer_is_rate(learning_rate))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "%s: learning_rate is %g, expected 0 < learning_rate <= %g, also when rounded to float32",
            context, learning_rate, DAE_MAX_RATE);
    return DAE_OK;
}

dae_status dae_optimizer_create(void **out, size_t size, const struct dae_optimizer_operations *operations,
                                double learning_rate, const char *context) {
    DAE_TRY(check_rate(learning_rate, context));
    dae_optimizer *optimizer = dae_allocate(1, size);
    if (optimizer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&optimizer->references);
    optimizer->operations = operations;
    optimizer->learning_rate = learning_rate;
    optimizer->schedule = dae_schedule_constant;
    *out = optimizer;
    return DAE_OK;
}

dae_optimizer *dae_optimizer_keep(dae_optimizer *optimizer) {
    dae_references_keep(&optimizer->references);
    return optimizer;
}

void dae_optimizer_free(dae_optimizer *optimizer) {
    if (optimizer != NULL && dae_references_drop(&optimizer->references))
        dae_release(optimizer);
}

dae_status dae_optimizer_check_kind(const dae_optimizer *optimizer,
                                    const struct dae_optimizer_operations *operations, const char *context) {
    if (optimizer == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: optimizer is NULL, expected a pointer", context);
    if (optimizer->operations != operations)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: the optimizer is %s, expected %s", context,
                        optimizer->operations->name, operations->name);
    return DAE_OK;
}

dae_status dae_optimizer_set_learning_rate(dae_optimizer *optimizer, double learning_rate) {
    DAE_REQUIRE(optimizer);
    DAE_TRY(check_rate(learning_rate, __func__));
    optimizer->learning_rate = learning_rate;
    return DAE_OK;
}

dae_status dae_optimizer_get_learning_rate(const dae_optimizer *optimizer, double *learning_rate) {
    DAE_REQUIRE(optimizer);
    DAE_REQUIRE(learning_rate);
    *learning_rate = optimizer->learning_rate;
    return DAE_OK;
}

/* ---- Options as text ------------------------------------------------------------------------------ */

void dae_optimizer_write_options(struct dae_text *text, const void *object) {
    const dae_optimizer *optimizer = object;
    double values[DAE_OPTIMIZER_MAX_OPTIONS];
    optimizer->operations->get_options(optimizer, values);
    dae_spec_write(text, optimizer->operations->options, values);
}

dae_status dae_optimizer_read_options(const dae_optimizer *optimizer, const char *text,
                                      double values[DAE_OPTIMIZER_MAX_OPTIONS]) {
    const struct dae_spec_kind *options = optimizer->operations->options;
    struct dae_spec_reader reader = {.what = "optimizer", .text = text};
    struct dae_spec_step step;
    DAE_TRY(dae_spec_only(&reader, &step));
    if (strcmp(step.name, options->name) != 0)
        return dae_spec_fail(&reader, step.position, "found '%s', expected %s", step.name, options->name);
    DAE_TRY(dae_spec_read_parameters(&reader, &step, options, values));
    if (dae_spec_check(options, values, options->name) != DAE_OK)
        return dae_fail_in(DAE_ERROR_FORMAT, reader.what);
    return DAE_OK;
}

/* ---- The learning rate of a step ------------------------------------------------------------------ */

double dae_optimizer_rate(const dae_optimizer *optimizer, uint64_t step) {
    return dae_schedule_rate(&optimizer->schedule, optimizer->learning_rate, step - 1);
}

dae_status dae_optimizer_set_schedule(dae_optimizer *optimizer, const char *text) {
    DAE_REQUIRE(optimizer);
    if (text != NULL)
        return dae_schedule_read(&optimizer->schedule, text);
    optimizer->schedule = dae_schedule_constant;
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
