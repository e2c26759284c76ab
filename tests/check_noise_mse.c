/* How far noise moves real digits: the mean squared error of each kind, measured, against its expectation,
 * which is exact: a sum over the grey levels of a closed form.
 *
 * Runs on the bundled digits. If the environment variable MNIST_DIR names a folder with the full MNIST,
 * it runs on that too, and the expectations are held against published ones. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 256, PIXELS = 28 * 28, BATCH = 100 };

#define PI 3.14159265358979323846

/* Half width, in standard errors, of an interval that holds the expectation in 99.9 % of all cases. */
static const double z_999 = 3.2905;

/* ---- Expected squared error of a pixel p, parameters q ---------------------------------------- */

static double phi(double z) {
    return exp(-z * z / 2) / sqrt(2 * PI);
}

static double big_phi(double z) {
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* E (m + s Z)^2 = m^2 + s^2 */
static double gaussian(double p, const double *q) {
    (void)p;
    return q[0] * q[0] + q[1] * q[1];
}

/* E (clip(p + m + s Z, 0, 1) - p)^2: p^2 below a = (-p - m) / s, (1 - p)^2 above b = (1 - p - m) / s, and
 * between them the integral of (m + s z)^2 phi(z). */
static double gaussian_clipped(double p, const double *q) {
    double m = q[0], s = q[1], a = (-p - m) / s, b = (1 - p - m) / s, inside = big_phi(b) - big_phi(a);
    return p * p * big_phi(a) + (1 - p) * (1 - p) * (1 - big_phi(b)) + m * m * inside +
           2 * m * s * (phi(a) - phi(b)) + s * s * (inside + a * phi(a) - b * phi(b));
}

/* E (a + (b - a) U)^2 */
static double uniform(double p, const double *q) {
    (void)p;
    return (q[0] * q[0] + q[0] * q[1] + q[1] * q[1]) / 3;
}

/* The same clipped to [0, 1]: shifts below -p and above 1 - p count as those. */
static double uniform_clipped(double p, const double *q) {
    double a = q[0], b = q[1], low = fmax(a, fmin(b, -p)), high = fmin(b, fmax(a, 1 - p));
    double below = p * p * (low - a), above = (1 - p) * (1 - p) * (b - high);
    return (below + above + (high * high * high - low * low * low) / 3) / (b - a);
}

static double masking(double p, const double *q) {
    return q[0] * p * p;
}

static double salt_pepper(double p, const double *q) {
    return q[0] / 2 * (p * p + (1 - p) * (1 - p));
}

static const struct noise_case {
    const char *recipe;
    double (*expected)(double p, const double *q);
    double q[2];
    /* On the MNIST test set, to five digits; 0: not published. */
    double published;
} cases[] = {
    {"gaussian(mean=0.5, stddev=0.5)", gaussian, {0.5, 0.5}, 0.50000},
    {"gaussian(mean=0.5, stddev=0.5) | clip(0, 1)", gaussian_clipped, {0.5, 0.5}, 0.32874},
    {"gaussian(0.5) | clip(0, 1)", gaussian_clipped, {0, 0.5}, 0.11561},
    {"gaussian(0.4) | clip(0, 1)", gaussian_clipped, {0, 0.4}, 0.07966},
    {"gaussian(0.2) | clip(0, 1)", gaussian_clipped, {0, 0.2}, 0.02121},
    {"masking(0.1)", masking, {0.1}, 0.01140},
    {"masking(0.25)", masking, {0.25}, 0.02849},
    {"masking(0.4)", masking, {0.4}, 0.04558},
    {"masking(0.5)", masking, {0.5}, 0.05698},
    {"masking(1)", masking, {1}, 0.11396}, /* that of predicting all zeros */
    {"salt_pepper(0.1, 0, 1)", salt_pepper, {0.1}, 0.04814},
    {"salt_pepper(0.5, 0, 1)", salt_pepper, {0.5}, 0.24072},
    {"uniform(-0.5, 0.5)", uniform, {-0.5, 0.5}, 0},
    {"uniform(-0.3, 0.9)", uniform, {-0.3, 0.9}, 0},
    {"uniform(-0.3, 0.9) | clip(0, 1)", uniform_clipped, {-0.3, 0.9}, 0},
    {"uniform(-2, 2) | clip(0, 1)", uniform_clipped, {-2, 2}, 0},
};

enum { CASES = sizeof cases / sizeof *cases };

/* ---- Digits ----------------------------------------------------------------------------------- */

static size_t count_of(const dae_dataset *dataset) {
    size_t count = 0;
    ok(dae_dataset_get_count(dataset, &count));
    return count;
}

/* How many pixels have each grey level. */
static void count_levels(const dae_dataset *digits, double levels[LEVELS]) {
    static float x[BATCH * PIXELS];
    size_t count = count_of(digits);
    memset(levels, 0, LEVELS * sizeof *levels);
    for (size_t first = 0; first < count; first += BATCH) {
        size_t batch = count - first < BATCH ? count - first : BATCH;
        ok(dae_dataset_read(digits, 0, first, batch, x, NULL));
        for (size_t i = 0; i < batch * PIXELS; i++) {
            float level = roundf(x[i] * 255);
            ck_assert(level >= 0 && level < LEVELS && x[i] == level / 255);
            levels[(int)level]++;
        }
    }
}

static double expectation(const struct noise_case *noise, const double levels[LEVELS]) {
    double sum = 0, pixels = 0;
    for (int level = 0; level < LEVELS; level++) {
        sum += levels[level] * noise->expected(level / 255.0, noise->q);
        pixels += levels[level];
    }
    return sum / pixels;
}

/* Mean squared error of the inputs against the targets of all samples, and its standard error. */
static double measure(const dae_dataset *noisy, double *standard_error) {
    static float x[BATCH * PIXELS], t[BATCH * PIXELS];
    size_t count = count_of(noisy);
    double sum = 0, squares = 0, n = (double)count * PIXELS;
    for (size_t first = 0; first < count; first += BATCH) {
        size_t batch = count - first < BATCH ? count - first : BATCH;
        ok(dae_dataset_read(noisy, 0, first, batch, x, t));
        for (size_t i = 0; i < batch * PIXELS; i++) {
            double error = (double)x[i] - (double)t[i];
            sum += error * error;
            squares += error * error * error * error;
        }
    }
    *standard_error = sqrt(fmax(0, squares / n - sum / n * (sum / n)) / n);
    return sum / n;
}

static void moves_as_expected(dae_dataset *digits, const struct noise_case *noise, uint64_t seed,
                              const double levels[LEVELS]) {
    dae_noise *recipe = NULL;
    dae_dataset *noisy = NULL;
    double standard_error, expected = expectation(noise, levels);
    ok(dae_noise_parse(&recipe, noise->recipe));
    ok(dae_dataset_corrupt(&noisy, digits, recipe, DAE_NOISE_ONCE, seed));
    double measured = measure(noisy, &standard_error);
    ck_assert_msg(fabs(measured - expected) <= z_999 * standard_error + 1e-9,
                  "%s: MSE is %.6f, expected %.6f within %.6f", noise->recipe, measured, expected,
                  z_999 * standard_error);
    dae_noise_free(recipe);
    dae_dataset_free(noisy);
}

static dae_dataset *bundled_digits(void) {
    dae_dataset *digits = NULL;
#ifdef DAE_TEST_ZLIB
    ok(dae_dataset_open(&digits, data_path("train-images-idx3-ubyte.gz"), NULL));
#else
    /* the bundled digits are compressed: something like digits, dark with bright spots */
    enum { COUNT = 200 };
    unsigned char *idx = calloc(1, 16 + COUNT * PIXELS);
    ck_assert_ptr_nonnull(idx);
    memcpy(idx, (const unsigned char[]){0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, 28, 0, 0, 0, 28}, 16);
    for (int i = 0; i < COUNT * PIXELS; i++)
        idx[16 + i] = (unsigned char)(i % 5 == 0 ? i * 37 : 0);
    ok(dae_dataset_parse(&digits, idx, 16 + COUNT * PIXELS, NULL));
    free(idx);
#endif
    return digits;
}

/* ---- Tests ------------------------------------------------------------------------------------ */

START_TEST(closed_forms_agree_with_each_other) {
    const double no_noise[] = {0, 1e-9}, wide[] = {-1e9, 1e9}, narrow[] = {-0.01, 0.02};
    for (int level = 0; level < LEVELS; level++) {
        double p = level / 255.0;
        near(gaussian_clipped(p, no_noise), 0, 1e-15);
        near(uniform_clipped(p, wide), (p * p + (1 - p) * (1 - p)) / 2, 1e-8);
        if (p > 0.05 && p < 0.95)
            near(uniform_clipped(p, narrow), uniform(p, narrow), 1e-15);
        if (p > 0.4 && p < 0.6) /* clipping is at 8 standard deviations or more */
            near(gaussian_clipped(p, (const double[]){0.01, 0.04}), 0.0017, 1e-9);
    }
}
END_TEST

START_TEST(bundled_digits_move_as_expected) {
    double levels[LEVELS];
    dae_dataset *digits = bundled_digits();
    count_levels(digits, levels);
    for (size_t i = 0; i < CASES; i++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            moves_as_expected(digits, &cases[i], seed, levels);
    dae_dataset_free(digits);
}
END_TEST

/* The file `name` in MNIST_DIR, plain or compressed; NULL if MNIST_DIR is not set. */
static dae_dataset *mnist(const char *name) {
    const char *folder = getenv("MNIST_DIR");
    char path[4096];
    dae_dataset *digits = NULL;
    if (folder == NULL) {
        fprintf(stderr, "%s: left out, MNIST_DIR is not set\n", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!file_exists(path))
        snprintf(path, sizeof path, "%s/%s.gz", folder, name);
    ok(dae_dataset_open(&digits, path, NULL));
    return digits;
}

START_TEST(mnist_moves_as_published) {
    double levels[LEVELS];
    dae_dataset *digits = mnist("t10k-images-idx3-ubyte");
    if (digits == NULL)
        return;
    ck_assert_uint_eq(count_of(digits), 10000);
    count_levels(digits, levels);
    for (size_t i = 0; i < CASES; i++) {
        double expected = expectation(&cases[i], levels);
        if (cases[i].published > 0)
            ck_assert_msg(fabs(expected - cases[i].published) <= 0.5000001e-5,
                          "%s: expected MSE is %.7f, published is %.5f", cases[i].recipe, expected,
                          cases[i].published);
        moves_as_expected(digits, &cases[i], 3, levels);
    }
    dae_dataset_free(digits);
}
END_TEST

/* Predicting the mean image of the training set costs 0.06747 on the test set. */
START_TEST(mnist_mean_image) {
    static float x[BATCH * PIXELS];
    double mean[PIXELS] = {0}, error = 0;
    dae_dataset *train = mnist("train-images-idx3-ubyte"), *test = NULL;
    if (train == NULL)
        return;
    test = mnist("t10k-images-idx3-ubyte");
    for (size_t first = 0; first < 60000; first += BATCH) {
        ok(dae_dataset_read(train, 0, first, BATCH, x, NULL));
        for (size_t i = 0; i < BATCH * PIXELS; i++)
            mean[i % PIXELS] += (double)x[i] / 60000;
    }
    for (size_t first = 0; first < 10000; first += BATCH) {
        ok(dae_dataset_read(test, 0, first, BATCH, x, NULL));
        for (size_t i = 0; i < BATCH * PIXELS; i++)
            error += ((double)x[i] - mean[i % PIXELS]) * ((double)x[i] - mean[i % PIXELS]);
    }
    near(error / (10000.0 * PIXELS), 0.06747, 0.5e-5);
    dae_dataset_free(train);
    dae_dataset_free(test);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise mse");
    TCase *mse = add_case(suite, "mse");
    tcase_add_test(mse, closed_forms_agree_with_each_other);
    tcase_add_test(mse, bundled_digits_move_as_expected);
    tcase_add_test(mse, mnist_moves_as_published);
    tcase_add_test(mse, mnist_mean_image);
    return suite_main(suite);
}
