/* Slices that use a weight from outside of themselves: what they are by themselves. */
#include "core/memory.h"
#include "model/model.h"

#include <string.h>

bool dae_model_is_whole(const dae_model *model) {
    bool whole = true;
    for (size_t i = 0; i < model->node_count; i++)
        whole = whole && (model->nodes[i].at.tied == NULL || model->nodes[i].tied > 0);
    return whole;
}

/* W[units, inputs] of a layer of its own from V[inputs, units] that it was tied to. */
static void transpose(float *to, const float *from, size_t units, size_t inputs) {
    for (size_t i = 0; i < units; i++)
        for (size_t k = 0; k < inputs; k++)
            to[i * inputs + k] = from[k * units + i];
}

static void copy_parameters(dae_model *whole, const dae_model *model) {
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        float *to = dae_model_change(whole) + whole->nodes[i].offset;
        size_t own = node->at.parameter_count, more = whole->nodes[i].at.parameter_count - own;
        if (more > 0)
            transpose(to, model->block->values + node->weight, node->at.output.size,
                      node->at.inputs[0]->size);
        memcpy(to + more, dae_model_values(model) + node->offset, own * sizeof *to);
    }
}

dae_status dae_model_make_whole(dae_model **out, const dae_model *model) {
    char *text = dae_model_copy_architecture(model);
    dae_model *whole = NULL;
    if (text == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_model_read_architecture(&whole, text);
    dae_release(text);
    if (status == DAE_OK)
        status = dae_model_allocate(whole);
    if (status != DAE_OK) {
        dae_model_free(whole);
        return status;
    }
    copy_parameters(whole, model);
    dae_model_remember(whole, model);
    *out = whole;
    return DAE_OK;
}
