#include "layers/activation.h"

#include <dae/layer.h>

#include <math.h>
#include <string.h>

static void apply_sigmoid(float *z, size_t count) {
    dae_kernels()->sigmoid(z, count);
}

static void derive_sigmoid(float *d, const float *a, size_t count) {
    dae_kernels()->sigmoid_derive(d, a, count);
}

static void apply_tanh(float *z, size_t count) {
    dae_kernels()->tanh(z, count);
}

static void derive_tanh(float *d, const float *a, size_t count) {
    dae_kernels()->tanh_derive(d, a, count);
}

static const struct dae_activation activations[] = {
    [DAE_ACTIVATION_LINEAR] = {"linear", 1.0f, NULL, NULL},
    [DAE_ACTIVATION_RELU] = {"relu", 0.0f, NULL, NULL},
    [DAE_ACTIVATION_LEAKY_RELU] = {"leaky_relu", 0.3f, NULL, NULL},
    [DAE_ACTIVATION_SIGMOID] = {"sigmoid", NAN, apply_sigmoid, derive_sigmoid},
    [DAE_ACTIVATION_TANH] = {"tanh", NAN, apply_tanh, derive_tanh},
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
