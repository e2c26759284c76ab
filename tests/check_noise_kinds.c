/* Kinds of noise: distributions and formulae, what they do to samples as a whole, and learning with such. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 400000, SIZE = 1000 };

/* Half width, in standard deviations, of an interval that holds a mean in 99.9 % of all cases. */
static const double z_999 = 3.2905;

static void apply_shaped(const char *text, float *x, size_t samples, size_t rank, const size_t *shape,
                         uint64_t first) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    ok(dae_noise_apply(noise, x, samples, rank, shape, 3, 4, first));
    dae_noise_free(noise);
}

static void apply(const char *text, float *x, size_t size) {
    apply_shaped(text, x, 1, 1, &size, 5);
}

/* From low up to high. */
static void ramp(float *x, size_t count, double low, double high) {
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(low + (high - low) * ((double)i + 0.5) / (double)count);
}

static void constant(float *x, size_t count, float value) {
    for (size_t i = 0; i < count; i++)
        x[i] = value;
}

static const size_t wide[] = {4, SIZE / 4};

/* Both do the same to the bit, to a sample of 4 channels. */
static void same_noise(const char *text, const char *other) {
    float x[SIZE], y[SIZE];
    ramp(x, SIZE, -2, 3);
    ramp(y, SIZE, -2, 3);
    apply_shaped(text, x, 1, 2, wide, 7);
    apply_shaped(other, y, 1, 2, wide, 7);
    same_floats(x, y, SIZE);
}

/* ---- Distributions ------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    double x, mean, variance, kurtosis;
} moments[] = {
    {"gaussian(snr=6)", -2, -2, 1.004754573, 3}, /* 4 * 10^-0.6 */
    {"gaussian(mean=1, snr=-20)", 3, 4, 900, 3},
    {"gaussian(0.5, shared=yes)", 0, 0, 0.25, 3},
    {"salt(0.3, 2)", 0.5, 0.95, 0.21 * 2.25, 1.77},
    {"pepper(0.25, -1)", 1, 0.5, 0.75, 2.34},
    {"speckle(0.2)", 3, 3, 0.36, 3},
    {"speckle(2)", -0.5, -0.5, 1, 3},
    {"poisson(0.25)", 0.125, 0.125, 0.5, 3 + 1 / 0.03125},
    {"poisson(4)", 0.5, 0.5, 0.125, 3.5},
    {"poisson(2)", 5, 5, 2.5, 3.1},
    {"poisson(2)", 5.125, 5.125, 2.5625, 3.1},
    {"poisson(100)", 1, 1, 0.01, 3.01},
    {"poisson(1e6)", 0.5, 0.5, 0.5e-6, 3},
    {"poisson(1)", 1e12, 1e12, 1e12, 3},
};

START_TEST(moments_are_exact) {
    static float x[MANY];
    double mean = 0, square = 0, a = moments[_i].mean, v = moments[_i].variance;
    constant(x, MANY, (float)moments[_i].x);
    apply(moments[_i].text, x, MANY);
    for (int i = 0; i < MANY; i++) {
        mean += ((double)x[i] - a) / MANY;
        square += ((double)x[i] - a) * ((double)x[i] - a) / MANY;
    }
    double rounding = fabs(a) * 0x1p-24;
    near(mean, 0, z_999 * sqrt(v / MANY) + rounding);
    near(square, v, z_999 * sqrt((moments[_i].kurtosis - 1) * v * v / MANY) + rounding * rounding);
}
END_TEST

/* Of P(k) for all k of which more than 10 of MANY values are expected, and of the rest together. */
static double chi_square(const float *k, double mean, double *freedom) {
    double first = floor(mean), chi = 0, p, below = 0, above = 1, counted = 0;
    while (first > 0 && MANY * exp((first - 1) * log(mean) - mean - lgamma(first)) > 10)
        first--;
    for (*freedom = 0;
         p = exp((first + *freedom) * log(mean) - mean - lgamma(first + *freedom + 1)), MANY * p > 10;
         ++*freedom) {
        double found = 0;
        for (int i = 0; i < MANY; i++)
            found += (double)k[i] == first + *freedom;
        chi += (found - MANY * p) * (found - MANY * p) / (MANY * p);
        counted += found;
        above -= p;
    }
    for (double i = 0; i < first; i++)
        below += exp(i * log(mean) - mean - lgamma(i + 1));
    double rest = below + (above - below); /* one bin of both ends */
    if (MANY * rest > 1)
        chi += (MANY - counted - MANY * rest) * (MANY - counted - MANY * rest) / (MANY * rest);
    return chi;
}

static const double means[] = {0.01, 0.7, 3, 9.9375, 10, 10.0625, 12.5, 40, 300};

START_TEST(counts_are_poisson) {
    static float k[MANY];
    double freedom, m = means[_i];
    constant(k, MANY, (float)m);
    apply("poisson(1)", k, MANY);
    double chi = chi_square(k, (double)(float)m, &freedom);
    ck_assert(freedom >= 2);
    double t = 1 - 2 / (9 * freedom) + 3.0902 * sqrt(2 / (9 * freedom)); /* Wilson and Hilferty */
    ck_assert_msg(chi < freedom * t * t * t, "mean %g: chi square %g of %g", m, chi, freedom);
}
END_TEST

/* The third moment, which a normal number in its place would not have. */
START_TEST(large_counts_are_skewed) {
    static float k[MANY];
    for (double mean = 20; mean < 1000; mean *= 7) {
        double cube = 0;
        constant(k, MANY, (float)mean);
        apply("poisson(1)", k, MANY);
        for (int i = 0; i < MANY; i++)
            cube += pow(((double)k[i] - mean) / sqrt(mean), 3) / MANY;
        near(cube, 1 / sqrt(mean), z_999 * sqrt((15 + 25 / mean + 10 / mean + 1) / MANY));
    }
}
END_TEST

/* A value and its neighbours know nothing of each other. */
START_TEST(counts_are_independent) {
    static float k[MANY];
    static const double peaks[] = {2, 50};
    for (int p = 0; p < 2; p++)
        for (int apart = 1; apart <= 5; apart++) {
            char text[40];
            double sum = 0;
            constant(k, MANY, 1);
            snprintf(text, sizeof text, "poisson(%g)", peaks[p]);
            apply(text, k, MANY);
            for (int i = 0; i + apart < MANY; i++)
                sum += ((double)k[i] - 1) * ((double)k[i + apart] - 1) * peaks[p] / MANY;
            near(sum, 0, z_999 / sqrt(MANY));
        }
}
END_TEST

/* ---- Formulae ----------------------------------------------------------------------------------------- */

START_TEST(kinds_that_are_others_too) {
    same_noise("salt(0.3, 0)", "masking(0.3)");
    same_noise("pepper(0.3, 0)", "masking(0.3)");
    same_noise("bursts(0.3, 1, 2)", "impulses(0.3, 2)");
    same_noise("clipping(1.5)", "clip(-1.5, 1.5)");
    same_noise("gain(1) | speckle(0) | clipping(3) | bursts(0, 9, 1) | salt(0, 9) | gaussian(1)",
               "none | none | none | none | none | gaussian(1)");
    same_noise("salt(1, 3) | pepper(1, -1)", "clip(-1, -1)");
    same_noise("gaussian(snr=uniform(3, 3))", "gaussian(snr=3)");
    same_noise("gaussian(1, shared=no)", "gaussian(1)");
}
END_TEST

START_TEST(gain_multiplies_all_of_a_sample) {
    float x[SIZE], first;
    constant(x, SIZE, 1);
    apply("gain(uniform(0.5, 2))", x, SIZE);
    first = x[0];
    ck_assert(first >= 0.5f && first < 2 && first != 1);
    for (int i = 0; i < SIZE; i++)
        ck_assert_float_eq(x[i], first);
    float special[] = {NAN, INFINITY, -3, -0.0f};
    apply("gain(-2)", special, 4);
    ck_assert(isnan(special[0]) && special[1] == -INFINITY && special[2] == 6 && special[3] == 0);
}
END_TEST

START_TEST(quantising_takes_the_nearest_level) {
    static const int levels[] = {2, 3, 16, 256, 65536};
    for (int l = 0; l < 5; l++) {
        char text[60];
        float x[SIZE], again[SIZE];
        double step = 3.5 / (levels[l] - 1);
        ramp(x, SIZE, -2, 3);
        snprintf(text, sizeof text, "quantise(%d, -1.5, 2)", levels[l]);
        apply(text, x, SIZE);
        for (int i = 0; i < SIZE; i++) {
            double exact = -2 + 5 * (i + 0.5) / SIZE, clipped = fmin(fmax(exact, -1.5), 2);
            double k = round(((double)x[i] + 1.5) / step);
            near(x[i], -1.5 + k * step, 3e-7);
            near(x[i], clipped, step / 2 + 6e-7);
        }
        ck_assert(x[0] == -1.5f && x[SIZE - 1] == 2);
        memcpy(again, x, sizeof x);
        apply(text, again, SIZE);
        same_floats(again, x, SIZE);
    }
    float special[] = {NAN, INFINITY, -INFINITY, 0.25f, 0.75f, 0.7499f, -0.0f};
    const float expected[] = {NAN, 1, 0, 0.5f, 1, 0.5f, 0};
    apply("quantise(3, 0, 1)", special, 7);
    for (int i = 0; i < 7; i++)
        ck_assert(same_or_nan(special[i], expected[i]));
}
END_TEST

/* Bursts by hand, from the words that noise.h names. */
START_TEST(bursts_end_with_the_last_dimension) {
    float x[SIZE] = {0}, expected[SIZE] = {0};
    uint32_t words[SIZE];
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 3, (UINT64_C(4) << 56) + 7));
    ok(dae_rng_set_position(rng, UINT64_C(4) * (4 << 24)));
    ok(dae_rng_fill_bits(rng, words, SIZE));
    dae_rng_free(rng);
    for (int i = 0; i < SIZE; i++)
        for (int k = 0; k < 20 && i % 250 - k >= 0; k++) {
            double u = (words[i - k] >> 8) * 0x1p-24;
            if (u >= (double)0.02f)
                continue;
            expected[i] = u < (double)0.02f / 2 ? 1.5f : -1.5f;
            break;
        }
    apply_shaped("bursts(0.02, 20, 1.5)", x, 1, 2, wide, 7);
    same_floats(x, expected, SIZE);
    int moved = 0;
    for (int i = 0; i < SIZE; i++)
        moved += x[i] != 0;
    ck_assert(moved > 100 && moved < 500); /* 1 - 0.98^20 = 0.33, less at beginnings */
}
END_TEST

/* The first word of a value of Poisson noise is that of the stream, and enough where few are expected. */
START_TEST(few_counts_come_from_one_word) {
    float x[SIZE];
    uint32_t words[SIZE];
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 11, 12));
    ok(dae_rng_fill_bits(rng, words, SIZE));
    ok(dae_rng_set_position(rng, 0));
    constant(x, SIZE, 1.5f);
    ok(dae_add_poisson_noise(x, SIZE, 4, rng));
    dae_rng_free(rng);
    for (int i = 0; i < SIZE; i++) {
        double u = (words[i] + 0.5) * 0x1p-32, sum = exp(-6.0), k = 0;
        for (double p = sum; u >= sum; sum += p)
            p *= 6 / ++k;
        ck_assert_float_eq(x[i], (float)(k / 4));
    }
}
END_TEST

/* ---- Edges -------------------------------------------------------------------------------------------- */

START_TEST(poisson_of_anything) {
    float x[] = {NAN, INFINITY, -INFINITY, -1, -0.0f, 0, 1e-30f, 3e38f, 1};
    const float expected[] = {NAN, INFINITY, 0, 0, 0, 0, 0, 3e38f, 1};
    float few[9], many[9];
    memcpy(few, x, sizeof x);
    memcpy(many, x, sizeof x);
    apply("poisson(1e-30)", few, 9);
    apply("poisson(3e38)", many, 9);
    for (int i = 0; i < 9; i++)
        ck_assert(i == 6 || i == 7 || same_or_nan(few[i], i == 8 ? 0 : expected[i]));
    ck_assert(few[6] == 0 && fabsf(few[7] / 3e38f - 1) < 1e-3f); /* of 3e8 events */
    for (int i = 0; i < 9; i++)
        ck_assert(i == 6 ? fabsf(many[i] / 1e-30f - 1) < 1e-3f : same_or_nan(many[i], expected[i]));
}
END_TEST

/* Whatever a mean is, what comes out is a whole number of events, not far from it. */
START_TEST(poisson_of_all_sizes) {
    for (double mean = 1e-6; mean < 1e18; mean *= 1.37) {
        float x[64];
        constant(x, 64, (float)mean);
        apply("poisson(1)", x, 64);
        for (int i = 0; i < 64; i++) {
            ck_assert(x[i] >= 0 && x[i] == floorf(x[i]));
            near(x[i], mean, 8 * sqrt(mean) + 8 + mean * 0x1p-23);
        }
    }
}
END_TEST

START_TEST(speckle_keeps_infinity) {
    float x[] = {NAN, INFINITY, -INFINITY, 0, -0.0f};
    const float expected[] = {NAN, INFINITY, -INFINITY, 0, -0.0f};
    apply("speckle(0)", x, 5);
    for (int i = 0; i < 5; i++)
        ck_assert(same_or_nan(x[i], expected[i]));
}
END_TEST

START_TEST(noise_by_snr_goes_by_what_is_finite) {
    float x[SIZE], y[SIZE], zeros[SIZE] = {0}, nothing[] = {NAN, INFINITY};
    ramp(x, SIZE, -2, 3);
    ramp(y, SIZE, -2, 3);
    double square = 0;
    for (int i = 1; i < SIZE; i++)
        square += (double)x[i] * (double)x[i] / (SIZE - 1);
    x[0] = NAN;
    apply("gaussian(snr=12)", x, SIZE);
    char text[60];
    snprintf(text, sizeof text, "gaussian(%.9g)", sqrt(square) * pow(10, -12 / 20.0));
    apply(text, y, SIZE);
    ck_assert(isnan(x[0]));
    for (int i = 1; i < SIZE; i++)
        near(x[i], y[i], 3e-6);
    apply("gaussian(snr=-300)", zeros, SIZE);
    for (int i = 0; i < SIZE; i++)
        ck_assert_float_eq(zeros[i], 0);
    apply("gaussian(snr=0)", nothing, 2);
    ck_assert(isnan(nothing[0]) && nothing[1] == INFINITY);
}
END_TEST

START_TEST(channels_share_their_noise) {
    float x[SIZE] = {0}, single[SIZE / 4] = {0}, flat[SIZE] = {0}, other[SIZE] = {0};
    apply_shaped("gaussian(0.5, shared=yes)", x, 1, 2, wide, 5);
    apply("gaussian(0.5)", single, SIZE / 4);
    for (int c = 0; c < 4; c++)
        same_floats(x + c * SIZE / 4, single, SIZE / 4);
    apply("gaussian(0.5, shared=yes)", flat, SIZE); /* one channel */
    apply("gaussian(0.5)", other, SIZE);
    same_floats(flat, other, SIZE);
    ramp(x, SIZE, 1, 2); /* one power for all */
    ramp(other, SIZE, 1, 2);
    apply_shaped("gaussian(snr=3, shared=yes)", x, 1, 3, (const size_t[]){2, 5, 100}, 5);
    for (int i = 0; i < SIZE / 2; i++)
        near(x[i] - other[i], x[i + SIZE / 2] - other[i + SIZE / 2], 3e-7);
}
END_TEST

/* The beginning of a sample is that of a longer one, where values do not depend on others. */
START_TEST(parts_do_not_matter) {
    static const char text[] = "salt(0.1, 1) | pepper(0.1, 0) | poisson(uniform(1, 30)) | speckle(0.3) | "
                               "quantise(200, 0, 2) | gain(uniform(0, 1)) | poisson(100) | clipping(1)";
    float whole[SIZE], part[SIZE];
    ramp(whole, SIZE, 0, 3);
    apply(text, whole, SIZE);
    for (size_t count = 1; count < SIZE; count += 13) {
        ramp(part, SIZE, 0, 3);
        apply(text, part, count);
        same_floats(part, whole, count);
    }
}
END_TEST

static void refused(const char *text, const char *word) {
    dae_noise *noise = NULL;
    dae_status status = dae_noise_parse(&noise, text);
    ck_assert_msg(status == DAE_ERROR_ARGUMENT || status == DAE_ERROR_FORMAT, "%s", text);
    ck_assert_msg(message_has(word), "\"%s\": %s", text, dae_last_error());
}

START_TEST(what_is_refused) {
    refused("gaussian(1, snr=3)", "gaussian needs stddev or snr, and not both");
    refused("gaussian(mean=1)", "gaussian needs stddev or snr");
    refused("gaussian(snr=301)", "-300 <= snr <= 300");
    refused("gaussian(1, shared=2)", "0 or 1");
    refused("poisson(0)", "0 < peak");
    refused("poisson(1e-50)", "0 < peak, in float32");
    refused("poisson(uniform(0, 1))", "peak is drawn from 0 to 1");
    refused("speckle(-1)", "0 <= stddev");
    refused("salt(1.5, 1)", "0 <= rate <= 1");
    refused("bursts(0.1, 0, 1)", "1 <= length");
    refused("bursts(0.1, 2.5, 1)", "a whole number");
    refused("bursts(0.1, 2, -1)", "0 <= size");
    refused("quantise(1, 0, 1)", "2 <= levels");
    refused("quantise(9, 1, 1)", "expected low < high");
    refused("quantise(9, -3e38, 3e38)", "a finite high - low");
    refused("quantise(9, 0, 1e-40)", "low < high");
    refused("clipping(-1)", "0 <= limit");
}
END_TEST

/* ---- Samples as a whole ------------------------------------------------------------------------------- */

/* More values than a strip of the loss, so that targets would be read in parts. */
enum { COUNT = 60, PIXELS = 1600, BATCH = 20 };

static const char whole_noise[] =
    "sometimes(0.7, gaussian(snr=uniform(0, 9))) | bursts(0.01, 30, 1) | speckle(0.1)";

static dae_dataset *noisy(int32_t mode) {
    return corrupted(random_dataset(COUNT, PIXELS, -1, 1, 3), whole_noise, mode, 5);
}

/* What two epochs of learning from a dataset make of a model; frees the dataset. */
static dae_model *learned(dae_dataset *dataset, const char *loss) {
    dae_model *model = model_from(1, "input(%d) | dense(20, activation=tanh) | dense(%d)", PIXELS, PIXELS);
    dae_trainer *trainer = adam_trainer(model, 1e-3, loss);
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_validation(trainer, dataset));
    ok(dae_trainer_fit(trainer, dataset, 2));
    dae_trainer_free(trainer);
    dae_dataset_free(dataset);
    return model;
}

static dae_dataset *pair(dae_dataset *inputs, dae_dataset *targets) {
    dae_dataset *both = NULL;
    ok(dae_dataset_pair(&both, inputs, targets));
    dae_dataset_free(inputs);
    dae_dataset_free(targets);
    return both;
}

static dae_dataset *cached(dae_dataset *dataset) {
    dae_dataset *cache = NULL;
    ok(dae_dataset_view(&cache, dataset, "cache", 0));
    dae_dataset_free(dataset);
    return cache;
}

static dae_dataset *two_versions(int32_t mode) {
    return pair(noisy(mode), corrupted(random_dataset(COUNT, PIXELS, -1, 1, 3), whole_noise, mode, 6));
}

START_TEST(threads_do_not_matter) {
    static const size_t threads[] = {1, 2, 3, 7};
    static const char *const losses[] = {"mse", "mse(missing=skip)"};
    for (int l = 0; l < 2; l++) {
        dae_model *models[4];
        for (int i = 0; i < 4; i++) {
            ok(dae_set_num_threads(threads[i]));
            models[i] = learned(two_versions(DAE_NOISE_FRESH), losses[l]);
            same_parameters(models[i], models[0]);
        }
        for (int i = 0; i < 4; i++)
            dae_model_free(models[i]);
    }
    ok(dae_set_num_threads(0));
}
END_TEST

/* A cache holds values that lie there, which are read in parts. */
START_TEST(a_pair_learns_from_targets_made_as_a_whole) {
    dae_dataset *inputs = cached(noisy(DAE_NOISE_ONCE)),
                *targets = cached(
                    corrupted(random_dataset(COUNT, PIXELS, -1, 1, 3), whole_noise, DAE_NOISE_ONCE, 6));
    dae_model *stored = learned(pair(inputs, targets), "mse"),
              *made = learned(two_versions(DAE_NOISE_ONCE), "mse");
    same_parameters(made, stored);
    dae_model_free(made);
    dae_model_free(stored);
}
END_TEST

/* Through views, in any order and number, a sample is what dae_noise_apply() makes of it. */
START_TEST(views_show_whole_samples) {
    enum { FIRST = 20, LEFT = COUNT - FIRST };
    float *clean = random_floats(COUNT * PIXELS, -1, 1, 3), inputs[PIXELS], targets[PIXELS];
    dae_dataset *source = random_dataset(COUNT, PIXELS, -1, 1, 3), *slice = NULL, *clipped = NULL;
    ok(dae_dataset_read(source, 0, 0, COUNT, clean, NULL));
    apply_shaped(whole_noise, clean, COUNT, 1, (const size_t[]){PIXELS}, 0);
    dae_dataset *dataset = corrupted(source, whole_noise, DAE_NOISE_FRESH, 3);
    ok(dae_dataset_slice(&slice, dataset, FIRST, LEFT));
    ok(dae_dataset_clip(&clipped, slice, -100, 100));
    dae_dataset_free(dataset);
    dataset = pair(clipped, slice);
    for (size_t i = LEFT; i-- > 0;) {
        ok(dae_dataset_read(dataset, 4, i, 1, inputs, targets)); /* epoch 4 */
        same_floats(inputs, clean + (i + FIRST) * PIXELS, PIXELS);
        same_floats(targets, clean + (i + FIRST) * PIXELS, PIXELS);
    }
    dae_dataset_free(dataset);
    free(clean);
}
END_TEST

START_TEST(texts_with_snr_come_back) {
    static const char *const texts[] = {"gaussian(mean=0, snr=3)", "gaussian(mean=0, stddev=1)",
                                        "gaussian(mean=1, snr=uniform(low=0, high=3), shared=yes)"};
    for (int i = 0; i < 3; i++) {
        char text[100];
        dae_noise *noise = NULL;
        ok(dae_noise_parse(&noise, texts[i]));
        ok(dae_noise_format(noise, text, sizeof text, NULL));
        ck_assert_str_eq(text, texts[i]);
        dae_noise_free(noise);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise kinds");
    TCase *distributions = add_case(suite, "distributions");
    tcase_add_loop_test(distributions, moments_are_exact, 0, sizeof moments / sizeof *moments);
    tcase_add_loop_test(distributions, counts_are_poisson, 0, sizeof means / sizeof *means);
    tcase_add_test(distributions, large_counts_are_skewed);
    tcase_add_test(distributions, counts_are_independent);
    TCase *formulae = add_case(suite, "formulae");
    tcase_add_test(formulae, kinds_that_are_others_too);
    tcase_add_test(formulae, gain_multiplies_all_of_a_sample);
    tcase_add_test(formulae, quantising_takes_the_nearest_level);
    tcase_add_test(formulae, bursts_end_with_the_last_dimension);
    tcase_add_test(formulae, few_counts_come_from_one_word);
    TCase *edges = add_case(suite, "edges");
    tcase_add_test(edges, poisson_of_anything);
    tcase_add_test(edges, poisson_of_all_sizes);
    tcase_add_test(edges, speckle_keeps_infinity);
    tcase_add_test(edges, noise_by_snr_goes_by_what_is_finite);
    tcase_add_test(edges, channels_share_their_noise);
    tcase_add_test(edges, parts_do_not_matter);
    tcase_add_test(edges, what_is_refused);
    TCase *samples = add_case(suite, "samples");
    tcase_add_test(samples, threads_do_not_matter);
    tcase_add_test(samples, a_pair_learns_from_targets_made_as_a_whole);
    tcase_add_test(samples, views_show_whole_samples);
    tcase_add_test(samples, texts_with_snr_come_back);
    return suite_main(suite);
}
