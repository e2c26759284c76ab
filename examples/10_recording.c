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

/* Sends noisy values through a stream in pieces of any length, and drops what comes before the first clean one. */
static void clean_stream(const dae_model *model, const float *noisy, float *clean) {
    dae_stream *stream = NULL;
    size_t latency, done = 0;
    check(dae_stream_create(&stream, (dae_model *)(uintptr_t)model, NULL));
    check(dae_stream_get_latency(stream, &latency));
    float *out = make_array(TEST + latency);
    for (size_t count = 1; done < TEST; done += count, count = 1 + (count * 7 + 130) % 501) {
        count = count < TEST - done ? count : TEST - done;
        check(dae_stream_push(stream, noisy + done, count, out + done));
    }
    check(dae_stream_flush(stream, out + TEST));
    memcpy(clean, out + latency, TEST * sizeof *clean);
    printf("a stream is %zu values late, %.0f ms\n", latency, 1000.0 * (double)latency / VIBRATION_RATE);
    dae_stream_free(stream);
    free(out);
}

int main(int argc, char **argv) {
    static float recording[LEARN], clean[TEST], noisy[TEST], out[TEST];
    const char *epochs = path_argument(argc, argv, "2", "Takes noise off a recording that comes in pieces; PATH is a number of epochs.");
    dae_model *model = NULL;
    make_vibration(1, recording, LEARN);
    make_vibration(2, clean, TEST);
    train(recording, (size_t)atoi(epochs));
    check(dae_model_load(&model, "recording.safetensors"));
    for (int level = 0; level < 3; level++) {
        static const char *const noises[] = {"gaussian(0.05) | impulses(0.004, 3)", "gaussian(0.2) | impulses(0.004, 3)",
                                             "gaussian(0.5) | impulses(0.004, 3)"};
        dae_noise *noise = NULL;
        memcpy(noisy, clean, sizeof noisy);
        check(dae_noise_parse(&noise, noises[level]));
        check(dae_noise_apply(noise, noisy, 1, 2, (const size_t[]){1, TEST}, 3, 0, 0));
        clean_stream(model, noisy, out);
        printf("%s: SNR %.1f dB before, %.1f dB after\n", noises[level], snr(clean, noisy, TEST), snr(clean, out, TEST));
        dae_noise_free(noise);
    }
    dae_model_free(model);
    return finish(EXIT_SUCCESS);
}
