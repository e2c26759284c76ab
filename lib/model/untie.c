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
        float *to = dae_model_values(whole) + whole->nodes[i].offset;
        size_t own = node->at.parameter_count, more = whole->nodes[i].at.parameter_count - own;
        if (more > 0)
            transpose(to, model->block->values + node->weight, node->at.output.size,
                      node->at.inputs[0]->size);
        memcpy(to + more, dae_model_values(model) + node->offset, own * sizeof *to);
    }
}

static dae_status make_whole(dae_model **out, const dae_model *model, char *text, size_t size) {
    dae_model_write_architecture(&(struct dae_text){text, size, 0}, model);
    DAE_TRY(dae_model_read_architecture(out, text));
    dae_status status = dae_model_allocate(*out);
    if (status != DAE_OK) {
        dae_model_free(*out);
        return status;
    }
    copy_parameters(*out, model);
    dae_model_remember_noise(*out, model->noise);
    (*out)->low = model->low;
    (*out)->high = model->high;
    return DAE_OK;
}

dae_status dae_model_make_whole(dae_model **out, const dae_model *model) {
    struct dae_text measure = {NULL, 0, 0};
    dae_model_write_architecture(&measure, model);
    char *text = dae_allocate(1, measure.length + 1);
    if (text == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = make_whole(out, model, text, measure.length + 1);
    dae_release(text);
    return status;
}
