/* Noise recipes applied: streams, order, limits, errors. */
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
    return repeated_noise("gaussian(0.3, mean=0.5) | clip(-0.25, 1.25) | masking(0.25) | uniform(-0.1, 0.2)"
                          " | salt_pepper(0.15, -1, 2)",
                          2);
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
    ok(dae_noise_apply(noise, x, GOLDEN_APPLY_SAMPLES, 1, (const size_t[]){GOLDEN_APPLY_SAMPLE_SIZE},
                       GOLDEN_APPLY_SEED, GOLDEN_APPLY_EPOCH, GOLDEN_APPLY_FIRST));
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
        ok(dae_noise_apply(noise, x, ROWS, 1, (const size_t[]){SIZE}, cases[c].seed, cases[c].epoch,
                           cases[c].first));
        for (size_t row = 0; row < ROWS; row++)
            by_hand(expected + row * SIZE, cases[c].seed, cases[c].epoch, cases[c].first + row);
        same_floats(x, expected, VALUES);
    }
    dae_noise_free(noise);
}
END_TEST

START_TEST(the_last_of_64_steps_draws_from_its_own_place) {
    char text[2048] = "", *end = text;
    for (int step = 0; step < 63; step++)
        end += sprintf(end, "gaussian(0) | ");
    strcpy(end, "gaussian(1, mean=0.5)");
    dae_noise *noise = parse(text);
    float x[VALUES], expected[VALUES];
    ramp(x);
    ramp(expected);
    ok(dae_noise_apply(noise, x, 1, 1, (const size_t[]){VALUES}, 3, 9, 17));
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
    dae_noise *noise = parse("");
    ok(dae_noise_apply(noise, x, ROWS, 1, (const size_t[]){SIZE}, 1, 2, 3));
    same_floats(x, expected, VALUES);
    dae_noise_free(noise);
}
END_TEST

START_TEST(steps_are_applied_in_order) {
    float x[] = {0.9f, 0.1f};
    dae_noise *noise = parse("clip(0, 0.5) | gaussian(mean=1, stddev=0) | clip(1.25, 9)");
    ok(dae_noise_apply(noise, x, 1, 1, (const size_t[]){2}, 1, 0, 0));
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
    ok(dae_noise_apply(noise, whole, ROWS, 1, (const size_t[]){SIZE}, 11, 3, 100));
    for (size_t batch = 1; batch <= ROWS; batch++) {
        ramp(x);
        size_t first = ROWS;
        while (first > 0) {
            size_t count = first < batch ? first : batch;
            first -= count;
            ok(dae_noise_apply(noise, x + first * SIZE, count, 1, (const size_t[]){SIZE}, 11, 3,
                               100 + first));
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
    ok(dae_noise_apply(noise, base, 1, 1, (const size_t[]){SIZE}, 11, 3, 100));
    for (int i = 0; i < 4; i++) {
        /* the last differs by the number of the step */
        memset(x, 0, sizeof x);
        ok(dae_noise_apply(i < 3 ? noise : later, x, 1, 1, (const size_t[]){SIZE}, other[i][0], other[i][1],
                           other[i][2]));
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
    ok(dae_noise_apply(noise, longest, 1, 1, (const size_t[]){VALUES}, 8, 8, 8));
    for (size_t size = 1; size < 80; size++) {
        ramp(x);
        ok(dae_noise_apply(noise, x, 1, 1, (const size_t[]){size}, 8, 8, 8));
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
        job->status = dae_noise_apply(job->noise, job->x, ROWS, 1, (const size_t[]){SIZE}, 5, 5, 5);
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
    ok(dae_noise_apply(noise, expected, ROWS, 1, (const size_t[]){SIZE}, 5, 5, 5));
    for (int i = 0; i < 4; i++) {
        ok(jobs[i].status);
        same_floats(jobs[i].x, expected, VALUES);
    }
    dae_noise_free(noise);
}
END_TEST

/* Only sizes count today, and what has a shape is flat memory. */
START_TEST(a_shape_is_the_size_of_its_product) {
    static const size_t shape[] = {3, 1, 4, 3}, flat[] = {36};
    float x[VALUES], expected[VALUES];
    dae_noise *noise = every_kind();
    ramp(x);
    ramp(expected);
    ok(dae_noise_apply(noise, x, 4, 4, shape, 5, 5, 5));
    ok(dae_noise_apply(noise, expected, 4, 1, flat, 5, 5, 5));
    same_floats(x, expected, VALUES);
    dae_noise_free(noise);
}
END_TEST

/* ---- Limits and errors -------------------------------------------------------------------------- */

START_TEST(there_is_room_for_64_steps) {
    float x = 0;
    dae_noise *noise = repeated_noise("gaussian(mean=63, stddev=0)", 64), *const untouched = noise;
    ok(dae_noise_apply(noise, &x, 1, 1, (const size_t[]){1}, 1, 0, 0));
    ck_assert_float_eq(x, 63 * 64);
    char text[64 * 16 + 16] = "clip(0, 1)";
    for (int i = 0; i < 64; i++)
        strcat(text, " | clip(0, 1)");
    fails(dae_noise_parse(&noise, text), DAE_ERROR_FORMAT, "64 steps");
    ck_assert_ptr_eq(noise, untouched);
    dae_noise_free(noise);
}
END_TEST

START_TEST(null_is_refused) {
    float x = 0.5f;
    dae_noise *noise = parse("gaussian(1)");
    fails(dae_noise_apply(NULL, &x, 1, 1, (const size_t[]){1}, 1, 0, 0), DAE_ERROR_ARGUMENT, "noise");
    fails(dae_noise_apply(noise, NULL, 1, 1, (const size_t[]){1}, 1, 0, 0), DAE_ERROR_ARGUMENT, "x is NULL");
    ck_assert_float_eq(x, 0.5f);
    fails(dae_noise_apply(noise, &x, 1, 1, NULL, 1, 0, 0), DAE_ERROR_ARGUMENT, "shape is NULL");
    ck_assert_float_eq(x, 0.5f);
    ok(dae_noise_apply(noise, NULL, 0, 1, (const size_t[]){1}, 1, 0, 0));
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
    fails(dae_noise_apply(noise, x, 1, 1, (const size_t[]){limit + 1}, 1, 0, 0), DAE_ERROR_ARGUMENT,
          "67108865 values");
    fails(dae_noise_apply(noise, x, 1, 1, (const size_t[]){SIZE_MAX}, 1, 0, 0), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_noise_apply(noise, x, 1, 2, (const size_t[]){1, 0}, 1, 0, 0), DAE_ERROR_ARGUMENT,
          "shape[1] is 0");
    fails(dae_noise_apply(noise, x, 1, 0, (const size_t[]){1}, 1, 0, 0), DAE_ERROR_ARGUMENT, "rank is 0");
    fails(dae_noise_apply(noise, x, 1, 9, (const size_t[9]){1}, 1, 0, 0), DAE_ERROR_ARGUMENT, "rank is 9");
    fails(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, epochs, 0), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, UINT64_MAX, 0), DAE_ERROR_ARGUMENT,
          "epoch");
    fails(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, 0, end - 2), DAE_ERROR_ARGUMENT, "first");
    fails(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, 0, UINT64_MAX), DAE_ERROR_ARGUMENT,
          "first");
    fails(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, 0, UINT64_MAX - 2), DAE_ERROR_ARGUMENT,
          "first");
    same_floats(x, before, 3);
    ok(dae_noise_apply(noise, NULL, 0, 1, (const size_t[]){limit}, 1, epochs - 1, end));
    ok(dae_noise_apply(noise, x, 3, 1, (const size_t[]){1}, 1, epochs - 1, end - 3));
    dae_noise_free(noise);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status parse_and_free(void *user) {
    dae_noise *noise = user;
    dae_status status = dae_noise_parse(&noise, "gaussian(1) | clip(0, 1)");
    if (status == DAE_OK)
        dae_noise_free(noise);
    else
        ck_assert_ptr_eq(noise, user);
    return status;
}

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &(int){0}), 1);
}
END_TEST

/* Writing and applying do not list DAE_ERROR_MEMORY, so they may not need any. */
START_TEST(a_recipe_needs_no_memory_once_it_exists) {
    float x[VALUES];
    char text[4096];
    heap_watch();
    dae_noise *noise = repeated_noise("salt_pepper(0.1, 0, 1)", 64);
    heap_fail_at(1, true);
    ok(dae_noise_format(noise, text, sizeof text, NULL));
    ramp(x);
    ok(dae_noise_apply(noise, x, ROWS, 1, (const size_t[]){SIZE}, 1, 2, 3));
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
    tcase_add_test(independence, a_shape_is_the_size_of_its_product);
    tcase_add_test(independence, many_threads_may_apply_one_recipe);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, there_is_room_for_64_steps);
    tcase_add_test(errors, null_is_refused);
    tcase_add_test(errors, ranges_of_apply);
    tcase_add_test(errors, memory_may_run_out);
    tcase_add_test(errors, a_recipe_needs_no_memory_once_it_exists);
    return suite_main(suite);
}
