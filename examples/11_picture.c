/* A large picture, in tiles: a network that has learned from small ones is run on them, in little memory, and
 * gives the same as in one large run. A dense network does it in windows that overlap, for comparison. */
#include "pgm.h"
#include "scenes.h"

enum { SCENES = 256, SIDE = 64, HEIGHT = 600, WIDTH = 800 };

static const char noise_text[] = "gaussian(0.15)";

static dae_dataset *noisy_pieces(const char *view) {
    float *scenes = make_array((size_t)SCENES * SIDE * SIDE);
    dae_dataset *clean = NULL, *pieces = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    for (size_t i = 0; i < SCENES; i++)
        make_scene(i + 1, scenes + i * SIDE * SIDE, SIDE, SIDE);
    check(dae_dataset_copy_array(&clean, scenes, SCENES, 3, (const size_t[]){1, SIDE, SIDE}));
    check(dae_dataset_view(&pieces, clean, view, 1));
    check(dae_noise_parse(&noise, noise_text));
    check(dae_dataset_corrupt(&noisy, pieces, noise, DAE_NOISE_FRESH, 1));
    dae_noise_free(noise);
    dae_dataset_free(pieces);
    dae_dataset_free(clean);
    free(scenes);
    return noisy;
}

static dae_model *train(const char *text, const char *view, double epochs) {
    dae_dataset *noisy = noisy_pieces(view);
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    char rule[64];
    check(dae_recipe_fill(rule, sizeof rule, NULL, "adam(1.5e-3) | cosine(epochs=?)", &epochs, 1));
    check(dae_model_parse(&model, text));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, rule));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_set_batch_size(trainer, 4));
    check(dae_trainer_fit(trainer, noisy, (size_t)epochs));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_dataset_free(noisy);
    return model;
}

/* Tells of each tenth. Ctrl-C would be asked for here, too: anything but 0 ends the call. */
static int32_t show(uint64_t done, uint64_t total, void *user) {
    (void)user;
    if (10 * done / total > 10 * (done - 1) / total)
        fprintf(stderr, "%3.0f %%%s", 100.0 * (double)done / (double)total, done == total ? "\n" : "");
    return 0;
}

/* 10 log10(1 / MSE) */
static double psnr(const float *clean, const float *values) {
    double squares = 0;
    for (size_t i = 0; i < (size_t)HEIGHT * WIDTH; i++)
        squares += pow((double)values[i] - (double)clean[i], 2);
    return 10 * log10((double)HEIGHT * WIDTH / squares);
}

int main(int argc, char **argv) {
    static float clean[HEIGHT * WIDTH], noisy[HEIGHT * WIDTH], out[HEIGHT * WIDTH];
    const size_t shape[] = {1, HEIGHT, WIDTH};
    double epochs = epochs_argument(argc, argv, "1", "Takes noise off a large picture in tiles.");
    dae_noise *noise = NULL;
    make_scene(1000, clean, HEIGHT, WIDTH);
    memcpy(noisy, clean, sizeof noisy);
    check(dae_noise_parse(&noise, noise_text));
    check(dae_noise_apply(noise, noisy, 1, 3, shape, 2, 0, 0));
    printf("PSNR %.1f dB before\n", psnr(clean, noisy));

    dae_model *model = train("input(1, any, any) | dncnn(depth=6, channels=24)",
                             "augment(flips=yes, turns=yes)", epochs);
    check(dae_model_apply(model, "tiles(memory=2e7)", 3, shape, noisy, out, show, NULL));
    printf("PSNR %.1f dB after a network of convolutions, in tiles\n", psnr(clean, out));
    write_pgm("noisy.pgm", noisy, HEIGHT, WIDTH);
    write_pgm("clean.pgm", out, HEIGHT, WIDTH);

    dae_model *dense = train("input(1, 12, 12) | dense(256, activation=relu) | dense(144)",
                             "crops(12, 12, count=16)", epochs);
    check(dae_model_apply(dense, "overlap(hop=3)", 3, shape, noisy, out, show, NULL));
    printf("PSNR %.1f dB after a dense network, in windows of 12 x 12\n", psnr(clean, out));
    dae_model_free(dense);
    dae_model_free(model);
    dae_noise_free(noise);
    return finish(EXIT_SUCCESS);
}
