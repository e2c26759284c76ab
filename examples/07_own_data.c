/* Data from a function: larger than memory, or made when asked for. With early stopping.
 *
 * The dataset below has a million signals and none of them is stored. Training ends when the validation loss
 * has stopped falling, and the model is that of the best epoch. */
#include <math.h>

#include "check.h"

enum {
    LENGTH = 32,
    SIGNALS = 1000000,
    EPOCHS = 60,
    PATIENCE = 3 /* epochs without a better validation loss */
};

static const double least_gain = 1e-4; /* what counts as better */

/* Signal i is a bell whose position and width depend on i: the same index gives the same signal. */
static int32_t read_signals(uint64_t first, size_t count, float *out, void *user) {
    (void)user;
    for (size_t s = 0; s < count; s++) {
        uint64_t index = first + s;
        float middle = (float)(index % 997) / 997.0f * LENGTH, width = 2.0f + (float)(index % 89) / 30.0f;
        for (int i = 0; i < LENGTH; i++) {
            float distance = ((float)i - middle) / width;
            out[s * LENGTH + (size_t)i] = expf(-distance * distance);
        }
    }
    return 0; /* anything else would end the call that needs the signals */
}

static int32_t print_epoch(const dae_progress *progress, void *user) {
    (void)user;
    if (progress->event == DAE_PROGRESS_EPOCH) {
        printf("epoch %2llu: validation loss %.5f\n", (unsigned long long)progress->epoch,
               progress->validation_loss);
    }
    return 0;
}

static dae_model *build(void) {
    const size_t shape[] = {LENGTH};
    dae_model *model = NULL;
    dae_layer *hidden = NULL, *output = NULL;
    check(dae_model_create(&model, 1, shape));
    check(dae_layer_create_dense(&hidden, 24, "relu"));
    check(dae_layer_create_dense(&output, LENGTH, "sigmoid"));
    check(dae_model_add(model, hidden));
    check(dae_model_add(model, output));
    check(dae_model_initialize(model, 1));
    dae_layer_free(hidden);
    dae_layer_free(output);
    return model;
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows training on signals that a function makes, until it no longer helps.");
    const size_t shape[] = {LENGTH};
    dae_dataset *all = NULL, *train = NULL, *test = NULL, *noisy_train = NULL, *noisy_test = NULL;
    dae_noise *noise = NULL;
    check(dae_dataset_create_callback(&all, SIGNALS, 1, shape, read_signals, NULL, NULL));
    check(dae_dataset_slice(&train, all, 0, 4000)); /* a look at a small part is enough here */
    check(dae_dataset_slice(&test, all, SIGNALS - 500, 500));
    check(dae_noise_parse(&noise, "masking(rate=0.2) | gaussian(stddev=0.1)"));
    check(dae_dataset_corrupt(&noisy_train, train, noise, DAE_NOISE_FRESH, 1));
    check(dae_dataset_corrupt(&noisy_test, test, noise, DAE_NOISE_ONCE, 2));

    dae_model *model = build();
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    check(dae_optimizer_create_adam(&adam, 5e-3));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_validation(trainer, noisy_test));
    check(dae_trainer_set_early_stopping(trainer, PATIENCE, least_gain));
    check(dae_trainer_set_progress(trainer, print_epoch, NULL));
    check(dae_trainer_fit(trainer, noisy_train, EPOCHS));
    /* Early stopping has done this already, unless all epochs came first. */
    check(dae_trainer_restore_best(trainer));

    size_t epochs;
    uint64_t best;
    double loss;
    check(dae_trainer_get_epoch_count(trainer, &epochs));
    check(dae_trainer_get_best(trainer, &best, &loss));
    printf("%s after epoch %zu of %d; the best was epoch %llu with %.5f\n",
           epochs < EPOCHS ? "stopped early" : "ended", epochs, EPOCHS, (unsigned long long)best, loss);

    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy_test);
    dae_dataset_free(noisy_train);
    dae_dataset_free(test);
    dae_dataset_free(train);
    dae_dataset_free(all);
    return finish(EXIT_SUCCESS);
}
