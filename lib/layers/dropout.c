/* Dropout: in training, y = x / (1 - rate) or 0. */
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

const struct dae_layer_kind dae_layer_dropout = {
    .kind = {.name = "dropout",
             .what =
                 "in training, 0 with probability rate, else divided by 1 - rate (Srivastava et al. 2014)",
             .example = "dropout(0.2)",
             .parameters = {[RATE] = {.name = "rate",
                                      .what = "probability of 0",
                                      .type = DAE_TYPE_NUMBER,
                                      .flags = DAE_BY_PLACE | DAE_OPEN_HIGH | DAE_FLOAT,
                                      .low = 0,
                                      .high = 1}}},
    .attach = attach,
    .forward = forward,
    .backward = backward,
    .keeps_range = true,
};
