/* Noise recipes applied: streams, order, limits, when a recipe may be changed, errors. */
#include "support.h"

#include "oracle/golden.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 37, ROWS = 12, VALUES = SIZE * ROWS };

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    return noise;
}

/* One step of each kind, twice. */
static dae_noise *every_kind(void) {
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    for (int i = 0; i < 2; i++) {
        ok(dae_noise_add_gaussian(noise, 0.5, 0.3));
        ok(dae_noise_add_clip(noise, -0.25, 1.25));
        ok(dae_noise_add_masking(noise, 0.25));
        ok(dae_noise_add_uniform(noise, -0.1, 0.2));
        ok(dae_noise_add_salt_pepper(noise, 0.15, -1.0, 2.0));
    }
    return noise;
}

static void ramp(float x[VALUES]) {
    for (int i = 0; i < VALUES; i++)
        x[i] = ((float)i + 0.5f) / VALUES;
}

/* ---- Values ----------------------------------------------------------------------------------- */

START_TEST(golden_recipe) {
    float x[GOLDEN_APPLY_SAMPLES * GOLDEN_APPLY_SAMPLE_SIZE];
    memcpy(x, GOLDEN_APPLY_INPUT, sizeof x);
    dae_noise *noise = parse(GOLDEN_APPLY_RECIPE);
    ok(dae_noise_apply(noise, x, GOLDEN_APPLY_SAMPLES, GOLDEN_APPLY_SAMPLE_SIZE, GOLDEN_APPLY_SEED,
                       GOLDEN_APPLY_EPOCH, GOLDEN_APPLY_FIRST));
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        near(x[i], GOLDEN_APPLY_OUTPUT[i], 4e-6);
    dae_noise_free(noise);
}
END_TEST

/* Step s of sample i in epoch e with the array calls: stream 4 * 2^56 + i, block s * 2^56 + e * 2^24. */
static void by_hand(float *x, uint64_t seed, uint64_t epoch, uint64_t sample) {
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, seed, (UINT64_C(4) << 56) + sample));
    for (uint64_t step = 0; step < 10; step++) {
        ok(dae_rng_set_position(rng, 4 * ((step << 56) + (epoch << 24))));
        switch (step % 5) {
        case 0:
            ok(dae_add_gaussian_noise(x, SIZE, 0.5, 0.3, rng));
            break;
        case 1:
            ok(dae_clip(x, SIZE, -0.25, 1.25));
            break;
        case 2:
            ok(dae_add_masking_noise(x, SIZE, 0.25, rng));
            break;
        case 3:
            ok(dae_add_uniform_noise(x, SIZE, -0.1, 0.2, rng));
            break;
        case 4:
            ok(dae_add_salt_pepper_noise(x, SIZE, 0.15, -1.0, 2.0, rng));
            break;
        }
    }
    dae_rng_free(rng);
}

START_TEST(a_recipe_is_the_array_calls_step_by_step) {
    static const struct {
        uint64_t seed, epoch, first;
    } cases[] = {
        {0, 0, 0},
        {1, 0, 5},
        {UINT64_MAX, 1, 0},
        {0x0123456789ABCDEF, 0xFFFFFFFF, 1000000},
        {42, 7, (UINT64_C(1) << 56) - ROWS},
    };
    dae_noise *noise = every_kind();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float x[VALUES], expected[VALUES];
        ramp(x);
        ramp(expected);
        ok(dae_noise_apply(noise, x, ROWS, SIZE, cases[c].seed, cases[c].epoch, cases[c].first));
        for (size_t row = 0; row < ROWS; row++)
            by_hand(expected + row * SIZE, cases[c].seed, cases[c].epoch, cases[c].first + row);
        same_floats(x, expected, VALUES);
    }
    dae_noise_free(noise);
}
END_TEST

START_TEST(the_last_of_64_steps_draws_from_its_own_place) {
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    for (int step = 0; step < DAE_NOISE_MAX_STEPS; step++)
        ok(dae_noise_add_gaussian(noise, step == 63 ? 0.5 : 0.0, step == 63 ? 1.0 : 0.0));
    float x[VALUES], expected[VALUES];
    ramp(x);
    ramp(expected);
    ok(dae_noise_apply(noise, x, 1, VALUES, 3, 9, 17));
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 3, (UINT64_C(4) << 56) + 17));
    ok(dae_rng_set_position(rng, 4 * ((UINT64_C(63) << 56) + (UINT64_C(9) << 24))));
    ok(dae_add_gaussian_noise(expected, VALUES, 0.5, 1.0, rng));
    same_floats(x, expected, VALUES);
    dae_rng_free(rng);
    dae_noise_free(noise);
}
END_TEST

START_TEST(an_empty_recipe_changes_nothing) {
    float x[VALUES], expected[VALUES];
    ramp(x);
    ramp(expected);
    x[3] = expected[3] = -0.0f;
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    ok(dae_noise_apply(noise, x, ROWS, SIZE, 1, 2, 3));
    same_floats(x, expected, VALUES);
    dae_noise_free(noise);
}
END_TEST

START_TEST(steps_are_applied_in_order) {
    float x[] = {0.9f, 0.1f};
    dae_noise *noise = parse("clip(0, 0.5) | gaussian(mean=1, stddev=0) | clip(1.25, 9)");
    ok(dae_noise_apply(noise, x, 1, 2, 1, 0, 0));
    ck_assert_float_eq(x[0], 1.5f);
    ck_assert_float_eq(x[1], 1.25f);
    dae_noise_free(noise);
}
END_TEST

/* ---- Independence ----------------------------------------------------------------------------- */

START_TEST(batches_and_order_do_not_matter) {
    float whole[VALUES], x[VALUES];
    dae_noise *noise = every_kind();
    ramp(whole);
    ok(dae_noise_apply(noise, whole, ROWS, SIZE, 11, 3, 100));
    for (size_t batch = 1; batch <= ROWS; batch++) {
        ramp(x);
        size_t first = ROWS;
        while (first > 0) {
            size_t count = first < batch ? first : batch;
            first -= count;
            ok(dae_noise_apply(noise, x + first * SIZE, count, SIZE, 11, 3, 100 + first));
        }
        same_floats(x, whole, VALUES);
    }
    dae_noise_free(noise);
}
END_TEST

START_TEST(seed_epoch_and_sample_make_a_difference) {
    static const uint64_t other[4][3] = {{12, 3, 100}, {11, 4, 100}, {11, 3, 101}, {11, 3, 100}};
    float base[SIZE], x[SIZE];
    dae_noise *noise = parse("gaussian(1)"), *later = parse("clip(-9, 9) | gaussian(1)");
    memset(base, 0, sizeof base);
    ok(dae_noise_apply(noise, base, 1, SIZE, 11, 3, 100));
    for (int i = 0; i < 4; i++) {
        /* the last differs by the number of the step */
        memset(x, 0, sizeof x);
        ok(dae_noise_apply(i < 3 ? noise : later, x, 1, SIZE, other[i][0], other[i][1], other[i][2]));
        for (int k = 0; k < SIZE; k++)
            ck_assert_float_ne(x[k], base[k]);
    }
    dae_noise_free(noise);
    dae_noise_free(later);
}
END_TEST

/* A short sample is the beginning of a long one. */
START_TEST(values_depend_on_their_place_only) {
    float longest[VALUES], x[VALUES];
    dae_noise *noise = every_kind();
    ramp(longest);
    ok(dae_noise_apply(noise, longest, 1, VALUES, 8, 8, 8));
    for (size_t size = 1; size < 80; size++) {
        ramp(x);
        ok(dae_noise_apply(noise, x, 1, size, 8, 8, 8));
        same_floats(x, longest, size);
    }
    dae_noise_free(noise);
}
END_TEST

struct applying {
    const dae_noise *noise;
    float x[VALUES];
    dae_status status;
};

static void *apply_often(void *user) {
    struct applying *job = user;
    for (int i = 0; i < 50 && job->status == DAE_OK; i++) {
        ramp(job->x);
        job->status = dae_noise_apply(job->noise, job->x, ROWS, SIZE, 5, 5, 5);
    }
    return NULL;
}

START_TEST(many_threads_may_apply_one_recipe) {
    static struct applying jobs[4];
    float expected[VALUES];
    pthread_t threads[4];
    dae_noise *noise = every_kind();
    for (int i = 0; i < 4; i++) {
        jobs[i].noise = noise;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, apply_often, &jobs[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ramp(expected);
    ok(dae_noise_apply(noise, expected, ROWS, SIZE, 5, 5, 5));
    for (int i = 0; i < 4; i++) {
        ok(jobs[i].status);
        same_floats(jobs[i].x, expected, VALUES);
    }
    dae_noise_free(noise);
}
END_TEST

/* ---- Changing a recipe ------------------------------------------------------------------------ */

static dae_status format(const void *object, char *buffer, size_t capacity, size_t *length) {
    return dae_noise_format(object, buffer, capacity, length);
}

static void refuses_every_step(dae_noise *noise, const char *word) {
    char *before = text_by_the_rules(format, noise);
    fails(dae_noise_add_gaussian(noise, 0, 1), DAE_ERROR_STATE, word);
    fails(dae_noise_add_uniform(noise, 0, 1), DAE_ERROR_STATE, word);
    fails(dae_noise_add_masking(noise, 0.5), DAE_ERROR_STATE, word);
    fails(dae_noise_add_salt_pepper(noise, 0.5, 0, 1), DAE_ERROR_STATE, word);
    fails(dae_noise_add_clip(noise, 0, 1), DAE_ERROR_STATE, word);
    char *after = text_by_the_rules(format, noise);
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}

START_TEST(a_recipe_in_use_stays_as_it_is) {
    float x[2] = {0, 0};
    dae_noise *applied = parse("clip(0, 1)"), *kept = parse("clip(0, 1)");
    ok(dae_noise_apply(applied, x, 1, 2, 1, 0, 0));
    refuses_every_step(applied, "use");

    dae_dataset *clean = NULL, *noisy = NULL;
    ok(dae_dataset_copy_array(&clean, x, 1, 1, (const size_t[]){2}));
    ok(dae_dataset_corrupt(&noisy, clean, kept, DAE_NOISE_ONCE, 1));
    refuses_every_step(kept, "use");
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    dae_noise_free(applied);
    dae_noise_free(kept);
}
END_TEST

START_TEST(a_failed_use_does_not_count) {
    float x[2] = {0, 0};
    dae_noise *noise = parse("clip(0, 1)");
    dae_dataset *clean = NULL, *noisy = NULL;
    ok(dae_dataset_copy_array(&clean, x, 1, 1, (const size_t[]){2}));
    fails(dae_noise_apply(noise, x, 1, 2, 1, UINT64_C(1) << 32, 0), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_dataset_corrupt(&noisy, clean, noise, 99, 1), DAE_ERROR_ARGUMENT, "mode");
    ok(dae_noise_add_masking(noise, 0.5));
    char text[64];
    ok(dae_noise_format(noise, text, sizeof text, NULL));
    ok(dae_noise_add_masking(noise, 0.25));
    dae_noise_free(noise);
    dae_dataset_free(clean);
}
END_TEST

START_TEST(there_is_room_for_64_steps) {
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    for (int i = 0; i < DAE_NOISE_MAX_STEPS; i++)
        ok(dae_noise_add_gaussian(noise, i, 0));
    refuses_every_step(noise, "64");
    float x = 0;
    ok(dae_noise_apply(noise, &x, 1, 1, 1, 0, 0));
    ck_assert_float_eq(x, 63 * 64 / 2);
    dae_noise_free(noise);
}
END_TEST

/* ---- Errors ----------------------------------------------------------------------------------- */

START_TEST(parameters_are_checked_when_added) {
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    dae_noise *noise = NULL;
    ok(dae_noise_create(&noise));
    for (size_t i = 0; i < 3; i++) {
        fails(dae_noise_add_gaussian(noise, bad[i], 1), DAE_ERROR_ARGUMENT, "mean");
        fails(dae_noise_add_gaussian(noise, 0, bad[i]), DAE_ERROR_ARGUMENT, "stddev");
        fails(dae_noise_add_uniform(noise, bad[i], 1), DAE_ERROR_ARGUMENT, "low");
        fails(dae_noise_add_uniform(noise, 0, bad[i]), DAE_ERROR_ARGUMENT, "high");
        fails(dae_noise_add_masking(noise, bad[i]), DAE_ERROR_ARGUMENT, "rate");
        fails(dae_noise_add_salt_pepper(noise, bad[i], 0, 1), DAE_ERROR_ARGUMENT, "rate");
        fails(dae_noise_add_salt_pepper(noise, 0.5, bad[i], 1), DAE_ERROR_ARGUMENT, "low");
        fails(dae_noise_add_salt_pepper(noise, 0.5, 0, bad[i]), DAE_ERROR_ARGUMENT, "high");
        fails(dae_noise_add_clip(noise, bad[i], 1), DAE_ERROR_ARGUMENT, "low");
        fails(dae_noise_add_clip(noise, 0, bad[i]), DAE_ERROR_ARGUMENT, "high");
    }
    fails(dae_noise_add_gaussian(noise, 0, -0.5), DAE_ERROR_ARGUMENT, "-0.5");
    fails(dae_noise_add_uniform(noise, 0.5, 0.25), DAE_ERROR_ARGUMENT, "0.25");
    fails(dae_noise_add_masking(noise, -0.5), DAE_ERROR_ARGUMENT, "-0.5");
    fails(dae_noise_add_masking(noise, 1.5), DAE_ERROR_ARGUMENT, "1.5");
    fails(dae_noise_add_salt_pepper(noise, 1.5, 0, 1), DAE_ERROR_ARGUMENT, "1.5");
    fails(dae_noise_add_salt_pepper(noise, 0.5, 1, 0), DAE_ERROR_ARGUMENT, "low");
    fails(dae_noise_add_clip(noise, 1, 0), DAE_ERROR_ARGUMENT, "low");
    char *text = text_by_the_rules(format, noise);
    ck_assert_str_eq(text, "");
    free(text);
    dae_noise_free(noise);
}
END_TEST

START_TEST(null_is_refused) {
    float x = 0.5f;
    dae_noise *noise = parse("gaussian(1)");
    fails(dae_noise_create(NULL), DAE_ERROR_ARGUMENT, "out");
    fails(dae_noise_add_gaussian(NULL, 0, 1), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_add_uniform(NULL, 0, 1), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_add_masking(NULL, 0.5), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_add_salt_pepper(NULL, 0.5, 0, 1), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_add_clip(NULL, 0, 1), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_apply(NULL, &x, 1, 1, 1, 0, 0), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_apply(noise, NULL, 1, 1, 1, 0, 0), DAE_ERROR_ARGUMENT, "x is NULL");
    ck_assert_float_eq(x, 0.5f);
    ok(dae_noise_apply(noise, NULL, 0, 1, 1, 0, 0));
    ok(dae_noise_apply(noise, NULL, 1, 0, 1, 0, 0));
    dae_noise_free(noise);
    dae_noise_free(NULL);
}
END_TEST

START_TEST(ranges_of_apply) {
    const size_t limit = (size_t)1 << 26;
    const uint64_t end = UINT64_C(1) << 56, epochs = UINT64_C(1) << 32;
    float x[3] = {0.25f, 0.5f, 0.75f};
    const float before[3] = {0.25f, 0.5f, 0.75f};
    dae_noise *noise = parse("gaussian(mean=1, stddev=1)");
    fails(dae_noise_apply(noise, x, 1, limit + 1, 1, 0, 0), DAE_ERROR_ARGUMENT, "sample_size");
    fails(dae_noise_apply(noise, x, 1, SIZE_MAX, 1, 0, 0), DAE_ERROR_ARGUMENT, "sample_size");
    fails(dae_noise_apply(noise, x, 3, 1, 1, epochs, 0), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_noise_apply(noise, x, 3, 1, 1, UINT64_MAX, 0), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_noise_apply(noise, x, 3, 1, 1, 0, end - 2), DAE_ERROR_ARGUMENT, "first");
    fails(dae_noise_apply(noise, x, 3, 1, 1, 0, UINT64_MAX), DAE_ERROR_ARGUMENT, "first");
    fails(dae_noise_apply(noise, x, 3, 1, 1, 0, UINT64_MAX - 2), DAE_ERROR_ARGUMENT, "first");
    same_floats(x, before, 3);
    ok(dae_noise_apply(noise, NULL, 0, limit, 1, epochs - 1, end));
    ok(dae_noise_apply(noise, x, 3, 1, 1, epochs - 1, end - 3));
    dae_noise_free(noise);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status create_and_free(void *user) {
    dae_noise *noise = user;
    dae_status status = dae_noise_create(&noise);
    if (status == DAE_OK)
        dae_noise_free(noise);
    else
        ck_assert_ptr_eq(noise, user);
    return status;
}

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(every_allocation_fails(create_and_free, &(int){0}), 1);
}
END_TEST

/* Adding, writing and applying do not list DAE_ERROR_MEMORY, so they may not need any. */
START_TEST(a_recipe_needs_no_memory_once_it_exists) {
    float x[VALUES];
    char text[4096];
    dae_noise *noise = NULL;
    heap_watch();
    ok(dae_noise_create(&noise));
    heap_fail_at(1, true);
    for (int i = 0; i < DAE_NOISE_MAX_STEPS; i++)
        ok(dae_noise_add_salt_pepper(noise, 0.1, 0, 1));
    ok(dae_noise_format(noise, text, sizeof text, NULL));
    ramp(x);
    ok(dae_noise_apply(noise, x, ROWS, SIZE, 1, 2, 3));
    dae_noise_free(noise);
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("recipe");
    TCase *values = add_case(suite, "values");
    tcase_add_test(values, golden_recipe);
    tcase_add_test(values, a_recipe_is_the_array_calls_step_by_step);
    tcase_add_test(values, the_last_of_64_steps_draws_from_its_own_place);
    tcase_add_test(values, an_empty_recipe_changes_nothing);
    tcase_add_test(values, steps_are_applied_in_order);
    TCase *independence = add_case(suite, "independence");
    tcase_add_test(independence, batches_and_order_do_not_matter);
    tcase_add_test(independence, seed_epoch_and_sample_make_a_difference);
    tcase_add_test(independence, values_depend_on_their_place_only);
    tcase_add_test(independence, many_threads_may_apply_one_recipe);
    TCase *change = add_case(suite, "change");
    tcase_add_test(change, a_recipe_in_use_stays_as_it_is);
    tcase_add_test(change, a_failed_use_does_not_count);
    tcase_add_test(change, there_is_room_for_64_steps);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, parameters_are_checked_when_added);
    tcase_add_test(errors, null_is_refused);
    tcase_add_test(errors, ranges_of_apply);
    tcase_add_test(errors, memory_may_run_out);
    tcase_add_test(errors, a_recipe_needs_no_memory_once_it_exists);
    return suite_main(suite);
}
