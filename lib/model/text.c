/* Networks as text: input(784) | dense(units=128, activation=relu, initializer=glorot_uniform) as code |
 * ... */
#include "core/memory.h"
#include "layers/network.h"
#include "model/model.h"

#include <string.h>

/* ---- Writing ------------------------------------------------------------------------------------ */

static void write_input(struct dae_text *text, const struct dae_shape *shape) {
    dae_text_add(text, "input(");
    for (size_t i = 0; i < shape->rank; i++) {
        dae_text_add(text, "%s", i > 0 ? ", " : "");
        if (shape->dims[i] == 0)
            dae_text_add(text, "any");
        else
            dae_text_add(text, "%zu", shape->dims[i]);
    }
    dae_text_add(text, ")");
}

/* The names of the values that a node reads beside the one before; labels may mean others in a slice than in
 * their text. */
struct names {
    char text[DAE_LAYER_MAX_INPUTS][DAE_VALUE_NAME_SIZE];
    struct dae_value items[DAE_LAYER_MAX_INPUTS];
    char tied[DAE_VALUE_NAME_SIZE];
};

static void set_labels(const dae_model *model, const struct dae_node *node, struct dae_value *values,
                       struct names *names) {
    const struct dae_kind *kind = node->layer->step->kind;
    size_t k = 1;
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++) {
        if (kind->parameters[i].type != DAE_TYPE_LABEL || kind == &dae_layer_dense.kind ||
            values[i].count == 0)
            continue;
        struct dae_value *value = &values[i];
        struct dae_value *items = names->items + k;
        for (size_t j = 0; j < value->count; j++, k++)
            names->items[k] = (struct dae_value){
                .count = 1, .label = dae_model_value_name(model, node->inputs[k], names->text[k])};
        if (value->items != NULL)
            value->items = items;
        else
            value->label = items->label;
    }
}

/* A layer that uses a weight from outside of this model is written as what it is by itself. */
static void set_tied(const dae_model *model, const struct dae_node *node, struct dae_value *values,
                     struct names *names) {
    if (node->tied > 0) {
        values[DAE_DENSE_TIED].label = dae_model_value_name(model, node->tied, names->tied);
        return;
    }
    values[DAE_DENSE_TIED].count = 0;
    values[DAE_DENSE_UNITS] = (struct dae_value){.count = 1, .number = (double)node->at.output.size};
}

static void write_node(struct dae_text *text, const dae_model *model, const struct dae_node *node) {
    struct dae_step step = *node->layer->step;
    struct dae_value values[DAE_KIND_MAX_PARAMETERS];
    struct names names;
    memcpy(values, step.values, dae_kind_parameter_count(step.kind) * sizeof *values);
    set_labels(model, node, values, &names);
    if (node->at.tied != NULL)
        set_tied(model, node, values, &names);
    step.values = values;
    dae_step_write(text, &step);
}

void dae_model_write_architecture(struct dae_text *text, const void *object) {
    const dae_model *model = object;
    char name[DAE_VALUE_NAME_SIZE];
    write_input(text, &model->input);
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dae_node *node = &model->nodes[i];
        if (node->inputs[0] != i)
            dae_text_add(text, " | from(%s)", dae_model_value_name(model, node->inputs[0], name));
        dae_text_add(text, " | ");
        write_node(text, model, node);
    }
}

char *dae_model_copy_architecture(const dae_model *model) {
    struct dae_text measure = {NULL, 0, 0};
    dae_model_write_architecture(&measure, model);
    struct dae_text text = {dae_allocate(measure.length + 1, 1), measure.length + 1, 0};
    if (text.data != NULL)
        dae_model_write_architecture(&text, model);
    return text.data;
}

/* ---- Reading ------------------------------------------------------------------------------------ */

/* Labels name what layers make. */
static dae_status check_no_label(const struct dae_step *step) {
    return step->label == NULL ? DAE_OK
                               : dae_fail(DAE_ERROR_FORMAT, "found %s as %s, expected a label at layers only",
                                          step->kind->name, step->label);
}

/* From, or a layer. */
static dae_status add_layer(dae_model *model, struct dae_layer_text *text, const struct dae_step *step) {
    dae_layer *layer = NULL;
    if (step->kind == &dae_layer_from) {
        DAE_TRY(check_no_label(step));
        return dae_model_find_value(model, step->values[0].label, &model->next);
    }
    DAE_TRY(dae_layer_read(&layer, text, step));
    dae_status status = dae_model_append(model, layer);
    dae_layer_free(layer);
    return status;
}

/* What a ready network is made of; its label is that of its last layer. */
static dae_status write_network(struct dae_text *text, const dae_model *model, const struct dae_step *step) {
    const char *label = model->next > 0 ? model->nodes[model->next - 1].layer->step->label : "input";
    struct dae_network_input input = {dae_model_shape(model, model->next), label};
    DAE_TRY(dae_network_row(step->kind)->expand(text, step->values, &input));
    if (step->label != NULL)
        dae_text_add(text, " as %s", step->label);
    return DAE_OK;
}

static dae_status copy_network(char **out, const dae_model *model, const struct dae_step *step) {
    struct dae_text measure = {NULL, 0, 0};
    DAE_TRY(write_network(&measure, model, step));
    struct dae_text text = {dae_allocate(measure.length + 1, 1), measure.length + 1, 0};
    *out = text.data;
    return text.data != NULL ? write_network(&text, model, step) : DAE_ERROR_MEMORY;
}

static dae_status add_network(dae_model *model, const struct dae_step *step) {
    char *text = NULL;
    struct dae_layer_text *read = NULL;
    dae_status status = copy_network(&text, model, step);
    if (status == DAE_OK)
        status = dae_layer_text_read(&read, text);
    for (size_t i = 0; status == DAE_OK && i < read->recipe->count; i++)
        status = add_layer(model, read, &read->recipe->steps[i]);
    dae_layer_text_drop(read);
    dae_release(text);
    return status == DAE_OK ? DAE_OK : dae_fail_in(status, step->kind->name);
}

static dae_status add_step(dae_model *model, struct dae_layer_text *text, const struct dae_step *step) {
    return dae_network_row(step->kind) != NULL ? add_network(model, step) : add_layer(model, text, step);
}

/* Goes on with the steps of a text from one on. */
static dae_status add_steps(dae_model *model, struct dae_layer_text *text, size_t first) {
    const struct dae_recipe *recipe = text->recipe;
    const char *what = dae_layer_category.text;
    for (size_t i = first; i < recipe->count; i++) {
        const struct dae_step *step = &recipe->steps[i];
        dae_status status = add_step(model, text, step);
        if (status != DAE_OK)
            return dae_fail_at(status, what, step->position, "%s", dae_last_error());
    }
    if (model->next != model->node_count)
        return dae_fail_at(DAE_ERROR_FORMAT, what, recipe->steps[recipe->count - 1].position,
                           "found nothing after from, expected a layer");
    return DAE_OK;
}

/* The model as it was before nodes were added. */
static void go_back(dae_model *model, size_t node_count, size_t next) {
    for (size_t i = node_count; i < model->node_count; i++)
        atomic_store(&model->nodes[i].layer->in_model, false);
    dae_model_detach(model, node_count);
    model->next = next;
}

dae_status dae_model_extend(dae_model *model, const char *text) {
    struct dae_layer_text *read = NULL;
    DAE_REQUIRE(model);
    DAE_REQUIRE(text);
    DAE_TRY(dae_layer_text_read(&read, text));
    size_t nodes = model->node_count, next = model->next;
    dae_status status = add_steps(model, read, 0);
    if (status != DAE_OK)
        go_back(model, nodes, next);
    dae_layer_text_drop(read);
    return status;
}

static dae_status read_shape(struct dae_shape *shape, const struct dae_step *step) {
    size_t dims[DAE_SHAPE_MAX_RANK], rank = step->values->count;
    DAE_TRY(check_no_label(step));
    for (size_t i = 0; i < rank && i < DAE_SHAPE_MAX_RANK; i++)
        dims[i] = (size_t)step->values->items[i].number;
    return dae_shape_set_open(shape, rank, dims, step->kind->name);
}

static dae_status read_input(dae_model **out, const struct dae_recipe *recipe) {
    struct dae_shape shape;
    const char *what = dae_layer_category.text;
    if (recipe->count == 0)
        return dae_fail_at(DAE_ERROR_FORMAT, what, 0, "found an empty text, expected input(...)");
    const struct dae_step *step = recipe->steps;
    if (step->kind != &dae_layer_input)
        return dae_fail_at(DAE_ERROR_FORMAT, what, step->position, "found '%s', expected input",
                           step->kind->name);
    dae_status status = read_shape(&shape, step);
    if (status != DAE_OK)
        return dae_fail_at(status, what, step->position, "%s", dae_last_error());
    return dae_model_create(out, shape.rank, shape.dims);
}

dae_status dae_model_read_architecture(dae_model **out, const char *text) {
    struct dae_layer_text *read = NULL;
    dae_model *model = NULL;
    DAE_TRY(dae_layer_text_read(&read, text));
    dae_status status = read_input(&model, read->recipe);
    if (status == DAE_OK)
        status = add_steps(model, read, 1);
    if (status == DAE_OK && model->node_count == 0)
        status = dae_fail_at(DAE_ERROR_FORMAT, dae_layer_category.text, strlen(text),
                             "found no layer, expected at least one");
    dae_layer_text_drop(read);
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}

dae_status dae_model_parse(dae_model **out, const char *text) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(text);
    return dae_model_read_architecture(out, text);
}

dae_status dae_model_format(const dae_model *model, char *buffer, size_t capacity, size_t *length) {
    DAE_REQUIRE(model);
    return dae_text_deliver(dae_model_write_architecture, model, buffer, capacity, length, __func__);
}
