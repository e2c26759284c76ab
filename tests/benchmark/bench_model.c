#include "bench.h"

dae_model *make_model(size_t hidden) {
    dae_model *model;
    dae_layer *encoder, *decoder;
    const size_t pixels = PIXELS;
    check(dae_model_create(&model, 1, &pixels));
    check(dae_layer_create_dense(&encoder, hidden, "relu"));
    check(dae_layer_create_dense(&decoder, PIXELS, "relu"));
    check(dae_model_add(model, encoder));
    check(dae_model_add(model, decoder));
    dae_layer_free(encoder);
    dae_layer_free(decoder);
    check(dae_model_initialize(model, 1));
    return model;
}

size_t train_batch(const struct options *options) {
    return options->batch ? options->batch : 256;
}

dae_trainer *make_trainer(const struct options *options, dae_model *model) {
    dae_optimizer *adam;
    dae_trainer *trainer;
    check(dae_optimizer_create_adam(&adam, 1e-3));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_precision(trainer, options->precision));
    dae_optimizer_free(adam);
    check(dae_trainer_set_batch_size(trainer, train_batch(options)));
    check(dae_trainer_set_seed(trainer, 1));
    return trainer;
}

double training_operations(size_t hidden) {
    return 10.0 * PIXELS * (double)hidden;
}
