/* Training: from a file of images to a model that removes noise, in as few calls as it takes. */
#include "check.h"

static int32_t print_epoch(const dae_progress *progress, void *user) {
    (void)user;
    if (progress->event == DAE_PROGRESS_EPOCH) {
        printf("epoch %2llu: loss %.4f, validation loss %.4f\n", (unsigned long long)progress->epoch,
               progress->loss, progress->validation_loss);
    }
    return 0; /* anything else would end the training */
}

int main(int argc, char **argv) {
    const char *path = path_argument(argc, argv, BUNDLED_DATA "/train-images-idx3-ubyte.gz",
                                     "Shows training on the images of 28 x 28 pixels in PATH, an IDX file.");
    dae_dataset *images = NULL, *train = NULL, *test = NULL, *noisy_train = NULL, *noisy_test = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_report *report = NULL;

    /* Clean images; the first 800 to learn from, the rest to see how well. */
    check(dae_dataset_open(&images, path, NULL));
    check(dae_dataset_split(&train, &test, images, 800));

    /* Noisy inputs with clean targets. Another seed for the test, or it would be known noise. */
    check(dae_noise_parse(&noise, "gaussian(mean=0.5, stddev=0.5) | clip(0, 1)"));
    check(dae_dataset_corrupt(&noisy_train, train, noise, DAE_NOISE_FRESH, 1));
    check(dae_dataset_corrupt(&noisy_test, test, noise, DAE_NOISE_ONCE, 2));

    check(dae_model_parse(&model,
                          "input(28, 28) | dense(128, activation=relu) | dense(784, activation=sigmoid)"));
    check(dae_model_initialize(model, 1));

    check(dae_optimizer_create_adam(&adam, 3e-3));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_validation(trainer, noisy_test));
    check(dae_trainer_set_progress(trainer, print_epoch, NULL));
    check(dae_trainer_fit(trainer, noisy_train, 20));

    double input, denoised;
    check(dae_model_evaluate(&report, model, noisy_test));
    check(dae_report_get(report, "input_psnr", &input));
    check(dae_report_get(report, "psnr", &denoised));
    printf("PSNR, mean over the test images: noisy %.1f dB, denoised %.1f dB\n", input, denoised);

    /* In any order: whatever needs another object holds it. */
    dae_report_free(report);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy_test);
    dae_dataset_free(noisy_train);
    dae_dataset_free(test);
    dae_dataset_free(train);
    dae_dataset_free(images);
    return finish(denoised > input ? EXIT_SUCCESS : EXIT_FAILURE);
}
