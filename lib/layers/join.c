/* Layers that read a second value: sums, differences, concatenations. */
#include "layers/plain.h"

#include <string.h>

/* ---- add, subtract ------------------------------------------------------------------------------ */

static dae_status attach_equal(const dae_layer *layer, struct dae_attachment *at) {
    char first[DAE_SHAPE_TEXT_SIZE], second[DAE_SHAPE_TEXT_SIZE];
    if (!dae_shape_fits(at->inputs[0], at->inputs[1]))
        return dae_fail(DAE_ERROR_SHAPE, "%s takes two values of one shape, found %s and %s",
                        layer->kind->kind.name, dae_shape_text(at->inputs[0], first),
                        dae_shape_text(at->inputs[1], second));
    at->output = *at->inputs[0];
    return DAE_OK;
}

/* out = first + sign * second */
static void fill_sum(const struct dae_pass *pass, struct dae_span span, float *out, float sign) {
    size_t size = pass->output->shape->size;
    const float *a = dae_span_of(pass->inputs[0]->y, size, span),
                *b = dae_span_of(pass->inputs[1]->y, size, span);
    for (size_t i = 0; i < span.count; i++)
        out[i] = a[i] + sign * b[i];
}

static void fill_add(const struct dae_pass *pass, struct dae_span span, float *out) {
    fill_sum(pass, span, out, 1.0f);
}

static void fill_subtract(const struct dae_pass *pass, struct dae_span span, float *out) {
    fill_sum(pass, span, out, -1.0f);
}

static void back_add(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    (void)input;
    memcpy(out, dae_span_of(pass->output->d, pass->output->shape->size, span), span.count * sizeof *out);
}

static void back_subtract(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    back_add(pass, input, span, out);
    for (size_t i = 0; input == 1 && i < span.count; i++)
        out[i] = -out[i];
}

static dae_status forward_add(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill_add);
}

static dae_status backward_add(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, back_add);
}

static dae_status forward_subtract(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill_subtract);
}

static dae_status backward_subtract(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, back_subtract);
}

/* ---- concatenate -------------------------------------------------------------------------------- */

static bool are_equal_but_first(const struct dae_shape *a, const struct dae_shape *b) {
    return a->rank == b->rank && memcmp(a->dims + 1, b->dims + 1, (a->rank - 1) * sizeof *a->dims) == 0;
}

static dae_status attach_concatenate(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_shape all = *at->inputs[0];
    (void)layer;
    for (size_t i = 1; i < at->input_count; i++) {
        const struct dae_shape *next = at->inputs[i];
        char first[DAE_SHAPE_TEXT_SIZE], second[DAE_SHAPE_TEXT_SIZE];
        if (!are_equal_but_first(&all, next))
            return dae_fail(
                DAE_ERROR_SHAPE,
                "concatenate takes values whose shapes differ in the first dimension only, found %s "
                "and %s",
                dae_shape_text(&all, first), dae_shape_text(next, second));
        if (!dae_size_add(all.dims[0], next->dims[0], &all.dims[0]))
            return dae_fail(DAE_ERROR_SHAPE, "concatenate: more values than can be addressed");
    }
    return dae_shape_set(&at->output, all.rank, all.dims, "concatenate");
}

static void fill_concatenate(const struct dae_pass *pass, struct dae_span span, float *out) {
    size_t first = 0; /* value of this input in a row of Y */
    for (size_t i = 0; i < pass->input_count; first += pass->inputs[i++]->shape->size) {
        size_t size = pass->inputs[i]->shape->size, low = span.column > first ? span.column : first;
        size_t high = dae_size_min(span.column + span.count, first + size);
        if (low < high)
            memcpy(out + (low - span.column), pass->inputs[i]->y + span.row * size + (low - first),
                   (high - low) * sizeof *out);
    }
}

static void back_concatenate(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    for (size_t i = 0; i < input; i++)
        span.column += pass->inputs[i]->shape->size;
    memcpy(out, dae_span_of(pass->output->d, pass->output->shape->size, span), span.count * sizeof *out);
}

static dae_status forward_concatenate(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill_concatenate);
}

static dae_status backward_concatenate(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, back_concatenate);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

#define OTHER_VALUE                                                                            \
    {                                                                                          \
        .name = "value", .what = "label of the other value, or input", .type = DAE_TYPE_LABEL, \
        .flags = DAE_BY_PLACE | DAE_PLACED,                                                    \
    }

const struct dae_layer_kind dae_layer_add = {
    .kind = {.name = "add",
             .what = "the sum of the value before and another one",
             .example = "add(input)",
             .parameters = {OTHER_VALUE}},
    .attach = attach_equal,
    .forward = forward_add,
    .backward = backward_add,
    .reach = dae_reach_place,
};

const struct dae_layer_kind dae_layer_subtract = {
    .kind = {.name = "subtract",
             .what = "the value before, less another one",
             .example = "subtract(noise)",
             .parameters = {OTHER_VALUE}},
    .attach = attach_equal,
    .forward = forward_subtract,
    .backward = backward_subtract,
    .reach = dae_reach_place,
};

const struct dae_layer_kind dae_layer_concatenate = {
    .kind = {.name = "concatenate",
             .what = "the value before and others, one after another in their first dimension",
             .example = "concatenate(e1)",
             .parameters = {{.name = "values",
                             .what = "labels of up to 3 other values",
                             .type = DAE_TYPE_LABEL,
                             .flags = DAE_BY_PLACE | DAE_MANY}}},
    .attach = attach_concatenate,
    .forward = forward_concatenate,
    .backward = backward_concatenate,
    .reach = dae_reach_place,
};
