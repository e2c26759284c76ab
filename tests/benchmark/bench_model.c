#include "bench.h"

dae_model *make_model(size_t hidden) {
    dae_model *model;
    dae_layer *encoder, *decoder;
    check(dae_model_create(&model, PIXELS));
    check(dae_layer_create_dense(&encoder, hidden, DAE_ACTIVATION_RELU));
    check(dae_layer_create_dense(&decoder, PIXELS, DAE_ACTIVATION_RELU));
    check(dae_model_add(model, encoder));
    check(dae_model_add(model, decoder));
    dae_layer_free(encoder);
    dae_layer_free(decoder);
    check(dae_model_initialize(model, 1));
    return model;
}

double training_operations(size_t hidden) {
    return 10.0 * PIXELS * (double)hidden;
}
