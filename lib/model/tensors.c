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
    *count = model->node_count;
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
        memcpy(dae_model_change(model), values, count * sizeof *values);
    return DAE_OK;
}

/* ---- Tensors ------------------------------------------------------------------------------------ */

struct dae_stretch dae_model_trained_after(const dae_model *model, size_t from) {
    struct dae_stretch found = {0, 0};
    size_t first = 0;
    for (size_t i = 0; i < model->node_count; i++)
        for (size_t k = 0; k < model->nodes[i].at.tensor_count; k++) {
            const struct dae_tensor *tensor = &model->nodes[i].at.tensors[k];
            size_t end = first + tensor->shape.size;
            if (found.end > from && !tensor->trained)
                return found;
            if (tensor->trained)
                found = (struct dae_stretch){found.end == first ? found.first : first, end};
            first = end;
        }
    return found.end > from ? found : (struct dae_stretch){first, first};
}

size_t dae_model_tensor_count(const dae_model *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->node_count; i++)
        count += model->nodes[i].at.tensor_count;
    return count;
}

struct dae_model_tensor dae_model_tensor_at(const dae_model *model, size_t index) {
    size_t i = 0;
    char label[DAE_VALUE_NAME_SIZE];
    while (index >= model->nodes[i].at.tensor_count)
        index -= model->nodes[i++].at.tensor_count;
    const struct dae_node *node = &model->nodes[i];
    struct dae_model_tensor tensor = {.shape = &node->at.tensors[index].shape, .offset = node->offset};
    snprintf(tensor.name, sizeof tensor.name, "%s.%s", dae_model_value_name(model, i + 1, label),
             node->at.tensors[index].name);
    for (size_t k = 0; k < index; k++)
        tensor.offset += node->at.tensors[k].shape.size;
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
    memcpy(dae_model_change(model) + tensor.offset, values, count * sizeof *values);
    return DAE_OK;
}

/* ---- From one model to another ------------------------------------------------------------------- */

/* A tensor of `from` that has the name of one of the model's, in a layer with a label; false where there is
 * none. */
static bool find_same(const dae_model *from, const char *name, struct dae_model_tensor *found) {
    size_t tensors = dae_model_tensor_count(from);
    for (size_t i = 0; i < tensors && (name[0] < '0' || name[0] > '9'); i++) {
        *found = dae_model_tensor_at(from, i);
        if (strcmp(found->name, name) == 0)
            return true;
    }
    return false;
}

/* Looks at all tensors, and copies them if asked to. */
static dae_status copy_same(dae_model *model, const dae_model *from, bool copy, size_t *count) {
    size_t tensors = dae_model_tensor_count(model);
    *count = 0;
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor to = dae_model_tensor_at(model, i), same;
        char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
        if (!find_same(from, to.name, &same))
            continue;
        if (!dae_shape_equals(same.shape, to.shape))
            return dae_fail(DAE_ERROR_SHAPE, "dae_model_copy_parameters: %s has shape %s, expected %s",
                            to.name, dae_shape_text(same.shape, found), dae_shape_text(to.shape, expected));
        if (copy)
            memmove(dae_model_change(model) + to.offset, dae_model_values(from) + same.offset,
                    to.shape->size * sizeof(float));
        ++*count;
    }
    return DAE_OK;
}

dae_status dae_model_copy_parameters(dae_model *model, const dae_model *from, size_t *count) {
    size_t copied;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_TRY(dae_model_check_ready(from, __func__));
    DAE_TRY(copy_same(model, from, false, &copied));
    DAE_TRY(copy_same(model, from, true, &copied));
    if (count != NULL)
        *count = copied;
    return DAE_OK;
}
