#include "model/model.h"
#include "core/memory.h"

#include <string.h>

/* ---- Making ------------------------------------------------------------------------------------- */

static void forget_range(dae_model *model) {
    model->low = 1;
    model->high = 0;
}

static dae_status create(dae_model **out, const struct dae_shape *input) {
    dae_model *model = dae_allocate(1, sizeof *model);
    if (model == NULL)
        return DAE_ERROR_MEMORY;
    model->layers = dae_allocate(DAE_MODEL_MAX_LAYERS, sizeof *model->layers);
    if (model->layers == NULL) {
        dae_release(model);
        return DAE_ERROR_MEMORY;
    }
    dae_references_start(&model->references);
    model->input = *input;
    forget_range(model);
    *out = model;
    return DAE_OK;
}

dae_status dae_model_create(dae_model **out, size_t size) {
    DAE_REQUIRE(out);
    size_t most = SIZE_MAX / sizeof(double); /* the size of a sample is addressable in any type */
    if (size == 0 || size > most)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_create: size is %zu, expected 1 to %zu", size, most);
    struct dae_shape input = dae_shape_flat(size);
    return create(out, &input);
}

dae_status dae_model_create_shaped(dae_model **out, size_t rank, const size_t *shape) {
    DAE_REQUIRE(out);
    struct dae_shape input;
    DAE_TRY(dae_shape_set(&input, rank, shape, __func__));
    return create(out, &input);
}

static void drop_block(struct dae_block *block) {
    if (block == NULL || !dae_references_drop(&block->references))
        return;
    dae_release(block->values);
    dae_release(block);
}

void dae_model_free(dae_model *model) {
    if (model == NULL || !dae_references_drop(&model->references))
        return;
    for (size_t i = 0; i < model->layer_count; i++)
        dae_layer_free(model->layers[i].layer);
    dae_release(model->layers);
    drop_block(model->block);
    dae_noise_free(model->noise);
    dae_release(model);
}

dae_model *dae_model_keep(dae_model *model) {
    dae_references_keep(&model->references);
    return model;
}

/* Puts a layer, and its parameters, behind the others; keeps it. */
static void append(dae_model *model, dae_layer *layer) {
    model->layers[model->layer_count++] = (struct dae_model_layer){dae_layer_keep(layer),
                                                                   model->parameter_count};
    model->parameter_count += layer->parameter_count;
}

dae_status dae_model_add(dae_model *model, dae_layer *layer) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(layer);
    if (atomic_load(&layer->in_model))
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_add: the layer is in a model already; dae_model_slice() makes "
                        "models that share layers");
    if (model->block != NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_add: the model has its parameters, expected a model not yet initialized");
    if (model->layer_count == DAE_MODEL_MAX_LAYERS)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_add: the model has %d layers, which is the most it can hold",
                        DAE_MODEL_MAX_LAYERS);
    layer->input = *dae_model_output(model);
    layer->tensor_count = layer->parameter_count = 0;
    DAE_TRY(layer->operations->attach(layer, &layer->input));
    size_t total, bytes;
    if (!dae_size_add(model->parameter_count, layer->parameter_count, &total) ||
        !dae_size_multiply(total, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_add: the parameters are more than can be addressed");
    atomic_store(&layer->in_model, true);
    append(model, layer);
    return DAE_OK;
}

dae_status dae_model_allocate(dae_model *model) {
    if (model->block != NULL)
        return DAE_OK;
    struct dae_block *block = dae_allocate(1, sizeof *block);
    if (block == NULL)
        return DAE_ERROR_MEMORY;
    block->count = model->parameter_count;
    block->values = dae_allocate(block->count, sizeof *block->values);
    if (block->values == NULL) {
        dae_release(block);
        return DAE_ERROR_MEMORY;
    }
    dae_references_start(&block->references);
    model->block = block;
    return DAE_OK;
}

dae_status dae_model_initialize(dae_model *model, uint64_t seed) {
    DAE_REQUIRE(model);
    if (model->layer_count == 0)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_initialize: the model has no layers, expected at least one");
    DAE_TRY(dae_model_allocate(model));
    float *values = dae_model_values(model);
    memset(values, 0, model->parameter_count * sizeof *values);
    for (size_t i = 0; i < model->layer_count; i++) {
        const dae_layer *layer = model->layers[i].layer;
        if (layer->operations->initialize != NULL)
            layer->operations->initialize(layer, values + model->layers[i].offset,
                                          dae_draw_from(seed, DAE_PURPOSE_WEIGHTS, i, 0));
    }
    dae_model_remember_noise(model, NULL);
    forget_range(model);
    return DAE_OK;
}

dae_status dae_model_slice(dae_model **out, dae_model *model, size_t first, size_t count) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    if (count == 0 || first > model->layer_count || count > model->layer_count - first)
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_model_slice: first is %zu and count is %zu, expected a range of at least one within "
            "%zu layers",
            first, count, model->layer_count);
    dae_model *slice = NULL;
    DAE_TRY(create(&slice, &model->layers[first].layer->input));
    for (size_t i = first; i < first + count; i++)
        append(slice, model->layers[i].layer);
    dae_references_keep(&model->block->references);
    slice->block = model->block;
    slice->block_offset = model->block_offset + model->layers[first].offset;
    *out = slice;
    return DAE_OK;
}

dae_status dae_model_copy(dae_model **out, const dae_model *model) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    dae_model *copy = NULL;
    DAE_TRY(create(&copy, &model->input));
    for (size_t i = 0; i < model->layer_count; i++)
        append(copy, model->layers[i].layer); /* layers hold options only, which no longer change */
    dae_status status = dae_model_allocate(copy);
    if (status != DAE_OK) {
        dae_model_free(copy);
        return status;
    }
    memcpy(copy->block->values, dae_model_values(model), model->parameter_count * sizeof(float));
    dae_model_remember_noise(copy, model->noise);
    copy->low = model->low;
    copy->high = model->high;
    *out = copy;
    return DAE_OK;
}

/* ---- For the floors above ------------------------------------------------------------------------ */

const struct dae_shape *dae_model_output(const dae_model *model) {
    return model->layer_count > 0 ? &model->layers[model->layer_count - 1].layer->output : &model->input;
}

float *dae_model_values(const dae_model *model) {
    return model->block != NULL ? model->block->values + model->block_offset : NULL;
}

dae_status dae_model_check_ready(const dae_model *model, const char *context) {
    if (model == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: model is NULL, expected a pointer", context);
    if (model->block == NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "%s: the model has no parameters yet; call dae_model_initialize() first", context);
    return DAE_OK;
}

dae_status dae_model_check_shapes(const dae_model *model, const struct dae_shape *input,
                                  const struct dae_shape *target, const char *context) {
    char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
    if (!dae_shape_fits(input, &model->input))
        return dae_fail(DAE_ERROR_SHAPE, "%s: the dataset's inputs have shape %s, the model takes %s",
                        context, dae_shape_text(input, found), dae_shape_text(&model->input, expected));
    const struct dae_shape *output = dae_model_output(model);
    if (!dae_shape_fits(target, output))
        return dae_fail(DAE_ERROR_SHAPE, "%s: the dataset's targets have shape %s, the model gives %s",
                        context, dae_shape_text(target, found), dae_shape_text(output, expected));
    return DAE_OK;
}

size_t dae_model_widest(const dae_model *model) {
    size_t widest = model->input.size;
    for (size_t i = 0; i < model->layer_count; i++)
        if (model->layers[i].layer->output.size > widest)
            widest = model->layers[i].layer->output.size;
    return widest;
}

void dae_model_remember_noise(dae_model *model, dae_noise *noise) {
    if (noise != NULL)
        dae_noise_freeze(dae_noise_keep(noise));
    dae_noise_free(model->noise);
    model->noise = noise;
}

/* ---- Architecture as text ------------------------------------------------------------------------ */

void dae_model_write_architecture(struct dae_text *text, const void *object) {
    const dae_model *model = object;
    dae_text_add(text, "input(");
    for (size_t i = 0; i < model->input.rank; i++)
        dae_text_add(text, "%s%zu", i > 0 ? ", " : "", model->input.dims[i]);
    dae_text_add(text, ")");
    for (size_t i = 0; i < model->layer_count; i++) {
        dae_text_add(text, " | ");
        model->layers[i].layer->operations->write(text, model->layers[i].layer);
    }
}

static dae_status read_input(dae_model **out, const struct dae_spec_reader *reader,
                             const struct dae_spec_step *step) {
    size_t dims[DAE_SHAPE_MAX_RANK];
    if (strcmp(step->name, "input") != 0)
        return dae_spec_fail(reader, step->position, "found '%s', expected input", step->name);
    if (step->argument_count < 1)
        return dae_spec_fail(reader, step->position, "input needs at least one dimension");
    for (size_t i = 0; i < step->argument_count; i++) {
        double dim = step->arguments[i].number;
        if (!(dim >= 1 && dim <= 9007199254740992.0) || dim != (double)(size_t)dim)
            return dae_spec_fail(reader, step->arguments[i].position,
                                 "expected a whole number of at least 1");
        dims[i] = (size_t)dim;
    }
    return dae_model_create_shaped(out, step->argument_count, dims);
}

static dae_status read_layers(dae_model *model, struct dae_spec_reader *reader) {
    for (;;) {
        struct dae_spec_step step;
        bool more;
        DAE_TRY(dae_spec_next(reader, &step, &more));
        if (!more)
            return DAE_OK;
        dae_layer *layer = NULL;
        DAE_TRY(dae_layer_read(&layer, reader, &step));
        dae_status status = dae_model_add(model, layer);
        dae_layer_free(layer);
        DAE_TRY(status);
    }
}

dae_status dae_model_read_architecture(dae_model **out, const char *text) {
    struct dae_spec_reader reader = {.what = "architecture", .text = text};
    struct dae_spec_step step;
    bool more;
    DAE_TRY(dae_spec_next(&reader, &step, &more));
    if (!more)
        return dae_spec_fail(&reader, 0, "found an empty text, expected input(...)");
    dae_model *model = NULL;
    DAE_TRY(read_input(&model, &reader, &step));
    dae_status status = read_layers(model, &reader);
    if (status == DAE_OK && model->layer_count == 0)
        status = dae_spec_fail(&reader, reader.position, "found no layer, expected at least one");
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}
