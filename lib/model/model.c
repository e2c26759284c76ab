#include "model/model.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- Making ------------------------------------------------------------------------------------- */

static void forget_range(dae_model *model) {
    model->low = 1;
    model->high = 0;
}

dae_status dae_model_make(dae_model **out, const struct dae_shape *input) {
    dae_model *model = dae_allocate(1, sizeof *model);
    if (model == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&model->references);
    model->input = *input;
    model->begins = model->ends = true;
    forget_range(model);
    dae_status status = dae_shape_is_open(input) ? dae_model_make_probes(model) : DAE_OK;
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}

dae_status dae_model_create(dae_model **out, size_t rank, const size_t *shape) {
    DAE_REQUIRE(out);
    struct dae_shape input;
    DAE_TRY(dae_shape_set_open(&input, rank, shape, __func__));
    return dae_model_make(out, &input);
}

static void drop_block(struct dae_block *block) {
    if (block == NULL || !dae_references_drop(&block->references))
        return;
    dae_scaling_drop(block->scaling);
    dae_release(block->values);
    dae_release(block);
}

void dae_model_free(dae_model *model) {
    if (model == NULL || !dae_references_drop(&model->references))
        return;
    for (size_t i = 0; i < model->node_count; i++)
        dae_layer_free(model->nodes[i].layer);
    dae_release(model->nodes);
    for (size_t i = 0; i < 2; i++)
        dae_model_free(model->probes[i]);
    drop_block(model->block);
    dae_noise_free(model->noise);
    dae_notes_drop(model->notes);
    dae_release(model);
}

dae_model *dae_model_keep(dae_model *model) {
    dae_references_keep(&model->references);
    return model;
}

/* ---- Values ------------------------------------------------------------------------------------- */

const struct dae_shape *dae_model_shape(const dae_model *model, size_t value) {
    return value == 0 ? &model->input : &model->nodes[value - 1].at.output;
}

const char *dae_model_value_name(const dae_model *model, size_t value, char *text) {
    const char *label = value == 0 ? "input" : model->nodes[value - 1].layer->step->label;
    if (label != NULL)
        snprintf(text, DAE_VALUE_NAME_SIZE, "%s", label);
    else
        snprintf(text, DAE_VALUE_NAME_SIZE, "%zu", value - 1);
    return text;
}

bool dae_model_leads_on(const dae_model *model, size_t value) {
    bool leads[DAE_MODEL_MAX_LAYERS + 1] = {false};
    leads[model->node_count] = true;
    for (size_t i = model->node_count; i-- > value;)
        for (size_t k = 0; leads[i + 1] && k < model->nodes[i].input_count; k++)
            leads[model->nodes[i].inputs[k]] = true;
    return value < model->node_count && leads[value];
}

/* What may be named: "input, e1 or e2". */
static void write_labels(struct dae_text *text, const dae_model *model) {
    size_t count = 1, written = 0;
    for (size_t i = 0; i < model->node_count; i++)
        count += model->nodes[i].layer->step->label != NULL;
    dae_text_add_item(text, written++, count, "input");
    for (size_t i = 0; i < model->node_count; i++)
        if (model->nodes[i].layer->step->label != NULL)
            dae_text_add_item(text, written++, count, model->nodes[i].layer->step->label);
}

dae_status dae_model_find_value(const dae_model *model, const char *name, size_t *value) {
    char known[DAE_VALUE_NAME_SIZE], labels[256] = "";
    bool is_number = name[0] >= '0' && name[0] <= '9';
    for (*value = 0; *value <= model->node_count; ++*value)
        if (strcmp(dae_model_value_name(model, *value, known), name) == 0)
            return DAE_OK;
    write_labels(&(struct dae_text){labels, sizeof labels, 0}, model);
    return dae_fail(DAE_ERROR_ARGUMENT, "there is no value '%.64s', expected %s%s", name, labels,
                    is_number ? ", or the number of a layer without a label" : "");
}

/* ---- Nodes -------------------------------------------------------------------------------------- */

/* The labels that a layer's parameters name: values that it reads beside the one before. */
static dae_status find_inputs(const dae_model *model, struct dae_node *node) {
    const struct dae_step *step = node->layer->step;
    node->inputs[0] = model->next;
    node->input_count = 1;
    for (size_t i = 0; i < dae_kind_parameter_count(step->kind); i++) {
        const struct dae_value *value = &step->values[i];
        bool is_tied = strcmp(step->kind->parameters[i].name, "tied") == 0;
        if (step->kind->parameters[i].type != DAE_TYPE_LABEL || is_tied)
            continue;
        for (size_t j = 0; j < value->count; j++) {
            const char *label = value->items != NULL ? value->items[j].label : value->label;
            if (node->input_count == DAE_LAYER_MAX_INPUTS)
                return dae_fail(DAE_ERROR_ARGUMENT, "%s reads too many values, expected at most %d",
                                step->kind->name, DAE_LAYER_MAX_INPUTS);
            DAE_TRY(dae_model_find_value(model, label, &node->inputs[node->input_count++]));
        }
    }
    return DAE_OK;
}

/* The layer whose weight a dense layer uses, transposed. */
static dae_status find_tied(const dae_model *model, struct dae_node *node) {
    const dae_layer *layer = node->layer;
    size_t owner;
    if (layer->kind != &dae_layer_dense || layer->values[DAE_DENSE_TIED].count == 0)
        return DAE_OK;
    const char *label = layer->values[DAE_DENSE_TIED].label;
    DAE_TRY(dae_model_find_value(model, label, &owner));
    if (owner == 0 || model->nodes[owner - 1].layer->kind != layer->kind ||
        model->nodes[owner - 1].at.tied != NULL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "tied=%s is not a dense layer with a weight of its own, expected the label of one",
                        label);
    node->tied = owner;
    node->tied_shape = model->nodes[owner - 1].at.tensors[0].shape;
    return DAE_OK;
}

/* Points to the shapes of what a node reads, and of the weight that it is tied to. */
static void point_to_shapes(const dae_model *model, struct dae_node *node) {
    for (size_t i = 0; i < node->input_count; i++)
        node->at.inputs[i] = dae_model_shape(model, node->inputs[i]);
    node->at.tied = node->tied_shape.rank > 0 ? &node->tied_shape : NULL;
}

/* Room for one more node; those that are there may move. */
static dae_status make_room(dae_model *model) {
    if (model->node_count < model->node_capacity)
        return DAE_OK;
    size_t capacity = model->node_capacity > 0 ? 2 * model->node_capacity : 4;
    struct dae_node *nodes = dae_allocate(capacity, sizeof *nodes);
    if (nodes == NULL)
        return DAE_ERROR_MEMORY;
    if (model->node_count > 0)
        memcpy(nodes, model->nodes, model->node_count * sizeof *nodes);
    dae_release(model->nodes);
    model->nodes = nodes;
    model->node_capacity = capacity;
    for (size_t i = 0; i < model->node_count; i++)
        point_to_shapes(model, &nodes[i]);
    return DAE_OK;
}

static dae_status find_shapes(dae_model *model, struct dae_node *node) {
    if (dae_shape_is_open(&model->input))
        return dae_model_probe(model, node, &node->at);
    node->at = (struct dae_attachment){.input_count = node->input_count};
    point_to_shapes(model, node);
    return node->layer->kind->attach(node->layer, &node->at);
}

dae_status dae_model_attach(dae_model *model, struct dae_node *node) {
    size_t total, bytes;
    DAE_TRY(make_room(model));
    DAE_TRY(find_shapes(model, node));
    if (!dae_size_add(model->parameter_count, node->at.parameter_count, &total) ||
        !dae_size_multiply(total, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "the parameters are more than can be addressed");
    struct dae_node *kept = &model->nodes[model->node_count++];
    *kept = *node;
    kept->offset = model->parameter_count;
    point_to_shapes(model, kept);
    if (kept->at.tied == NULL)
        kept->weight = model->block_offset + kept->offset;
    if (kept->tied > 0)
        kept->weight = model->nodes[kept->tied - 1].weight;
    dae_layer_keep(kept->layer);
    model->parameter_count = total;
    model->next = model->node_count;
    return DAE_OK;
}

void dae_model_detach(dae_model *model, size_t count) {
    for (size_t i = 0; i < 2; i++)
        if (model->probes[i] != NULL)
            dae_model_detach(model->probes[i], count);
    while (model->node_count > count) {
        const struct dae_node *last = &model->nodes[--model->node_count];
        model->parameter_count = last->offset;
        dae_layer_free(last->layer);
    }
    model->next = count;
}

static dae_status check_label(const dae_model *model, const dae_layer *layer) {
    const char *label = layer->step->label;
    char known[DAE_VALUE_NAME_SIZE];
    if (label != NULL && (strncmp(label, "best.", 5) == 0 || strncmp(label, "optimizer.", 10) == 0))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "the label is '%s', expected one without best. or optimizer. in front, which tensors of "
            "checkpoints have",
            label);
    for (size_t value = 0; label != NULL && value <= model->node_count; value++)
        if (strcmp(dae_model_value_name(model, value, known), label) == 0)
            return dae_fail(DAE_ERROR_ARGUMENT, "there is a value '%s' already, expected another label",
                            label);
    return DAE_OK;
}

dae_status dae_model_append(dae_model *model, dae_layer *layer) {
    struct dae_node node = {.layer = layer};
    if (atomic_load(&layer->in_model))
        return dae_fail(DAE_ERROR_STATE,
                        "the layer is in a model already; dae_model_slice() makes models that share layers");
    if (model->block != NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "the model has its parameters, expected a model not yet initialized");
    if (model->node_count == DAE_MODEL_MAX_LAYERS)
        return dae_fail(DAE_ERROR_STATE, "the model has %d layers, which is the most it can hold",
                        DAE_MODEL_MAX_LAYERS);
    DAE_TRY(check_label(model, layer));
    DAE_TRY(find_inputs(model, &node));
    DAE_TRY(find_tied(model, &node));
    DAE_TRY(dae_model_attach(model, &node));
    atomic_store(&layer->in_model, true);
    return DAE_OK;
}

dae_status dae_model_add(dae_model *model, dae_layer *layer) {
    DAE_REQUIRE(model);
    DAE_REQUIRE(layer);
    dae_status status = dae_model_append(model, layer);
    return status == DAE_OK ? DAE_OK : dae_fail_in(status, __func__);
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
    if (model->node_count == 0)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_model_initialize: the model has no layers, expected at least one");
    DAE_TRY(dae_model_allocate(model));
    float *values = dae_model_change(model);
    memset(values, 0, model->parameter_count * sizeof *values);
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        if (node->layer->kind->initialize != NULL)
            node->layer->kind->initialize(node->layer, &node->at, values + node->offset,
                                          dae_draw_from(seed, DAE_PURPOSE_WEIGHTS, i, 0));
    }
    dae_model_remember_noise(model, NULL);
    forget_range(model);
    return DAE_OK;
}

/* Adds a node of another model to one that begins at its value `first`. */
static dae_status append_shifted(dae_model *slice, const dae_model *model, size_t i, size_t first) {
    struct dae_node node = model->nodes[i];
    char name[DAE_VALUE_NAME_SIZE], before[DAE_VALUE_NAME_SIZE];
    for (size_t k = 0; k < node.input_count; k++) {
        if (node.inputs[k] < first)
            return dae_fail(DAE_ERROR_ARGUMENT, "from '%s': layer %zu reads '%s', which is made before '%s'",
                            dae_model_value_name(model, first, name), i,
                            dae_model_value_name(model, node.inputs[k], before), name);
        node.inputs[k] -= first;
    }
    node.tied = node.tied > first ? node.tied - first : 0;
    return dae_model_attach(slice, &node);
}

static dae_status fill_slice(dae_model *slice, dae_model *model, size_t first, size_t last) {
    dae_references_keep(&model->block->references);
    slice->block = model->block;
    slice->block_offset = model->block_offset + model->nodes[first].offset;
    slice->begins = model->begins && first == 0;
    slice->ends = model->ends && last == model->node_count;
    for (size_t i = first; i < last; i++)
        DAE_TRY(append_shifted(slice, model, i, first));
    dae_model_remember_notes(slice, model->notes);
    return DAE_OK;
}

dae_status dae_model_slice(dae_model **out, dae_model *model, const char *from, const char *to) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    size_t first = 0, last = model->node_count;
    dae_status status = from != NULL ? dae_model_find_value(model, from, &first) : DAE_OK;
    if (status == DAE_OK && to != NULL)
        status = dae_model_find_value(model, to, &last);
    if (status != DAE_OK)
        return dae_fail_in(status, __func__);
    if (first >= last)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_model_slice: from '%.64s' to '%.64s': expected values in the order in "
                        "which they are made",
                        from != NULL ? from : "the input", to != NULL ? to : "the output");
    dae_model *slice = NULL;
    DAE_TRY(dae_model_make(&slice, dae_model_shape(model, first)));
    status = fill_slice(slice, model, first, last);
    if (status == DAE_OK) {
        *out = slice;
        return DAE_OK;
    }
    dae_model_free(slice);
    return dae_fail_in(status, __func__);
}

static dae_status fill_copy(dae_model *copy, const dae_model *model) {
    for (size_t i = 0; i < model->node_count; i++) /* layers hold options only, which do not change */
        DAE_TRY(append_shifted(copy, model, i, 0));
    DAE_TRY(dae_model_allocate(copy));
    memcpy(dae_model_change(copy), dae_model_values(model), model->parameter_count * sizeof(float));
    dae_model_remember(copy, model);
    return DAE_OK;
}

dae_status dae_model_copy(dae_model **out, const dae_model *model) {
    DAE_REQUIRE(out);
    DAE_TRY(dae_model_check_ready(model, __func__));
    dae_model *copy = NULL;
    if (!dae_model_is_whole(model))
        return dae_model_make_whole(out, model);
    DAE_TRY(dae_model_make(&copy, &model->input));
    dae_status status = fill_copy(copy, model);
    if (status != DAE_OK)
        dae_model_free(copy);
    else
        *out = copy;
    return status;
}

/* ---- For the floors above ------------------------------------------------------------------------ */

const struct dae_shape *dae_model_output(const dae_model *model) {
    return dae_model_shape(model, model->node_count);
}

const float *dae_model_values(const dae_model *model) {
    return model->block != NULL ? model->block->values + model->block_offset : NULL;
}

float *dae_model_change(const dae_model *model) {
    model->block->revision++;
    return model->block->values + model->block_offset;
}

dae_status dae_model_check_ready(const dae_model *model, const char *context) {
    if (model == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: model is NULL, expected a pointer", context);
    if (model->block == NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "%s: the model has no parameters yet; call dae_model_initialize() first", context);
    return DAE_OK;
}

void dae_model_remember_noise(dae_model *model, dae_noise *noise) {
    if (noise != NULL)
        dae_noise_keep(noise);
    dae_noise_free(model->noise);
    model->noise = noise;
}

void dae_model_remember(dae_model *model, const dae_model *from) {
    dae_model_remember_noise(model, from->noise);
    dae_model_remember_notes(model, from->notes);
    if (model->block != NULL)
        dae_model_take_scaling(model, from);
    model->low = from->low;
    model->high = from->high;
}
