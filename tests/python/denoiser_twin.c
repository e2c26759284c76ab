/* What dae.Denoiser does, in C: test_denoiser.py compares the model files of both.
 *
 *   denoiser_twin DATA.npy MODEL.safetensors [NOISY.npy]
 *
 * learns from clean samples, or from pairs of noisy and clean ones, and then prints what the model gains on them in dB. */
#include <dae.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                                      \
    do {                                               \
        if ((call) != DAE_OK) {                        \
            fprintf(stderr, "%s\n", dae_last_error()); \
            exit(1);                                   \
        }                                              \
    } while (0)

enum { SEED = 7, EPOCHS = 6 };

int main(int argc, char **argv) {
    dae_dataset *clean = NULL, *given = NULL, *data = NULL, *shuffled = NULL, *train = NULL, *valid = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    size_t count = 0;
    double error[2];

    if (argc < 3)
        return 2;
    TRY(dae_dataset_open(&clean, argv[1], NULL));
    TRY(dae_dataset_get_count(clean, &count));
    if (argc > 3) {
        TRY(dae_dataset_open(&given, argv[3], NULL));
        TRY(dae_dataset_pair(&data, given, clean));
    }
    /* a tenth of the samples is validated on, in an order that the seed draws */
    TRY(dae_dataset_view(&shuffled, data ? data : clean, "shuffle", SEED));
    TRY(dae_dataset_split(&valid, &train, shuffled, count / 10));
    if (!data) {
        dae_dataset *noisy = NULL;
        TRY(dae_noise_parse(&noise, "gaussian(0.5) | clip(0, 1)"));
        TRY(dae_dataset_corrupt(&noisy, train, noise, DAE_NOISE_FRESH, SEED));
        dae_dataset_free(train);
        train = noisy;
        TRY(dae_dataset_corrupt(&noisy, valid, noise, DAE_NOISE_ONCE, SEED + 1));
        dae_dataset_free(valid);
        valid = noisy;
    }
    TRY(dae_model_parse(&model, "input(12) | dense_autoencoder(24)"));
    TRY(dae_model_initialize(model, SEED));
    TRY(dae_model_set_scaling(model, "standard", train));
    TRY(dae_optimizer_parse(&optimizer, "adam(0.002) | clip_norm(1) | cosine(epochs=6)"));
    TRY(dae_trainer_create(&trainer, model, optimizer, "mse"));
    TRY(dae_trainer_set_batch_size(trainer, 32));
    TRY(dae_trainer_set_seed(trainer, SEED));
    TRY(dae_trainer_set_validation(trainer, valid));
    TRY(dae_trainer_set_early_stopping(trainer, 5, 0));
    TRY(dae_trainer_fit(trainer, train, EPOCHS));
    TRY(dae_trainer_restore_best(trainer));
    TRY(dae_model_save(model, argv[2]));
    if (data) {
        TRY(dae_model_measure(model, data, "input_mse | mse", error, 2));
        printf("%.12g\n", 10 * log10(error[0] / error[1]));
    }

    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(valid);
    dae_dataset_free(train);
    dae_dataset_free(shuffled);
    dae_dataset_free(data);
    dae_dataset_free(given);
    dae_dataset_free(clean);
    return 0;
}
