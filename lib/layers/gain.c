/* A factor for each channel: y = g x, with a g for each index of the first dimension, 1 at first. */
#include "layers/plain.h"

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    return dae_attachment_add_tensor(at, "weight", 1, at->output.dims);
}

static void initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                       struct dae_draw from) {
    (void)layer, (void)from;
    for (size_t i = 0; i < at->output.dims[0]; i++)
        parameters[i] = 1.0f;
}

/* out = g x, for a span of values x that begins at a column */
static void multiply(const struct dae_pass *pass, struct dae_span span, const float *x, float *out) {
    float strip[DAE_STRIP];
    const float *g = dae_span_spread(pass, span, pass->weight, strip);
    for (size_t i = 0; i < span.count; i++)
        out[i] = g[i] * x[i];
}

static void fill(const struct dae_pass *pass, struct dae_span span, float *out) {
    multiply(pass, span, dae_span_of(pass->inputs[0]->y, pass->output->shape->size, span), out);
}

static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    (void)input;
    multiply(pass, span, dae_span_of(pass->output->d, pass->output->shape->size, span), out);
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, fill_back);
}

/* dg[c] = sum over samples and values of the channel of d x, in that order */
static dae_status sum_channel(void *context, size_t channel) {
    const struct dae_pass *pass = context;
    size_t size = pass->output->shape->size, values = size / pass->output->shape->dims[0];
    float sum = 0.0f;
    for (size_t row = 0; row < pass->batch; row++) {
        struct dae_span span = {row, channel * values, values};
        const float *x = dae_span_of(pass->inputs[0]->y, size, span),
                    *d = dae_span_of(pass->output->d, size, span);
        float row_sum = 0.0f;
        for (size_t i = 0; i < values; i++)
            row_sum += d[i] * x[i];
        sum += row_sum;
    }
    pass->weight_gradient[channel] = sum;
    return DAE_OK;
}

static dae_status gradients(const struct dae_pass *pass) {
    return dae_pool_run(pass->pool, sum_channel, (void *)(uintptr_t)pass, pass->output->shape->dims[0]);
}

const struct dae_layer_kind dae_layer_gain = {
    .kind = {.name = "gain", .what = "a factor for each channel, 1 at first: y = g x", .example = "gain"},
    .attach = attach,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .reach = dae_reach_place,
    .gradients = gradients,
};
