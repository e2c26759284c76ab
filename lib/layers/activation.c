#include "layers/activation.h"

#include <dae/layer.h>

#include <string.h>

static void apply_relu(float *z, size_t count, float slope) {
    (void)slope;
    dae_kernels()->relu(z, count, 0.0f);
}

static void derive_relu(float *d, const float *a, size_t count, float slope) {
    (void)slope;
    dae_kernels()->relu_derive(d, a, count, 0.0f);
}

static void apply_leaky_relu(float *z, size_t count, float slope) {
    dae_kernels()->relu(z, count, slope);
}

static void derive_leaky_relu(float *d, const float *a, size_t count, float slope) {
    dae_kernels()->relu_derive(d, a, count, slope);
}

static void apply_sigmoid(float *z, size_t count, float slope) {
    (void)slope;
    dae_kernels()->sigmoid(z, count);
}

static void derive_sigmoid(float *d, const float *a, size_t count, float slope) {
    (void)slope;
    dae_kernels()->sigmoid_derive(d, a, count);
}

static void apply_tanh(float *z, size_t count, float slope) {
    (void)slope;
    dae_kernels()->tanh(z, count);
}

static void derive_tanh(float *d, const float *a, size_t count, float slope) {
    (void)slope;
    dae_kernels()->tanh_derive(d, a, count);
}

static const struct dae_activation activations[] = {
    [DAE_ACTIVATION_LINEAR] = {"linear", NULL, NULL},
    [DAE_ACTIVATION_RELU] = {"relu", apply_relu, derive_relu},
    [DAE_ACTIVATION_LEAKY_RELU] = {"leaky_relu", apply_leaky_relu, derive_leaky_relu},
    [DAE_ACTIVATION_SIGMOID] = {"sigmoid", apply_sigmoid, derive_sigmoid},
    [DAE_ACTIVATION_TANH] = {"tanh", apply_tanh, derive_tanh},
};

enum { COUNT = sizeof activations / sizeof *activations };

const struct dae_activation *dae_activation_get(int32_t activation) {
    return activation >= 0 && activation < COUNT ? &activations[activation] : NULL;
}

int32_t dae_activation_find(const char *name) {
    for (int32_t i = 0; i < COUNT; i++)
        if (strcmp(activations[i].name, name) == 0)
            return i;
    return -1;
}
