/* Noise that mixes samples with recordings of the user's own. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Half width, in standard deviations, of an interval that holds a mean in 99.9 % of all cases. */
static const double z_999 = 3.2905;

static dae_dataset *signals(const float *x, size_t count, size_t channels, size_t length) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, x, count, 2, (const size_t[]){channels, length}));
    return dataset;
}

/* A recipe whose "street" is bound to recordings, which are freed. */
static dae_noise *bound(const char *text, dae_dataset *recordings) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    ok(dae_noise_bind(noise, "street", recordings));
    dae_dataset_free(recordings);
    return noise;
}

static void apply(const dae_noise *noise, float *x, size_t samples, size_t channels, size_t length,
                  uint64_t epoch) {
    ok(dae_noise_apply(noise, x, samples, 2, (const size_t[]){channels, length}, 1, epoch, 0));
}

static double power_of(const float *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i] / (double)count;
    return sum;
}

/* ---- What is added ------------------------------------------------------------------------------------ */

enum { RECORDINGS = 3, LONG = 11, LENGTH = 5, PLACES = LONG - LENGTH + 1 };

/* Recording r at time t of channel c: no two stretches are alike. */
static float recorded(size_t r, size_t c, size_t t) {
    return (float)((r + 1) * 17 % 7 + 1) + (float)(c * 5) + (float)((t * t * 7 + t) % 23);
}

static dae_dataset *recordings_of(size_t channels, size_t length) {
    float *x = must_have(RECORDINGS * channels * length * sizeof *x);
    for (size_t r = 0; r < RECORDINGS; r++)
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < length; t++)
                x[(r * channels + c) * length + t] = recorded(r, c, t);
    dae_dataset *dataset = signals(x, RECORDINGS, channels, length);
    free(x);
    return dataset;
}

/* Whether y - x is a stretch of recording r of so many channels and that length, from `first` on, at 3 dB. */
static bool is_stretch(const float *x, const float *y, size_t samples_channels, size_t channels,
                       size_t length, size_t r, size_t first) {
    float stretch[4 * LENGTH];
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < LENGTH; t++)
            stretch[c * LENGTH + t] = recorded(r, c, (first + t) % length);
    double gain = sqrt(power_of(x, samples_channels * LENGTH) / power_of(stretch, channels * LENGTH) /
                       pow(10, 0.3));
    for (size_t i = 0; i < samples_channels * LENGTH; i++)
        if (fabs((double)y[i] - (double)x[i] - gain * (double)stretch[i % (channels * LENGTH)]) > 2e-6)
            return false;
    return true;
}

/* Every stretch of every recording, equally likely. */
static void stretches_are(size_t samples_channels, size_t channels, size_t length) {
    enum { MANY = 20000 };
    size_t places = length >= LENGTH ? length - LENGTH + 1 : length, size = samples_channels * LENGTH;
    float *x = random_floats(MANY * size, -1, 1, 3), *y = must_have(MANY * size * sizeof *y);
    double counts[RECORDINGS][LONG] = {{0}}, p = 1.0 / (double)(places * RECORDINGS);
    dae_noise *noise = bound("mix(street, snr=3)", recordings_of(channels, length));
    memcpy(y, x, MANY * size * sizeof *y);
    apply(noise, y, MANY, samples_channels, LENGTH, 0);
    for (size_t i = 0; i < MANY; i++) {
        size_t found = 0;
        for (size_t r = 0; r < RECORDINGS; r++)
            for (size_t first = 0; first < places; first++)
                if (is_stretch(x + i * size, y + i * size, samples_channels, channels, length, r, first)) {
                    counts[r][first]++;
                    found++;
                }
        ck_assert_uint_eq(found, 1);
    }
    for (size_t r = 0; r < RECORDINGS; r++)
        for (size_t first = 0; first < places; first++)
            near(counts[r][first] / MANY, p, 1.2 * z_999 * sqrt(p * (1 - p) / MANY)); /* over 20 of them */
    dae_noise_free(noise);
    free(x);
    free(y);
}

START_TEST(stretches_of_recordings_are_added) {
    stretches_are(1, 1, LONG);
    stretches_are(3, 1, LONG); /* one channel goes to all */
    stretches_are(2, 2, LONG);
    stretches_are(2, 2, LENGTH);
    stretches_are(2, 2, 3); /* round and round */
    stretches_are(1, 1, 2);
}
END_TEST

START_TEST(ratio_is_that_of_powers) {
    enum { SIZE = 400 };
    static const double ratios[] = {-200, -20, 0, 7.5, 60, 200};
    float *x = random_floats(SIZE, -3, 3, 1), *y = must_have(SIZE * sizeof *y), zeros[SIZE] = {0};
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        char text[100];
        double sum = 0;
        snprintf(text, sizeof text, "mix(street, snr=%g)", ratios[i]);
        dae_noise *noise = bound(text, random_dataset(4, 1000, -1e-3, 2e-3, 5));
        memcpy(y, x, SIZE * sizeof *y);
        apply(noise, y, 1, 1, SIZE, 0);
        for (size_t k = 0; k < SIZE; k++)
            sum += ((double)y[k] - (double)x[k]) * ((double)y[k] - (double)x[k]) / SIZE;
        if (ratios[i] < 200) /* where it is too small to be seen */
            near(10 * log10(power_of(x, SIZE) / sum), ratios[i], 1e-3 + (ratios[i] > 50 ? 0.01 : 0));
        else
            same_floats(y, x, SIZE);
        dae_noise_free(noise);
    }
    dae_noise *silent = bound("mix(street, snr=-100)", array_dataset(zeros, 2, SIZE / 2)),
              *loud = bound("mix(street, snr=-100)", random_dataset(4, 1000, -1, 1, 5));
    memcpy(y, x, SIZE * sizeof *y);
    apply(silent, y, 1, 1, SIZE, 0); /* silent recordings, and silent samples */
    same_floats(y, x, SIZE);
    apply(loud, zeros, 1, 1, SIZE, 0);
    for (size_t k = 0; k < SIZE; k++)
        ck_assert_float_eq(zeros[k], 0);
    dae_noise_free(silent);
    dae_noise_free(loud);
    free(x);
    free(y);
}
END_TEST

static int32_t give(uint64_t first, size_t count, float *out, void *user) {
    const float *x = user;
    memcpy(out, x + first * 2 * LONG, count * 2 * LONG * sizeof *out);
    return 0;
}

/* Whether they are read in parts or as a whole; and as of the epoch of the sample. */
START_TEST(recordings_come_from_any_dataset) {
    enum { MANY = 50, SIZE = 2 * LENGTH };
    float *x = random_floats(RECORDINGS * 2 * LONG, -1, 1, 1), *y[3];
    const size_t shape[] = {2, LONG};
    dae_dataset *called = NULL, *noisy = NULL;
    ok(dae_dataset_create_callback(&called, RECORDINGS, 2, shape, give, NULL, x));
    noisy = corrupted(signals(x, RECORDINGS, 2, LONG), "gaussian(uniform(1, 2))", DAE_NOISE_FRESH, 3);
    float seen[RECORDINGS * 2 * LONG];
    ok(dae_dataset_read(noisy, 7, 0, RECORDINGS, seen, NULL));
    dae_noise *noise[4] = {bound("mix(street, 3)", signals(x, RECORDINGS, 2, LONG)),
                           bound("mix(street, 3)", called), bound("mix(street, 3)", noisy),
                           bound("mix(street, 3)", signals(seen, RECORDINGS, 2, LONG))};
    for (size_t i = 0; i < 4; i += 2) {
        for (size_t k = 0; k < 2; k++) {
            y[k] = random_floats(MANY * SIZE, -1, 1, 3);
            apply(noise[i + k], y[k], MANY, 2, LENGTH, 7);
        }
        same_floats(y[1], y[0], MANY * SIZE);
        free(y[0]);
        free(y[1]);
    }
    for (size_t i = 0; i < 4; i++)
        dae_noise_free(noise[i]);
    free(x);
}
END_TEST

START_TEST(recordings_may_differ_in_length) {
    enum { MANY = 1000 };
    float *x = random_floats(MANY * LENGTH, -1, 1, 3), *y = must_have(MANY * LENGTH * sizeof *y);
    dae_dataset *parts[2] = {recordings_of(1, LONG), recordings_of(1, 3)}, *all = NULL;
    size_t seen[2] = {0};
    ok(dae_dataset_join(&all, parts, 2));
    dae_noise *noise = bound("mix(street, snr=3)", all);
    memcpy(y, x, MANY * LENGTH * sizeof *y);
    apply(noise, y, MANY, 1, LENGTH, 0);
    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < 2; k++)
            for (size_t r = 0; r < RECORDINGS; r++)
                for (size_t first = 0; first < (k == 0 ? PLACES : 3); first++)
                    seen[k] += is_stretch(x + i * LENGTH, y + i * LENGTH, 1, 1, k == 0 ? LONG : 3, r, first);
    ck_assert_uint_eq(seen[0] + seen[1], MANY);
    near(seen[0], 0.5 * MANY, z_999 * sqrt(0.25 * MANY));
    dae_noise_free(noise);
    dae_dataset_free(parts[0]);
    dae_dataset_free(parts[1]);
    free(x);
    free(y);
}
END_TEST

/* ---- Binding ------------------------------------------------------------------------------------------ */

START_TEST(recordings_must_be_there) {
    static const char sentence[] = "mix needs recordings called 'street': dae_noise_bind() gives them";
    float x[4] = {1, 2, 3, 4};
    dae_noise *noise = NULL;
    dae_dataset *data = random_dataset(3, 4, 0, 1, 1), *noisy = NULL, *wide = recordings_of(2, 3);
    ok(dae_noise_parse(&noise,
                       "gaussian(1) | sometimes(0, mix(road, 1) | mix(street, 3)) | mix(road, snr=2)"));
    fails(dae_noise_bind(noise, "roads", data), DAE_ERROR_ARGUMENT, "name is 'roads'");
    ok(dae_noise_bind(noise, "road", data));
    fails(dae_noise_bind(noise, "road", data), DAE_ERROR_ARGUMENT, "'road' is bound already");
    fails(dae_noise_apply(noise, x, 1, 1, (const size_t[]){4}, 1, 0, 0), DAE_ERROR_ARGUMENT, sentence);
    fails(dae_dataset_corrupt(&noisy, data, noise, DAE_NOISE_FRESH, 1), DAE_ERROR_ARGUMENT, sentence);
    ck_assert_ptr_null(noisy);
    ck_assert_float_eq(x[0], 1);
    ok(dae_noise_bind(noise, "street", wide));
    fails(dae_dataset_corrupt(&noisy, data, noise, DAE_NOISE_FRESH, 1), DAE_ERROR_ARGUMENT,
          "recordings called 'street' of 2 channels, where a sample has 1, expected 1 or as many");
    dae_noise_free(noise);
    dae_dataset_free(data);
    dae_dataset_free(wide);
}
END_TEST

static void count_release(void *user) {
    ++*(int *)user;
}

/* What a model remembers are names: it holds no recordings, and nothing can be bound to what it holds. */
START_TEST(models_remember_names) {
    static const char text[] = "mix(name=street, snr=uniform(low=0, high=20) as loudness)";
    float street[40];
    char remembered[200];
    int released = 0;
    dae_dataset *recordings = NULL, *data = random_dataset(20, 4, 0, 1, 1), *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = identity_model(4), *loaded = NULL;
    for (int i = 0; i < 40; i++)
        street[i] = (float)i;
    ok(dae_dataset_borrow_array(&recordings, street, 10, 1, (const size_t[]){4}, count_release, &released));
    noise = bound(text, recordings);
    ok(dae_dataset_corrupt(&noisy, data, noise, DAE_NOISE_FRESH, 1));
    dae_trainer *trainer = sgd_trainer(model, 0.01, "mse");
    ok(dae_trainer_fit(trainer, noisy, 1));
    dae_noise_free(noise);
    ck_assert_int_eq(released, 0);
    dae_dataset_free(noisy);
    ck_assert_int_eq(released, 1);
    ok(dae_model_save(model, temp_path("mixed")));
    ok(dae_model_load(&loaded, temp_path("mixed")));
    for (int i = 0; i < 2; i++) {
        ok(dae_model_get_noise(i == 0 ? model : loaded, &noise));
        ok(dae_noise_format(noise, remembered, sizeof remembered, NULL));
        ck_assert_str_eq(remembered, text);
        fails(dae_noise_bind(noise, "street", data), DAE_ERROR_ARGUMENT, "held by something else");
        dae_noise_free(noise);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_model_free(loaded);
    dae_dataset_free(data);
}
END_TEST

/* Views upon views end somewhere, also those that are reached through recordings. */
START_TEST(recordings_count_as_views) {
    dae_dataset *data = random_dataset(2, 4, 0, 1, 1), *deep = random_dataset(2, 4, 0, 1, 1);
    dae_status status = DAE_OK;
    for (int i = 0; i <= 1000 && status == DAE_OK; i++) {
        dae_dataset *next = NULL;
        dae_noise *noise = bound("mix(street, 0)", deep);
        deep = NULL;
        status = dae_dataset_corrupt(&next, data, noise, DAE_NOISE_FRESH, 1);
        ck_assert((status == DAE_OK) == (i < 1000));
        deep = next;
        dae_noise_free(noise);
    }
    ck_assert(message_has("1000 views"));
    dae_dataset_free(data);
}
END_TEST

/* Trains with recordings that a callback gives, one thread at a time, or that lie in an array. */
static dae_model *trained(float *street, bool calling, size_t threads) {
    const size_t shape[] = {2, LONG};
    float *samples = random_floats(40 * 2 * LENGTH, -1, 1, 9);
    dae_dataset *recordings = NULL, *clean = signals(samples, 40, 2, LENGTH), *noisy = NULL;
    dae_model *model = model_from(1, "input(2, 5) | flatten | dense(10)");
    if (calling)
        ok(dae_dataset_create_callback(&recordings, RECORDINGS, 2, shape, give, NULL, street));
    else
        recordings = signals(street, RECORDINGS, 2, LONG);
    dae_noise *noise = bound("mix(street, 3)", recordings);
    ok(dae_dataset_corrupt(&noisy, clean, noise, DAE_NOISE_FRESH, 1));
    ok(dae_set_num_threads(threads));
    dae_trainer *trainer = sgd_trainer(model, 0.01, "mse");
    ok(dae_trainer_fit(trainer, noisy, 2));
    ok(dae_set_num_threads(0));
    dae_trainer_free(trainer);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    free(samples);
    return model;
}

START_TEST(trainings_read_recordings) {
    float *x = random_floats(RECORDINGS * 2 * LONG, -1, 1, 1);
    dae_model *expected = trained(x, false, 1);
    for (int i = 0; i < 2; i++) {
        dae_model *model = trained(x, i == 0, 3);
        same_parameters(model, expected);
        dae_model_free(model);
    }
    dae_model_free(expected);
    free(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise mix");
    TCase *added = add_case(suite, "what is added");
    tcase_add_test(added, stretches_of_recordings_are_added);
    tcase_add_test(added, ratio_is_that_of_powers);
    tcase_add_test(added, recordings_come_from_any_dataset);
    tcase_add_test(added, recordings_may_differ_in_length);
    TCase *binding = add_case(suite, "binding");
    tcase_add_test(binding, recordings_must_be_there);
    tcase_add_test(binding, models_remember_names);
    tcase_add_test(binding, recordings_count_as_views);
    tcase_add_test(binding, trainings_read_recordings);
    return suite_main(suite);
}
