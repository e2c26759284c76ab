/* An activation as a layer of its own. Its row is that of the activation; this one does the work for all of
 * them. */
#include "layers/plain.h"

#include <string.h>

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    return DAE_OK;
}

static void fill(const struct dae_pass *pass, struct dae_span span, float *out) {
    size_t size = pass->output->shape->size;
    memcpy(out, dae_span_of(pass->inputs[0]->y, size, span), span.count * sizeof *out);
    if (pass->output->z != NULL)
        memcpy(dae_span_of(pass->output->z, size, span), out, span.count * sizeof *out);
    if (!pass->logits)
        dae_activation_apply(pass->output->activation, out, NULL, span.count);
}

static void work_on(const struct dae_pass *pass, struct dae_span span, float *values) {
    if (!pass->logits)
        dae_activation_apply(pass->output->activation, values, NULL, span.count);
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_plain_forward(pass, fill);
}

/* D is that of what goes in: whoever completed it has taken the derivative. */
static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    (void)input;
    memcpy(out, dae_span_of(pass->output->d, pass->output->shape->size, span), span.count * sizeof *out);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, fill_back);
}

const struct dae_layer_kind dae_layer_activation = {
    .kind = {.name = "activation"},
    .attach = attach,
    .forward = forward,
    .work_on = work_on,
    .backward = backward,
    .reach = dae_reach_place,
};
