/* Dropout: in training, y = x / (1 - rate) or 0, for each value or for whole channels. */
#include "layers/plain.h"

#include <string.h>

enum { RATE };

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    return DAE_OK;
}

/* values *= 1 / (1 - rate) or 0. Forward and backward draw the same words, so that no mask is kept. */
static void scale(const struct dae_pass *pass, struct dae_span span, float *values) {
    double rate = pass->layer->values[RATE].number;
    size_t blocks_per_row = dae_size_divide_up(pass->output->shape->size, 4);
    struct dae_draw from = dae_draw_from(pass->seed, DAE_PURPOSE_DROPOUT, pass->step << 8 | pass->index,
                                         span.row * blocks_per_row + span.column / 4);
    if (rate > 0)
        dae_kernels()->drop(values, span.count, (float)rate, (float)(1 / (1 - rate)), from);
}

static void fill(const struct dae_pass *pass, struct dae_span span, float *out) {
    memcpy(out, dae_span_of(pass->inputs[0]->y, pass->output->shape->size, span), span.count * sizeof *out);
    if (pass->training)
        scale(pass, span, out);
}

static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    (void)input;
    memcpy(out, dae_span_of(pass->output->d, pass->output->shape->size, span), span.count * sizeof *out);
    scale(pass, span, out);
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, fill_back);
}

/* ---- Whole channels ------------------------------------------------------------------------------- */

/* What a channel is multiplied by: words are drawn in fours. */
static float factor_of(const struct dae_pass *pass, struct dae_part part) {
    double rate = pass->layer->values[RATE].number;
    size_t blocks_per_row = dae_size_divide_up(pass->output->shape->dims[0], 4);
    float factors[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    struct dae_draw from = dae_draw_from(pass->seed, DAE_PURPOSE_DROPOUT, pass->step << 8 | pass->index,
                                         part.row * blocks_per_row + part.index / 4);
    if (pass->training && rate > 0)
        dae_kernels()->drop(factors, 4, (float)rate, (float)(1 / (1 - rate)), from);
    return factors[part.index % 4];
}

static void fill_channel(const struct dae_pass *pass, struct dae_part part) {
    size_t count = pass->output->shape->size / pass->output->shape->dims[0];
    float factor = factor_of(pass, part);
    for (size_t i = 0; i < count; i++)
        part.y[i] = part.x[i] * factor;
}

static void add_channel(const struct dae_pass *pass, struct dae_part part) {
    size_t count = pass->output->shape->size / pass->output->shape->dims[0];
    float factor = factor_of(pass, part);
    for (size_t i = 0; i < count; i++)
        part.dx[i] += part.dy[i] * factor;
}

static dae_status forward_channels(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_channel);
}

static dae_status backward_channels(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_channel);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

#define RATE_PARAMETER                                                          \
    {                                                                           \
        .name = "rate", .what = "probability of 0", .type = DAE_TYPE_NUMBER,    \
        .flags = DAE_BY_PLACE | DAE_OPEN_HIGH | DAE_FLOAT, .low = 0, .high = 1, \
    }

const struct dae_layer_kind dae_layer_dropout = {
    .kind = {.name = "dropout",
             .what =
                 "in training, 0 with probability rate, else divided by 1 - rate (Srivastava et al. 2014)",
             .example = "dropout(0.2)",
             .parameters = {[RATE] = RATE_PARAMETER}},
    .attach = attach,
    .forward = forward,
    .backward = backward,
    .reach = dae_reach_place,
    .keeps_range = true,
};

const struct dae_layer_kind dae_layer_spatial_dropout = {
    .kind = {.name = "spatial_dropout",
             .what = "dropout of whole channels (Tompson et al. 2015)",
             .example = "spatial_dropout(0.2)",
             .parameters = {[RATE] = RATE_PARAMETER}},
    .attach = attach,
    .forward = forward_channels,
    .backward = backward_channels,
    .reach = dae_reach_place,
    .keeps_range = true,
};
