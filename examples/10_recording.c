/* One long recording, and a stream: a network learns from windows of a recording, is kept in a file, and takes noise of any
 * strength off another recording that comes in odd pieces. */
#include "vibration.h"

enum { LEARN = 20 * VIBRATION_RATE, TEST = 54000, PIECE = 500, WINDOW = 2048 };

/* Cut anew in every epoch, with noise of a strength drawn for each piece. */
static dae_dataset *pieces_to_learn_from(float *recording) {
    dae_dataset *whole = NULL, *pieces = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    check(dae_dataset_borrow_array(&whole, recording, 1, 2, (const size_t[]){1, LEARN}, NULL, NULL));
    check(dae_dataset_view(&pieces, whole, "crops(2048, count=1024)", 1));
    check(dae_noise_parse(&noise, "gaussian(log_uniform(0.03, 0.6)) | impulses(rate=0.004, size=3)"));
    check(dae_dataset_corrupt(&noisy, pieces, noise, DAE_NOISE_FRESH, 1));
    dae_noise_free(noise);
    dae_dataset_free(pieces);
    dae_dataset_free(whole);
    return noisy;
}

static int32_t show(const dae_progress *p, void *user) {
    (void)user;
    if (p->event == DAE_PROGRESS_EPOCH)
        printf("epoch %2d of %d: loss %.5f\n", (int)p->epoch, (int)p->epochs, p->loss);
    return 0;
}

static void train(float *recording, size_t epochs) {
    dae_dataset *noisy = pieces_to_learn_from(recording);
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    char rule[64];
    check(dae_recipe_fill(rule, sizeof rule, NULL, "adam(2e-3) | cosine(epochs=?)", &(double){(double)epochs}, 1));
    check(dae_model_parse(&model, "input(1, any) | signal_unet(channels=8, depth=4)"));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, rule));
    check(dae_trainer_create(&trainer, model, adam, "mae"));
    check(dae_trainer_set_batch_size(trainer, 32));
    check(dae_trainer_set_progress(trainer, show, NULL));
    check(dae_trainer_fit(trainer, noisy, epochs));
    check(dae_model_save(model, "recording.safetensors"));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_dataset_free(noisy);
}

/* 10 log10 of the power of `clean` by that of what differs from it. */
static double snr(const float *clean, const float *values, size_t count) {
    double power = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        power += (double)clean[i] * (double)clean[i];
        error += pow((double)values[i] - (double)clean[i], 2);
    }
    return 10 * log10(power / error);
}
