#include "layers/layer.h"
#include "core/memory.h"
#include "layers/network.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Does the work of activations that are layers. */
extern const struct dae_layer_kind dae_layer_activation;

/* Not layers: where a text begins, and where it goes on. */
const struct dae_kind dae_layer_input = {
    .name = "input",
    .what = "begins a network: the shape of a sample",
    .example = "input(1, 28, 28)",
    .parameters = {{.name = "shape",
                    .what = "dimensions, the last one changes fastest; all but the first may be any",
                    .type = DAE_TYPE_COUNT,
                    .flags = DAE_BY_PLACE | DAE_MANY | DAE_ANY,
                    .low = 1,
                    .high = DAE_MOST_SIZE}},
};

const struct dae_kind dae_layer_from = {
    .name = "from",
    .what = "the next layer reads this value, not the one before it",
    .example = "from(input)",
    .parameters = {{.name = "value",
                    .what = "label of the value, or input",
                    .type = DAE_TYPE_LABEL,
                    .flags = DAE_BY_PLACE | DAE_PLACED}},
};

static const struct dae_kind *const kinds[] = {&dae_layer_input,    &dae_layer_from,  DAE_LAYER_ROWS,
                                               DAE_ACTIVATION_ROWS, DAE_NETWORK_ROWS, NULL};

const struct dae_category dae_layer_category = {
    .name = "layer",
    .what = "what a network is made of; each layer reads the value before it",
    .text = "layers",
    .has_labels = true,
    .kinds = kinds,
};

/* The row that does the work of a kind; NULL for what is no layer. */
static const struct dae_layer_kind *row_of(const struct dae_kind *kind) {
    if (kind == &dae_layer_input || kind == &dae_layer_from || dae_network_row(kind) != NULL)
        return NULL;
    bool is_activation = dae_kind_find(&dae_activation_category, kind->name) == kind;
    return is_activation ? &dae_layer_activation : (const struct dae_layer_kind *)kind;
}

/* ---- Reading ------------------------------------------------------------------------------------ */

dae_status dae_layer_text_read(struct dae_layer_text **out, const char *text) {
    struct dae_layer_text *read = dae_allocate(1, sizeof *read);
    if (read == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&read->references);
    dae_status status = dae_recipe_bind(&read->recipe, &dae_layer_category, text);
    if (status != DAE_OK)
        dae_release(read);
    else
        *out = read;
    return status;
}

void dae_layer_text_drop(struct dae_layer_text *text) {
    if (text == NULL || !dae_references_drop(&text->references))
        return;
    dae_release(text->recipe);
    dae_release(text);
}

/* Older files have leaky_relu's slope as a parameter of the layer. */
static void move_slope(const struct dae_value *values) {
    struct dae_value *slope = (struct dae_value *)(uintptr_t)&values[DAE_DENSE_SLOPE];
    if (slope->count == 0)
        return;
    ((struct dae_value *)(uintptr_t)values[DAE_DENSE_ACTIVATION].steps->values)->number = slope->number;
    slope->count = 0;
}

/* The activation that a layer's parameters name, or that it is. */
static struct dae_activation activation_of(const struct dae_step *step) {
    if (row_of(step->kind) == &dae_layer_activation)
        return dae_activation_of(step);
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++)
        if (step->kind->parameters[i].of == &dae_activation_category)
            return dae_activation_of(step->values[i].steps);
    return dae_no_activation;
}

dae_status dae_layer_read(dae_layer **out, struct dae_layer_text *text, const struct dae_step *step) {
    if (row_of(step->kind) == NULL)
        return dae_fail(DAE_ERROR_FORMAT, "found '%s', expected a layer", step->kind->name);
    dae_layer *layer = dae_allocate(1, sizeof *layer);
    if (layer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&layer->references);
    dae_references_keep(&text->references);
    layer->kind = row_of(step->kind);
    layer->text = text;
    layer->step = step;
    layer->values = step->values;
    if (layer->kind == &dae_layer_dense)
        move_slope(layer->values);
    layer->activation = activation_of(step);
    *out = layer;
    return DAE_OK;
}

/* ---- Making ------------------------------------------------------------------------------------- */

/* The one layer of a text. */
static dae_status read_only_layer(dae_layer **out, struct dae_layer_text *read, const char *text) {
    const struct dae_recipe *recipe = read->recipe;
    const char *what = dae_layer_category.text;
    if (recipe->count == 0)
        return dae_fail_at(DAE_ERROR_FORMAT, what, strlen(text),
                           "found the end of the text, expected one layer");
    if (recipe->count > 1)
        return dae_fail_at(DAE_ERROR_FORMAT, what, recipe->steps[1].position,
                           "found another layer, expected one layer");
    dae_status status = dae_layer_read(out, read, recipe->steps);
    return status == DAE_ERROR_FORMAT
               ? dae_fail_at(status, what, recipe->steps->position, "%s", dae_last_error())
               : status;
}

dae_status dae_layer_parse(dae_layer **out, const char *text) {
    struct dae_layer_text *read = NULL;
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    DAE_TRY(dae_layer_text_read(&read, text));
    dae_status status = read_only_layer(out, read, text);
    dae_layer_text_drop(read);
    return status;
}

dae_status dae_layer_create_dense(dae_layer **out, size_t units, const char *activation) {
    struct dae_recipe *recipe = NULL;
    DAE_REQUIRE(out);
    if (units == 0 || units > INT_MAX)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_layer_create_dense: units is %zu, expected 1 to %d", units,
                        INT_MAX);
    activation = activation != NULL ? activation : "linear";
    DAE_TRY(dae_recipe_bind_one(&recipe, &dae_activation_category, activation));
    dae_release(recipe);
    size_t size = strlen(activation) + 64;
    char *text = dae_allocate(1, size);
    if (text == NULL)
        return DAE_ERROR_MEMORY;
    snprintf(text, size, "dense(%zu, activation=%s\n)", units, activation); /* which may end with a comment */
    dae_status status = dae_layer_parse(out, text);
    dae_release(text);
    return status;
}

dae_layer *dae_layer_keep(dae_layer *layer) {
    dae_references_keep(&layer->references);
    return layer;
}

void dae_layer_free(dae_layer *layer) {
    if (layer == NULL || !dae_references_drop(&layer->references))
        return;
    dae_layer_text_drop(layer->text);
    dae_release(layer);
}

/* ---- For layers --------------------------------------------------------------------------------- */

dae_status dae_attachment_add_tensor(struct dae_attachment *at, const char *name, size_t rank,
                                     const size_t *dims) {
    struct dae_tensor *tensor = &at->tensors[at->tensor_count];
    size_t total, bytes;
    tensor->name = name;
    tensor->trained = true;
    DAE_TRY(dae_shape_set(&tensor->shape, rank, dims, "the layer's parameters"));
    if (!dae_size_add(at->parameter_count, tensor->shape.size, &total) ||
        !dae_size_multiply(total, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "the parameters are more than can be addressed");
    at->parameter_count = total;
    at->tensor_count++;
    return DAE_OK;
}

dae_status dae_attachment_add_statistic(struct dae_attachment *at, const char *name, size_t rank,
                                        const size_t *dims) {
    DAE_TRY(dae_attachment_add_tensor(at, name, rank, dims));
    at->tensors[at->tensor_count - 1].trained = false;
    return DAE_OK;
}

void dae_pass_go_on(const struct dae_pass *pass, struct dae_span span, float *values) {
    for (const struct dae_pass *then = pass->then; then != NULL; then = then->then)
        then->layer->kind->work_on(then, span, values);
}

struct dae_reach dae_reach_place(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)layer, (void)at, (void)axis;
    return (struct dae_reach){.in = 1, .out = 1};
}

void dae_rows_derive(const struct dae_rows *rows, struct dae_span span) {
    size_t at = span.row * rows->shape->size + span.column;
    if (rows->activation != NULL)
        dae_activation_derive(rows->activation, rows->d + at, (rows->z != NULL ? rows->z : rows->y) + at,
                              span.count);
}
