/* Several datasets as one, and samples of different sizes. */
#include "numbered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pictures [1, height, width] of three sizes, and what is drawn for one more that comes from a function. */
enum { SIZES = 4, FIRST_OF_FUNCTION = 3 };
static const size_t heights[SIZES] = {9, 12, 9, 10}, widths[SIZES] = {11, 8, 11, 16};

/* Value i of picture k. */
static float value_at(size_t k, size_t i) {
    return (float)(10000 * k + i);
}

static int32_t make_last(uint64_t first, size_t count, float *out, void *user) {
    (void)user;
    ck_assert(first == 0 && count == 1);
    for (size_t i = 0; i < heights[FIRST_OF_FUNCTION] * widths[FIRST_OF_FUNCTION]; i++)
        out[i] = value_at(FIRST_OF_FUNCTION, i);
    return 0;
}

static dae_dataset *part(size_t k) {
    dae_dataset *dataset = NULL;
    float values[200];
    const size_t shape[] = {1, heights[k], widths[k]};
    for (size_t i = 0; i < heights[k] * widths[k]; i++)
        values[i] = value_at(k, i);
    if (k == FIRST_OF_FUNCTION)
        ok(dae_dataset_create_callback(&dataset, 1, 3, shape, make_last, NULL, NULL));
    else
        ok(dae_dataset_copy_array(&dataset, values, 1, 3, shape));
    return dataset;
}

/* All pictures as one dataset. */
static dae_dataset *joined(size_t count) {
    dae_dataset *parts[SIZES], *join = NULL;
    for (size_t k = 0; k < count; k++)
        parts[k] = part(k);
    ok(dae_dataset_join(&join, parts, count));
    for (size_t k = 0; k < count; k++)
        dae_dataset_free(parts[k]);
    return join;
}

/* Sample `index` is picture k from (y, x) on, of this size. */
static void is_cut(const dae_dataset *dataset, size_t index, size_t k, size_t y, size_t x, size_t height,
                   size_t width) {
    float inputs[200], targets[200];
    size_t rank, shape[DAE_MAX_RANK];
    ok(dae_dataset_get_shape(dataset, index, &rank, shape));
    ck_assert(rank == 3 && shape[0] == 1 && shape[1] == height && shape[2] == width);
    ok(dae_dataset_get_target_shape(dataset, index, &rank, shape));
    ck_assert(rank == 3 && shape[1] == height && shape[2] == width);
    ok(dae_dataset_read(dataset, 0, index, 1, inputs, targets));
    for (size_t i = 0; i < height * width; i++)
        ck_assert_float_eq(inputs[i], value_at(k, (y + i / width) * widths[k] + x + i % width));
    same_floats(targets, inputs, height * width);
}

static void is_whole(const dae_dataset *dataset, size_t index, size_t k) {
    is_cut(dataset, index, k, 0, 0, heights[k], widths[k]);
}

/* ---- Joining --------------------------------------------------------------------------------------- */

START_TEST(samples_come_one_part_after_another) {
    dae_dataset *parts[3], *join = NULL;
    float inputs[60], targets[60];
    for (size_t i = 0; i < 3; i++) {
        dae_dataset *all = numbered(10, 1, (const size_t[]){3});
        ok(dae_dataset_slice(&parts[i], all, (const size_t[]){4, 0, 9}[i], (const size_t[]){3, 5, 1}[i]));
        dae_dataset_free(all);
    }
    ok(dae_dataset_join(&join, parts, 3));
    for (size_t i = 0; i < 3; i++)
        dae_dataset_free(parts[i]);
    static const size_t order[] = {4, 5, 6, 0, 1, 2, 3, 4, 9};
    ck_assert_uint_eq(count_of(join), 9);
    has_shape(join, "3", "3");
    for (size_t first = 0; first < 9; first++)
        for (size_t count = 1; first + count <= 9; count++) {
            ok(dae_dataset_read(join, 0, first, count, inputs, targets));
            same_floats(targets, inputs, 3 * count);
            for (size_t i = 0; i < 3 * count; i++)
                ck_assert_float_eq(inputs[i], (float)(3 * order[first + i / 3] + i % 3));
        }
    dae_dataset_free(join);
}
END_TEST

static char *noise_after_training(dae_dataset *data) {
    dae_model *model = model_from(1, "input(3) | dense(3)");
    dae_trainer *trainer = sgd_trainer(model, 1e-6, "mse");
    dae_noise *noise = NULL;
    char *text = must_have(200);
    strcpy(text, "none");
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_model_get_noise(model, &noise));
    if (noise != NULL)
        ok(dae_noise_format(noise, text, 200, NULL));
    dae_noise_free(noise);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return text;
}

/* Noise of all parts alike is known, that of some is not; more noise upon it is no recipe of its own then. */
START_TEST(noise_is_that_of_all_parts) {
    dae_noise *noise = NULL;
    dae_dataset *clean = numbered(4, 1, (const size_t[]){3}), *noisy[2] = {NULL}, *join = NULL, *more = NULL;
    ok(dae_noise_parse(&noise, "masking(0.5)"));
    for (uint64_t i = 0; i < 2; i++)
        ok(dae_dataset_corrupt(&noisy[i], clean, noise, DAE_NOISE_FRESH, i));
    for (int mixed = 0; mixed <= 1; mixed++) {
        dae_dataset *const parts[] = {noisy[0], mixed == 1 ? clean : noisy[1]};
        ok(dae_dataset_join(&join, parts, 2));
        ok(dae_dataset_corrupt(&more, join, noise, DAE_NOISE_FRESH, 7));
        char *below = noise_after_training(join), *all = noise_after_training(more);
        ck_assert_str_eq(below, mixed == 1 ? "none" : "masking(rate=0.5)");
        ck_assert_str_eq(all, mixed == 1 ? "none" : "masking(rate=0.5) | masking(rate=0.5)");
        free(below);
        free(all);
        dae_dataset_free(join);
        dae_dataset_free(more);
    }
    dae_noise_free(noise);
    dae_dataset_free(clean);
    dae_dataset_free(noisy[0]);
    dae_dataset_free(noisy[1]);
}
END_TEST

START_TEST(arguments_of_join) {
    dae_dataset *one = numbered(2, 1, (const size_t[]){3}), *other = numbered(2, 2, (const size_t[]){1, 3});
    dae_dataset *pair = NULL, *const untouched = one, *join = untouched;
    ok(dae_dataset_pair(&pair, one, other));
    fails(dae_dataset_join(NULL, &one, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_join(&join, NULL, 1), DAE_ERROR_ARGUMENT, "parts is NULL");
    fails(dae_dataset_join(&join, &one, 0), DAE_ERROR_ARGUMENT, "count is 0");
    fails(dae_dataset_join(&join, (dae_dataset *[]){NULL, one}, 2), DAE_ERROR_ARGUMENT, "parts[0] is NULL");
    fails(dae_dataset_join(&join, (dae_dataset *[]){one, NULL}, 2), DAE_ERROR_ARGUMENT, "parts[1] is NULL");
    fails(dae_dataset_join(&join, (dae_dataset *[]){one, other}, 2), DAE_ERROR_SHAPE, "parts[1]");
    fails(dae_dataset_join(&join, (dae_dataset *[]){one, pair}, 2), DAE_ERROR_SHAPE, "parts[1]");
    for (int i = 0; i < 63; i++) { /* 2^64 samples */
        dae_dataset *twice = NULL;
        dae_status status = dae_dataset_join(&twice, (dae_dataset *[]){one, one}, 2);
        if (status != DAE_OK)
            break;
        dae_dataset_free(one);
        one = twice;
    }
    fails(dae_dataset_join(&join, (dae_dataset *[]){one, one}, 2), DAE_ERROR_ARGUMENT, "than can be counted");
    ck_assert_ptr_eq(join, untouched);
    dae_dataset_free(pair);
    dae_dataset_free(one);
    dae_dataset_free(other);
}
END_TEST

/* ---- Different sizes ------------------------------------------------------------------------------- */

START_TEST(each_sample_has_its_shape) {
    dae_dataset *join = joined(SIZES);
    float room[800];
    has_shape(join, "1 x 0 x 0", "1 x 0 x 0");
    for (size_t k = 0; k < SIZES; k++)
        is_whole(join, k, k);
    fails(dae_dataset_read(join, 0, 0, 2, room, NULL), DAE_ERROR_SHAPE,
          "the input of sample 0 has shape 1 x 9 x 11 and that of sample 1 has 1 x 12 x 8, expected samples "
          "of one "
          "shape: read them one at a time");
    fails(dae_dataset_read(join, 0, 1, 2, NULL, room), DAE_ERROR_SHAPE, "the target of sample 1");
    dae_dataset_free(join);
}
END_TEST

START_TEST(samples_are_chosen_among_sizes) {
    static const size_t order[] = {3, 0, 2, 1};
    dae_dataset *view = view_of(joined(SIZES), "index(3, 0, 2, 1)", 0), *slice = NULL;
    for (size_t k = 0; k < SIZES; k++)
        is_whole(view, k, order[k]);
    ok(dae_dataset_slice(&slice, view, 1, 2)); /* both of one size */
    has_shape(slice, "1 x 9 x 11", "1 x 9 x 11");
    float two[198];
    ok(dae_dataset_read(slice, 0, 0, 2, two, NULL));
    ck_assert_float_eq(two[99], value_at(2, 0));
    dae_dataset_free(slice);
    view = view_of(view, "repeat(2) | part(0, 0.5) | shuffle", 5);
    for (size_t k = 0; k < SIZES; k++) {
        float first[200];
        ok(dae_dataset_read(view, 0, k, 1, first, NULL));
        is_whole(view, k, (size_t)first[0] / 10000);
    }
    dae_dataset_free(view);
}
END_TEST

START_TEST(patches_make_one_size) {
    dae_dataset *view = view_of(joined(SIZES), "patches(4, 5, stride=3)", 0);
    size_t n = 0;
    has_shape(view, "1 x 4 x 5", "1 x 4 x 5");
    for (size_t k = 0; k < SIZES; k++)
        for (size_t y = 0; y + 4 <= heights[k]; y += 3)
            for (size_t x = 0; x + 5 <= widths[k]; x += 3)
                is_cut(view, n++, k, y, x, 4, 5);
    ck_assert_uint_eq(count_of(view), n);
    (void)inputs_of(view, 0); /* together */
    dae_dataset_free(view);
}
END_TEST

START_TEST(crops_make_one_size) {
    dae_dataset *view = view_of(joined(SIZES), "crops(8, 8, count=20)", 1);
    has_shape(view, "1 x 8 x 8", "1 x 8 x 8");
    ck_assert_uint_eq(count_of(view), 20 * SIZES);
    for (size_t n = 0; n < 20 * SIZES; n++) {
        float first[64];
        ok(dae_dataset_read(view, 0, n, 1, first, NULL));
        size_t at = (size_t)(first[0] - value_at(n / 20, 0));
        is_cut(view, n, n / 20, at / widths[n / 20], at % widths[n / 20], 8, 8);
    }
    dae_dataset_free(view);
    dae_dataset *join = joined(SIZES);
    fails(dae_dataset_view(&view, join, "crops(9, 9)", 1), DAE_ERROR_SHAPE,
          "sample 1 is 12 x 8, expected at least 9 x 9");
    fails(dae_dataset_view(&view, join, "augment(turns=yes)", 1), DAE_ERROR_SHAPE,
          "sample 0 has shape 1 x 9 x 11");
    fails(dae_dataset_view(&view, join, "reshape(99)", 1), DAE_ERROR_SHAPE, "samples have shape 1 x");
    dae_dataset_free(join);
}
END_TEST

/* Where the samples that are smaller stand does not matter: at the end, in the middle, everywhere but there. */
START_TEST(smaller_samples_are_left_out_when_asked_for) {
    static const struct {
        const char *text, *skipped;
        size_t height, width, order[3], samples;
    } cases[] = {
        {"patches(9, 9, skip=yes)", "1", 9, 9, {0, 2, 3}, 3},
        {"crops(9, 11, skip=yes)", "1", 9, 11, {0, 2, 3}, 3},
        {"patches(10, 8, skip=yes)", "2", 10, 8, {1, 3, 3}, 3},
        {"patches(9, 16, skip=yes)", "3", 9, 16, {3}, 1},
        {"patches(12, 8, skip=yes)", "3", 12, 8, {1}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_dataset *view = view_of(joined(SIZES), cases[i].text, 1);
        char skipped[8];
        ck_assert_uint_eq(count_of(view), cases[i].samples);
        for (size_t n = 0; n < cases[i].samples; n++) {
            size_t k = cases[i].order[n];
            float first[200];
            ok(dae_dataset_read(view, 0, n, 1, first, NULL));
            size_t at = (size_t)(first[0] - value_at(k, 0));
            is_cut(view, n, k, at / widths[k], at % widths[k], cases[i].height, cases[i].width);
        }
        (void)inputs_of(view, 0); /* together */
        ok(dae_dataset_get_fact(view, DAE_ALL_SAMPLES, "skipped", skipped, sizeof skipped, NULL));
        ck_assert_str_eq(skipped, cases[i].skipped);
        dae_dataset_free(view);
    }
    dae_dataset *join = joined(SIZES), *one = numbered(3, 2, (const size_t[]){2, 37}), *view = join;
    fails(dae_dataset_view(&view, join, "crops(13, 2, skip=yes)", 1), DAE_ERROR_SHAPE,
          "crops: no sample is left: sample 3 is 10 x 16, expected at least 13 x 2");
    fails(dae_dataset_view(&view, one, "windows(38, skip=yes)", 1), DAE_ERROR_SHAPE,
          "windows: no sample is left: sample 0 has length 37, expected at least 38");
    ck_assert_ptr_eq(view, join);
    dae_dataset_free(join);
    view = view_of(one, "windows(37, skip=yes)", 1);
    char skipped[8];
    ok(dae_dataset_get_fact(view, 1, "skipped", skipped, sizeof skipped, NULL));
    ck_assert_str_eq(skipped, "0");
    dae_dataset_free(view);
}
END_TEST

START_TEST(windows_of_recordings_of_any_length) {
    dae_dataset *parts[2] = {numbered(1, 2, (const size_t[]){1, 23}),
                             numbered(1, 2, (const size_t[]){1, 40})},
                *join = NULL;
    ok(dae_dataset_join(&join, parts, 2));
    dae_dataset_free(parts[0]);
    dae_dataset_free(parts[1]);
    dae_dataset *view = view_of(join, "windows(10, hop=6)", 0);
    const float *values = inputs_of(view, 0);
    ck_assert_uint_eq(count_of(view), 3 + 6);
    for (size_t i = 0; i < 90; i++)
        ck_assert_float_eq(values[i], (float)((i / 10 < 3 ? i / 10 : i / 10 - 3) * 6 + i % 10));
    dae_dataset_free(view);
}
END_TEST

/* What changes values only keeps shapes: whatever it makes of a sample alone, it makes of it among others. */
START_TEST(other_views_keep_shapes) {
    static const char *const texts[] = {"fill(1)",
                                        "clip(5, 20000)",
                                        "cache",
                                        "augment(flips=yes, gain=0.5, polarity=yes)",
                                        "channels(0, 1)",
                                        "blind_spots(0.3, 2)",
                                        "cache | shuffle | cache | clip(3, 9)"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        dae_dataset *view = view_of(joined(SIZES), texts[t], 3), *again = view_of(joined(SIZES), texts[t], 3);
        has_shape(view, "1 x 0 x 0", "1 x 0 x 0");
        for (size_t k = 0; k < SIZES; k++) {
            float inputs[4][200] = {{0}};
            size_t rank, shape[DAE_MAX_RANK];
            ok(dae_dataset_get_shape(view, k, &rank, shape));
            ok(dae_dataset_read(view, 2, k, 1, inputs[0], inputs[1]));
            ok(dae_dataset_read(again, 2, k, 1, NULL, inputs[3]));
            ok(dae_dataset_read(again, 2, k, 1, inputs[2], NULL));
            same_floats(inputs[2], inputs[0], shape[1] * shape[2]);
            same_floats(inputs[3], inputs[1], shape[1] * shape[2]);
            ck_assert(inputs[0][0] != 0 || t == 0 || t == 4 || t == 2 || t == 3 || t == 5);
        }
        dae_dataset_free(view);
        dae_dataset_free(again);
    }
}
END_TEST

START_TEST(a_pair_of_different_sizes) {
    dae_dataset *inputs = joined(SIZES), *targets = joined(SIZES), *pair = NULL, *view = NULL;
    ok(dae_dataset_pair(&pair, inputs, targets));
    for (size_t k = 0; k < SIZES; k++)
        is_whole(pair, k, k);
    view = view_of(pair, "patches(8, 8)", 0);
    has_shape(view, "1 x 8 x 8", "1 x 8 x 8");
    dae_dataset_free(view);
    view = view_of(targets, "index(1, 0, 2, 3)", 0);
    ok(dae_dataset_pair(&pair, inputs, view));
    dae_dataset_free(view);
    fails(dae_dataset_view(&view, pair, "patches(8, 8)", 0), DAE_ERROR_SHAPE,
          "sample 0 is 1 x 9 x 11 and its target is 1 x 12 x 8, expected the same height and width");
    dae_dataset_free(pair);
    dae_dataset_free(inputs);
}
END_TEST

START_TEST(noise_on_different_sizes) {
    dae_dataset *join = joined(SIZES), *noisy = NULL, *alone = NULL;
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, "gaussian(1)"));
    ok(dae_dataset_corrupt(&noisy, join, noise, DAE_NOISE_FRESH, 5));
    for (size_t k = 0; k < SIZES; k++) {
        float got[200], expected[200];
        ok(dae_dataset_read(noisy, 3, k, 1, got, NULL));
        alone = part(k);
        ok(dae_dataset_read(alone, 0, 0, 1, expected, NULL));
        ok(dae_noise_apply(noise, expected, 1, 1, (const size_t[]){heights[k] * widths[k]}, 5, 3, k));
        same_floats(got, expected, heights[k] * widths[k]);
        dae_dataset_free(alone);
    }
    dae_noise_free(noise);
    dae_dataset_free(join);
    dae_dataset_free(noisy);
}
END_TEST

/* ---- Models ---------------------------------------------------------------------------------------- */

START_TEST(training_takes_one_size) {
    dae_dataset *join = joined(3), *crops = NULL;
    dae_model *model = model_from(1, "input(1, any, any) | conv2d(1, 3)");
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_report *report = NULL;
    fails(dae_trainer_fit(trainer, join, 1), DAE_ERROR_SHAPE,
          "inputs have different sizes, 1 x any x any, expected one: the views crops, patches and windows "
          "make such");
    crops = view_of(join, "crops(8, 8, count=9)", 1);
    ok(dae_trainer_fit(trainer, crops, 2));
    ok(dae_model_evaluate(&report, model, crops));
    dae_report_free(report);
    dae_dataset_free(crops);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------------- */

static dae_status make_and_read(void *user) {
    dae_dataset *const *parts = user, *join = NULL, *view = NULL;
    float room[300];
    dae_status status = dae_dataset_join(&join, parts, SIZES);
    if (status == DAE_OK)
        status = dae_dataset_view(&view, join, "cache | patches(8, 8)", 1);
    for (size_t k = 0; k < SIZES && status == DAE_OK; k++)
        status = dae_dataset_read(view, 0, k, 1, room, NULL);
    dae_dataset_free(view);
    dae_dataset_free(join);
    return status;
}

START_TEST(memory_may_run_out) {
    dae_dataset *parts[SIZES];
    for (size_t k = 0; k < SIZES; k++)
        parts[k] = part(k);
    ck_assert_uint_ge(every_allocation_fails(make_and_read, parts), 8);
    for (size_t k = 0; k < SIZES; k++)
        dae_dataset_free(parts[k]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("join");
    TCase *join = add_case(suite, "join");
    tcase_add_test(join, samples_come_one_part_after_another);
    tcase_add_test(join, noise_is_that_of_all_parts);
    tcase_add_test(join, arguments_of_join);
    tcase_add_test(join, memory_may_run_out);
    TCase *sizes = add_case(suite, "different sizes");
    tcase_add_test(sizes, each_sample_has_its_shape);
    tcase_add_test(sizes, samples_are_chosen_among_sizes);
    tcase_add_test(sizes, patches_make_one_size);
    tcase_add_test(sizes, crops_make_one_size);
    tcase_add_test(sizes, smaller_samples_are_left_out_when_asked_for);
    tcase_add_test(sizes, windows_of_recordings_of_any_length);
    tcase_add_test(sizes, other_views_keep_shapes);
    tcase_add_test(sizes, a_pair_of_different_sizes);
    tcase_add_test(sizes, noise_on_different_sizes);
    tcase_add_test(sizes, training_takes_one_size);
    return suite_main(suite);
}
