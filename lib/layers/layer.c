#include "layers/layer.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

static const struct dae_layer_operations *const kinds[] = {&dae_dense_operations, &dae_dropout_operations};

dae_status dae_layer_create(void **out, size_t size, const struct dae_layer_operations *operations) {
    dae_layer *layer = dae_allocate(1, size);
    if (layer == NULL)
        return DAE_ERROR_MEMORY;
    dae_references_start(&layer->references);
    layer->operations = operations;
    layer->slope = NAN;
    *out = layer;
    return DAE_OK;
}

dae_layer *dae_layer_keep(dae_layer *layer) {
    dae_references_keep(&layer->references);
    return layer;
}

void dae_layer_free(dae_layer *layer) {
    if (layer != NULL && dae_references_drop(&layer->references))
        dae_release(layer);
}

dae_status dae_layer_add_tensor(dae_layer *layer, const char *name, size_t rank, const size_t *dims) {
    struct dae_tensor *tensor = &layer->tensors[layer->tensor_count];
    tensor->name = name;
    DAE_TRY(dae_shape_set(&tensor->shape, rank, dims, "the layer's parameters"));
    size_t total, bytes;
    if (!dae_size_add(layer->parameter_count, tensor->shape.size, &total) ||
        !dae_size_multiply(total, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "the layer's parameters are more than can be addressed");
    layer->parameter_count = total;
    layer->tensor_count++;
    return DAE_OK;
}

dae_status dae_layer_read(dae_layer **out, const struct dae_spec_reader *reader,
                          const struct dae_spec_step *step) {
    char buffer[256] = "";
    struct dae_text names = {buffer, sizeof buffer, 0};
    size_t count = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i]->name, step->name) == 0)
            return kinds[i]->read(out, reader, step);
        dae_text_add_item(&names, i, count, kinds[i]->name);
    }
    return dae_spec_fail(reader, step->position, "found '%s', expected %s", step->name, buffer);
}

void dae_pass_derive_tile(const struct dae_pass *pass, struct dae_tile tile) {
    const struct dae_pass *before = pass->before;
    size_t width = before->layer->output.size;
    for (size_t row = tile.row; row < tile.row + tile.rows; row++) {
        size_t at = row * width + tile.column;
        before->layer->operations->derive(before, (struct dae_span){row, tile.column, tile.columns},
                                          before->y + at, before->d + at);
    }
}
