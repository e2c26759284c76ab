/* The reference experiment, a few epochs of it. Writes denoiser.safetensors. */
#include "try.h"

static int32_t show(const dae_progress *p, void *user) {
    (void)user;
    if (p->event == DAE_PROGRESS_EPOCH)
        printf("epoch %2d: loss %.5f, validation %.5f\n", (int)p->epoch, p->loss, p->validation_loss);
    return 0;
}

int main(void) {
    dae_dataset *train_clean = NULL, *test_clean = NULL, *train = NULL, *test = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_report *report = NULL;
    double mse, psnr;

    TRY(dae_dataset_open(&train_clean, "train-images-idx3-ubyte.gz", NULL)); /* [1, 28, 28] in [0,1] */
    TRY(dae_dataset_open(&test_clean, "t10k-images-idx3-ubyte.gz", NULL));
    TRY(dae_noise_parse(&noise, "gaussian(mean=0.5, stddev=0.5) | clip(0, 1)"));
    TRY(dae_dataset_corrupt(&train, train_clean, noise, DAE_NOISE_ONCE, 1));
    TRY(dae_dataset_corrupt(&test, test_clean, noise, DAE_NOISE_ONCE, 2));

    TRY(dae_model_parse(&model,
                        "input(784) | dense(128, activation=relu) as code | dense(784, activation=relu)"));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_optimizer_parse(&adam, "adam(1e-3)"));
    TRY(dae_trainer_create(&trainer, model, adam, "mse"));
    TRY(dae_trainer_set_batch_size(trainer, 256));
    TRY(dae_trainer_set_validation(trainer, test));
    TRY(dae_trainer_set_progress(trainer, show, NULL));
    TRY(dae_trainer_fit(trainer, train, 5));

    TRY(dae_model_evaluate(&report, model, test));
    TRY(dae_report_get(report, "mse", &mse));
    TRY(dae_report_get(report, "psnr", &psnr));
    printf("MSE %.5f, PSNR %.2f dB\n", mse, psnr);
    TRY(dae_model_save(model, "denoiser.safetensors"));

    dae_report_free(report);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(test);
    dae_dataset_free(train);
    dae_dataset_free(test_clean);
    dae_dataset_free(train_clean);
    return 0;
}
