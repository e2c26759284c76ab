/* Looking at a model: shapes, parameters, tensors. */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

dae_status dae_model_get_input_shape(const dae_model *model, size_t *rank, size_t *shape) {
    DAE_REQUIRE(model);
    return dae_shape_get(&model->input, rank, shape, __func__);
}

dae_status dae_model_get_output_shape(const dae_model *model, size_t *rank, size_t *shape) {
    DAE_REQUIRE(model);
    return dae_shape_get(dae_model_output(model), rank, shape, __func__);
}

dae_status dae_model_get_layer_count(const dae_model *model, size_t *count) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(count);
    *count = model->layer_count;
    return DAE_OK;
}

dae_status dae_model_get_parameter_count(const dae_model *model, size_t *count) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(count);
    *count = model->parameter_count;
    return DAE_OK;
}

dae_status dae_model_get_noise(const dae_model *model, dae_noise **out) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(out);
    *out = model->noise != NULL ? dae_noise_keep(model->noise) : NULL;
    return DAE_OK;
}

dae_status dae_model_get_range(const dae_model *model, double *low, double *high) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(low);
    DAE_REQUIRE(high);
    if (model->low > model->high)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_get_range: the model has not been trained, no range is known");
    *low = model->low;
    *high = model->high;
    return DAE_OK;
}

/* ---- Parameters --------------------------------------------------------------------------------- */

/* Checks a copy of `expected` values between a model and a caller's array. */
static dae_status check_copy(const void *values, size_t count, size_t expected, const char *what,
                             const char *context) {
    if (values == NULL && expected > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: values is NULL, expected a pointer", context);
    if (count != expected)
        return dae_fail(DAE_ERROR_SHAPE, "%s: count is %zu, %s has %zu values", context, count, what,
                        expected);
    return DAE_OK;
}

static dae_status check_finite(const float *values, size_t count, const char *context) {
    if (dae_kernels()->is_finite(values, count))
        return DAE_OK;
    size_t i = 0;
    while (dae_kernels()->is_finite(values + i, 1))
        i++;
    return dae_fail(DAE_ERROR_NOT_FINITE, "%s: values[%zu] is %g, expected finite numbers", context, i,
                    (double)values[i]);
}

dae_status dae_model_get_parameters(const dae_model *model, float *values, size_t count) {
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(check_copy(values, count, model->parameter_count, "the model", __func__));
    if (count > 0)
        memcpy(values, dae_model_values(model), count * sizeof *values);
    return DAE_OK;
}

dae_status dae_model_set_parameters(dae_model *model, const float *values, size_t count) {
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(check_copy(values, count, model->parameter_count, "the model", __func__));
    DAE_TRY(check_finite(values, count, __func__));
    if (count > 0)
        memcpy(dae_model_values(model), values, count * sizeof *values);
    return DAE_OK;
}

/* ---- Tensors ------------------------------------------------------------------------------------ */

size_t dae_model_tensor_count(const dae_model *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        count += model->layers[i].layer->tensor_count;
    return count;
}

struct dae_model_tensor dae_model_tensor_at(const dae_model *model, size_t index) {
    size_t place = 0;
    while (index >= model->layers[place].layer->tensor_count)
        index -= model->layers[place++].layer->tensor_count;
    const dae_layer *layer = model->layers[place].layer;
    struct dae_model_tensor tensor = {.shape = &layer->tensors[index].shape,
                                      .offset = model->layers[place].offset};
    snprintf(tensor.name, sizeof tensor.name, "%zu.%s", place, layer->tensors[index].name);
    for (size_t i = 0; i < index; i++)
        tensor.offset += layer->tensors[i].shape.size;
    return tensor;
}

dae_status dae_model_get_tensor_count(const dae_model *model, size_t *count) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(count);
    *count = dae_model_tensor_count(model);
    return DAE_OK;
}

static void write_name(struct dae_text *text, const void *tensor) {
    dae_text_add(text, "%s", ((const struct dae_model_tensor *)tensor)->name);
}

dae_status dae_model_get_tensor_info(const dae_model *model, size_t index, char *buffer, size_t capacity,
                                     size_t *length, size_t *rank, size_t *shape) {
    DAE_REQUIRE(model);
    if (index >= dae_model_tensor_count(model))
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_get_tensor_info: index is %zu, expected less than %zu",
                        index, dae_model_tensor_count(model));
    if ((rank == NULL) != (shape == NULL))
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_get_tensor_info: %s is NULL, expected both or none",
                        rank == NULL ? "rank" : "shape");
    struct dae_model_tensor tensor = dae_model_tensor_at(model, index);
    DAE_TRY(dae_text_deliver(write_name, &tensor, buffer, capacity, length, __func__));
    return rank != NULL ? dae_shape_get(tensor.shape, rank, shape, __func__) : DAE_OK;
}

/* Finds a tensor by the name that a caller gave, for a copy of `count` values. */
static dae_status find_tensor(const dae_model *model, const char *name, const void *values, size_t count,
                              struct dae_model_tensor *tensor, const char *context) {
    DAE_TRY(dae_model_check_ready(model, context));
    if (name == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: name is NULL, expected a pointer", context);
    size_t tensors = dae_model_tensor_count(model);
    for (size_t i = 0; i < tensors; i++) {
        *tensor = dae_model_tensor_at(model, i);
        if (strcmp(tensor->name, name) == 0)
            return check_copy(values, count, tensor->shape->size, tensor->name, context);
    }
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: the model has no tensor '%.64s'", context, name);
}

dae_status dae_model_get_tensor(const dae_model *model, const char *name, float *values, size_t count) {
    struct dae_model_tensor tensor;
    DAE_TRY(find_tensor(model, name, values, count, &tensor, __func__));
    memcpy(values, dae_model_values(model) + tensor.offset, count * sizeof *values);
    return DAE_OK;
}

dae_status dae_model_set_tensor(dae_model *model, const char *name, const float *values, size_t count) {
    struct dae_model_tensor tensor;
    DAE_TRY(find_tensor(model, name, values, count, &tensor, __func__));
    DAE_TRY(check_finite(values, count, __func__));
    memcpy(dae_model_values(model) + tensor.offset, values, count * sizeof *values);
    return DAE_OK;
}
