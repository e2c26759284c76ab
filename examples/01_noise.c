/* Noise: calls on an array, and a recipe that says the same in words.
 *
 * Shows what each kind of noise does to a signal, and that the Gaussian noise of the tutorials does what
 * its formula says. */
#include <math.h>

#include "check.h"

enum { LENGTH = 12, MANY = 100000 };

/* A signal between 0 and 1. */
static void fill_signal(float *x) {
    for (int i = 0; i < LENGTH; i++) {
        x[i] = 0.5f + 0.5f * sinf(0.55f * (float)i);
    }
}

static void print_row(const char *name, const float *x) {
    printf("%-16s", name);
    for (int i = 0; i < LENGTH; i++) {
        printf("%6.2f", (double)x[i]);
    }
    printf("\n");
}

static void show_kinds(void) {
    float x[LENGTH];
    dae_rng *rng = NULL;
    check(dae_rng_create(&rng, 3, 0)); /* seed 3, stream 0 */

    fill_signal(x);
    print_row("clean", x);

    check(dae_add_gaussian_noise(x, LENGTH, 0.5, 0.5, rng)); /* mean, standard deviation */
    print_row("gaussian", x);
    check(dae_clip(x, LENGTH, 0.0, 1.0));
    print_row("  and clipped", x);

    fill_signal(x);
    check(dae_add_uniform_noise(x, LENGTH, -0.1, 0.1, rng)); /* low, high */
    print_row("uniform", x);

    fill_signal(x);
    check(dae_add_masking_noise(x, LENGTH, 0.4, rng)); /* share of values set to 0 */
    print_row("masking", x);

    fill_signal(x);
    check(dae_add_salt_pepper_noise(x, LENGTH, 0.4, 0.0, 1.0, rng)); /* share, pepper, salt */
    print_row("salt and pepper", x);
    dae_rng_free(rng);
}

/* The mean squared error that noise N(m, s) makes is m^2 + s^2. */
static void measure_gaussian(void) {
    float *x = make_array(MANY);
    dae_rng *rng = NULL;
    check(dae_rng_create(&rng, 2, 0));
    check(dae_add_gaussian_noise(x, MANY, 0.5, 0.5, rng)); /* x was all zeros: now it is the noise */

    double sum = 0, squares = 0;
    for (int i = 0; i < MANY; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    double mean = sum / MANY, mse = squares / MANY;
    printf(
        "\n%d values of N(0.5, 0.5): mean %.3f, standard deviation %.3f, MSE %.3f (by the formula 0.500)\n",
        MANY, mean, sqrt(mse - mean * mean), mse);
    dae_rng_free(rng);
    free(x);
}

/* A recipe is a list of steps. It can be printed, kept with a model, and applied anywhere with the same
 * result: what a sample gets depends on seed, epoch and index only. */
static void show_recipe(void) {
    float x[LENGTH];
    char text[256];
    dae_noise *noise = NULL;
    check(dae_noise_parse(&noise, "gaussian(0.5, mean=0.5) | clip(0, 1)"));
    check(dae_noise_format(noise, text, sizeof text, NULL));
    printf("\nThe recipe \"%s\" on one sample, again, and in the next epoch:\n", text);

    static const size_t shape[] = {LENGTH};
    for (int row = 0; row < 3; row++) {
        fill_signal(x);
        check(dae_noise_apply(noise, x, 1, 1, shape, 7, row / 2, 0)); /* one sample; seed, epoch, index */
        print_row(row == 0 ? "  noisy" : row == 1 ? "  again" : "  next epoch", x);
    }
    dae_noise_free(noise);
}

int main(int argc, char **argv) {
    no_arguments(argc, argv, "Shows each kind of noise, and a recipe that says the same in words.");
    show_kinds();
    measure_gaussian();
    show_recipe();
    return finish(EXIT_SUCCESS);
}
