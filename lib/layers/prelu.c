/* PReLU (He et al. 2015): y = x for x >= 0, w x below, with a slope w for each channel, which is learnt;
 * the derivative at 0 is w. As PyTorch's with num_parameters = channels; Keras' has a slope for each
 * value unless axes are shared, 0 at first. */
#include "layers/plain.h"

enum { START };

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    return dae_attachment_add_tensor(at, "weight", 1, at->output.dims);
}

static void initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                       struct dae_draw from) {
    (void)from;
    for (size_t i = 0; i < at->output.dims[0]; i++)
        parameters[i] = (float)layer->values[START].number;
}

static void fill(const struct dae_pass *pass, struct dae_span span, float *out) {
    float strip[DAE_STRIP];
    const float *w = dae_span_spread(pass, span, pass->weight, strip),
                *x = dae_span_of(pass->inputs[0]->y, pass->output->shape->size, span);
    for (size_t i = 0; i < span.count; i++) {
        float below = w[i] * x[i];
        out[i] = x[i] < 0.0f ? below : x[i];
    }
}

static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    float strip[DAE_STRIP];
    size_t size = pass->output->shape->size;
    const float *w = dae_span_spread(pass, span, pass->weight, strip),
                *x = dae_span_of(pass->inputs[input]->y, size, span),
                *d = dae_span_of(pass->output->d, size, span);
    for (size_t i = 0; i < span.count; i++) {
        float below = w[i] * d[i];
        out[i] = x[i] > 0.0f ? d[i] : below;
    }
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, fill_back);
}

enum { LANES = 16 };

/* dw[c] = sum of d x over what is below 0 of the channel: of a sample, value i in lane i % 16, the lanes
 * one after the other; samples in their order */
static dae_status sum_channel(void *context, size_t channel) {
    const struct dae_pass *pass = context;
    size_t size = pass->output->shape->size, values = size / pass->output->shape->dims[0];
    float sum = 0.0f;
    for (size_t row = 0; row < pass->batch; row++) {
        struct dae_span span = {row, channel * values, values};
        const float *x = dae_span_of(pass->inputs[0]->y, size, span),
                    *d = dae_span_of(pass->output->d, size, span);
        float lanes[LANES] = {0};
        size_t whole = values / LANES * LANES;
        for (size_t i = 0; i < whole; i += LANES)
            for (size_t lane = 0; lane < LANES; lane++)
                lanes[lane] += d[i + lane] * (x[i + lane] > 0.0f ? 0.0f : x[i + lane]);
        for (size_t i = whole; i < values; i++)
            lanes[i - whole] += d[i] * (x[i] > 0.0f ? 0.0f : x[i]);
        for (size_t lane = 0; lane < LANES; lane++)
            sum += lanes[lane];
    }
    pass->weight_gradient[channel] = sum;
    return DAE_OK;
}

static dae_status gradients(const struct dae_pass *pass) {
    return dae_pool_run(pass->pool, sum_channel, (void *)(uintptr_t)pass, pass->output->shape->dims[0]);
}

const struct dae_layer_kind dae_layer_prelu = {
    .kind = {.name = "prelu",
             .what = "y = x for x >= 0, w x below, a slope w for each channel (He et al. 2015)",
             .example = "prelu(start=0.25)",
             .parameters = {[START] = {.name = "start",
                                       .what = "the slopes at first; 0.25 as in PyTorch",
                                       .type = DAE_TYPE_NUMBER,
                                       .flags = DAE_BY_PLACE | DAE_FLOAT,
                                       .low = -1e6,
                                       .high = 1e6,
                                       .fallback = "0.25"}}},
    .attach = attach,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .reach = dae_reach_place,
    .gradients = gradients,
};
