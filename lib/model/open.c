/* Models whose inputs may have several sizes, such as input(1, any, any).
 *
 * Layers know shapes of one size only. What such a model makes of any size is found by attaching each layer
 * twice, in two probes for inputs of different sizes: a dimension that differs is any, and what has other
 * parameters for another size is refused. To run, there is a model for one shape (dae_model_at()), which
 * shares layers and parameters as slices do. */
#include "model/model.h"
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

/* Sides that pooling divides often: those of pictures by 2^6, those of signals by 2^10. */
static const size_t sides[2] = {960, 1920}, lengths[2] = {15360, 30720};

static bool is_signal(const struct dae_shape *input) {
    size_t open = 0;
    for (size_t k = 0; k < input->rank; k++)
        open += input->dims[k] == 0;
    return open == 1;
}

dae_status dae_model_make_probes(dae_model *model) {
    const size_t *open = is_signal(&model->input) ? lengths : sides;
    for (size_t i = 0; i < 2; i++) {
        struct dae_shape shape;
        size_t dims[DAE_SHAPE_MAX_RANK];
        for (size_t k = 0; k < model->input.rank; k++)
            dims[k] = model->input.dims[k] > 0 ? model->input.dims[k] : open[i];
        DAE_TRY(dae_shape_set(&shape, model->input.rank, dims, "input"));
        DAE_TRY(dae_model_make(&model->probes[i], &shape));
    }
    return DAE_OK;
}

static bool has_same_tensors(const struct dae_attachment *a, const struct dae_attachment *b) {
    bool same = a->tensor_count == b->tensor_count && a->output.rank == b->output.rank;
    for (size_t i = 0; same && i < a->tensor_count; i++)
        same = dae_shape_equals(&a->tensors[i].shape, &b->tensors[i].shape);
    return same;
}

/* Refuses a node that has other tensors, attached in another place. */
static dae_status check_tensors(const dae_model *model, size_t node, const struct dae_attachment *other) {
    const struct dae_attachment *at = &model->nodes[node].at;
    char found[DAE_SHAPE_TEXT_SIZE];
    return has_same_tensors(at, other)
               ? DAE_OK
               : dae_fail(DAE_ERROR_SHAPE, "%s takes a value of one size, found %s",
                          model->nodes[node].layer->step->kind->name, dae_shape_text(at->inputs[0], found));
}

/* What both probes have in common. */
static dae_status join(const dae_model *model, size_t place, const dae_layer *layer,
                       struct dae_attachment *at) {
    const struct dae_attachment *other = &model->probes[1]->nodes[place].at;
    char found[DAE_SHAPE_TEXT_SIZE];
    *at = model->probes[0]->nodes[place].at;
    if (!has_same_tensors(at, other))
        return dae_fail(
            DAE_ERROR_SHAPE, "%s takes a value of one size, found %s", layer->step->kind->name,
            dae_shape_text(dae_model_shape(model, model->probes[0]->nodes[place].inputs[0]), found));
    for (size_t i = 0; i < at->output.rank; i++)
        if (at->output.dims[i] != other->output.dims[i])
            at->output.dims[i] = at->output.size = 0;
    return DAE_OK;
}

dae_status dae_model_probe(dae_model *model, const struct dae_node *node, struct dae_attachment *at) {
    size_t place = model->node_count;
    dae_status status = DAE_OK;
    for (size_t i = 0; status == DAE_OK && i < 2; i++) {
        struct dae_node copy = *node;
        status = dae_model_attach(model->probes[i], &copy);
    }
    if (status == DAE_OK)
        status = join(model, place, node->layer, at);
    for (size_t i = 0; status != DAE_OK && i < 2; i++)
        dae_model_detach(model->probes[i], place);
    return status;
}

dae_status dae_model_check_closed(const dae_model *model, const char *instead, const char *context) {
    char shape[DAE_SHAPE_TEXT_SIZE];
    return dae_shape_is_open(&model->input)
               ? dae_fail(DAE_ERROR_SHAPE, "%s: the model takes inputs of any size, %s, expected %s", context,
                          dae_shape_text(&model->input, shape), instead)
               : DAE_OK;
}

/* The shape with the model's rank, if it is one that the model takes. */
static bool fit(const struct dae_shape *model, const struct dae_shape *input, struct dae_shape *out) {
    *out = *model;
    out->size = input->size;
    for (size_t i = 1; i <= model->rank || i <= input->rank; i++) {
        size_t found = i <= input->rank ? input->dims[input->rank - i] : 1;
        size_t taken = i <= model->rank ? model->dims[model->rank - i] : 1;
        if (taken != 0 && found != taken)
            return false;
        if (i <= model->rank)
            out->dims[model->rank - i] = found;
    }
    return true;
}

bool dae_model_gives(const dae_model *model, const struct dae_shape *target) {
    const struct dae_shape *output = dae_model_output(model);
    struct dae_shape shape;
    return dae_shape_is_open(output) ? fit(output, target, &shape) : dae_shape_fits(target, output);
}

static dae_status fill(dae_model *at, const dae_model *model) {
    if (model->block != NULL) {
        dae_references_keep(&model->block->references);
        at->block = model->block;
        at->block_offset = model->block_offset;
    }
    for (size_t i = 0; i < model->node_count; i++) {
        struct dae_node node = model->nodes[i];
        DAE_TRY(dae_model_attach(at, &node));
        DAE_TRY(check_tensors(model, i, &at->nodes[i].at));
    }
    dae_model_remember(at, model);
    return DAE_OK;
}

dae_status dae_model_resize(dae_model **out, const dae_model *model, const struct dae_shape *input) {
    dae_model *at = NULL;
    DAE_TRY(dae_model_make(&at, input));
    dae_status status = fill(at, model);
    if (status == DAE_OK)
        *out = at;
    else
        dae_model_free(at);
    return status;
}

dae_status dae_model_reattach(dae_model *model, size_t node) {
    const dae_layer *layer = model->nodes[node].layer;
    struct dae_attachment *kept = &model->nodes[node].at, at = {.input_count = kept->input_count};
    memcpy(at.inputs, kept->inputs, sizeof at.inputs);
    at.tied = kept->tied;
    DAE_TRY(layer->kind->attach(layer, &at));
    *kept = at;
    return DAE_OK;
}

static dae_status attach_all(dae_model *model, struct dae_shape input) {
    model->input = input;
    for (size_t i = 0; i < model->node_count; i++)
        DAE_TRY(dae_model_reattach(model, i));
    return DAE_OK;
}

dae_status dae_model_reshape(dae_model *model, const struct dae_shape *input) {
    struct dae_shape before = model->input;
    dae_status status = attach_all(model, *input);
    if (status != DAE_OK)
        attach_all(model, before); /* which all layers took */
    return status;
}

dae_status dae_model_at(dae_model **out, dae_model *model, const struct dae_shape *input,
                        const char *context) {
    struct dae_shape shape;
    char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
    bool is_open = dae_shape_is_open(&model->input);
    if (dae_shape_is_open(input))
        return dae_fail(
            DAE_ERROR_SHAPE,
            "%s: the dataset's inputs have different sizes, %s, expected one: the views crops, patches and "
            "windows make such",
            context, dae_shape_text(input, found));
    if (is_open ? !fit(&model->input, input, &shape) : !dae_shape_fits(input, &model->input))
        return dae_fail(DAE_ERROR_SHAPE, "%s: inputs have shape %s, the model takes %s", context,
                        dae_shape_text(input, found), dae_shape_text(&model->input, expected));
    if (!is_open) {
        *out = dae_model_keep(model);
        return DAE_OK;
    }
    dae_status status = dae_model_resize(out, model, &shape);
    return status == DAE_OK ? DAE_OK : dae_fail_in(status, context);
}

dae_status dae_model_for(dae_model **out, dae_model *model, const struct dae_shape *input,
                         const struct dae_shape *target, const char *context) {
    char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
    dae_model *at = NULL;
    DAE_TRY(dae_model_at(&at, model, input, context));
    const struct dae_shape *output = dae_model_output(at);
    dae_status status = DAE_OK;
    if (target != NULL && !dae_shape_fits(target, output))
        status = dae_fail(DAE_ERROR_SHAPE, "%s: the dataset's targets have shape %s, the model gives %s",
                          context, dae_shape_text(target, found), dae_shape_text(output, expected));
    if (status == DAE_OK)
        *out = at;
    else
        dae_model_free(at);
    return status;
}
