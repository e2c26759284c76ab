/* Sound in WAV files: a network learns from one recording, which noise is added to, takes the noise off
 * another one, and what is clean goes into a file of the same rate. Both recordings are made up here; bring
 * your own instead. */
#include "pgm.h"
#include "vibration.h"

enum { LEARN = 20 * VIBRATION_RATE, TEST = 40000, DRAWN = 900, DRAWN_HEIGHT = 200 };

static const char format[] = "wav(bits=16, rate=10000, overwrite=yes)";

/* A recording as it might come from a microphone, of values in [-1, 1). */
static void make_file(const char *path, uint64_t seed, size_t length, const char *noise_text) {
    float *values = make_array(length);
    dae_dataset *sound = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    make_vibration(seed, values, length);
    for (size_t i = 0; i < length; i++)
        values[i] *= 0.3F;
    check(dae_dataset_copy_array(&sound, values, 1, 2, (const size_t[]){1, length}));
    check(dae_noise_parse(&noise, noise_text));
    check(dae_dataset_corrupt(&noisy, sound, noise, DAE_NOISE_ONCE, 1));
    check(dae_dataset_save(noisy, path, format));
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(sound);
    free(values);
}

static dae_model *train(const char *path, double epochs) {
    dae_dataset *sound = NULL, *pieces = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    char rule[64];
    check(dae_dataset_open(&sound, path, "wav"));
    check(dae_dataset_view(&pieces, sound, "crops(4096, count=256)", 1)); /* cut anew in every epoch */
    check(dae_noise_parse(&noise, "gaussian(log_uniform(0.01, 0.2))"));
    check(dae_dataset_corrupt(&noisy, pieces, noise, DAE_NOISE_FRESH, 1));
    check(dae_recipe_fill(rule, sizeof rule, NULL, "adam(1.5e-3) | cosine(epochs=?)", &epochs, 1));
    check(dae_model_parse(&model, vibration_network));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, rule));
    check(dae_trainer_create(&trainer, model, adam, "mae"));
    check(dae_trainer_set_batch_size(trainer, 4));
    check(dae_trainer_fit(trainer, noisy, (size_t)epochs));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(pieces);
    dae_dataset_free(sound);
    return model;
}

/* Draws a part of a recording, and keeps all of it. */
static void look_at(const char *path, float *values, float *picture) {
    dae_dataset *sound = NULL;
    char rate[16];
    check(dae_dataset_open(&sound, path, NULL));
    check(dae_dataset_get_fact(sound, 0, "rate", rate, sizeof rate, NULL));
    check(dae_dataset_read(sound, 0, 0, 1, values, NULL));
    draw_signal(picture, DRAWN_HEIGHT, DRAWN, values + 10000, 1);
    printf("%s: %d values, %s a second\n", path, TEST, rate);
    dae_dataset_free(sound);
}

int main(int argc, char **argv) {
    static float sounds[3][TEST], picture[3 * DRAWN_HEIGHT * DRAWN];
    static const char *const paths[] = {"noisy.wav", "clean.wav", "truth.wav"};
    double epochs = epochs_argument(argc, argv, "1", "Takes noise off a recording in a WAV file.");
    dae_dataset *noisy = NULL, *clean = NULL;
    make_file("learn.wav", 1, LEARN, "");
    make_file("noisy.wav", 2, TEST, "gaussian(0.1)");
    make_file("truth.wav", 2, TEST, "");

    dae_model *model = train("learn.wav", epochs);
    check(dae_dataset_open(&noisy, "noisy.wav", NULL));
    check(dae_model_map(&clean, model, noisy, NULL));
    check(dae_dataset_save(clean, "clean.wav", "wav(bits=24, overwrite=yes)")); /* at the rate of noisy.wav */
    for (size_t i = 0; i < 3; i++)
        look_at(paths[i], sounds[i], picture + i * DRAWN_HEIGHT * DRAWN);
    printf("SNR %.1f dB before, %.1f dB after\n", snr(sounds[2], sounds[0], TEST),
           snr(sounds[2], sounds[1], TEST));
    write_pgm("sound.pgm", picture, 3 * DRAWN_HEIGHT, DRAWN); /* noisy, denoised, clean */
    dae_dataset_free(clean);
    dae_dataset_free(noisy);
    dae_model_free(model);
    return finish(EXIT_SUCCESS);
}
