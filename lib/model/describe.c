/* A model as a table, like Keras' summary. */
#include "model/model.h"

#include <string.h>

enum { WIDTH = 58 };

static void write_line(struct dae_text *text, char c) {
    char line[WIDTH + 1];
    memset(line, c, WIDTH);
    line[WIDTH] = '\0';
    dae_text_add(text, "%s\n", line);
}

static void write_row(struct dae_text *text, const char *first, const char *second, const char *third) {
    dae_text_add(text, "%-28s%-16s%14s\n", first, second, third);
}

/* Whether one of its parameters is an activation. */
static bool has_activation(const struct dae_kind *kind) {
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++)
        if (kind->parameters[i].of == &dae_activation_category)
            return true;
    return false;
}

/* What a layer is, in short: "dense, relu", "dropout, 0.25", "add, e1". */
static void write_kind(struct dae_text *text, const dae_model *model, const struct dae_node *node) {
    const struct dae_step *step = node->layer->step;
    char name[DAE_VALUE_NAME_SIZE];
    dae_text_add(text, "%s", step->kind->name);
    if (has_activation(step->kind))
        dae_text_add(text, ", %s", node->layer->activation.kind->kind.name);
    else if (step->kind->parameters[0].name != NULL && step->kind->parameters[0].type == DAE_TYPE_NUMBER)
        dae_text_add(text, ", %g", step->values[0].number);
    for (size_t k = 1; k < node->input_count; k++)
        dae_text_add(text, ", %s", dae_model_value_name(model, node->inputs[k], name));
    if (step->label != NULL)
        dae_text_add(text, " as %s", step->label);
}

static void write_layer(struct dae_text *text, const dae_model *model, size_t i) {
    const struct dae_node *node = &model->nodes[i];
    char label[256] = "", count[64] = "", shape[DAE_SHAPE_TEXT_SIZE];
    struct dae_text label_text = {label, sizeof label, 0}, count_text = {count, sizeof count, 0};
    dae_text_add(&label_text, "%zu  ", i);
    write_kind(&label_text, model, node);
    dae_text_add_count(&count_text, node->at.parameter_count);
    write_row(text, label, dae_shape_text(&node->at.output, shape), count);
}

/* The narrowest output between layers is the code; which one that is depends on an input's size. */
static void write_code(struct dae_text *text, const dae_model *model) {
    if (dae_shape_is_open(&model->input))
        return;
    size_t code = dae_model_shape(model, 1)->size;
    for (size_t value = 1; value < model->node_count; value++)
        code = dae_size_min(code, dae_model_shape(model, value)->size);
    size_t input = model->input.size;
    const char *kind = code < input   ? "under-complete"
                       : code > input ? "over-complete"
                                      : "of the input's size";
    dae_text_add(text, "Code: %zu values of %zu, %s\n", code, input, kind);
}

static void write_model(struct dae_text *text, const void *object) {
    const dae_model *model = object;
    char shape[DAE_SHAPE_TEXT_SIZE];
    write_row(text, "Layer", "Output", "Parameters");
    write_line(text, '=');
    write_row(text, "   input", dae_shape_text(&model->input, shape), "0");
    for (size_t i = 0; i < model->node_count; i++)
        write_layer(text, model, i);
    write_line(text, '=');
    dae_text_add(text, "Parameters: ");
    dae_text_add_count(text, model->parameter_count);
    dae_text_add(text, "\n");
    if (model->node_count > 1)
        write_code(text, model);
    if (dae_model_has_scaling(model)) {
        dae_text_add(text, "Scaling: ");
        dae_model_write_scaling(text, model);
        dae_text_add(text, "\n");
    }
}

dae_status dae_model_describe(const dae_model *model, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(model);
    return dae_text_deliver(write_model, model, buffer, capacity, length, __func__);
}
