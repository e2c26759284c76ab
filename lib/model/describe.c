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

static void write_layer(struct dae_text *text, const dae_layer *layer, size_t place) {
    char label[64] = "", count[64] = "", shape[DAE_SHAPE_TEXT_SIZE];
    struct dae_text label_text = {label, sizeof label, 0}, count_text = {count, sizeof count, 0};
    dae_text_add(&label_text, "%zu  ", place);
    layer->operations->label(&label_text, layer);
    dae_text_add_count(&count_text, layer->parameter_count);
    write_row(text, label, dae_shape_text(&layer->output, shape), count);
}

/* The narrowest output between layers is the code. */
static void write_code(struct dae_text *text, const dae_model *model) {
    size_t code = model->layers[0].layer->output.size;
    for (size_t i = 0; i + 1 < model->layer_count; i++)
        code = dae_size_min(code, model->layers[i].layer->output.size);
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
    for (size_t i = 0; i < model->layer_count; i++)
        write_layer(text, model->layers[i].layer, i);
    write_line(text, '=');
    dae_text_add(text, "Parameters: ");
    dae_text_add_count(text, model->parameter_count);
    dae_text_add(text, "\n");
    if (model->layer_count > 1)
        write_code(text, model);
}

dae_status dae_model_describe(const dae_model *model, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(model);
    return dae_text_deliver(write_model, model, buffer, capacity, length, __func__);
}
