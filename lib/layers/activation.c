#include "layers/activation.h"

#include <math.h>

static float slope_of(const struct dae_activation_kind *kind, const struct dae_step *step) {
    return kind->kind.parameters[0].name != NULL ? (float)step->values[0].number : kind->slope;
}

static void apply_sigmoid(const struct dae_activation *activation, float *z, size_t count) {
    (void)activation;
    dae_kernels()->sigmoid(z, count);
}

static void derive_sigmoid(const struct dae_activation *activation, float *d, const float *a, size_t count) {
    (void)activation;
    dae_kernels()->sigmoid_derive(d, a, count);
}

static void apply_tanh(const struct dae_activation *activation, float *z, size_t count) {
    (void)activation;
    dae_kernels()->tanh(z, count);
}

static void derive_tanh(const struct dae_activation *activation, float *d, const float *a, size_t count) {
    (void)activation;
    dae_kernels()->tanh_derive(d, a, count);
}

const struct dae_activation_kind dae_activation_linear = {
    .kind = {.name = "linear", .what = "a(z) = z", .example = "linear"},
    .is_rectifier = true,
    .slope = 1.0f,
    .singular = "linear output",
    .plural = "linear units",
    .low = -INFINITY,
    .high = INFINITY,
};

const struct dae_activation_kind dae_activation_relu = {
    .kind = {.name = "relu", .what = "a(z) = max(z, 0); derivative 0 at 0", .example = "relu"},
    .is_rectifier = true,
    .slope = 0.0f,
    .singular = "ReLU",
    .plural = "ReLUs",
    .low = 0,
    .high = INFINITY,
};

const struct dae_activation_kind dae_activation_leaky_relu = {
    .kind = {.name = "leaky_relu",
             .what = "a(z) = z for z >= 0, slope * z below; derivative slope at 0 (Maas et al. 2013)",
             .example = "leaky_relu(0.1)",
             .parameters = {{.name = "slope",
                             .what = "factor below 0; 0.3 as in Keras",
                             .type = DAE_TYPE_NUMBER,
                             .flags = DAE_BY_PLACE | DAE_PLACED,
                             .low = 0,
                             .high = 1,
                             .fallback = "0.3"}}},
    .is_rectifier = true,
    .singular = "leaky ReLU",
    .plural = "leaky ReLUs",
    .low = -INFINITY,
    .high = INFINITY,
};

const struct dae_activation_kind dae_activation_sigmoid = {
    .kind = {.name = "sigmoid", .what = "a(z) = 1 / (1 + exp(-z))", .example = "sigmoid"},
    .is_sigmoid = true,
    .apply = apply_sigmoid,
    .derive = derive_sigmoid,
    .singular = "sigmoid",
    .plural = "sigmoids",
    .low = 0,
    .high = 1,
};

const struct dae_activation_kind dae_activation_tanh = {
    .kind = {.name = "tanh", .what = "a(z) = tanh(z)", .example = "tanh"},
    .apply = apply_tanh,
    .derive = derive_tanh,
    .singular = "tanh",
    .plural = "tanh units",
    .low = -1,
    .high = 1,
};

static const struct dae_kind *const kinds[] = {DAE_ACTIVATION_ROWS, NULL};

const struct dae_category dae_activation_category = {
    .name = "activation",
    .what = "what a layer does to each of its values",
    .text = "activation",
    .kinds = kinds,
};

const struct dae_activation dae_no_activation = {&dae_activation_linear, 1.0f};

struct dae_activation dae_activation_of(const struct dae_step *step) {
    const struct dae_activation_kind *kind = (const struct dae_activation_kind *)step->kind;
    return (struct dae_activation){kind, slope_of(kind, step)};
}

void dae_activation_apply(const struct dae_activation *a, float *z, const float *bias, size_t count) {
    float slope = a->kind->is_rectifier ? a->slope : 1.0f;
    if (bias != NULL || slope != 1.0f)
        dae_kernels()->rectify(z, bias, count, slope);
    if (!a->kind->is_rectifier)
        a->kind->apply(a, z, count);
}

void dae_activation_derive(const struct dae_activation *a, float *d, const float *y, size_t count) {
    if (dae_activation_is_linear(a))
        return;
    if (a->kind->is_rectifier)
        dae_kernels()->rectify_derive(d, y, count, a->slope);
    else
        a->kind->derive(a, d, y, count);
}
