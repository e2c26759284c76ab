/* Layers that give a value another form: flatten, reshape, channels. */
#include "layers/plain.h"

#include <string.h>

/* ---- flatten, reshape --------------------------------------------------------------------------- */

static dae_status attach_flatten(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = dae_shape_flat(at->inputs[0]->size);
    return DAE_OK;
}

static dae_status attach_reshape(const dae_layer *layer, struct dae_attachment *at) {
    size_t dims[DAE_SHAPE_MAX_RANK], rank = layer->values[0].count;
    char found[DAE_SHAPE_TEXT_SIZE], wanted[DAE_SHAPE_TEXT_SIZE];
    for (size_t i = 0; i < rank && i < DAE_SHAPE_MAX_RANK; i++)
        dims[i] = (size_t)layer->values[0].items[i].number;
    DAE_TRY(dae_shape_set(&at->output, rank, dims, "reshape"));
    if (at->output.size != at->inputs[0]->size)
        return dae_fail(DAE_ERROR_SHAPE, "reshape to %s takes %zu values, found %s",
                        dae_shape_text(&at->output, wanted), at->output.size,
                        dae_shape_text(at->inputs[0], found));
    return DAE_OK;
}

static void fill_same(const struct dae_pass *pass, struct dae_span span, float *out) {
    memcpy(out, dae_span_of(pass->inputs[0]->y, pass->output->shape->size, span), span.count * sizeof *out);
}

static void back_same(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    (void)input;
    memcpy(out, dae_span_of(pass->output->d, pass->output->shape->size, span), span.count * sizeof *out);
}

static dae_status forward_same(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill_same);
}

static dae_status backward_same(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, back_same);
}

/* ---- channels ----------------------------------------------------------------------------------- */

enum { FIRST, COUNT };

static dae_status attach_channels(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_shape shape = *at->inputs[0];
    double first = layer->values[FIRST].number, count = layer->values[COUNT].number;
    if (first + count > (double)shape.dims[0])
        return dae_fail(DAE_ERROR_SHAPE, "channels %.0f to %.0f are not in the value, expected 0 to %zu",
                        first, first + count - 1, shape.dims[0] - 1);
    shape.dims[0] = (size_t)count;
    return dae_shape_set(&at->output, shape.rank, shape.dims, "channels");
}

/* The first of the values that are taken from a row. */
static size_t first_of(const struct dae_pass *pass) {
    const struct dae_shape *in = pass->inputs[0]->shape;
    return (size_t)pass->layer->values[FIRST].number * (in->size / in->dims[0]);
}

static void fill_channels(const struct dae_pass *pass, struct dae_span span, float *out) {
    span.column += first_of(pass);
    memcpy(out, dae_span_of(pass->inputs[0]->y, pass->inputs[0]->shape->size, span),
           span.count * sizeof *out);
}

static void back_channels(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    size_t first = first_of(pass), size = pass->output->shape->size;
    (void)input;
    for (size_t i = 0; i < span.count; i++) {
        size_t column = span.column + i;
        out[i] = column >= first && column - first < size ? pass->output->d[span.row * size + column - first]
                                                          : 0.0f;
    }
}

static dae_status forward_channels(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill_channels);
}

static dae_status backward_channels(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, back_channels);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

const struct dae_layer_kind dae_layer_flatten = {
    .kind = {.name = "flatten", .what = "all values of a sample in one row", .example = "flatten"},
    .attach = attach_flatten,
    .forward = forward_same,
    .backward = backward_same,
    .keeps_range = true,
};

const struct dae_layer_kind dae_layer_reshape = {
    .kind = {.name = "reshape",
             .what = "the same values in another shape",
             .example = "reshape(1, 28, 28)",
             .parameters = {{.name = "shape",
                             .what = "dimensions, the last one changes fastest",
                             .type = DAE_TYPE_COUNT,
                             .flags = DAE_BY_PLACE | DAE_MANY,
                             .low = 1,
                             .high = DAE_MOST_SIZE}}},
    .attach = attach_reshape,
    .forward = forward_same,
    .backward = backward_same,
    .keeps_range = true,
};

const struct dae_layer_kind dae_layer_channels = {
    .kind = {.name = "channels",
             .what = "some of the first dimension",
             .example = "channels(0, 1)",
             .parameters = {[FIRST] = {.name = "first",
                                       .what = "the first that is taken, from 0",
                                       .type = DAE_TYPE_COUNT,
                                       .flags = DAE_BY_PLACE,
                                       .low = 0,
                                       .high = DAE_MOST_SIZE},
                            [COUNT] = {.name = "count",
                                       .what = "how many",
                                       .type = DAE_TYPE_COUNT,
                                       .flags = DAE_BY_PLACE,
                                       .low = 1,
                                       .high = DAE_MOST_SIZE}}},
    .attach = attach_channels,
    .forward = forward_channels,
    .backward = backward_channels,
    .reach = dae_reach_place,
    .keeps_range = true,
};
