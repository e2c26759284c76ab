/* What the later examples build on, once 03_train.c has shown how: a small denoiser, trained on the digits
 * that come with the source. */
#ifndef EXAMPLES_DIGITS_H
#define EXAMPLES_DIGITS_H

#include "check.h"

enum { DIGIT_SIDE = 28, DIGIT_SIZE = DIGIT_SIDE * DIGIT_SIDE };

static inline dae_noise *digit_noise(void) {
    dae_noise *noise = NULL;
    check(dae_noise_parse(&noise, "gaussian(mean=0.3, stddev=0.3) | clip(0, 1)"));
    return noise;
}

/* Images of `name` with noise on the inputs and clean targets. */
static inline dae_dataset *noisy_digits(const char *folder, const char *name, int32_t mode, uint64_t seed) {
    char path[4096];
    dae_dataset *clean = NULL, *noisy = NULL;
    dae_noise *noise = digit_noise();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    check(dae_dataset_open(&clean, path, NULL));
    check(dae_dataset_corrupt(&noisy, clean, noise, mode, seed));
    dae_noise_free(noise);
    dae_dataset_free(clean);
    return noisy;
}

/* A 784-64-784 denoiser that has learned nothing yet. */
static inline dae_model *new_denoiser(void) {
    dae_model *model = NULL;
    check(dae_model_parse(
        &model, "input(28, 28) | dense(64, activation=relu) as code | dense(784, activation=sigmoid)"));
    check(dae_model_initialize(model, 1));
    return model;
}

/* The same after a few epochs. */
static inline dae_model *trained_denoiser(const char *folder, size_t epochs) {
    dae_dataset *noisy = noisy_digits(folder, "train-images-idx3-ubyte.gz", DAE_NOISE_FRESH, 1);
    dae_model *model = new_denoiser();
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    check(dae_optimizer_create_adam(&adam, 3e-3));
    check(dae_trainer_create(&trainer, model, adam, "bce"));
    check(dae_trainer_fit(trainer, noisy, epochs));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_dataset_free(noisy);
    return model;
}

/* Prints `count` images side by side in letters, which are twice as high as wide. */
static inline void print_digits(const float *images, size_t count) {
    static const char shades[] = " .:-=+*#%@";
    for (size_t row = 0; row < DIGIT_SIDE; row += 2) {
        for (size_t i = 0; i < count; i++) {
            const float *upper = images + i * DIGIT_SIZE + row * DIGIT_SIDE, *lower = upper + DIGIT_SIDE;
            putchar(i ? '|' : ' ');
            for (size_t column = 0; column < DIGIT_SIDE; column++) {
                int shade = (int)(0.5f * (upper[column] + lower[column]) * 9.999f);
                putchar(shades[shade < 0 ? 0 : shade > 9 ? 9 : shade]);
            }
        }
        putchar('\n');
    }
}

#endif
