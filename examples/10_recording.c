/* One long recording, and a stream: a network learns from pieces of a recording, is kept in a file, and takes
 * noise of any strength off another one, which comes as it would from a sensor, some values at a time. */
#include "pgm.h"
#include "vibration.h"

enum { LEARN = 20 * VIBRATION_RATE, TEST = 54000, DRAWN = 900, DRAWN_HEIGHT = 200 };

static const char *const strengths[] = {"gaussian(0.05) | impulses(0.004, 3)",
                                        "gaussian(0.2) | impulses(0.004, 3)",
                                        "gaussian(0.5) | impulses(0.004, 3)"};

static dae_model *train(const float *recording, double epochs) {
    dae_dataset *whole = NULL, *pieces = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    char rule[64];
    check(dae_dataset_borrow_array(&whole, recording, 1, 2, (const size_t[]){1, LEARN}, NULL, NULL));
    check(dae_dataset_view(&pieces, whole, "crops(4096, count=256) | augment(polarity=yes)",
                           1)); /* anew in every epoch */
    check(dae_noise_parse(&noise, "gaussian(uniform(0.15, 0.6)) | impulses(0.004, 3)"));
    check(dae_dataset_corrupt(&noisy, pieces, noise, DAE_NOISE_FRESH, 1));
    check(dae_recipe_fill(rule, sizeof rule, NULL, "adam(1.5e-3) | cosine(epochs=?)", &epochs, 1));
    check(dae_model_parse(&model, vibration_network));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, rule));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_batch_size(trainer, 4));
    check(dae_trainer_fit(trainer, noisy, (size_t)epochs));
    check(dae_model_save(model, "recording.safetensors"));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(pieces);
    dae_dataset_free(whole);
    return model;
}

/* In pieces of 1 to 501 values. What comes first is from before the signal: as many values as it is late. */
static void clean(dae_stream *stream, const float *noisy, float *out) {
    size_t latency, done = 0, count = 1;
    check(dae_stream_get_latency(stream, &latency));
    float *late = make_array(TEST + latency);
    for (; done < TEST; done += count, count = 1 + (count * 7 + 130) % 501) {
        count = count < TEST - done ? count : TEST - done;
        check(dae_stream_push(stream, noisy + done, count, late + done));
    }
    check(dae_stream_flush(stream, late + TEST));
    memcpy(out, late + latency, TEST * sizeof *out);
    free(late);
}

int main(int argc, char **argv) {
    static float recording[LEARN], test[TEST], noisy[TEST], out[TEST], picture[3 * DRAWN_HEIGHT * DRAWN];
    double epochs = epochs_argument(argc, argv, "1", "Takes noise off a recording that comes in pieces.");
    dae_stream *stream = NULL;
    make_vibration(1, recording, LEARN);
    make_vibration(2, test, TEST);
    dae_model *model = train(recording, epochs);
    check(dae_stream_create(&stream, model, NULL));
    for (size_t i = 0; i < 3; i++) {
        dae_noise *noise = NULL;
        memcpy(noisy, test, sizeof noisy);
        check(dae_noise_parse(&noise, strengths[i]));
        check(dae_noise_apply(noise, noisy, 1, 2, (const size_t[]){1, TEST}, 3, 0, 0));
        clean(stream, noisy, out);
        printf("%s: SNR %.1f dB before, %.1f dB after\n", strengths[i], snr(test, noisy, TEST),
               snr(test, out, TEST));
        dae_noise_free(noise);
    }
    for (size_t i = 0; i < 3; i++)
        draw_signal(picture + i * DRAWN_HEIGHT * DRAWN, DRAWN_HEIGHT, DRAWN,
                    (i == 0   ? noisy
                     : i == 1 ? out
                              : test) +
                        10000,
                    3);
    write_pgm("recording.pgm", picture, 3 * DRAWN_HEIGHT, DRAWN); /* noisy, denoised, clean */
    dae_stream_free(stream);
    dae_model_free(model);
    return finish(EXIT_SUCCESS);
}
