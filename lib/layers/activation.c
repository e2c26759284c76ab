#include "layers/activation.h"

#include <math.h>

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

static const struct dae_kind *const kinds[] = {DAE_ACTIVATION_ROWS, NULL};

const struct dae_category dae_activation_category = {
    .name = "activation",
    .what = "what a layer does to each of its values",
    .text = "activation",
    .kinds = kinds,
};

const struct dae_activation dae_no_activation = {.kind = &dae_activation_linear, .slope = 1.0f};

struct dae_activation dae_activation_of(const struct dae_step *step) {
    const struct dae_activation_kind *kind = (const struct dae_activation_kind *)step->kind;
    bool has_parameter = kind->kind.parameters[0].name != NULL;
    float parameter = has_parameter ? (float)step->values[0].number : 0.0f;
    return (struct dae_activation){kind, has_parameter ? parameter : kind->slope, parameter};
}

void dae_activation_apply(const struct dae_activation *a, float *z, const float *bias, size_t count) {
    float slope = a->kind->is_rectifier ? a->slope : 1.0f;
    if (bias != NULL || slope != 1.0f)
        dae_kernels()->rectify(z, bias, count, slope);
    if (!a->kind->is_rectifier)
        a->kind->apply[dae_kernels()->target](z, count, a->parameter);
}

void dae_activation_derive(const struct dae_activation *a, float *d, const float *y, size_t count) {
    if (dae_activation_is_linear(a))
        return;
    if (a->kind->is_rectifier)
        dae_kernels()->rectify_derive(d, y, count, a->slope);
    else
        a->kind->derive[dae_kernels()->target](d, y, count, a->parameter);
}
