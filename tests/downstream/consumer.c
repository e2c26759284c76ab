/* A program of somebody else's, that knows libdae from its installed headers and libdae.pc only: it trains a
 * tiny denoiser and runs it. check_install.py compiles it outside the tree. */
#include <dae.h>

#include <stdio.h>

static int failed(const char *what) {
    fprintf(stderr, "consumer: %s: %s\n", what, dae_last_error());
    return 1;
}

int main(void) {
    static float samples[64][16];
    const size_t shape[] = {16};
    for (int sample = 0; sample < 64; sample++)
        samples[sample][sample % 16] = 1.0f;

    dae_dataset *clean = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    if (dae_dataset_copy_array(&clean, samples[0], 64, 1, shape) ||
        dae_noise_parse(&noise, "gaussian(0.1)") ||
        dae_dataset_corrupt(&noisy, clean, noise, DAE_NOISE_ONCE, 1))
        return failed("data");

    dae_model *model = NULL;
    if (dae_model_parse(&model, "input(16) | dense(32, activation=tanh) | dense(16)") ||
        dae_model_initialize(model, 1))
        return failed("model");

    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    double losses[20];
    if (dae_optimizer_create_adam(&adam, 1e-2) || dae_trainer_create(&trainer, model, adam, "mse") ||
        dae_trainer_fit(trainer, noisy, 20) || dae_trainer_get_history(trainer, "loss", losses, 20))
        return failed("training");

    dae_session *session = NULL;
    float denoised[16];
    if (dae_session_create(&session, model, 1) || dae_session_run(session, samples[0], 1, denoised))
        return failed("running");
    printf("libdae %s: loss %.4f, after 20 epochs %.4f\n", dae_version_string(), losses[0], losses[19]);

    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_dataset_free(noisy);
    dae_noise_free(noise);
    dae_dataset_free(clean);
    return losses[19] < losses[0] ? 0 : 1;
}
